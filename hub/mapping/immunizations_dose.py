"""One RXA of a message, with its ORC and OBX: a dose given, refused, not given, or withdrawn.

What names a dose stands in hub.mapping.immunizations_key. `9999` is what the guide writes where nothing was ordered, so a
refusal is known by person, day and vaccine; and so is a dose of a sender without ORC. The version is MSH-7; RXA-21 U and D
rank above A at the same time, but for a D beside its own replacement in one message; X says that nothing changed, so it never
replaces anything. An update of such a dose that corrects its day finds nothing: `update-without-number`, and it is no second dose
(hub.domain.contributions).

The provider's PIN is the facility of RXA-11.4 where it has the shape of one (CDC_IIS_Open_Tools: `^^^123456&…&ISO`; that this is
the VTrckS PIN of CVRS is unverified: from memory), of doses newly given: a registry's memory of one names no provider.

Source: CDC HL7 v2.5.1 Implementation Guide for Immunization Messaging 1.5 (RXA, tables 0322, 0323, NIP001, NIP002).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from hub.domain.events import DoseStatus, Processing, Vaccination, YesNo
from hub.domain.history import UNNUMBERED_UPDATE
from hub.domain.ids import content_hash
from hub.domain.vaccines import PARTIAL_DATE, Judged, date_fault, judge, month_fault, ndc_11
from hub.formats.hl7v2 import Segment
from hub.mapping.codes import cvx_code, provider_pin
from hub.mapping.dates import as_told, hl7_date, month
from hub.mapping.hl7_items import NOT_SAID
from hub.mapping.immunizations_key import Name, Told, action, codes, name_of, numbered, type_is_covid
from hub.mapping.labs_patient import Patient
from hub.mapping.program import CHANGED_AHEAD, NotMapped
from hub.mapping.stamp import Stamp, unless_production
from hub.mapping.vaccine_codes import coded_vaccine

__all__ = ["KIND", "Shared", "dose"]

KIND = Vaccination.kind
_COMPLETION: dict[str, DoseStatus] = {
    "CP": "administered", "PA": "administered", "": "administered", "RE": "refused", "NA": "not-administered",
}  # fmt: skip
_RANK = {"X": 0, "A": 1, "U": 2, "D": 3}
_HISTORICAL = frozenset({f"{n:02d}" for n in range(1, 9)})
_DOSE_NUMBER, _SERIES = "30973-2", "59783-1"
_YES_NO: dict[str, YesNo] = {"Y": "yes", "YES": "yes", "N": "no", "NO": "no"}
_MOST_REPETITIONS = 20


class Shared(NamedTuple):
    """What all doses of a message share. `several`: names that it gives to several doses; `added`: those under which it tells of a
    dose, whatever else it deletes."""

    facility: str
    patient: Patient
    source_person: str | None
    sent_at: datetime | None
    sent_ahead: bool
    sent_on: date | None
    today: date
    processing: Processing
    processing_said: bool
    person_line: str
    several: frozenset[Name]
    added: frozenset[Name]


def dose(told: Told, rxa: Segment, shared: Shared, stamp: Stamp) -> Vaccination:
    """The event of one RXA. NotMapped with a reason for one that cannot be."""
    done, issues = action(rxa)
    cvx, ndc, unsaid = codes(rxa)
    given_on = hl7_date(rxa.text(3))
    covid_told = type_is_covid(told)
    vaccine = judge(cvx, ndc, covid_told)
    status, of_status = _status(rxa, vaccine)
    if status == "administered":
        vaccine = judge(cvx, ndc, covid_told, given_on)
    withdrawn = done == "D"
    counts = status == "administered" and vaccine.covid
    in_month = None if given_on else month(rxa.text(3))
    if in_month is not None:
        fault = month_fault(in_month, _born(shared), shared.today, covid_dose=counts)
        issues = (*issues, PARTIAL_DATE)
    else:
        fault = date_fault(given_on, _born(shared), shared.today, covid_dose=counts)
    if fault is not None and not withdrawn:  # a wrong date may be why it is withdrawn
        raise NotMapped(fault, field="RXA-3")
    name = numbered(name_of(told, rxa), shared.several)
    issues = (*issues, *unsaid, *_naming(name, done))
    historical = in_month is not None or _is_historical(rxa)
    if shared.sent_on is not None and given_on is not None and given_on > shared.sent_on:
        issues = (*issues, "dose-after-message")
    if status == "administered" and not cvx and not ndc:
        issues = (*issues, "unknown-product")
    return Vaccination(
        **stamp.fields(
            stamp.fact_key(KIND, *_native_key(name, rxa, shared)),
            source_person=shared.source_person,
            changed_at=None if done == "X" else shared.sent_at,
            status_rank=0 if withdrawn and name in shared.added else _RANK[done],
            content=content_hash(shared.person_line, *_lines(told, rxa), *unless_production(shared.processing)),
            occurred_on=given_on,
            active=not withdrawn,
        ),
        race_ethnicity=shared.patient.race,
        county_source=shared.patient.county_source,
        person=shared.patient.block,
        status="withdrawn" if withdrawn else status,
        cvx=cvx_code(vaccine.cvx or ""),
        ndc=ndc_11(ndc) or None,
        covid=vaccine.covid,
        dose_number=_dose_number(told),
        series_complete=_YES_NO.get(_answer(told, _SERIES).upper(), "unknown"),
        historical=historical,
        provider_pin=None if historical else provider_pin(rxa.text(11, 4)),
        processing=shared.processing,
        issues=(
            *vaccine.issues,
            *of_status,
            *issues,
            *shared.patient.issues,
            *(() if shared.processing_said else (NOT_SAID,)),
            *((CHANGED_AHEAD,) if shared.sent_ahead else ()),
        ),
        vaccine=coded_vaccine(vaccine, cvx, ndc),
        occurred_as_told=as_told(rxa.text(3)),
    )


def _naming(name: Name, done: str) -> tuple[str, ...]:
    """What is odd about what names the dose."""
    if name.number:
        return ("order-number-shared",) if name.day else ()
    return ("order-number-missing", *([UNNUMBERED_UPDATE] if done == "U" else []))


def _status(rxa: Segment, vaccine: Judged) -> tuple[DoseStatus, tuple[str, ...]]:
    """RXA-20, RXA-18 and CVX 998. What is not surely given is kept and does not count."""
    completion = rxa.text(20).upper()
    status = _COMPLETION.get(completion)
    if status is None:
        return "not-administered", ("completion-unknown",)
    if status != "administered":
        return status, ()
    if rxa.text(18) or rxa.text(18, 2):
        return "refused", ("refusal-conflict",) if completion else ()
    if vaccine.no_dose:
        return "not-administered", ()
    return status, ("partial-dose",) if completion == "PA" else ()


def _native_key(name: Name, rxa: Segment, shared: Shared) -> tuple[str, ...]:
    if name.number:
        return (shared.facility, *name)
    who = shared.patient
    if not who.key:
        raise NotMapped("missing-key", field="ORC-3")
    return (shared.facility, who.authority, who.key, rxa.text(3)[:8], name.kind)


def _lines(told: Told, rxa: Segment) -> list[str]:
    segments = (told.orc, rxa, *told.observed)
    return [segment.line for segment in segments if segment is not None]


def _born(shared: Shared) -> date | None:
    block = shared.patient.block
    return block.birth_date if block is not None else None


def _is_historical(rxa: Segment) -> bool:
    repetitions = range(1, min(rxa.repetitions(9), _MOST_REPETITIONS) + 1)
    return any(rxa.text(9, 1, 1, n) in _HISTORICAL for n in repetitions)


def _dose_number(told: Told) -> int | None:
    number = _answer(told, _DOSE_NUMBER)
    return int(number) if len(number) == 1 and number in "123456789" else None


def _answer(told: Told, question: str) -> str:
    """OBX-5 of the first observation with that LOINC code."""
    return next((obx.text(5) for obx in told.observed if obx.text(3) == question), "")
