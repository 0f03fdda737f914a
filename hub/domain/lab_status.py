"""How final a laboratory result is, from the status words of HL7, FHIR and CSV uploads (tables/lab_status.csv).

A withdrawal (posted as wrong, deleted, cancelled, entered in error) wins over whatever value the result still states.
"""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.events import LabStatus
from hub.domain.lab_tables import statuses

__all__ = ["RANK", "Stated", "csv_status", "fhir_status", "hl7_status"]

RANK: dict[LabStatus, int] = {"preliminary": 1, "final": 2, "corrected": 3, "withdrawn": 4}
"""Which of two versions of the same time is the later one."""


class Stated(NamedTuple):
    """`status` None: there is no result yet (ordered, in process, not asked). `issue`: what was odd, or empty."""

    status: LabStatus | None
    issue: str


def hl7_status(observation: str, report: str) -> Stated:
    """OBX-11, else OBR-25, else final with an issue; both as sent, first component. A final observation of a corrected order is a
    correction: many senders write it in OBR-25 alone."""
    code, order = observation.upper(), report.upper()
    if code:
        field = "obx-11" if ("obx-11", code) in statuses() else "csv"  # senders who write the word: `Final`
        if (field, code) not in statuses():
            return Stated("preliminary", "status-unknown")
        status, of_order = statuses()[field, code], statuses().get(("obr-25", order))
        conflict = of_order == "withdrawn" and status not in ("withdrawn", None)
        return Stated(_corrected(status, of_order), "status-conflict" if conflict else "")
    return Stated(statuses().get(("obr-25", order), "final"), "status-missing")


def fhir_status(observation: str, report: str = "") -> Stated:
    """Observation.status, and DiagnosticReport.status where the report is at hand: a report entered in error or cancelled takes its
    results with it, and a final result of a corrected report is a correction. A word that is not in the table (`unknown` too) is
    preliminary; no word at all is the report's."""
    status, issue = _of("fhir", observation or report, "" if observation else "status-missing")
    of_report = statuses().get(("fhir", report.strip().upper()))
    if of_report == "withdrawn":
        return Stated("withdrawn", issue if status == "withdrawn" else "status-conflict")
    return Stated(_corrected(status, of_report), issue)


def _corrected(status: LabStatus | None, of_report: LabStatus | None) -> LabStatus | None:
    return "corrected" if (status, of_report) == ("final", "corrected") else status


def csv_status(word: str) -> Stated:
    """The status column of a CSV upload: an HL7 letter or a word; empty is final with an issue."""
    return _of("csv", word, "")


def _of(field: str, word: str, issue: str) -> Stated:
    code = word.strip().upper()
    if not code:
        return Stated("final", "status-missing")
    if (field, code) not in statuses():
        return Stated("preliminary", "status-unknown")
    return Stated(statuses()[field, code], issue)
