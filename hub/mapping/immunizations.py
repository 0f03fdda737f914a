"""Immunizations: HL7 v2 VXU^V04 (2.3.1 to 2.8) and an IIS's answers (RSP^K11, Z32 and Z42; VXR^V03 before them) to vaccination
events, one per RXA.

A message speaks of one person. An answer with several candidates (Z31, VXX^V02) is never taken for a match, one without any
(Z33) holds nobody; acknowledgements are set aside. Whatever is not production (MSH-11) is marked so and counts nowhere.

Source: CDC HL7 v2.5.1 Implementation Guide for Immunization Messaging 1.5; health-standards.md §2.1 and §8 R21.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.formats import hl7v2
from hub.formats.hl7v2 import Broken, Message, Mismatch, Segment
from hub.mapping.dates import hl7_date, hl7_time
from hub.mapping.hl7_items import is_version_2, kind_of, not_read, processing
from hub.mapping.immunizations_dose import KIND, Shared, dose
from hub.mapping.immunizations_key import Told, added_names, shared_names
from hub.mapping.labs_patient import facility, patient
from hub.mapping.program import (
    Alone,
    Mapped,
    MappingContext,
    NotMapped,
    Unit,
    accepted,
    at_field,
    ignored,
    is_ahead,
    rejected,
)
from hub.mapping.stamp import Stamp

__all__ = ["Immunizations"]

_MOST_REPETITIONS = 20
_HISTORY = frozenset({"Z32", "Z42"})
_ASKED_HISTORY = frozenset({"Z34", "Z44"})
_NO_HISTORY = {"Z31": "several-candidates", "Z33": "no-candidate"}
_NOT_FOUND = {"TM": "several-candidates", "NF": "no-candidate", "AE": "no-candidate", "AR": "no-candidate"}


class Immunizations:
    """Program `iis-vxu`. Option `timezone`: the zone of times sent without one."""

    name = "iis-vxu"
    alone: Alone = "record"

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every outcome of a message, a batch or a file of messages."""
        stamp = Stamp.of(context)
        for file in unit.files:
            for item in hl7v2.read(unit.data(file)):
                yield from _outcomes(item, file, stamp, context)


def _outcomes(item: Message | Broken | Mismatch, file: str, stamp: Stamp, context: MappingContext) -> list[Mapped]:
    if not isinstance(item, Message):
        return [not_read(item, file)]
    where: dict[str, str | int] = {"file": file, "message": item.number}
    try:
        return _message(item, where, stamp, context)
    except NotMapped as why:
        return [Mapped(why.outcome, None, KIND, why.reason, at_field(where, why.field), item.raw)]
    except Exception:  # a value that the strict event refuses, or our own bug: kept, to be read by mended code
        return [rejected("mapping-error", where, item.raw, KIND)]


def _message(message: Message, where: dict[str, str | int], stamp: Stamp, context: MappingContext) -> list[Mapped]:
    _check(message)
    told = list(_told(message))
    if not told:
        return [ignored("no-dose-reported", where, message.raw, KIND)]
    people = message.all("PID")
    if len(people) != 1:
        raise NotMapped("several-patients" if people else "no-patient", field="PID")
    shared = _shared(message, people[0], told, stamp, context)
    found = []
    for each in told:
        if each.rxa is None:
            found.append(ignored("order-without-dose", where, message.raw, KIND))
            continue
        try:
            found.append(accepted(dose(each, each.rxa, shared, stamp), where, message.raw))
        except NotMapped as why:
            at = at_field(where, _place(why.field, each, message))
            found.append(Mapped(why.outcome, None, KIND, why.reason, at, message.raw))
    return found


def _place(field: str, told: Told, message: Message) -> str:
    """`RXA-3` of the order that it was found in: `RXA[2]-3` is the second RXA's."""
    name = field[:3]
    own = told.orc if name == "ORC" else told.rxa
    numbers = (n for n, each in enumerate(message.all(name), 1) if each is own)
    number = next(numbers, 1)
    return field if number == 1 else f"{name}[{number}]{field[3:]}"


def _check(message: Message) -> None:
    """NotMapped for a message that tells no doses of one person."""
    kind = kind_of(message)
    if kind == "ACK":
        raise NotMapped("acknowledgement", "ignored")
    if kind == "VXX":
        raise NotMapped("several-candidates", "ignored")
    if kind not in ("VXU", "RSP", "VXR"):
        raise NotMapped("not-an-immunization", "ignored")
    if not is_version_2(message):
        raise NotMapped("unsupported-version", field="MSH-12")
    if kind != "VXU":
        _check_answer(message)


def _check_answer(message: Message) -> None:
    """An answer is taken only where it says that it is one person's history."""
    msh, qak = message.msh, message.first("QAK")
    repetitions = range(1, min(msh.repetitions(21), _MOST_REPETITIONS) + 1)
    profiles = {msh.text(21, 1, 1, n).upper() for n in repetitions}
    status = qak.text(2).upper() if qak is not None else ""
    for why in (_NOT_FOUND.get(status), *(_NO_HISTORY[profile] for profile in sorted(profiles & _NO_HISTORY.keys()))):
        if why is not None:
            raise NotMapped(why, "ignored")
    if len(message.all("PID")) > 1:
        raise NotMapped("several-candidates", "ignored")
    qpd = message.first("QPD")
    asked = qpd.text(1).upper() if qpd is not None else ""
    history = bool(profiles & _HISTORY) or (not profiles and (asked in _ASKED_HISTORY or kind_of(message) == "VXR"))
    if not history:
        raise NotMapped("not-an-immunization", "ignored")


def _told(message: Message) -> Iterator[Told]:
    """Each RXA with the ORC above it, if that is its own, and the observations below it; an ORC without RXA too."""
    orc: Segment | None = None
    rxa: Segment | None = None
    observed: list[Segment] = []
    for segment in message.segments:
        if segment.name in ("ORC", "RXA"):
            if rxa is not None or (orc is not None and segment.name == "ORC"):
                yield Told(orc, rxa, tuple(observed))
                orc = rxa = None
                observed = []
            if segment.name == "ORC":
                orc = segment
            else:
                rxa = segment
        elif segment.name == "OBX":
            observed.append(segment)
    if orc is not None or rxa is not None:
        yield Told(orc, rxa, tuple(observed))


def _shared(message: Message, pid: Segment, told: list[Told], stamp: Stamp, context: MappingContext) -> Shared:
    who = patient(message, pid, "")
    several, sent_at = shared_names(told), hl7_time(message.msh.text(7), context.zone)
    return Shared(
        facility=facility(message),
        patient=who,
        source_person=stamp.person(who.authority, who.key) if who.key else None,
        sent_at=context.not_ahead(sent_at),
        sent_ahead=sent_at is not None and is_ahead(sent_at, context.today()),
        sent_on=hl7_date(message.msh.text(7)),
        today=context.today(),
        processing=processing(message),
        processing_said=bool(message.msh.text(11)),
        person_line=pid.line,
        several=several,
        added=added_names(told, several),
    )
