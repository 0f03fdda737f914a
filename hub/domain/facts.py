"""The facts of a history: what the projections read of each event and nothing else.

A fact is one observation, dose, stay or answer at one version. Dates are proleptic ordinals (`date.toordinal`, 0 = none), times
microseconds since 1970. Structs are stored as arrays: a new field goes last and has a default, so that rows of an earlier
release are still read.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "AnyFact",
    "Benefit",
    "CaseReport",
    "Choice",
    "Demographics",
    "Dose",
    "Fact",
    "Lab",
    "Living",
    "Quarantine",
    "Referred",
    "ScreenAnswer",
    "Stay",
]


class Fact(msgspec.Struct, array_like=True, tag=True, frozen=True):
    """One fact at one version; the first four fields are the version. `terms`: its labels and purposes,
    `N,SDV|care,equity`."""

    changed_us: int
    status_rank: int
    content: str
    mapping_version: int
    active: bool
    occurred: int
    county: str | None
    race: str | None
    terms: str

    @property
    def version(self) -> tuple[int, int, str, int, str, str, str]:
        """What decides between two states of the same fact; terms, county and race last: the same record read under other
        terms."""
        place, race = self.county or "", self.race or ""
        return (self.changed_us, self.status_rank, self.content, self.mapping_version, self.terms, place, race)


class Demographics(Fact, tag="p", frozen=True):
    """A source says who this is, or who pays for the care; the county and race of the base are all that stays."""


class Lab(Fact, tag="l", frozen=True):
    """A laboratory result; `isolates` is decided by meaning and status."""

    isolates: bool
    onset: int
    collected: int
    congregate: bool


class Dose(Fact, tag="d", frozen=True):
    """A COVID-19 dose, given (`given`) or not; `occurred` 0: its day is not told whole; `cvx` as sent, empty where unknown;
    `historical`: not told by who gave it; `pin` of the provider who gave it, empty where not told; `vague`: it may be one that was
    told before, corrected (hub.domain.contributions)."""

    given: bool
    cvx: str = ""
    historical: bool = False
    pin: str = ""
    vague: bool = False


class CaseReport(Fact, tag="c", frozen=True):
    """A tracer's isolation record."""

    isolating: bool
    onset: int
    first_positive: int
    extended_until: int
    closed: int
    closed_reason: str | None


class Quarantine(Fact, tag="q", frozen=True):
    """A tracer's exposure record."""

    last_exposure: int


class Stay(Fact, tag="s", frozen=True):
    """Presence at a site: nights [entered, left); `left` 0 = still there. `presence` false = paperwork only. `known`: the day up to
    which its source told, `current` the last day on which that counts as now; 0 = not told, and then it always does."""

    presence: bool
    site: str
    site_kind: str
    entered: int
    left: int
    known: int = 0
    current: int = 0

    @property
    def isolates(self) -> bool:
        """A bed to isolate in was really taken."""
        return self.presence and self.site_kind == "isolation"


class Living(Fact, tag="v", frozen=True):
    """Where the person lived on `occurred`."""

    situation: str


class Benefit(Fact, tag="b", frozen=True):
    """Food benefits or food that was handed over. `enrolled`: yes, no or unknown; `asks`: the person asked for food."""

    program: str
    delivered: bool
    enrolled: str = ""
    asks: bool = False


class ScreenAnswer(Fact, tag="a", frozen=True):
    """A screening answer in the need vocabulary; `category` is empty where it answers nothing."""

    category: str
    needs: bool


class Referred(Fact, tag="r", frozen=True):
    """A referral. `helped_on` 0: there is no proof that it helped; `whole` false: it is a part of another, or a request; `request`
    empty where none is told."""

    category: str
    helped_on: int
    whole: bool
    request: str


class Choice(Fact, tag="o", frozen=True):
    """What a person said of the use of what is known of them, as it decides whether support may be offered: `permit`, `deny`, or
    nothing (empty); in force from `since` to `until`, 0 = without end. `parts`: the same for each purpose (empty: all) in the
    order of its rules, as (purpose, decision, since, until); `named`: what it decides for one recipient alone, whose
    token comes first; `occurred`: the day on which they said it."""

    decision: str
    since: int
    until: int
    parts: tuple[tuple[str, str, int, int], ...] = ()
    named: tuple[tuple[str, str, str, int, int], ...] = ()


AnyFact = (
    Demographics | Lab | Dose | CaseReport | Quarantine | Stay | Living | Benefit | ScreenAnswer | Referred | Choice
)
