"""HUD HMIS CSV export (a folder or an unpacked zip) to tables.

Three dialects, told by Export.CSVVersion and checked against the headers: FY2022, FY2024, FY2026. File and column
names in any case; unknown files are named, not read. Export dates in ISO or MM-DD-YYYY. Cells are parted by commas, as
specified, or by semicolons, tabs or bars, as spreadsheets save them.

A header that has the marks of the year that CSVVersion says, and those of another beside them, has columns left over and is read
as what it says; one that has only another year's marks is refused.

Sources: HUD HMIS CSV Format Specifications FY2022, FY2024, FY2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Literal

from hub.formats.delimited import Limits, Row, Table, open_table
from hub.formats.errors import ParseError
from hub.formats.lines import Source, decode
from hub.formats.sieve import Sieve

__all__ = ["FILES", "ROWS_LOOKED_AT", "Dialect", "Export", "Opener", "open_export", "parse_date"]

Dialect = Literal["FY2022", "FY2024", "FY2026"]
Opener = bytes | Callable[[], Source]
"""A file of the export: its bytes, or what opens it."""

FILES = (
    "Affiliation", "Assessment", "AssessmentQuestions", "AssessmentResults", "CEParticipation", "Client",
    "CurrentLivingSituation", "Disabilities", "EmploymentEducation", "Enrollment", "EnrollmentCoC", "Event", "Exit", "Export",
    "Funder", "HMISParticipation", "HealthAndDV", "IncomeBenefits", "Inventory", "Organization", "Project", "ProjectCoC",
    "Services", "User", "YouthEducationStatus",
)  # fmt: skip

_BY_NAME = {name.lower(): name for name in FILES}
_VERSION = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_YEARS: dict[str, Dialect] = {"2022": "FY2022", "2024": "FY2024", "2026": "FY2026"}

_NEWER = frozenset({"FY2024", "FY2026"})
_NOT_READ = frozenset({"before FY2022"})
MARKS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "Client": {
        "nativehiotherpacific": _NOT_READ, "gender": _NOT_READ,
        "ethnicity": frozenset({"FY2022"}), "hispaniclatinaeo": frozenset({"FY2024"}),
        "hispaniclatinao": frozenset({"FY2026"}), "sex": frozenset({"FY2026"}),
    },
    "Project": {
        "trackingmethod": frozenset({"FY2022"}), "hmisparticipatingproject": frozenset({"FY2022"}), "rrhsubtype": _NEWER,
    },
    "HealthAndDV": {"domesticviolencevictim": frozenset({"FY2022"}), "domesticviolencesurvivor": _NEWER},
    "Exit": {"destinationsubsidytype": _NEWER},
    "CurrentLivingSituation": {"clssubsidytype": _NEWER},
}  # fmt: skip
"""Columns that not every dialect has, by the table that is looked at first (social-standards.md 1.1; those of earlier years
unverified: from memory)."""

_NEEDED = frozenset(
    {"Export", "Client", "Enrollment", "Exit", "Project", "Organization", "HMISParticipation", "HealthAndDV"}
)
"""Tables that tell who people are, whose rows may not be held, who flees and who has left: where one of them is there and cannot be
read, the others do not mean what they say."""

_SEPARATORS = ",;\t|"
"""The specification has commas; a spreadsheet of another country saves semicolons, or tabs. No column's name holds one of them."""
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_DATES = tuple(f"%m{between}%d{between}%Y{clock}" for between in "-/" for clock in _CLOCKS)
"""As exports and spreadsheets write them that saved one; two digits of a year are not guessed."""


@dataclass(frozen=True, slots=True)
class Export:
    """An opened export. `about` is the one row of Export.csv, `tables` the names that are there, `ignored` unknown
    files, `unreadable` why a table that could be spared is not among them (`empty`: zero bytes, say), `further` rows of
    Export.csv after its one.
    """

    dialect: Dialect
    about: Mapping[str, str]
    exported_at: datetime | None
    tables: frozenset[str]
    ignored: tuple[str, ...]
    _files: Mapping[str, Opener]
    _limits: Limits
    unreadable: tuple[ParseError, ...] = ()
    further: tuple[int, ...] = ()

    def table(self, name: str) -> Table:
        """Open one table (each call opens it anew). Raises `ParseError`: `missing-file` or what the header makes."""
        opener = self._files.get(name)
        if opener is None:
            raise ParseError("missing-file", f"{name}.csv")
        try:
            return open_table(
                opener if isinstance(opener, bytes) else opener(), delimiters=_SEPARATORS, limits=self._limits
            )
        except ParseError as error:
            raise ParseError(error.reason, f"{name}.csv") from None

    def repeated(self, name: str, column: str) -> frozenset[str]:
        """Values of a key column that may stand in more than one row of a table: every one that does, and now and then one that
        does not. Found without parsing rows, in memory that does not grow beyond `ROWS_LOOKED_AT` keys and a sieve."""
        table = self.table(name)
        if column not in table.names:
            return frozenset()
        seen: set[int] = set()
        twice: set[bytes] = set()
        sieve: Sieve | None = None
        for keys in table.first_glance(table.names.index(column)):
            marks = set(map(hash, keys))
            if len(marks) == len(keys) and len(seen) + len(keys) <= ROWS_LOOKED_AT and seen.isdisjoint(marks):
                seen |= marks  # as good as always
                continue
            for key in keys:
                mark = hash(key)
                if mark in seen:
                    twice.add(key)
                elif len(seen) < ROWS_LOOKED_AT:
                    seen.add(mark)
                else:
                    sieve = sieve or Sieve()
                    if sieve.met(mark):
                        twice.add(key)
        return frozenset(decode(key)[0] for key in twice)


_LIMITS = Limits()
ROWS_LOOKED_AT = 1_000_000
"""Some 70 MB of memory. Keys of a larger table go through a sieve of 64 MB."""


def open_export(files: Mapping[str, Opener], limits: Limits = _LIMITS) -> Export:
    """Open a folder given as file name → bytes or opener.

    Raises `ParseError`: `missing-file` (no Export.csv), `missing-column` (no CSVVersion), `unknown-version`, `version-mismatch`
    (the headers say otherwise), or what reading Export.csv makes.
    """
    known: dict[str, Opener] = {}
    ignored: list[str] = []
    for path, opener in files.items():
        name = PurePosixPath(path.replace("\\", "/")).name
        stem, dot, suffix = name.rpartition(".")
        table = _BY_NAME.get(stem.lower()) if dot and suffix.lower() in ("csv", "txt") else None
        if table is None:
            ignored.append(name)
        else:
            known[table] = opener
    export = Export("FY2024", {}, None, frozenset(known), tuple(sorted(ignored)), known, limits)
    about, further = _about(export)
    unreadable = {name: why for name in sorted(export.tables - _NEEDED) if (why := _unreadable(export, name))}
    export = replace(export, tables=export.tables - unreadable.keys(), unreadable=tuple(unreadable.values()))
    dialect, made_at = _dialect(about.get("csvversion"), export), parse_date(about.get("exportdate", ""))
    return replace(export, dialect=dialect, about=about, exported_at=made_at, further=further)


def parse_date(text: str) -> datetime | None:
    """A date or time as HMIS software writes it, without zone; None when it is none."""
    text = text.strip().split(".")[0].removesuffix("Z")
    if text[4:5] == "-":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    for form in _DATES:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _about(export: Export) -> tuple[Mapping[str, str], tuple[int, ...]]:
    rows = [row for row in export.table("Export").rows() if isinstance(row, Row)]
    if not rows:
        raise ParseError("empty", "Export.csv")
    return rows[0].cells, tuple(row.number for row in rows[1:])


def _unreadable(export: Export, name: str) -> ParseError | None:
    try:
        export.table(name)
    except ParseError as error:
        return error
    return None


def _dialect(version: str | None, export: Export) -> Dialect:
    """`version` None: Export.csv has no such column."""
    match = _VERSION.search(version or "")
    dialect = _YEARS.get(match.group(1)) if match else None
    table, shown = _shown(export)
    if dialect is None:
        alone = [year for year in _YEARS.values() if shown == {year}]
        if version is None and not alone:  # another separator, say: of the version nothing is known
            raise ParseError("missing-column", "Export.csv", "CSVVersion")
        if (version or "").strip() or not alone:  # a year we do not know must not be read as one that we know
            raise ParseError("unknown-version", "Export.csv", "CSVVersion")
        return alone[0]
    if shown and dialect not in shown:
        years = " or ".join(sorted(shown))
        raise ParseError("version-mismatch", f"{table}.csv", f"CSVVersion {dialect}, header {years}")
    return dialect


def _shown(export: Export) -> tuple[str, frozenset[str]]:
    """The first table whose header tells dialects apart, and all that its marks speak for; none where no table does."""
    for name, marks in MARKS.items():
        if name in export.tables:
            columns = export.table(name).names
            shown = frozenset[str]().union(*(years for mark, years in marks.items() if mark in columns))
            if shown:
                return name, shown
    return "", frozenset()
