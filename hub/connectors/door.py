"""The narrow waist between doors and the intake loop: a delivery, and the two ways it can end.

A door yields deliveries. For each, the intake loop calls exactly one of

- `ack(receipt)`: the broker has confirmed an event or a dead letter for every record of the unit; the door may promise that;
- `refuse(why)`: nothing is promised; the door must leave the sender able to send the whole unit again.

A process that dies calls neither, which a door must treat as `refuse`. Nobody else calls them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from hub.domain.events import Event

__all__ = ["Delivery", "Door", "Mapped", "Problem", "Read", "Receipt", "TakesTurns", "Unit", "unit_token"]

_POSITIONS_KEPT = 1_000  # per reason; a receipt of a million bad rows is no help, the count is
_UNREAD = ("frame", "parse")
_PROBLEMS_KEPT = 50  # an acknowledgement with more ERR segments is read by nobody


@dataclass(frozen=True, slots=True)
class Unit:
    """What came through a door at once: one message, one file, or one folder (or set) of files.

    `name` is the sender's and may hold anything: it stands in receipts, never in a log. `token` stands in logs.
    """

    name: str
    content: bytes | Path | Mapping[str, Path]

    @property
    def token(self) -> str:
        """Names the unit in logs and dead letters."""
        return unit_token(self.name)


class Problem(NamedTuple):
    """One record that became a dead letter: reason code, stage, position; never a value.

    `file` is a name the sender gave: it may stand beside the file itself (a receipt), nowhere else.
    """

    reason: str
    stage: str
    where: str
    file: str = ""


class Mapped(Protocol):
    """What reading gives for each record (the mapping room's type, seen from here)."""

    @property
    def outcome(self) -> Literal["event", "rejected", "ignored"]: ...
    @property
    def event(self) -> Event | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def where(self) -> Mapping[str, str | int]:
        """Position: `file`, and `message`, `document` or `row`."""

    @property
    def raw(self) -> bytes: ...
    @property
    def head(self) -> bytes:
        """What must stand above `raw` for it to be read alone (a table's header); empty where nothing must."""

    @property
    def hard_stop(self) -> bool: ...
    @property
    def stage(self) -> str: ...


class Read(Protocol):
    """Parse and map one unit, lazily and in input order. Must survive its own bugs: a record that breaks the mapping is
    given as rejected with `mapping-error`, and its neighbours go on."""

    def __call__(self, unit: Unit) -> Iterator[Mapped]: ...


_none_yet = partial(dict.__new__, Counter)
"""An empty Counter, without the update by which each begins: a message makes four."""


@dataclass
class Receipt:
    """What became of one unit: counts and positions, no values.

    `issues` counts what is odd about accepted records, by code; `odd` says where. `stopped` counts, by reason, the rejected records
    that the hub must not hold: a door that keeps copies of its units keeps none of this one. `unread` counts the records that could
    not be parsed. `broken_off`: a bug of ours ended the reading half-way; what follows was not taken, so the unit must not count as
    done.
    """

    events: Counter[str] = field(default_factory=_none_yet)
    rejected: Counter[str] = field(default_factory=_none_yet)
    ignored: Counter[str] = field(default_factory=_none_yet)
    issues: Counter[str] = field(default_factory=_none_yet)
    odd: dict[str, list[str]] = field(default_factory=dict)
    positions: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: int = 0
    broken_off: bool = False
    stopped: Counter[str] | None = None

    @property
    def unreadable(self) -> bool:
        """True when nothing of it could be read. A unit read well and refused (no consent) is not unreadable."""
        return 0 < self.unread == self.rejected.total() and not self.events and not self.ignored

    def accept(self, kind: str, issues: Sequence[str] = (), where: str = "") -> None:
        """An event; `issues` are the codes of what is odd about it."""
        self.events[kind] += 1
        for code in issues:
            self.issues[code] += 1
            if len(kept := self.odd.setdefault(code, [])) < _POSITIONS_KEPT:
                kept.append(where)

    def ignore(self, reason: str) -> None:
        self.ignored[reason] += 1

    def stop(self, reason: str) -> None:
        """A record that the hub must not hold was met; it is rejected besides."""
        self.stopped = self.stopped or Counter()
        self.stopped[reason] += 1

    def reject(self, problem: Problem) -> None:
        self.rejected[problem.reason] += 1
        self.unread += problem.stage in _UNREAD
        kept = self.positions.setdefault(problem.reason, [])
        if len(kept) < _POSITIONS_KEPT:
            kept.append(f"{problem.file} {problem.where}".strip())
        if len(self.problems) < _PROBLEMS_KEPT:
            self.problems.append(problem)

    def as_json(self, hide: str = "", behind: str = "") -> dict[str, Any]:
        """For the receipt file: counts by event type, positions by reason and by issue. `hide`: the name of a unit, packed or not,
        for which positions say `behind`."""
        names = {hide, hide[:-3] if hide.lower().endswith(".gz") else hide} - {""}

        def shown(places: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
            return {code: [_behind(place, names, behind) for place in kept] for code, kept in places.items()}

        return {
            "read_to_its_end": not self.broken_off,
            "events": dict(sorted(self.events.items())),
            "rejected": _placed(self.rejected, shown(self.positions)),
            "ignored": dict(sorted(self.ignored.items())),
            "issues": _placed(self.issues, shown(self.odd)),
        }


def _behind(place: str, names: Set[str], behind: str) -> str:
    """A position with another name for its file, where it begins with one of these."""
    told = next((name for name in names if place == name or place.startswith((f"{name} ", f"{name}/"))), None)
    return place if told is None else behind + place[len(told) :]


def _placed(counts: Counter[str], places: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    """By code: how many, and where."""
    return {
        code: {"count": count, "where": places[code], "all_listed": count == len(places[code])}
        for code, count in sorted(counts.items())
    }


class Delivery(Protocol):
    """One unit and the means to answer for it. Units of one `lane` (a connection) are answered in the order they came; those of
    others are answered meanwhile where a delivery says `answered_aside = True`: its answer takes long."""

    @property
    def unit(self) -> Unit: ...
    @property
    def lane(self) -> str: ...
    @property
    def fault(self) -> str | None:
        """Reason code when the door could not get a whole unit (a frame too large, a symbolic link): a dead letter without body."""

    async def ack(self, receipt: Receipt) -> None: ...
    async def refuse(self, why: str) -> None: ...


class Door(Protocol):
    """Where deliveries come from. Not pulling is the back-pressure: a door reads no further than a small bounded queue."""

    async def open(self) -> None:
        """Start; ConfigError when the door cannot be opened (port taken, folder not writable)."""

    def __aiter__(self) -> AsyncIterator[Delivery]: ...

    async def stop_reading(self) -> None:
        """Take nothing more in; the iteration ends. What was delivered can still be answered."""

    async def close(self) -> None:
        """Let go of sockets and files; what is unanswered stays unanswered."""


@runtime_checkable
class TakesTurns(Protocol):
    """A door with many senders, which knows whose turn it is. The loop takes from it only what it works on at once, so that who
    comes late waits for a turn of each other sender and not for a queue."""

    def at_hand(self, *, anew: bool) -> Delivery | None:
        """One more of this round, if one waits: iterating begins a round, and so does `anew`."""

    def mixed(self) -> bool:
        """Whether some senders wait for each answer while others send ahead: then turns must be short."""

    def sends_ahead(self, lane: str) -> bool:
        """Whether this sender does not wait for each answer."""

    async def rest(self, seconds: float) -> None:
        """`hold`, and return when the time is over or one comes who waits for each answer."""

    def hold(self, seconds: float) -> None:
        """Where the last turn was of senders who send ahead, and others wait: give no other such turn for so long."""


@lru_cache(maxsize=256)  # asked for several times of each unit
def unit_token(name: str) -> str:
    """A name for logs that tells nothing to who does not have the file: 12 hex characters."""
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:12]
