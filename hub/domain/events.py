"""Canonical events: what every source's records become, whatever the source calls them.

A fact (one observation, dose, stay, answer) has a `fact_key` that never changes and a version that rises:
(`changed_at`, `status_rank`, `content_hash`, `mapping_version`), compared in that order. A correction is the same fact
with a higher version; a withdrawal is a version whose `active` is false. `PersonBlock` is the only place for
identifiers: mapping emits it clear, the shell seals it (`Sealed`) before anything is encoded, and only the linkage zone
opens it.

All models are frozen and strict: an int is never made of 1.9, a word never guessed. Dates are civil dates, times are
UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "EVENT_TYPES",
    "Case",
    "Coded",
    "Event",
    "Exposure",
    "FoodAssistance",
    "LabResult",
    "LivingSituation",
    "Person",
    "PersonBlock",
    "RaceEthnicity",
    "Screening",
    "Sealed",
    "ShelterStay",
    "Site",
    "Vaccination",
]

YesNo = Literal["yes", "no", "unknown"]
Meaning = Literal["positive", "presumptive-positive", "negative", "inconclusive", "invalid", "review", "not-covid"]
LabStatus = Literal["preliminary", "final", "corrected", "withdrawn"]
Processing = Literal["production", "test", "debug"]
Method = Literal["molecular", "antigen", "serology", "other"]
DoseStatus = Literal["administered", "refused", "not-administered", "withdrawn"]
SiteKind = Literal["congregate", "isolation", "transitional", "outreach", "other"]
Situation = Literal["homeless-unsheltered", "homeless-sheltered", "institutional", "unstable", "housed", "unknown"]
RaceGroup = Literal["aian", "asian", "black", "nhpi", "white", "mena", "other", "hispanic", "not-hispanic"]
Absence = Literal["asked-unknown", "declined", "not-asked", "unknown", "withheld"]
ReportedBy = Literal["self", "related-person", "administrative", "derived"]


class Model(BaseModel):
    """Strict, frozen, closed; validation errors never show the input."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Coded(Model):
    """A coded value as sent and as understood: the original is kept, `mapped` is None where no table row fits."""

    code: str | None = None
    system: str | None = None
    display: str | None = None
    original: str | None = None
    mapped: str | None = None


class RaceEthnicity(Model):
    """One report of race and ethnicity (multi-select), or the reason why there is none. Never inferred."""

    groups: tuple[RaceGroup, ...] = ()
    absence: Absence | None = None
    reported_by: ReportedBy = "administrative"


class PersonBlock(Model):
    """Direct identifiers and contact details, clear only in the mapping and in the linkage zone."""

    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None
    previous_family_name: str | None = None
    suffix: str | None = None
    birth_date: date | None = None
    birth_date_partial: bool = False
    sex: str | None = None
    ssn: str | None = None
    phone: str | None = None
    email: str | None = None
    address_line: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    county: str | None = Field(default=None, description="FIPS county code of residence, 5 digits")
    local_id: str | None = Field(
        default=None, description="the person's id in the source: for the subscriber's own look-up"
    )

    def __repr_args__(self) -> list[tuple[str | None, object]]:
        """None: whatever prints a block (a traceback, a failed assertion, a log) shows no value of it."""
        return []


class Sealed(Model):
    """The person block under AES-256-GCM: the name of its data key, and nonce + ciphertext."""

    key_id: str
    ciphertext: bytes


class Event(Model):
    """What every event carries."""

    kind: ClassVar[str] = ""

    event_id: str = Field(description="names this version of this fact; a repeat has the same")
    source: str = Field(description="connector that brought it")
    source_person: str | None = Field(
        description="HMAC of source and local id; None: counts for its area, never becomes a person"
    )
    fact_key: str = Field(description="HMAC of the source's native key of the observation, dose or stay")
    changed_at: datetime = Field(description="the source's own change time, UTC; 1970-01-01 when it gives none")
    status_rank: int = Field(description="breaks ties of changed_at: a later status ranks higher")
    content_hash: str = Field(description="hash of the source record without transport fields")
    mapping_version: int
    occurred_on: date | None = Field(description="when it happened, by the source's civil calendar")
    active: bool = Field(description="false: this fact is withdrawn")
    agreement_id: str
    labels: tuple[str, ...] = Field(description="confidentiality and sensitivity labels, highest first")
    purposes: tuple[str, ...]
    race_ethnicity: RaceEthnicity | None = None
    person: PersonBlock | Sealed | None = None


class Person(Event):
    """Who a source says this is: demographics, nothing that happened."""

    kind: ClassVar[str] = "person"


class LabResult(Event):
    """One analyte of one specimen. Only `production`, `final` or `corrected`, `positive` may start isolation."""

    kind: ClassVar[str] = "lab-result"

    meaning: Meaning
    status: LabStatus
    processing: Processing
    method: Method
    loinc: str | None
    observation_key: str
    report_key: str
    specimen_key: str | None = None
    collected_on: date | None = None
    resulted_on: date | None = None
    onset_on: date | None = None
    congregate: YesNo = "unknown"
    residence: str | None = Field(default=None, description="coded residence type as sent (AOE 75617-1)")
    symptomatic: YesNo = "unknown"
    test: Coded | None = None
    result: Coded | None = None
    issues: tuple[str, ...] = ()


class Vaccination(Event):
    """A dose, or the record that none was given."""

    kind: ClassVar[str] = "vaccination"

    status: DoseStatus
    cvx: str | None
    ndc: str | None = None
    covid: bool = Field(description="true where the dated table knows the product as a COVID-19 vaccine")
    dose_number: int | None = None
    series_complete: YesNo = "unknown"
    historical: bool = False
    provider_pin: str | None = None
    issues: tuple[str, ...] = ()


class Case(Event):
    """A tracer's isolation record: they monitor this person as a case."""

    kind: ClassVar[str] = "case"

    isolating: bool
    case_status: str | None = None
    onset_on: date | None = None
    first_positive_on: date | None = None
    extended_until: date | None = None
    closed_on: date | None = None
    closed_reason: str | None = None


class Exposure(Event):
    """A tracer's quarantine record: exposed, not (yet) a case."""

    kind: ClassVar[str] = "exposure"

    last_exposure_on: date | None
    monitoring_until: date | None = None
    closed_on: date | None = None
    closed_reason: str | None = None


class ShelterStay(Event):
    """Presence at a site: a bed night (`night`) or an enrollment (`enrollment`, from entry until exit; open when
    `left_on` is None)."""

    kind: ClassVar[str] = "shelter-stay"

    stay: Literal["night", "enrollment"]
    presence: bool = Field(
        description="true: this alone proves presence (bed night; entry-exit shelter); false: paperwork only"
    )
    site: str = Field(description="site token")
    site_kind: SiteKind
    entered_on: date
    left_on: date | None = None
    household: str | None = None
    issues: tuple[str, ...] = ()


class LivingSituation(Event):
    """Where a person lived on `occurred_on`, as asked."""

    kind: ClassVar[str] = "living-situation"

    situation: Situation
    code: Coded | None = None


class Site(Event):
    """A place that takes people in."""

    kind: ClassVar[str] = "site"

    site: str
    site_kind: SiteKind
    beds: int | None = None
    operating_until: date | None = None


class FoodAssistance(Event):
    """Food benefits or a food service. `delivered` is proof that food reached the person."""

    kind: ClassVar[str] = "food-assistance"

    program: Literal["snap", "wic", "pantry", "meal-delivery"]
    enrolled: YesNo
    delivered: bool = False


class Screening(Event):
    """One answer of a social-needs screening, in the need vocabulary (Gravity category codes)."""

    kind: ClassVar[str] = "screening"

    category: str = Field(description="need category, `unmapped` where no table row fits")
    indicates_need: YesNo
    question: Coded
    answer: Coded
    final: bool


_TYPES: tuple[type[Event], ...] = (
    Person,
    LabResult,
    Vaccination,
    Case,
    Exposure,
    ShelterStay,
    LivingSituation,
    Site,
    FoodAssistance,
    Screening,
)
EVENT_TYPES: dict[str, type[Event]] = {cls.kind: cls for cls in _TYPES}
"""Every event kind, by the word used in topic names (`hub.intake.<kind>.v1`)."""
