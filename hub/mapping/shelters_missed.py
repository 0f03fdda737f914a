"""Bed nights of the day of an HMIS export that its Services tell and that are no events: each may be somebody in a bed.

A row that is refused counts where it is a bed night of that day, or of a day that cannot be read, in the shelter of its enrollment;
each row of a key that two people share does. A line that is no row counts unless each day that it names is before that of
the export: what was neither slept nor written down on or after a day says nothing of it. Nobody knows of whom a line tells, unless
its EnrollmentID and PersonalID stand in their columns and belong together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date

from hub.formats.delimited import RowFault, Table
from hub.formats.errors import Reason
from hub.mapping.dates import civil_date
from hub.mapping.shelters_index import Enrollment, Index

__all__ = ["BED_NIGHT", "MissedNights"]

BED_NIGHT = "200"
"""RecordType, HUD HMIS list 4.14."""
_NO_NIGHT: frozenset[Reason] = frozenset({"empty-row", "repeated-header"})
_DAY = re.compile(r"(?<!\d)(?:\d{4}-\d\d?-\d\d?|\d\d?[-/]\d\d?[-/]\d{4})(?!\d)", re.ASCII)


class MissedNights:
    """Of one export."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._by_project = Counter[str]()  # "": nobody knows of which

    def at(self, project: str) -> int:
        """How many may have been in this night-by-night shelter."""
        return self._by_project[project] + self._by_project[""]

    def row(self, cells: Mapping[str, str]) -> None:
        """A row of Services that is no event."""
        if cells.get("recordtype") != BED_NIGHT or cells.get("datedeleted"):
            return
        if civil_date(cells.get("dateprovided", "")) in (None, self._index.as_of):
            self._count(self._index.enrollments.get(cells.get("enrollmentid", "")))

    def line(self, fault: RowFault, table: Table) -> None:
        """A line of Services that is no row."""
        text, as_of = fault.raw.decode(errors="replace"), self._index.as_of
        if fault.error.reason in _NO_NIGHT or (as_of is not None and _all_before(as_of, text)):
            return
        told = dict(zip(table.names, (cell.strip(' "\r\n') for cell in text.split(table.delimiter)), strict=False))
        enrollment = self._index.enrollments.get(told.get("enrollmentid", ""))
        self._count(enrollment if enrollment is not None and enrollment.person == told.get("personalid") else None)

    def _count(self, enrollment: Enrollment | None) -> None:
        self._by_project["" if enrollment is None or enrollment.clashes else enrollment.project] += 1


def _all_before(day: date, text: str) -> bool:
    """Whether a line names days, each of them, and all are before this one."""
    days = [civil_date(told) for told in _DAY.findall(text)]
    return bool(days) and all(each is not None and each < day for each in days)
