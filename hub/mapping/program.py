"""The contract between a program (how one kind of source is read and mapped) and whoever runs it (intake, preview,
`try`).

A unit goes in; for each source record come out one or more `Mapped`, lazily and in input order. Reading is pure: the
same unit under the same context gives the same events with the same ids. A record that breaks the mapping is
`rejected` with
`mapping-error` (or `half-character`) and its neighbours go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from hub.domain.absent_rows import Memory
from hub.domain.events import Event
from hub.domain.ids import Ids
from hub.formats.errors import ParseError
from hub.formats.lines import Source

__all__ = [
    "CHANGED_AHEAD",
    "EPOCH",
    "Agreement",
    "Alone",
    "Content",
    "Mapped",
    "MappingContext",
    "NotMapped",
    "Optioned",
    "Program",
    "Unit",
    "accepted",
    "at_field",
    "fault_of",
    "guarded",
    "hard_stop",
    "ignored",
    "is_ahead",
    "rejected",
    "unreadable",
]

_DAY_S = 86_400
MAPPING_VERSION = 1
"""Rises with every change of what a record maps to; part of each event's version, last."""

Content = bytes | Callable[[], Source]
"""A file of a unit: its bytes, or what opens it as a binary stream (each call anew)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What came through a door at once: `files` by name; a single message or file has one entry."""

    name: str
    files: Mapping[str, Content]

    def data(self, name: str) -> bytes:
        """The whole content of one file."""
        content = self.files[name]
        return content if isinstance(content, bytes) else content().read()


class Agreement(Protocol):
    """What every event carries of its data-use agreement; the grant of fields is enforced by the intake."""

    @property
    def agreement_id(self) -> str: ...
    @property
    def purposes(self) -> tuple[str, ...]: ...
    @property
    def labels(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class MappingContext:
    """What a program needs to know beside the unit. `options` come from the connector's own settings.

    `not_before`, by fact_key: the (changed_at, status_rank) that a remap found on the bus; its event may not sort before them
    because a changed map reads its time elsewhere. `today`: the latest civil date that it is anywhere; a later one is a mistake of
    its source. Programs have no clock of their own: whoever reads hands one in. `cadence_s`: how often the source tells anew, as
    its connector.yaml expects; None where nothing is expected. `memory`: what earlier exports of this source told, where it says
    something that a row is not there any more; None: nobody remembers. `rises`, by fact_key: the (changed_at, status_rank) that a
    fact which stands may not sort before, because it was withdrawn or deleted; None: it was not.
    """

    source: str
    agreement: Agreement
    keys: Ids
    mapping_version: int = MAPPING_VERSION
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    not_before: Mapping[str, tuple[datetime, int]] = field(default_factory=lambda: MappingProxyType({}))
    today: Callable[[], date] = lambda: date.max
    cadence_s: float | None = None
    memory: Memory | None = None
    rises: Callable[[str], tuple[datetime, int] | None] | None = None

    def not_ahead(self, at: datetime | None) -> datetime | None:
        """A time of change or of sending, None where the source's clock is ahead of ours by more than a day: with it, this version
        would stand over every correction until then. It becomes one of which nobody knows when it was told."""
        return None if at is None or is_ahead(at, self.today()) else at

    def current_until(self, known_as_of: date | None) -> date | None:
        """The last day on which what was told of that day still counts as now: until the source should have told anew, in whole
        days, at most the last there is. None where it is not known when that is: then it counts until it is told otherwise."""
        if known_as_of is None or self.cadence_s is None:
            return None
        days = timedelta(days=max(1, ceil(self.cadence_s / _DAY_S)))
        return known_as_of + days if days <= date.max - known_as_of else date.max

    @property
    def zone(self) -> ZoneInfo:
        """The zone of times that the source writes without one (option `timezone`, IANA name; default UTC)."""
        return ZoneInfo(str(self.options.get("timezone", "UTC")))


class Mapped(NamedTuple):
    """One outcome.

    `where` names a position (`file`, and `message`, `document` or `row`) and, of a rejected record, the `field` at fault where
    the mapping knows it (a column or path as the specification or the map calls it); never a value. `raw` is the original of
    this one record; empty at a hard stop (data the hub must not hold). `entity` says what the record was in the
    source's own terms (HMIS: `clients`, `enrollments`, `exits`, `bed_nights`) on exactly one outcome of each such
    record. `issues`: codes of what is odd about an accepted record for which its event has no field; `odd` is all that is odd
    about it. `head` is what must stand above `raw` for the record to be read alone: the header row of a table. `unread`: columns of
    a known header that no table knows, as they are called there; for offline trials only: it is in no event, log or metric.
    """

    outcome: Literal["event", "rejected", "ignored"]
    event: Event | None
    type: str | None
    reason: str | None
    where: Mapping[str, str | int]
    raw: bytes
    hard_stop: bool = False
    stage: Literal["parse", "map"] = "map"
    entity: str | None = None
    head: bytes = b""
    issues: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def odd(self) -> tuple[str, ...]:
        """Codes of what is odd about an accepted record, whether its event holds them or not."""
        return (*getattr(self.event, "issues", ()), *self.issues)


Alone = Literal["record", "headed", "never"]
"""How a program reads one record again without the rest of its unit: its `raw` suffices, its `raw` under its `head`, or
never, because it is joined with others. A program says so in an attribute `alone`; without one it is `never`."""


class Program(Protocol):
    """One per connector."""

    @property
    def name(self) -> str: ...

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every outcome of a unit. Raises nothing but what opening its files raises."""
        ...


@runtime_checkable
class Optioned(Protocol):
    """A program that knows its options: a connector that names others does not load."""

    def wrong_options(self, options: Mapping[str, Any], /) -> Iterator[tuple[tuple[str, ...], str]]:
        """What is wrong with them: the way to each, and why."""
        ...


CHANGED_AHEAD = "changed-in-the-future"
"""Issue of a record whose time of change or of sending is not believed."""
_SKEW = timedelta(days=1)


def is_ahead(at: datetime, today: date) -> bool:
    """Whether a time in UTC lies more than a day ahead; `today`: as in MappingContext."""
    day = at.date()
    return day > today and day - today > _SKEW


EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
"""`changed_at` of a source that gives no change time."""


def accepted(
    event: Event, where: Mapping[str, str | int], raw: bytes, entity: str | None = None, issues: tuple[str, ...] = ()
) -> Mapped:
    """An event."""
    return _new(Mapped, ("event", event, type(event).kind, None, where, raw, False, "map", entity, b"", issues, ()))


_new = tuple.__new__  # of every record: by its name a named tuple takes three times as long


def ignored(
    reason: str, where: Mapping[str, str | int], raw: bytes, kind: str | None = None, entity: str | None = None
) -> Mapped:
    """A good record that the hub has no use for."""
    return Mapped("ignored", None, kind, reason, where, raw, entity=entity)


def rejected(
    reason: str, where: Mapping[str, str | int], raw: bytes, kind: str | None = None, entity: str | None = None
) -> Mapped:
    """A record that cannot be an event: a dead letter."""
    return Mapped("rejected", None, kind, reason, where, raw, entity=entity)


def hard_stop(
    reason: str, where: Mapping[str, str | int], kind: str | None = None, entity: str | None = None
) -> Mapped:
    """A record that the hub must not hold: a dead letter without a body."""
    return Mapped("rejected", None, kind, reason, where, b"", hard_stop=True, entity=entity)


def unreadable(error: ParseError, where: Mapping[str, str | int], raw: bytes) -> Mapped:
    """What the parser refused."""
    return Mapped("rejected", None, None, error.reason, at_field(where, error.field), raw, stage="parse")


def at_field(where: Mapping[str, str | int], field: str) -> Mapping[str, str | int]:
    """The position with the column or field at fault, where one is known."""
    return {**where, "field": field} if field else where


class NotMapped(Exception):
    """Raised inside a mapping: this record ends as `ignored` or `rejected` for this reason (a code, never a value).

    `field`: the column or path that the reason speaks of.
    """

    def __init__(self, reason: str, outcome: Literal["rejected", "ignored"] = "rejected", *, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.outcome: Literal["rejected", "ignored"] = outcome


def fault_of(error: Exception) -> str:
    """The reason of a record whose mapping raised this: `half-character` where a text of it is no Unicode (JSON can write one half
    of a pair, `\\ud83d`, as software does that cuts a text inside an emoji), else `mapping-error`: our own bug, or a value that
    the strict event refuses."""
    if isinstance(error, ValidationError):
        told = error.errors(include_url=False, include_context=False, include_input=False)
        return "half-character" if any(each["type"] == "string_unicode" for each in told) else "mapping-error"
    return "half-character" if isinstance(error, UnicodeEncodeError) else "mapping-error"


_R = TypeVar("_R")


def guarded(
    records: Iterable[_R],
    map_one: Callable[[_R], Iterable[Mapped]],
    locate: Callable[[_R], tuple[Mapping[str, str | int], bytes]],
    kind: str | None = None,
) -> Iterator[Mapped]:
    """Map records one by one; what one of them raises becomes its own outcome, all or nothing."""
    for record in records:
        try:
            found = map_one(record)
            if found.__class__ is not list:
                found = list(found)
        except NotMapped as not_mapped:
            where, raw = locate(record)
            where = at_field(where, not_mapped.field)
            found = [Mapped(not_mapped.outcome, None, kind, not_mapped.reason, where, raw)]
        except Exception as error:  # kept: to be read by mended code, or to be shown to who can mend it
            where, raw = locate(record)
            found = [rejected(fault_of(error), where, raw, kind)]
        yield from found
