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
    """OBX-11, else OBR-25, else final with an issue; both as sent, first component."""
    code, order = observation.upper(), report.upper()
    if code:
        field = "obx-11" if ("obx-11", code) in statuses() else "csv"  # senders who write the word: `Final`
        if (field, code) not in statuses():
            return Stated("preliminary", "status-unknown")
        status = statuses()[field, code]
        withdrawn = statuses().get(("obr-25", order)) == "withdrawn"
        return Stated(status, "status-conflict" if withdrawn and status not in ("withdrawn", None) else "")
    return Stated(statuses().get(("obr-25", order), "final"), "status-missing")


def fhir_status(observation: str, report: str = "") -> Stated:
    """Observation.status, and DiagnosticReport.status where the report is at hand: a report entered in error takes its
    results with it. A word that is not in the table (`unknown` too) is preliminary; no word at all is the report's."""
    if report.upper() == "ENTERED-IN-ERROR":
        return Stated("withdrawn", "" if observation.upper() == "ENTERED-IN-ERROR" else "status-conflict")
    return _of("fhir", observation or report, "" if observation else "status-missing")


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
