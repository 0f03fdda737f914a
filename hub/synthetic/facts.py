"""What happens in the county, as its systems will write it down. Each fact names the record of the person (`sid`) it hangs on.

`Ledger` holds all of it: the writers turn it into files, the truth into what must be found. Only what is written down is true here:
an infection that nobody tested is no fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

__all__ = [
    "Benefit",
    "Contact",
    "Dose",
    "LabOrder",
    "LabReport",
    "Ledger",
    "Monitoree",
    "MonitoreeState",
    "Registration",
    "Screening",
    "SourceId",
    "Stay",
]


class SourceId(NamedTuple):
    """A person as one system knows them.

    `authority` is whose number it is: the laboratory's CLIA, the facility; else the name of the field that holds it.
    """

    connector: str
    authority: str
    local_id: str


@dataclass(slots=True)
class Registration:
    """How one system spells a person. `birth_date` None = not collected. `exact` is false where a clerk made an error."""

    sid: SourceId
    person: int
    given: str
    middle: str
    family: str
    birth_date: date | None
    race_known: bool
    exact: bool = True


class LabReport(NamedTuple):
    """One message on an order: OBX-11 `status` (P, F, C, W) and what it says."""

    status: str
    answer: str  # positive | negative | inconclusive
    reported_at: datetime


@dataclass(slots=True)
class LabOrder:
    """One specimen at one laboratory. The last report stands. `test_message`: sent with MSH-11 T, a rehearsal."""

    sid: SourceId
    lab: int
    filler: str
    collected_at: datetime
    reports: list[LabReport]
    onset: date | None = None
    symptomatic: bool | None = None
    congregate: bool | None = None
    serology: bool = False
    test_message: bool = False

    def positive(self) -> bool:
        """True when this order, as it stands in the end, asks the person to isolate."""
        last = self.reports[-1]
        return last.answer == "positive" and last.status in ("F", "C") and not self.serology and not self.test_message

    def was_positive(self) -> bool:
        """True when some final report said positive, whatever came later."""
        return (
            any(r.answer == "positive" and r.status in ("F", "C") for r in self.reports)
            and not self.serology
            and not self.test_message
        )


@dataclass(slots=True)
class Stay:
    """An HMIS enrollment. In an entry-exit shelter the person sleeps there from `entry` until the night before `exit`; in a
    night-by-night shelter only the `nights` count; outreach (no bed) has neither."""

    sid: SourceId
    enrollment_id: str
    project: str
    household: str
    head: bool
    entry: date
    came_from: int  # HUD living situation on the night before entry
    exit: date | None = None
    destination: int = 30
    nights: list[date] = field(default_factory=list)
    entry_exit: bool = False

    def slept(self, until: date) -> Iterator[date]:
        """Every night spent in a bed here, up to and including `until`."""
        if not self.entry_exit:
            yield from (night for night in self.nights if night <= until)
            return
        night = self.entry
        last = until if self.exit is None else min(until, self.exit - timedelta(days=1))
        while night <= last:
            yield night
            night += timedelta(days=1)


class Contact(NamedTuple):
    """An outreach worker met the person: HUD living situation `code` on `day`."""

    sid: SourceId
    contact_id: str
    enrollment_id: str
    day: date
    code: int


class Benefit(NamedTuple):
    """SNAP and WIC as told at entry to a shelter."""

    sid: SourceId
    enrollment_id: str
    day: date
    snap: bool
    wic: bool


@dataclass(slots=True)
class Screening:
    """A social-needs screening. `consent` False must be refused by whoever reads it; a cancelled one says nothing."""

    sid: SourceId
    facility: int
    encounter: str
    at: datetime
    steady_place: bool | None  # None: has a place but fears to lose it
    food_need: bool
    consent: bool = True
    cancelled: bool = False


class MonitoreeState(NamedTuple):
    """A monitoree's record as it stood from `at` on."""

    at: datetime
    isolation: bool
    case_status: str
    onset: date | None
    last_exposure: date | None
    closed: bool = False
    reason: str = ""
    became_case: date | None = None


@dataclass(slots=True)
class Monitoree:
    """One contact-tracing record. `lab` is a positive test told to the tracer: (collected, resulted)."""

    sid: SourceId
    number: int
    states: list[MonitoreeState]
    lab: tuple[date, datetime] | None = None


class Dose(NamedTuple):
    """A CVRS row: a dose given on `day`, or (`refused`) the record that none was. `event_id` is its native key."""

    sid: SourceId
    event_id: str
    day: date
    cvx: str
    number: int
    site: int
    lot: str
    refused: bool = False
    complete: bool = False


@dataclass(slots=True)
class Ledger:
    """Everything the systems wrote down between the first and the last day."""

    registrations: dict[SourceId, Registration] = field(default_factory=dict)
    orders: list[LabOrder] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    benefits: list[Benefit] = field(default_factory=list)
    screenings: list[Screening] = field(default_factory=list)
    monitorees: list[Monitoree] = field(default_factory=list)
    doses: list[Dose] = field(default_factory=list)
