"""Shelters: an HMIS CSV export (FY2022, FY2024, FY2026) to person, site, shelter-stay, living-situation and
food-assistance.

Presence is told by a bed night (night-by-night shelter) or by an enrollment in an entry-exit shelter, from entry
until exit; an open enrollment in a night-by-night shelter is paperwork. Rows of victim service providers are refused
without a body; everything about a person who is fleeing carries the label SDV. Free text leaves the row before it is
kept.

Options: `isolation_projects` (ProjectIDs), `county` (FIPS code of the area served), `timezone`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping

from hub.formats.delimited import Row, RowFault
from hub.formats.errors import ParseError
from hub.formats.hmis import Export, open_export
from hub.mapping.program import Alone, Mapped, MappingContext, Unit, guarded, ignored, unreadable
from hub.mapping.shelters_index import Index
from hub.mapping.shelters_rows import Rows
from hub.mapping.stamp import Stamp

__all__ = ["Shelters"]

MapRow = Callable[[Mapping[str, str], Mapping[str, str | int], bytes], list[Mapped]]

_FREE_TEXT = (
    "locationdetails",
    "additionalraceethnicity",
    "differentidentitytext",
    "otherdestination",
    "othertypeprovided",
)
_REFERS = {
    "Enrollment": ("Client", "Project"), "Exit": ("Enrollment",), "Services": ("Enrollment",),
    "CurrentLivingSituation": ("Enrollment",), "IncomeBenefits": ("Enrollment",),
}  # fmt: skip
"""Tables whose rows mean nothing without another: HMIS CSV specification, foreign keys."""
_READ = ("Export", "Organization", "Project", "HMISParticipation", "Inventory", "HealthAndDV")


class Shelters:
    """Program `hmis-csv`."""

    name = "hmis-csv"
    alone: Alone = "never"  # a row means what its enrollment, project and client make of it

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every row of the tables that hold facts.

        One rejected outcome where the export or a table cannot be opened.
        """
        isolation = frozenset(str(project) for project in context.options.get("isolation_projects", ()))
        try:
            export = open_export(unit.files)
            index = Index.of(export, context.zone, isolation)
        except ParseError as error:
            yield unreadable(error, {"file": error.where or unit.name}, b"")
            return
        yield from _Mapper(export, index, Stamp(context), context).outcomes()


class _Mapper:
    def __init__(self, export: Export, index: Index, stamp: Stamp, context: MappingContext) -> None:
        self._export = export
        self._rows = Rows(export.dialect, index, stamp, context)
        self._file = ""
        self._columns: tuple[str, ...] = ()
        self._free_text: tuple[str, ...] = ()

    def outcomes(self) -> Iterator[Mapped]:
        rows = self._rows
        yield from self._missing()
        tables: tuple[tuple[str, str, str | None, MapRow], ...] = (
            ("Project", "site", None, rows.project),
            ("Client", "person", "clients", rows.client),
            ("Enrollment", "shelter-stay", "enrollments", rows.enrollment),
            ("Exit", "living-situation", "exits", rows.exit),
            ("Services", "shelter-stay", None, rows.service),
            ("CurrentLivingSituation", "living-situation", None, rows.living),
            ("IncomeBenefits", "food-assistance", None, rows.benefits),
        )
        for name, kind, entity, map_row in tables:
            if name in self._export.tables:
                yield from self._table(name, kind, entity, map_row)
        for name in sorted(self._export.tables.difference(_READ, (table[0] for table in tables))):
            yield ignored("file-not-used", {"file": f"{name}.csv"}, b"")
        for file in self._export.ignored:
            yield ignored("file-not-used", {"file": file}, b"")

    def _missing(self) -> Iterator[Mapped]:
        """A rejected outcome for each file that is not there and that another file refers to."""
        there = self._export.tables
        wanted = {name for table, names in _REFERS.items() if table in there for name in names}
        for name in sorted(wanted - there):
            yield unreadable(ParseError("missing-file", f"{name}.csv"), {"file": f"{name}.csv"}, b"")

    def _table(self, name: str, kind: str, entity: str | None, map_row: MapRow) -> Iterator[Mapped]:
        try:
            table = self._export.table(name)
        except ParseError as error:
            yield unreadable(error, {"file": f"{name}.csv"}, b"")
            return
        self._file, self._columns = f"{name}.csv", table.names
        self._free_text = tuple(column for column in _FREE_TEXT if column in table.names)

        def outcome(row: Row | RowFault) -> list[Mapped]:
            where, raw = self._locate(row)
            if isinstance(row, RowFault):
                return [unreadable(row.error, where, raw)]
            found = map_row(row.cells, where, raw)
            if entity:
                found[0] = found[0]._replace(entity=entity)
            return found

        yield from guarded(table.rows(), outcome, self._locate, kind)

    def _locate(self, row: Row | RowFault) -> tuple[Mapping[str, str | int], bytes]:
        return {"file": self._file, "row": row.number}, self._without_free_text(row)

    def _without_free_text(self, row: Row | RowFault) -> bytes:
        if not self._free_text or isinstance(row, RowFault) or not any(row.cells[name] for name in self._free_text):
            return row.raw
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerow(
            "" if name in _FREE_TEXT else row.cells[name] for name in self._columns
        )
        return out.getvalue().encode()
