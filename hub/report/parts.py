"""What the page of one source is made of: its kinds, fields, delays and refusals, as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from hub.report.names import SenderNames

__all__ = ["About", "Arrival", "DelayLine", "FieldLine", "KindPage", "Page", "ReasonLine", "done"]


@dataclass(frozen=True)
class About:
    """Whose page it is. `granted`: by kind, the fields that the agreement lets through (`person.<name>` too). `reasons`: what a
    reason code means and what to do, by code. `keeps_ignored`: whether what was ignored is known (it is not kept on the bus); else
    `aside` is what the running role counted (reason, no field) since `aside_since`; None where no role answers."""

    name: str
    title: str
    standard: str
    made_on: date
    window: str
    agreement_id: str
    granted: Mapping[str, frozenset[str]]
    names: SenderNames
    reasons: Mapping[str, tuple[str, str]]
    keeps_ignored: bool
    expected_every_s: float | None = None
    now: datetime | None = None
    aside: Counter[tuple[str, str]] | None = None
    aside_since: str = ""


@dataclass(frozen=True)
class FieldLine:
    """One field of one kind. `status`: `counted`; `not-agreed` (the agreement leaves it out), `not-in-format` (the sender's
    format has no place for it) or `not-yet` (no record is in a state to have it): of these three nothing is asked. `sender`: what
    the sender calls it where it is `theirs`, else a name that would do; empty where it is `setting`, one of connector.yaml that the
    hub's people fill. `of`: records that can have it. `people`: how many have a record without it (None: not counted).
    `unread`: records where something was sent that could not be read. `places`: where the first records are that lack it;
    `unmapped_places`: those whose code no table has. Both are empty where the place is not known."""

    field: str
    sender: str
    need: str
    status: str
    filled: int
    unmapped: int
    people: int | None
    people_exact: bool
    rests_on: str
    without: str
    standard: str
    unread: int = 0
    places: tuple[str, ...] = ()
    unmapped_places: tuple[str, ...] = ()
    of: int = 0
    theirs: bool = True
    setting: str = ""


@dataclass(frozen=True)
class DelayLine:
    """One clock pair: how many records have both ends, and within how many `unit` the given share of them came."""

    clock: str
    since: str
    until: str
    unit: str
    records: int
    half: int
    nine_tenths: int
    most: int
    late: int
    late_after: int | None


@dataclass(frozen=True)
class KindPage:
    """One kind of event. `elsewhere`: who these records speak of is told once, in the source's `person` records."""

    kind: str
    records: int
    repeats: int
    corrections: int
    withdrawn: int
    area_only: int
    people: int
    exact: bool
    elsewhere: bool
    first_on: date | None
    last_on: date | None
    fields: tuple[FieldLine, ...]
    delays: tuple[DelayLine, ...]
    absences: Mapping[str, int]
    issues: Mapping[str, int]


@dataclass(frozen=True)
class ReasonLine:
    """Why records were refused or left aside. `means` and `do` are for the hub's operator, `ask` for the sender (of refused ones).
    `places`: where the first of them are."""

    reason: str
    field: str
    records: int
    means: str
    do: str
    ask: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """Silence: the longest gap between two hours with records, and the hours since the last, if arrival is known."""

    first: datetime
    last: datetime
    longest_gap_h: int
    silent_h: int | None
    expected_h: float | None


@dataclass(frozen=True)
class Page:
    """Everything that is shown. `ignored` is None where it is not known. `refused`: records, each once whatever its reasons are."""

    about: About
    records: int
    refused: int
    events: int
    rejected: tuple[ReasonLine, ...]
    ignored: tuple[ReasonLine, ...] | None
    kinds: tuple[KindPage, ...]
    arrival: Arrival | None

    def as_json(self) -> dict[str, Any]:
        """Plain values, days and times as ISO 8601."""
        about = self.about
        head = {
            "connector": about.name, "title": about.title, "standard": about.standard, "made_on": about.made_on,
            "window": about.window, "agreement": about.agreement_id, "records": self.records, "events": self.events,
            "refused": self.refused,
        }  # fmt: skip
        head["ignored_since"] = about.aside_since or None
        body = asdict(self)
        del body["about"], body["records"], body["refused"], body["events"]
        plain = _plain({**head, **body})
        assert isinstance(plain, dict)
        return plain


def done(line: FieldLine) -> bool:
    """Filled and understood in every record that can have it: there is nothing to say of it."""
    return line.status == "counted" and line.filled == line.of and not line.unmapped


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
