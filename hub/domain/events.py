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

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from hub.domain.event import Event
from hub.domain.event_parts import (
    Absence,
    Coded,
    DoseStatus,
    LabStatus,
    Meaning,
    Method,
    Model,
    PayerClass,
    PersonBlock,
    Processing,
    RaceEthnicity,
    RaceGroup,
    ReportedBy,
    Sealed,
    SiteKind,
    Situation,
    YesNo,
)
from hub.domain.need_words import Signal
from hub.domain.referral_events import Consent, Referral, Service

__all__ = [
    "EVENT_TYPES",
    "PLACE_KINDS",
    "Absence",
    "Case",
    "Coded",
    "Consent",
    "Coverage",
    "DoseStatus",
    "Event",
    "Exposure",
    "FoodAssistance",
    "LabResult",
    "LabStatus",
    "LivingSituation",
    "Meaning",
    "Method",
    "Model",
    "PayerClass",
    "Person",
    "PersonBlock",
    "Processing",
    "RaceEthnicity",
    "RaceGroup",
    "Referral",
    "ReportedBy",
    "Screening",
    "Sealed",
    "Service",
    "ShelterStay",
    "Site",
    "SiteKind",
    "Situation",
    "Vaccination",
    "VaccineSupply",
    "YesNo",
    "is_production",
]  # fmt: skip


class Person(Event):
    """Who a source says this is: demographics, nothing that happened."""

    kind: ClassVar[str] = "person"

    processing: Processing = "production"


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
    hospitalized: YesNo = "unknown"
    icu: YesNo = "unknown"
    pregnant: YesNo = "unknown"
    employed_in_healthcare: YesNo = "unknown"
    first_test: YesNo = "unknown"
    age_years: int | None = Field(default=None, description="age at the test as told, where no birth date is")
    test: Coded | None = None
    result: Coded | None = None
    issues: tuple[str, ...] = ()
    collected_as_told: str | None = Field(
        default=None,
        description="when the specimen was taken, ISO 8601, as far as it was told; a zone only where one was",
    )


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
    processing: Processing = "production"
    issues: tuple[str, ...] = ()
    vaccine: Coded | None = Field(default=None, description="the product as it was coded: CVX, else NDC")
    occurred_as_told: str | None = Field(
        default=None,
        description="when it was given, ISO 8601, as far as it was told: a month alone has no `occurred_on`",
    )


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
    processing: Processing = "production"


class Exposure(Event):
    """A tracer's quarantine record: exposed, not (yet) a case."""

    kind: ClassVar[str] = "exposure"

    last_exposure_on: date | None
    monitoring_until: date | None = None
    closed_on: date | None = None
    closed_reason: str | None = None
    processing: Processing = "production"


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
    known_as_of: date | None = Field(default=None, description="the day up to which the source told of this stay")
    current_until: date | None = Field(
        default=None,
        description="the last day on which that still counts as now, by the source's cadence; later it is `last seen`",
    )
    household_head: YesNo = "unknown"


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
    known_as_of: date | None = Field(default=None, description="the day for which beds and people were told")
    current_until: date | None = Field(default=None, description="the last day on which that still counts as now")
    unnamed: int | None = Field(
        default=None,
        description="people there on known_as_of whom no stay counts at the site: it is withheld, or nobody knows them",
    )
    unread: int | None = Field(
        default=None,
        description="rows on the site for known_as_of that could not be read: each may be somebody there",
    )


class VaccineSupply(Event):
    """Doses of one product at one site in one period, as the supply chain counts them: nobody's, keyed by its site.

    A count that the source does not give is None, never 0.
    """

    kind: ClassVar[str] = "vaccine-supply"

    site: str = Field(description="site token")
    provider_pin: str | None = Field(default=None, description="joins it to the doses of that provider")
    cvx: str | None = None
    ndc: str | None = None
    covid: bool = Field(description="true where the dated table knows the product as a COVID-19 vaccine")
    doses_allocated: int | None = None
    doses_delivered: int | None = None
    doses_administered: int | None = None
    doses_wasted: int | None = None
    period_from: date | None = None
    period_until: date | None = None
    doses_expired: int | None = Field(default=None, description="beside doses_wasted, never within it")
    doses_on_hand: int | None = Field(default=None, description="at the end of period_until")
    part_key: str | None = Field(
        default=None, description="token of the shipment or lot that is counted; None: all of the period is"
    )
    county: str | None = Field(default=None, description="FIPS county of the site")
    postal_code: str | None = Field(default=None, description="ZIP of the site, five digits")
    issues: tuple[str, ...] = ()
    site_name: str | None = Field(default=None, description="what the source calls the site")


class Coverage(Event):
    """Who pays for a person's care, as told. A payer that is not named is unknown, never none."""

    kind: ClassVar[str] = "coverage"

    payer_class: PayerClass
    medicaid: YesNo = Field(
        default="unknown", description="no only where a source says so; another payer is no such word"
    )
    plan: str | None = Field(default=None, description="token of the payer's plan")
    plan_type: Coded | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    processing: Processing = "production"
    issues: tuple[str, ...] = ()


class FoodAssistance(Event):
    """Food benefits or a food service. `delivered` is proof that food reached the person."""

    kind: ClassVar[str] = "food-assistance"

    program: Literal["snap", "wic", "pantry", "meal-delivery"]
    enrolled: YesNo
    delivered: bool = False
    category: str | None = Field(default=None, description="need category that this speaks of; None: of none")
    signal: Signal | None = Field(default=None, description="how strong a word it is of that need; None: no word")
    household: str | None = Field(default=None, description="token of the household as this source groups people")
    household_size: int | None = Field(default=None, description="people in that household, as told with this fact")


class Screening(Event):
    """What is known of one social need, in Gravity category codes: an answer of a screening, or a diagnosis."""

    kind: ClassVar[str] = "screening"

    category: str = Field(description="need category, `unmapped` where no table row fits")
    indicates_need: YesNo
    question: Coded
    answer: Coded
    final: bool
    signal: Signal = Field(default="screened", description="reported by somebody, answered to a tool, or inferred")
    processing: Processing = "production"
    issues: tuple[str, ...] = ()


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
    Coverage,
    VaccineSupply,
    Referral,
    Consent,
    Service,
)
EVENT_TYPES: dict[str, type[Event]] = {cls.kind: cls for cls in _TYPES}
"""Every event kind, by the word used in topic names (`hub.intake.<kind>.v1`)."""
PLACE_KINDS = frozenset({Site.kind, VaccineSupply.kind, Service.kind})
"""Kinds that speak of a place: keyed by its site token, never by a person, and not on the person topic."""


def is_production(event: Event) -> bool:
    """Whether an event is of production. Tests and debugging (MSH-11, HTEST) stand on their intake topic and go no further: they
    link nobody, start nothing and count nowhere. Source: health-standards.md §8 R8."""
    return getattr(event, "processing", "production") == "production"
