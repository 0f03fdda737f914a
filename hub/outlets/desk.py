"""A desk in the process of the measures: it reads topics of its own beside the totals and publishes lines on one compacted topic.

What stands on its topic is what follows from all it has read: what differs from what was said is said, and a line that stands no
more is taken back with a tombstone. Nothing is committed: a restart reads everything again and says the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from hub.domain.events import Model
from hub.domain.ids import content_hash
from hub.errors import Reject
from hub.outlets.wire import ReadRecord, Said, Wire, validated

__all__ = ["Desk", "Standing", "Versions", "ground", "standing"]

L = TypeVar("L", bound=Model)

Versions = Mapping[tuple[str, int], int]
"""The versions of all partial totals, by stratum and partition."""


class Desk(Protocol):
    """One of them. `intakes`: the topics whose records are its own."""

    @property
    def intakes(self) -> Sequence[str]: ...

    def put(self, record: ReadRecord) -> None:
        """Take a record of one of them; Reject when it is none of what stands there."""

    def changed(self, totals: Mapping[str, int], versions: Callable[[], Versions]) -> list[Said]:
        """What must be said now, tombstones included; it counts as said from now on. `totals`: people by stratum; `versions`: of
        the partial totals behind them, asked for only where there is news."""


class Standing(Generic[L]):
    """The lines of one topic as last said. `said`: what it says at the start, by key; None stands for something that cannot be read
    any more."""

    def __init__(self, topic: str, wire: Wire, said: Mapping[str, L | None] | None = None) -> None:
        self._topic, self._wire = topic, wire
        self._said: dict[str, L | None] = dict(said or {})

    def news(self, now: Mapping[str, L], rests_on: Callable[[], str]) -> list[Said]:
        """What differs from what was said, and counts as said from now on. `rests_on`: a hash of everything that the lines rest
        on, asked for only where there is news: a line that changes and changes back has another id each time."""
        news: dict[str, L | None] = {key: line for key, line in now.items() if self._said.get(key) != line}
        news.update(dict.fromkeys(self._said.keys() - now.keys()))
        ground = rests_on() if news else ""
        self._said = dict(now)
        return [
            Said(
                self._topic,
                key.encode(),
                None if line is None else self._wire.encode(self._topic, line),
                content_hash(key, ground, line.model_dump_json() if line else ""),
            )
            for key, line in sorted(news.items())
        ]


def ground(words: Iterable[str], versions: Versions, indicators: Iterable[str]) -> str:
    """A hash of what a desk's board holds (`words`, in order) and of the `versions` of the totals under these indicators."""
    told = tuple(f"{indicator}|" for indicator in indicators)
    seen = [f"{stratum}#{part}@{v}" for (stratum, part), v in versions.items() if stratum.startswith(told)]
    return content_hash(*words, *sorted(seen))


def standing(records: Iterable[tuple[bytes, bytes]], wire: Wire, model: type[L]) -> dict[str, L | None]:
    """The lines that stand on a topic, out of its (key, value) pairs; None for one that cannot be read any more."""
    return {key.decode("utf-8", "replace"): _line(value, wire, model) for key, value in records}


def _line(value: bytes, wire: Wire, model: type[L]) -> L | None:
    try:
        return validated(wire, value, model)
    except Reject:
        return None
