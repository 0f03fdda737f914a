"""Laboratory reports: HL7 v2 ORU^R01 and OUL^R22 to R24 to lab-result events, one per analyte, and to coverage events.

The same observation is told by (sending facility, filler order else specimen, code, OBX-4); its version by OBR-22
else MSH-7, then the status, then MSH-7, then the content. A correction or withdrawal is a whole new message with the same key.
Whatever is not production (MSH-11) is marked so and starts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from hub.domain.events import LabResult, Processing
from hub.domain.ids import content_hash
from hub.domain.lab_beside import may_tell_a_positive
from hub.domain.lab_meaning import Judged, Policy, policy_of
from hub.domain.lab_status import RANK
from hub.domain.trusted import Trusted
from hub.formats import hl7v2
from hub.formats.hl7v2 import Broken, Message, Mismatch, Segment
from hub.mapping.dates import as_told, hl7_date, hl7_time
from hub.mapping.hl7_items import Header, header, not_read
from hub.mapping.labs_coverage import coverages
from hub.mapping.labs_groups import (
    Group,
    OfOrder,
    dates,
    filler,
    first_filler,
    observations_of,
    specimen,
)
from hub.mapping.labs_patient import Patient, patient
from hub.mapping.labs_questions import Said, answers, said
from hub.mapping.labs_told import Told, as_one, told_of
from hub.mapping.program import (
    CHANGED_AHEAD,
    EPOCH,
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

__all__ = ["Labs"]

KIND = LabResult.kind
_REPORTS = frozenset({"ORU", "OUL"})
_MAX_REPEATS = 100
_NOT_CONTENT = frozenset({"MSH", "SFT"})  # who sent it, when and by which software
_LINES = frozenset({"TX", "FT", "ST"})
_Seen = dict[tuple[str, ...], list[str]]
_result_of = Trusted(LabResult)  # tokens, days, words and codes of our own; the person block is made by labs_patient


class Labs:
    """Program `lab-elr-hl7v2`.

    Options: `timezone`, the zone of times sent without one; `presumptive` and `pooled`, what becomes of such positives
    (`notify`, `isolate` or `review`; see hub.domain.lab_meaning.Policy).
    """

    name = "lab-elr-hl7v2"
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
    if len(item.all("PID")) < 2:
        return _told(item, where, stamp, context)
    return [told for each, at in _by_patient(item, where) for told in _told(each, at, stamp, context)]


def _told(item: Message, where: dict[str, str | int], stamp: Stamp, context: MappingContext) -> list[Mapped]:
    try:
        return _message(item, where, stamp, context)
    except NotMapped as not_mapped:
        where = {**at_field(where, not_mapped.field)}
        return [Mapped(not_mapped.outcome, None, KIND, not_mapped.reason, where, item.raw)]
    except Exception:  # a value that the strict event refuses, or our own bug: kept, to be read by mended code
        return [rejected("mapping-error", where, item.raw, KIND)]


class _Report(NamedTuple):
    """What all observations of a message share."""

    message: Message
    patient: Patient
    sent_at: datetime | None
    facility: str
    processing: Processing
    content: str
    policy: Policy
    issues: tuple[str, ...]
    """What is odd about the message as a whole."""
    today: date
    shared: dict[str, Any]
    """Every field of an event, with what all events of the message have alike: each has a copy of its own, or the only one this."""


def _by_patient(message: Message, where: dict[str, str | int]) -> Iterator[tuple[Message, dict[str, str | int]]]:
    """A message of several people (ORU_R01 repeats PATIENT_RESULT) is one of each, under its header: what was found in
    one is never told of another."""
    starts = [n for n, segment in enumerate(message.segments) if segment.name == "PID"]
    field = message.separators.field
    people = {message.segments[n].line.split(field, 2)[-1] for n in starts}  # PID-1 counts them
    if len(people) < 2:
        yield message, where
        return
    header = message.segments[: starts[0]]
    for patient_number, (start, end) in enumerate(zip(starts, [*starts[1:], None], strict=True), 1):
        lines = [segment.line for segment in (*header, *message.segments[start:end])]
        raw = "".join(f"{line}\r" for line in lines).encode(message.charset, errors="replace")
        yield Message(raw, message.number, hl7v2.Limits()), {**where, "patient": patient_number}


def _message(message: Message, where: dict[str, str | int], stamp: Stamp, context: MappingContext) -> list[Mapped]:
    about = header(message.msh)
    if about.code[:3] not in _REPORTS:  # `ORU`, or the structure `ORU_R01` in its place
        return [ignored("not-a-lab-report", where, message.raw, KIND)]
    if not about.is_version_2:
        raise NotMapped("unsupported-version", field="MSH-12")
    pid = message.first("PID")
    if pid is None:
        raise NotMapped("no-patient", field="PID")
    observed = observations_of(message, heading=about.code[:3] == "OUL")
    asked = [said(obx) for obx, _ in observed]
    report = _report(message, about, pid, asked, first_filler(message, observed), stamp, context)
    found: list[Mapped] = []
    told: list[Told] = []
    for (obx, group), one in zip(observed, asked, strict=True):
        if one.is_question:
            continue
        try:
            told.append(told_of(obx, group, report.policy))
        except NotMapped as not_mapped:
            if isinstance(obx, OfOrder) and not_mapped.reason == "not-a-result":  # a panel: which result nobody knows
                found.append(rejected("withdrawal-names-no-result", at_field(where, "OBX"), message.raw, KIND))
            elif not_mapped.reason != "not-a-result":
                found.append(Mapped(not_mapped.outcome, None, KIND, not_mapped.reason, where, message.raw))
    seen: _Seen | None = {} if len(told) > 1 else None
    tells_a_result = False
    for each in as_one(told):
        try:
            event = _event(each, report, stamp, seen)
        except NotMapped as not_mapped:
            found.append(Mapped(not_mapped.outcome, None, KIND, not_mapped.reason, where, message.raw))
            continue
        if event is not None:
            found.append(accepted(event, where, message.raw))
            tells_a_result = True
    if tells_a_result:
        for coverage in coverages(message, pid, report.patient, report.sent_at, stamp):
            found.append(accepted(coverage, where, message.raw))
    return found or [ignored("no-observation", where, message.raw, KIND)]


def _report(
    message: Message, about: Header, pid: Segment, asked: list[Said], number: str, stamp: Stamp, context: MappingContext
) -> _Report:
    told = answers(message, asked)
    today, sent = context.today(), message.msh.text(7)
    who = patient(message, pid, told.county, min(today, hl7_date(sent) or today))
    sent_at = hl7_time(sent, stamp.zone)
    ahead = sent_at is not None and is_ahead(sent_at, today)
    if ahead:  # told before all others: no correction would ever sort behind it
        sent_at = EPOCH
    odd = (
        CHANGED_AHEAD if ahead else "",
        about.issue,
        "unreadable-date" if (sent and sent_at is None) or told.onset_unread else "",
    )
    shared = stamp.begun(_result_of)
    shared.update(told.told)
    shared["source_person"] = stamp.person(who.authority, who.key) if who.key else None
    shared["race_ethnicity"] = who.race
    shared["county_source"] = who.county_source
    shared["person"] = who.block
    shared["processing"] = about.processing
    shared["report_key"] = stamp.token("report", about.facility, number or message.control_id)
    return _Report(
        message=message,
        patient=who,
        sent_at=sent_at,
        facility=about.facility,
        processing=about.processing,
        content=content_hash(*[segment.line for segment in message.segments if segment.name not in _NOT_CONTENT]),
        policy=policy_of(context.options),
        issues=(*who.issues, *odd),
        today=today,
        shared=shared,
    )


def _event(told: Told, report: _Report, stamp: Stamp, seen: _Seen | None) -> LabResult | None:
    """The event of one OBX.

    None for an exact repeat within the message. NotMapped when the others of its report say it.
    """
    obx, group, (meant, loinc, tested, answered), state, state_issue, passed_over = told
    if passed_over:
        raise NotMapped(passed_over, "ignored")
    fact_key = _fact_key(obx, group, report, meant, stamp, seen)
    if fact_key is None:
        return None
    when = dates(obx, group, report.today)
    reported = hl7_time(when.reported, stamp.zone) if when.reported else None
    taken = specimen(group)
    odd = (*meant.issues, state_issue, when.issue, *report.issues)
    held = report.shared if seen is None else report.shared.copy()  # every other field without a default is set below
    held["occurred_on"] = when.collected or when.resulted
    held["active"] = state != "withdrawn"
    content = content_hash(report.content, obx.line, report.processing)
    stamp.put(held, fact_key, reported or report.sent_at, RANK[state], content, report.sent_at)
    held["meaning"] = meant.meaning
    held["status"] = state
    held["method"] = meant.method
    held["loinc"] = loinc
    held["observation_key"] = fact_key
    held["specimen_key"] = stamp.token("specimen", report.facility, taken) if taken else None
    held["collected_on"] = when.collected
    held["resulted_on"] = when.resulted
    held["test"] = tested
    held["result"] = answered
    held["issues"] = tuple(dict.fromkeys(filter(None, odd))) if any(odd) else ()
    held["collected_as_told"] = as_told(when.written) if when.collected is not None else None
    return _result_of.of(held)


def _fact_key(
    obx: Segment, group: Group, report: _Report, meant: Judged, stamp: Stamp, seen: _Seen | None
) -> str | None:
    """None for an exact repeat; NotMapped for lines of text under an answer that is told already. Two answers under one key and
    status in one message are two facts, told by their order; two statuses are two versions of one fact. `seen`: what the
    message told before; None where this is its only result."""
    code = meant.loinc or _asked(obx.coded(3))
    order = filler(group) or "^".join((report.patient.key, group.obr.text(7) if group.obr else ""))
    if order == "^":  # nothing tells it from others of its sender but the message it came in
        order = f"message^{report.message.control_id}"
    native = (report.facility, order, code, obx.text(4))
    if seen is None:
        return stamp.fact_key(KIND, *native)
    answered = seen.setdefault(("answered", order, code), [])
    if "unknown-result-word" not in meant.issues:
        answered.append(meant.meaning)
    elif answered and obx.text(2) in _LINES and ("positive" in answered or not may_tell_a_positive(obx.raw(5))):
        raise NotMapped("result-comment", "ignored")
    told = seen.setdefault((*native, obx.text(11)), [])
    if obx.raw(5) in told:
        return None
    if len(told) >= _MAX_REPEATS:
        raise NotMapped("too-many-repeats")
    told.append(obx.raw(5))
    return stamp.fact_key(KIND, *native, *([str(len(told))] if len(told) > 1 else []))


def _asked(question: hl7v2.Coded) -> str:
    """What names a question of no known code."""
    return "^".join((question.code or question.alt_code or question.display, question.system))
