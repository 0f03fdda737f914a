"""Who pays for the person of a laboratory message: IN1 segments, and a Medicaid or Medicare number among the ids of PID-3.

Member numbers stay in the person block. A message that names nobody says nothing of anybody's coverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hub.domain.events import Coded, Coverage, PersonBlock
from hub.domain.ids import content_hash
from hub.domain.payers import Payer, payer_of, typology_code
from hub.formats.hl7v2 import Message, Segment
from hub.mapping.dates import hl7_date
from hub.mapping.hl7_items import processing
from hub.mapping.labs_patient import Patient
from hub.mapping.stamp import Stamp

__all__ = ["coverages"]

_MOST = 20
"""So many plans and ids of a message are read; nobody has more."""
_ID_TYPES = {"MA": Payer("medicaid", "yes", "MA"), "MC": Payer("medicare", "unknown", "MC")}
"""PID-3.5, table 0203: the patient's Medicaid and Medicare number."""


def coverages(
    message: Message, pid: Segment, patient: Patient, sent_at: datetime | None, stamp: Stamp
) -> list[Coverage]:
    """Each payer that the message names, once."""
    numbers = _numbers(pid) if patient.local_id else []
    if not patient.local_id or not (numbers or message.all("IN1")):
        return []
    told: dict[tuple[str, ...], Coverage] = {}
    for payer, number in numbers:
        key = ("id", payer.payer_class)
        coverage = _coverage(key, payer, number, message, patient, sent_at, stamp, content_hash(number))
        told.setdefault(key, coverage)
    for plan, coverage in _plans(message, patient, sent_at, stamp):
        told.setdefault(plan, coverage)
    return list(told.values())


def _numbers(pid: Segment) -> list[tuple[Payer, str]]:
    """Payers whose numbers are among the ids of PID-3, with the number."""
    found: list[tuple[Payer, str]] = []
    if not pid.may_hold(3, _ID_TYPES):  # as that of nearly everybody
        return found
    for n in range(1, min(pid.repetitions(3), _MOST) + 1):
        payer = _ID_TYPES.get(pid.text(3, 5, repetition=n).upper())
        if payer is not None and (number := pid.text(3, repetition=n)):
            found.append((payer, number))
    return found


_Told = Iterator[tuple[tuple[str, ...], Coverage]]


def _plans(message: Message, patient: Patient, sent_at: datetime | None, stamp: Stamp) -> _Told:
    for in1 in message.all("IN1")[:_MOST]:
        plan, company, kind = in1.coded(2), in1.text(3), in1.text(15)
        if not (plan.code or plan.display or company or kind):
            continue
        payer = payer_of(kind, typology_code(kind), plan.code, plan.alt_code, company)
        key = ("plan", company, plan.code or plan.display, kind)
        number = in1.text(36) or in1.text(49)
        found = _coverage(key, payer, number, message, patient, sent_at, stamp, content_hash(in1.line))
        yield (
            key,
            found.model_copy(
                update={
                    "plan": stamp.token("plan", *key) if company or plan.code else None,
                    "plan_type": Coded(code=payer.code, mapped=payer.payer_class) if payer.code else None,
                    "valid_from": hl7_date(in1.text(12)),
                    "valid_until": hl7_date(in1.text(13)),
                    "issues": () if payer.code else ("unknown-plan-type",),
                }
            ),
        )


def _coverage(
    key: tuple[str, ...],
    payer: Payer,
    number: str,
    message: Message,
    patient: Patient,
    sent_at: datetime | None,
    stamp: Stamp,
    content: str,
) -> Coverage:
    block = (patient.block or PersonBlock()).model_copy(update={"member_id": number or None})
    kind = processing(message)
    fields = stamp.fields(
        stamp.fact_key(Coverage.kind, patient.authority, patient.local_id, *key),
        source_person=stamp.person(patient.authority, patient.local_id),
        changed_at=sent_at,
        status_rank=0,
        content=content if kind == "production" else content_hash(content, kind),
        occurred_on=hl7_date(message.msh.text(7)),
    )
    return Coverage(
        **fields,
        race_ethnicity=patient.race,
        county_source=patient.county_source,
        person=block,
        payer_class=payer.payer_class,
        medicaid=payer.medicaid,
        processing=kind,
    )
