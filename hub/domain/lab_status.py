"""How final a laboratory result is, from the status words of HL7, FHIR and CSV uploads (tables/lab_status.csv).

A withdrawal (posted as wrong, deleted, cancelled, entered in error) wins over whatever value the result still states, and a
report that is withdrawn takes its results with it: nothing is available of a cancelled order (HL7 v2 table 0123, X), and FHIR R4
calls such a report `cancelled` or `entered-in-error`. W and D are no codes of table 0123 but of the observation's own (0085);
senders that write them there withdraw what they told before, and an observation which says of itself that it is the correction
stands (so the corrections of ReportStream's batch sample).
"""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.events import Event, LabResult, LabStatus
from hub.domain.lab_tables import statuses

__all__ = ["RANK", "Stated", "csv_status", "fhir_status", "hl7_status", "is_mere_withdrawal"]

RANK: dict[LabStatus, int] = {"preliminary": 1, "final": 2, "corrected": 3, "withdrawn": 4}
"""Which of two versions of the same time is the later one."""

_CANCELLED = frozenset({"X", "CANCELLED", "CANCELED"})


class Stated(NamedTuple):
    """`status` None: there is no result yet (ordered, in process, not asked). `issue`: what was odd, or empty."""

    status: LabStatus | None
    issue: str


def hl7_status(observation: str, report: str) -> Stated:
    """OBX-11, else OBR-25, else final with an issue; both as sent, first component. A final observation of a corrected order is a
    correction: many senders write it in OBR-25 alone."""
    code, order = observation.upper(), report.upper()
    known = statuses()
    of_order = known.get(("obr-25", order))
    if not code:
        return Stated(of_order if ("obr-25", order) in known else "final", "status-missing")
    field = "obx-11" if ("obx-11", code) in known else "csv"  # senders who write the word: `Final`
    told = Stated(known[field, code], "") if (field, code) in known else Stated("preliminary", "status-unknown")
    return _within(told, of_order, spares_corrections=order not in _CANCELLED)


def fhir_status(observation: str, report: str = "") -> Stated:
    """Observation.status, and DiagnosticReport.status where the report is at hand. A word that is not in the table (`unknown` too)
    is preliminary; no word at all is the report's."""
    told = _of("fhir", observation or report, "" if observation else "status-missing")
    return _within(told, statuses().get(("fhir", report.strip().upper())), spares_corrections=False)


def csv_status(word: str, *others: str) -> Stated:
    """The status column of a CSV upload: an HL7 letter or a word; empty is final with an issue. `others`: those of the observation
    and the order, where the layout has them."""
    told = _of("csv", word, "")
    for other in others:
        of_report = statuses().get(("csv", code := other.strip().upper()))
        told = _within(told, of_report, spares_corrections=code not in _CANCELLED)
    return told


def is_mere_withdrawal(event: Event) -> bool:
    """Whether an event says no more than that a result which may have been told before is none: it has no answer and lacks none. It
    is no record of the sender's own, and no report on the sender counts it."""
    return (
        isinstance(event, LabResult)
        and not event.active
        and event.result is None
        and event.meaning == "review"
        and "no-result" not in event.issues
    )


def _within(told: Stated, of_report: LabStatus | None, *, spares_corrections: bool) -> Stated:
    """What a result says of itself, in a report that says this."""
    status, issue = told
    if of_report == "withdrawn" and status != "withdrawn":
        withdrawn = status != "corrected" or not spares_corrections
        return Stated("withdrawn" if withdrawn else status, issue or ("status-conflict" if status is not None else ""))
    return Stated("corrected", issue) if (status, of_report) == ("final", "corrected") else told


def _of(field: str, word: str, issue: str) -> Stated:
    code = word.strip().upper()
    if not code:
        return Stated("final", "status-missing")
    if (field, code) not in statuses():
        return Stated("preliminary", "status-unknown")
    return Stated(statuses()[field, code], issue)
