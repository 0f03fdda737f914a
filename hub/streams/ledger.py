"""Which offsets of the source were delivered, folded, finished and committed. Pure bookkeeping, no Faust, no Kafka.

The rule that keeps every event: a list reaches the fold only if it starts exactly where the one before it ended, counted from
the committed offset. Positions follow the log (a fetch says from which position to which position it read), so the natural
holes of compacted or transactional logs are no holes here. `suspend` forgets all positions; nothing is delivered until `place`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.errors import FatalError
from hub.streams.processor import Record

LISTS_AHEAD = 2
"""Lists of one partition that may be under way: one in the fold, one waiting."""


class Place(NamedTuple):
    """One partition of one topic; equal to Faust's TP and aiokafka's TopicPartition."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class SourceList:
    """Records read from position `start` to position `end` (exclusive) of one partition, in one assignment."""

    place: Place
    start: int
    end: int
    records: Sequence[Record]
    epoch: int


class Hole(NamedTuple):
    """A fetch began at `found` though `wanted` was next: records in between were fetched and dropped by somebody."""

    wanted: int
    found: int


class Ledger:
    """Positions of the source partitions of one worker; `epoch` counts the assignments."""

    def __init__(self) -> None:
        self.epoch = 0
        self._next: dict[Place, int] = {}
        self._folded: dict[Place, int] = {}
        self._finished: dict[Place, int] = {}
        self._committed: dict[Place, int] = {}
        self._waiting: dict[Place, int] = {}

    def suspend(self) -> None:
        """An assignment ends: what is queued is stale, positions are unknown. Lists in the fold may still finish."""
        self.epoch += 1
        self._next.clear()
        self._folded.clear()
        self._waiting.clear()

    def place(self, place: Place, committed: int) -> None:
        """The partition is read from `committed` on."""
        self._next[place] = self._folded[place] = self._finished[place] = self._committed[place] = committed
        self._waiting[place] = 0

    def forget(self) -> None:
        """Drop what is finished but not committed: another worker may own it now, it will be read again."""
        self._finished.clear()
        self._committed.clear()

    def position(self, place: Place) -> int | None:
        """Where the next list must start; None while unknown."""
        return self._next.get(place)

    def has_room(self, place: Place) -> bool:
        """Whether another list of this partition may be fetched now."""
        return place in self._next and self._waiting[place] < LISTS_AHEAD

    def accept(self, place: Place, start: int, end: int, records: Sequence[Record]) -> SourceList | Hole | None:
        """The list to deliver (trimmed of what came before); a Hole to seek back from; None: nothing new or position unknown."""
        wanted = self._next.get(place)
        if wanted is None or end <= wanted:
            return None
        if start > wanted:
            return Hole(wanted, start)
        if start < wanted:
            records = [record for record in records if record.offset >= wanted]
        self._next[place] = end
        self._waiting[place] += 1
        return SourceList(place, wanted, end, records, self.epoch)

    def is_current(self, found: SourceList) -> bool:
        """Whether the list belongs to the present assignment."""
        return found.epoch == self.epoch and found.place in self._next

    def begin(self, found: SourceList) -> None:
        """The list goes into the fold; FatalError when it does not continue the one before."""
        expected = self._folded.get(found.place)
        if expected != found.start:
            raise FatalError(
                f"hole-before-fold partition={found.place.partition} expected={expected} start={found.start}"
            )
        self._folded[found.place] = found.end

    def finish(self, found: SourceList) -> None:
        """All effects of the list are confirmed; FatalError when an earlier list is not finished."""
        before = self._finished.get(found.place)
        if before != found.start:
            raise FatalError(
                f"hole-before-commit partition={found.place.partition} finished={before} start={found.start}"
            )
        self._finished[found.place] = found.end
        if found.epoch == self.epoch and found.place in self._waiting:
            self._waiting[found.place] -= 1

    def committable(self) -> dict[Place, int]:
        """For each partition with something new: the end of its last finished list."""
        return {place: end for place, end in self._finished.items() if end > self._committed.get(place, end)}

    def committed(self, offsets: dict[Place, int]) -> None:
        """The group coordinator took these."""
        for place, end in offsets.items():
            if place in self._committed:
                self._committed[place] = max(end, self._committed[place])

    def progress(self) -> dict[Place, tuple[int, int]]:
        """(finished, committed) of each placed partition."""
        return {place: (end, self._committed.get(place, end)) for place, end in self._finished.items()}

    def places(self) -> Iterable[Place]:
        """Partitions whose position is known."""
        return list(self._next)
