"""Laboratory reports: HL7 v2 ORU^R01 and OUL^R22 to R24 to lab-result events, one per analyte, and to coverage events.

The same observation is told by (sending facility, filler order else specimen, code, OBX-4); its version by OBR-22
else MSH-7, then the status, then MSH-7, then the content. A correction or withdrawal is a whole new message with the same key.
Whatever is not production (MSH-11) is marked so and starts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from hub.domain.events import Coded, LabResult, Meaning, Processing
from hub.domain.ids import content_hash
from hub.domain.lab_answers import Answers
from hub.domain.lab_beside import may_tell_a_positive
from hub.domain.lab_meaning import Judged, Policy, policy_of
from hub.domain.lab_status import RANK
from hub.domain.trusted import Trusted
from hub.formats import hl7v2
from hub.formats.hl7v2 import Broken, Message, Mismatch, Segment
from hub.formats.hl7v2_segment import remembering
from hub.mapping.codes import code_of
from hub.mapping.dates import as_told, hl7_time
from hub.mapping.hl7_items import Header, header, not_read
from hub.mapping.lab_codes import coded_answer, coded_test
from hub.mapping.labs_coverage import coverages
from hub.mapping.labs_groups import (
    Group,
    dates,
    filler,
    first_filler,
    observations_of,
    specimen,
)
from hub.mapping.labs_observation import codings_of
from hub.mapping.labs_patient import Patient, patient
from hub.mapping.labs_questions import Said, answers, said
from hub.mapping.labs_told import Told, as_one, told_of
from hub.mapping.program import (
    Alone,
    Mapped,
    MappingContext,
    NotMapped,
    Unit,
    accepted,
    at_field,
    ignored,
    rejected,
)
from hub.mapping.stamp import Stamp

__all__ = ["Labs"]

KIND = LabResult.kind
_REPORTS = frozenset({"ORU", "OUL"})
_MAX_REPEATS = 100
_LINES = frozenset({"TX", "FT", "ST"})
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
    source_person: str | None
    answers: Answers
    processing: Processing
    sent_at: datetime | None
    facility: str
    content: str
    report_key: str
    policy: Policy
    issues: tuple[str, ...]
    """What is odd about the message as a whole."""


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
    asked = [said(obx) for obx in message.all("OBX")]
    observed = observations_of(message)
    report = _report(message, about, pid, asked, first_filler(message, observed), stamp, context)
    found: list[Mapped] = []
    seen: dict[tuple[str, ...], list[str]] = {}
    told: list[Told] = []
    for (obx, group), one in zip(observed, asked, strict=True):
        if one.is_question:
            continue
        try:
            told.append(told_of(obx, group, report.policy))
        except NotMapped as not_mapped:
            if not_mapped.reason != "not-a-result":
                found.append(Mapped(not_mapped.outcome, None, KIND, not_mapped.reason, where, message.raw))
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
    who = patient(message, pid, told.county)
    sent = message.msh.text(7)
    sent_at = hl7_time(sent, stamp.zone)
    odd = (
        about.issue,
        "unreadable-date" if (sent and sent_at is None) or told.onset_unread else "",
    )
    return _Report(
        message=message,
        patient=who,
        source_person=stamp.person(who.authority, who.key) if who.key else None,
        answers=told,
        processing=about.processing,
        sent_at=sent_at,
        facility=about.facility,
        content=content_hash(*[segment.line for segment in message.segments if segment.name not in ("MSH", "SFT")]),
        report_key=stamp.token("report", about.facility, number or message.control_id),
        policy=policy_of(context.options),
        issues=(*who.issues, *odd),
    )


def _event(told: Told, report: _Report, stamp: Stamp, seen: dict[tuple[str, ...], list[str]]) -> LabResult | None:
    """The event of one OBX.

    None for an exact repeat within the message. NotMapped when the others of its report say it.
    """
    obx, group, meant, state, state_issue, passed_over = told
    if passed_over:
        raise NotMapped(passed_over, "ignored")
    fact_key = _fact_key(obx, group, report, meant, stamp, seen)
    if fact_key is None:
        return None
    when = dates(obx, group)
    reported = hl7_time(when.reported, stamp.zone) if when.reported else None
    taken = specimen(group)
    tested, answered = _coded(obx, meant.loinc, meant.meaning)
    odd = (*meant.issues, state_issue, when.issue, *report.issues)
    patient = report.patient
    return _result_of({
        **stamp.fields(
            fact_key,
            source_person=report.source_person,
            changed_at=reported or report.sent_at,
            status_rank=RANK[state],
            content=content_hash(report.content, obx.line, report.processing),
            occurred_on=when.collected or when.resulted,
            active=state != "withdrawn",
            sent_at=report.sent_at,
        ),
        "race_ethnicity": patient.race,
        "county_source": patient.county_source,
        "person": patient.block,
        "meaning": meant.meaning,
        "status": state,
        "processing": report.processing,
        "method": meant.method,
        "loinc": code_of(meant.loinc or ""),
        "observation_key": fact_key,
        "report_key": report.report_key,
        "specimen_key": stamp.token("specimen", report.facility, taken) if taken else None,
        "collected_on": when.collected,
        "resulted_on": when.resulted,
        **report.answers.fields(),
        "test": tested,
        "result": answered,
        "issues": tuple(dict.fromkeys([issue for issue in odd if issue])),
        "collected_as_told": as_told(when.written) if when.collected is not None else None,
    })  # fmt: skip


def _fact_key(
    obx: Segment, group: Group, report: _Report, meant: Judged, stamp: Stamp, seen: dict[tuple[str, ...], list[str]]
) -> str | None:
    """None for an exact repeat; NotMapped for lines of text under an answer that is told already. Two answers under one key and
    status in one message are two facts, told by their order; two statuses are two versions of one fact."""
    code = meant.loinc or _asked(obx.coded(3))
    order = filler(group) or "^".join((report.patient.key, group.obr.text(7) if group.obr else ""))
    if order == "^":  # nothing tells it from others of its sender but the message it came in
        order = f"message^{report.message.control_id}"
    native = (report.facility, order, code, obx.text(4))
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


@remembering(3, 5)
def _coded(obx: Segment, loinc: str | None, meaning: Meaning) -> tuple[Coded, Coded | None]:
    """What was tested and what was answered, as far as it may stand in the clear."""
    answered = coded_answer(codings_of(obx.coded(5)), meaning) if obx.raw(5) else None
    return coded_test(codings_of(obx.coded(3)), loinc), answered
