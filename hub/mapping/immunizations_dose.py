"""One RXA of a message, with its ORC and OBX: a dose given, refused, not given, or withdrawn.

A dose is known by (sending facility, ORC-3 and its authority). `9999` is what the guide writes where nothing was ordered, so a
refusal is known by person, day and vaccine instead; and so is a dose of a sender without ORC. The version is MSH-7; RXA-21 U and D
rank above A at the same time, but for a D beside its own replacement in one message; X says that nothing changed, so it never
replaces anything.

The provider's PIN is the facility of RXA-11.4 where it has the shape of one (CDC_IIS_Open_Tools: `^^^123456&…&ISO`; that this is
the VTrckS PIN of CVRS is unverified: from memory), of doses newly given: a registry's memory of one names no provider.

Source: CDC HL7 v2.5.1 Implementation Guide for Immunization Messaging 1.5 (RXA, tables 0322, 0323, NIP001, NIP002).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from hub.domain.events import DoseStatus, Processing, Vaccination, YesNo
from hub.domain.ids import content_hash
from hub.domain.vaccines import Judged, date_fault, is_covid, judge, ndc_11, product
from hub.formats.hl7v2 import Segment
from hub.mapping.codes import cvx_code, provider_pin
from hub.mapping.dates import hl7_date
from hub.mapping.hl7_items import NOT_SAID
from hub.mapping.labs_patient import Patient
from hub.mapping.program import NotMapped
from hub.mapping.stamp import Stamp, unless_production

__all__ = ["KIND", "Shared", "Told", "added_numbers", "dose", "shared_numbers"]

KIND = Vaccination.kind
_CVX = frozenset({"CVX", "HL70292", "292", "2.16.840.1.113883.12.292"})
_NDC = frozenset({"NDC", "2.16.840.1.113883.6.69"})
_COMPLETION: dict[str, DoseStatus] = {
    "CP": "administered", "PA": "administered", "": "administered", "RE": "refused", "NA": "not-administered",
}  # fmt: skip
_RANK = {"X": 0, "A": 1, "U": 2, "D": 3}
_NO_ORDER = "9999"
_HISTORICAL = frozenset({f"{n:02d}" for n in range(1, 9)})
_VACCINE_TYPE, _DOSE_NUMBER, _SERIES = "30956-7", "30973-2", "59783-1"
_YES_NO: dict[str, YesNo] = {"Y": "yes", "YES": "yes", "N": "no", "NO": "no"}
_MOST_REPETITIONS = 20


class Told(NamedTuple):
    """One order of a message. `orc` None: the RXA has none of its own; `rxa` None: nothing is said of a vaccine."""

    orc: Segment | None
    rxa: Segment | None
    observed: tuple[Segment, ...]


class Shared(NamedTuple):
    """What all doses of a message share. `shared_numbers`: order numbers that it gives to different doses; `added_numbers`: those
    under which it tells of a dose, whatever else it deletes."""

    facility: str
    patient: Patient
    source_person: str | None
    sent_at: datetime | None
    sent_on: date | None
    today: date
    processing: Processing
    processing_said: bool
    person_line: str
    shared_numbers: frozenset[tuple[str, str]]
    added_numbers: frozenset[tuple[str, str]]


def added_numbers(told: Iterable[Told]) -> frozenset[tuple[str, str]]:
    """Order numbers of doses that one message adds or updates."""
    return frozenset(
        _number(each.orc, each.rxa) for each in told if each.rxa is not None and _action(each.rxa)[0] != "D"
    )


def shared_numbers(told: Iterable[Told]) -> frozenset[tuple[str, str]]:
    """Order numbers under which one message tells of different doses: these name none of them."""
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    shared = set()
    for each in told:
        if each.rxa is not None and (number := _number(each.orc, each.rxa))[0] and _action(each.rxa)[0] != "D":
            what = (each.rxa.text(3), each.rxa.text(5))
            if seen.setdefault(number, what) != what:
                shared.add(number)
    return frozenset(shared)


def dose(told: Told, rxa: Segment, shared: Shared, stamp: Stamp) -> Vaccination:
    """The event of one RXA. NotMapped with a reason for one that cannot be."""
    action, action_issue = _action(rxa)
    cvx, ndc, unsaid = _codes(rxa)
    given_on = hl7_date(rxa.text(3))
    covid_told = _type_is_covid(told)
    vaccine = judge(cvx, ndc, covid_told)
    status, issues = _status(rxa, vaccine)
    if status == "administered":
        vaccine = judge(cvx, ndc, covid_told, given_on)
    withdrawn = action == "D"
    counts = status == "administered" and vaccine.covid
    fault = date_fault(given_on, _born(shared), shared.today, covid_dose=counts)
    if fault is not None and not withdrawn:  # a wrong date may be why it is withdrawn
        raise NotMapped(fault, field="RXA-3")
    number = _number(told.orc, rxa)
    if shared.sent_on is not None and given_on is not None and given_on > shared.sent_on:
        issues = (*issues, "dose-after-message")
    if status == "administered" and not cvx and not ndc:
        issues = (*issues, "unknown-product")
    return Vaccination(
        **stamp.fields(
            stamp.fact_key(KIND, *_native_key(number, rxa, cvx or ndc, shared)),
            source_person=shared.source_person,
            changed_at=None if action == "X" else shared.sent_at,
            status_rank=0 if withdrawn and number in shared.added_numbers else _RANK[action],
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
        historical=_is_historical(rxa),
        provider_pin=None if _is_historical(rxa) else provider_pin(rxa.text(11, 4)),
        processing=shared.processing,
        issues=(
            *vaccine.issues,
            *issues,
            *action_issue,
            *unsaid,
            *(() if number[0] else ("order-number-missing",)),
            *shared.patient.issues,
            *(() if shared.processing_said else (NOT_SAID,)),
        ),
    )


def _action(rxa: Segment) -> tuple[str, tuple[str, ...]]:
    """RXA-21; empty is an addition."""
    action = rxa.text(21).upper() or "A"
    return (action, ()) if action in _RANK else ("A", ("action-unknown",))


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


def _codes(rxa: Segment) -> tuple[str, str, tuple[str, ...]]:
    """CVX and NDC of RXA-5, whichever triplet they stand in; empty where not sent. RXA-5 is of table 0292 (CVX): a code of that
    table that names no system is one."""
    sent = rxa.coded(5)
    pairs = ((sent.code, sent.system.upper()), (sent.alt_code, sent.alt_system.upper()))
    cvx = next((code for code, system in pairs if system in _CVX and code), "")
    ndc = next((code for code, system in pairs if system in _NDC and code), "")
    unsaid = "" if cvx else next((code for code, system in pairs if not system and code and product(code)), "")
    return cvx or unsaid, ndc, ("code-system-unknown",) if unsaid else ()


def _number(orc: Segment | None, rxa: Segment) -> tuple[str, str]:
    """What the sender calls this dose, and whose number that is: ORC-3, else a registry's id among RXA-9; empty else."""
    if orc is not None and (number := orc.text(3)) and number != _NO_ORDER:
        return number, orc.text(3, 3) or orc.text(3, 2)
    for n in range(1, min(rxa.repetitions(9), _MOST_REPETITIONS) + 1):
        if rxa.text(9, 3, 1, n).upper() == "IMM_ID" and (number := rxa.text(9, 1, 1, n)):
            return number, "IMM_ID"
    return "", ""


def _native_key(number: tuple[str, str], rxa: Segment, vaccine: str, shared: Shared) -> tuple[str, ...]:
    if number[0] and number not in shared.shared_numbers:
        return (shared.facility, *number)
    who = shared.patient
    if not who.key:
        raise NotMapped("missing-key", field="ORC-3")
    given = (rxa.text(3)[:8], vaccine or rxa.text(5))
    return (shared.facility, *number, who.authority, who.key, *given)


def _lines(told: Told, rxa: Segment) -> list[str]:
    segments = (told.orc, rxa, *told.observed)
    return [segment.line for segment in segments if segment is not None]


def _born(shared: Shared) -> date | None:
    block = shared.patient.block
    return block.birth_date if block is not None else None


def _is_historical(rxa: Segment) -> bool:
    repetitions = range(1, min(rxa.repetitions(9), _MOST_REPETITIONS) + 1)
    return any(rxa.text(9, 1, 1, n) in _HISTORICAL for n in repetitions)


def _type_is_covid(told: Told) -> bool:
    """OBX 30956-7, the vaccine's type by CVX."""
    for obx in told.observed:
        sent = obx.coded(5)
        if obx.text(3) == _VACCINE_TYPE and sent.system.upper() in _CVX and is_covid(sent.code):
            return True
    return False


def _dose_number(told: Told) -> int | None:
    number = _answer(told, _DOSE_NUMBER)
    return int(number) if len(number) == 1 and number in "123456789" else None


def _answer(told: Told, question: str) -> str:
    """OBX-5 of the first observation with that LOINC code."""
    return next((obx.text(5) for obx in told.observed if obx.text(3) == question), "")
