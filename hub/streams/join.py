"""The join: one person's records become one row, the row its needs, all rows the tallies. No faust here: see hub.streams.app.

Each list of records is folded per person, each touched row is projected once and written once. A clock tick touches only the rows
that are due. What a worker derives of a partition (the heap of due days, the running totals, the clock) is rebuilt from its rows by
`open`, so a crash at any point loses none of it. State in memory changes only when a whole list went well.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from hub.domain.events import Model
from hub.domain.history import Row, decode_row, encode_row, encode_sub_history
from hub.domain.needs import SupportNeed
from hub.domain.person_events import Carry
from hub.domain.projection import Projector
from hub.domain.tallies import PartitionTally, Tally
from hub.errors import Reject
from hub.streams.processor import Effects, Output, Read, Record

__all__ = ["CLOCK_KEY", "JoinProcessor", "Wire"]

CLOCK_KEY = b"~clock"
"""The partition's clock stands in the table beside the people: `~` sorts behind every token (base32), so it is nobody's key."""


class Wire(NamedTuple):
    """How the join reads and names what it handles; built by the wiring."""

    decode: Callable[[bytes], tuple[str, dict[str, Any]]]
    """Value → (kind, fields). Raises Reject."""
    encode_need: Callable[[SupportNeed], bytes]
    encode_tally: Callable[[Tally], bytes]
    encode_carry: Callable[[Carry], bytes]
    needs_topic: str
    tally_topic: str
    person_topic: str
    headers: Callable[[Model], list[tuple[str, bytes]] | None] = lambda _: None


class Published(NamedTuple):
    """What this partition last published: its strata and the highest version."""

    strata: frozenset[str]
    version: int


@dataclass
class _Partition:
    """What one worker derives of one partition."""

    number: int
    as_of: date = date.min
    clock_offset: int = -1
    stored_clock: date = date.min
    tally: PartitionTally = field(default_factory=lambda: PartitionTally(-1))
    version: int = -1
    due: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass
class _Work:
    """One list on its way: nothing of it reaches the partition's state before all of it went well."""

    as_of: date
    clock_offset: int
    rows: dict[bytes, Row] = field(default_factory=dict)
    moved: set[tuple[bytes, str]] = field(default_factory=set)
    gained: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    due: list[tuple[int, bytes]] = field(default_factory=list)
    effects: Effects = field(default_factory=Effects)


class JoinProcessor:
    """hub.streams.processor.Processor for the person topic."""

    def __init__(self, projector: Projector, wire: Wire, published: Callable[[int], Published]) -> None:
        self._projector = projector
        self._wire = wire
        self._published = published
        self._partitions: dict[int, _Partition] = {}

    def open(self, partition: int, rows: Iterable[tuple[bytes, bytes]]) -> Iterable[Output]:
        """Rebuild clock, heap and totals from the rows; republish all totals, zeros for strata that are gone.

        Rows projected on the clock's newest day say their needs again: a crash may have come after the row and before its
        outputs, and such a row is not due any more when the tick is read again.
        """
        state = _Partition(partition)
        contributions: list[list[str]] = []
        newest: list[tuple[int, bytes, bytes]] = []
        newest_offset = -1
        for key, value in rows:
            if key == CLOCK_KEY:
                as_of, _, offset = value.decode("ascii").partition(" ")
                state.as_of = state.stored_clock = date.fromisoformat(as_of)
                state.clock_offset = int(offset)
                state.version = max(state.version, state.clock_offset)
                continue
            row = decode_row(value)
            contributions.append(row.contribution)
            if not newest or row.as_of >= newest[0][0]:
                newest = [entry for entry in newest if entry[0] == row.as_of]
                newest.append((row.as_of, key, value))
                newest_offset = max(row.offset, newest_offset if len(newest) > 1 else -1)
            state.version = max(state.version, row.offset)
            if row.due:
                state.due.append((row.due, key))
        heapq.heapify(state.due)
        state.tally = PartitionTally(partition, contributions)
        self._partitions[partition] = state
        before = self._published(partition)
        state.version = max(state.version, before.version)
        if newest and newest[0][0] > state.as_of.toordinal():
            # The rows of a tick are durable, its clock is not: what is due by it is still to be said, with a new revision.
            state.as_of = date.fromordinal(newest[0][0])
            state.clock_offset = max(state.clock_offset, newest_offset)
        again = [need for as_of, key, value in newest for need in self._needs_again(key, value, as_of, state)]
        return [*again, *self._tallies(state, state.tally.strata() | before.strata)]

    def _needs_again(self, key: bytes, value: bytes, projected: int, state: _Partition) -> list[Output]:
        if projected < state.as_of.toordinal():
            return []
        needs = self._projector.project(key.decode("ascii"), decode_row(value), state.as_of).needs
        return [self._need(need) for need in needs]

    def close(self, partition: int) -> None:
        """Forget the partition."""
        self._partitions.pop(partition, None)

    def fold(self, partition: int, records: Sequence[Record], read: Read) -> Effects:
        """Rows, needs, carried sub-histories and totals of one list."""
        state = self._partitions[partition]
        work = _Work(state.as_of, state.clock_offset)
        for record in records:
            self._take(record, work, read)
        for key, row in self._due_rows(state, work.as_of, read).items():
            work.rows.setdefault(key, row)
        for key, row in work.rows.items():
            self._project(key, row, work)
        for key, source_person in sorted(work.moved):
            self._carry(key, source_person, work)
        if work.as_of > state.stored_clock:
            work.effects.rows[CLOCK_KEY] = f"{work.as_of.isoformat()} {work.clock_offset}".encode("ascii")
        self._settle(state, work)
        return work.effects

    def _take(self, record: Record, work: _Work, read: Read) -> None:
        try:
            if record.value is None or record.key is None:
                raise Reject("no-value", "decode")
            kind, fields = self._wire.decode(record.value)
        except Reject as why:
            work.effects.rejected.append((record, why.reason))
            return
        if kind == "tick":
            work.as_of = max(work.as_of, fields["as_of"])
            work.clock_offset = max(work.clock_offset, record.offset)
            return
        row = work.rows.get(record.key)
        if row is None:
            row = decode_row(read(record.key))
        fields["kind"] = kind
        try:
            moved = row.apply(record.key.decode("ascii"), record.offset, fields)
        except (KeyError, TypeError, ValueError, AttributeError):
            work.effects.rejected.append((record, "fold-failed"))
            return
        work.rows[record.key] = row
        work.moved.update((record.key, source_person) for source_person in moved)

    def _project(self, key: bytes, row: Row, work: _Work) -> None:
        row.offset = max(
            row.offset, work.clock_offset
        )  # a tick is news too: what it changes must have a higher revision
        due = row.due
        projection = self._projector.project(key.decode("ascii"), row, work.as_of)
        work.effects.rows[key] = encode_row(row)
        work.gained.extend(projection.gained)
        work.lost.extend(projection.lost)
        if row.due and row.due != due:
            work.due.append((row.due, key))
        work.effects.outputs.extend(self._need(need) for need in projection.needs)

    def _need(self, need: SupportNeed) -> Output:
        value = self._wire.encode_need(need)
        return Output(self._wire.needs_topic, need.need_id.encode(), value, headers=self._wire.headers(need))

    def _carry(self, key: bytes, source_person: str, work: _Work) -> None:
        sub = work.rows[key].subs[source_person]
        carry = Carry(
            source_person=source_person, revision=sub.revision, owner=sub.owner, sub_history=encode_sub_history(sub)
        )
        work.effects.outputs.append(
            Output(
                self._wire.person_topic,
                sub.owner.encode(),
                self._wire.encode_carry(carry),
                headers=self._wire.headers(carry),
            )
        )

    def _due_rows(self, state: _Partition, as_of: date, read: Read) -> dict[bytes, Row]:
        """The rows whose due day has come. The heap may name a row twice or too early: projecting it again is harmless."""
        today = as_of.toordinal()
        if not state.due or state.due[0][0] > today:
            return {}
        keys = {key for due, key in state.due if due <= today}
        return {key: decode_row(read(key)) for key in sorted(keys)}

    def _settle(self, state: _Partition, work: _Work) -> None:
        today = work.as_of.toordinal()
        while state.due and state.due[0][0] <= today:
            heapq.heappop(state.due)
        for entry in work.due:
            heapq.heappush(state.due, entry)
        state.as_of = state.stored_clock = work.as_of
        state.clock_offset = work.clock_offset
        offsets = [row.offset for key, row in work.rows.items() if key in work.effects.rows]
        state.version = max([state.version, work.clock_offset, *offsets])
        touched = state.tally.move(work.gained, work.lost)
        work.effects.outputs.extend(self._tallies(state, touched))

    def _tallies(self, state: _Partition, strata: Iterable[str]) -> list[Output]:
        return [
            Output(
                self._wire.tally_topic,
                tally.key.encode(),
                self._wire.encode_tally(tally),
                headers=self._wire.headers(tally),
            )
            for tally in state.tally.totals(strata, state.version)
        ]
