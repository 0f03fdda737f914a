"""Shelters: an HMIS CSV export (FY2022, FY2024, FY2026) to person, site, shelter-stay, living-situation,
food-assistance, screening (no income, no health insurance) and (of coordinated entry) referral.

Presence is told by a bed night (night-by-night shelter) or by an enrollment in an entry-exit shelter, from entry
until exit; an open enrollment in a night-by-night shelter is paperwork. Rows of victim service providers are refused
without a body; everything about a person who is fleeing, and about who came with them, carries the label SDV, and their stays
name neither site nor household. Free text, and columns that no year of the specification has, leave the row before it is kept.

Rows that a full refresh lacks are withdrawn (hub.mapping.shelters_absent) where somebody remembers what earlier exports told.

Options: `isolation_projects` (ProjectIDs), `county` (FIPS code of the area served), `timezone`, `absent_rows` (as-directed,
withdraw, keep), `most_absent` (a share).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from hub.formats.delimited import Row, RowFault
from hub.formats.errors import ParseError
from hub.formats.hmis import Export, open_export
from hub.mapping.absences import remembering
from hub.mapping.options import KnownOptions, county, flag, listed, one_of, share, zone
from hub.mapping.program import (
    CHANGED_AHEAD,
    Alone,
    Mapped,
    MappingContext,
    Unit,
    guarded,
    hard_stop,
    ignored,
    rejected,
    unreadable,
)
from hub.mapping.shelters_absent import WATCHED, Absences, scope_of
from hub.mapping.shelters_answers import Answers
from hub.mapping.shelters_copies import SHARED
from hub.mapping.shelters_ends import Ends
from hub.mapping.shelters_facts import Facts
from hub.mapping.shelters_hashed import CLEAR_STOP
from hub.mapping.shelters_income import Income
from hub.mapping.shelters_index import Index, changed_ahead
from hub.mapping.shelters_kept import Kept
from hub.mapping.shelters_lists import coded_rows, has_lists, unknown_codes
from hub.mapping.shelters_nights import Nights
from hub.mapping.shelters_referrals import Referrals
from hub.mapping.shelters_rows import Rows
from hub.mapping.shelters_runs import Run, Runs
from hub.mapping.stamp import Stamp

__all__ = ["Shelters"]

MapRow = Callable[[Mapping[str, str], Mapping[str, str | int], bytes], list[Mapped]]

_REFERS = {
    "Enrollment": ("Client", "Project"), "Exit": ("Enrollment",), "Services": ("Enrollment",),
    "CurrentLivingSituation": ("Enrollment",), "IncomeBenefits": ("Enrollment",), "Event": ("Enrollment",),
}  # fmt: skip
"""Tables whose rows mean nothing without another: HMIS CSV specification, foreign keys."""
_WITHOUT_VALUES = ("empty-row", "repeated-header")
_new, _ENTITY = tuple.__new__, Mapped._fields.index("entity")
_READ = ("Export", "HMISParticipation", "Inventory", "HealthAndDV")


class Shelters(KnownOptions):
    """Program `hmis-csv`."""

    name = "hmis-csv"
    alone: Alone = "never"  # a row means what its enrollment, project and client make of it
    known = MappingProxyType({
        "isolation_projects": listed(), "county": county, "timezone": zone, "most_absent": share,
        "absent_rows": one_of("as-directed", "withdraw", "keep"), "hashed_only": flag,
    })  # fmt: skip

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every row of the tables that hold facts.

        One rejected outcome where the export or a table cannot be opened.
        """
        isolation = frozenset(str(project) for project in context.options.get("isolation_projects", ()))
        try:
            export = open_export(unit.files)
            index = Index.of(export, context.zone, isolation, context.today())
        except ParseError as error:
            yield unreadable(error, {"file": error.where or unit.name}, b"")
            return
        scope = scope_of(export, index, context) if context.memory is not None else None
        if context.memory is None or scope is None:
            yield from _Mapper(export, index, Stamp(context), context).outcomes()
            return
        with context.memory.telling(scope) as telling:
            ends = Ends(index, remembering(context, scope, telling), scope.made_at, telling)
            absences = Absences(export, index, context, scope.made_at, telling)
            yield from _Mapper(export, index, Stamp(ends.context), ends.context).outcomes(absences)
            ends.remember()
            yield from absences.outcomes()


class _Mapper:
    def __init__(self, export: Export, index: Index, stamp: Stamp, context: MappingContext) -> None:
        self._export = export
        self._index = index
        facts, unnamed = Facts(export, index, stamp, context), Counter[str]()
        self._hashed_only, self._today = facts.hashed_only, facts.today
        self._answers, self._income, self._referrals = Answers(facts), Income(facts), Referrals(facts)
        self._rows, self._nights = Rows(facts, self._answers, unnamed), Nights(facts, unnamed)
        self._missed = facts.missed
        self._kept: Kept
        self._absences: Absences | None = None

    def outcomes(self, absences: Absences | None = None) -> Iterator[Mapped]:
        """Of every row. `absences` sees the rows of a table go by, and what became of each."""
        rows, self._absences = self._rows, absences
        yield from self._missing()
        for error in self._export.unreadable:
            yield unreadable(error, {"file": error.where}, b"")
        for row in self._export.further:
            yield ignored("second-export-row", {"file": "Export.csv", "row": row}, b"")
        tables: tuple[tuple[str, str, str | None, MapRow], ...] = (
            ("Organization", "site", None, rows.organization),
            ("Client", "person", "clients", rows.client),
            ("Enrollment", "shelter-stay", "enrollments", rows.enrollment),
            ("Exit", "living-situation", "exits", self._answers.exit),
            ("Services", "shelter-stay", None, self._nights.service),
            ("CurrentLivingSituation", "living-situation", None, self._answers.living),
            ("IncomeBenefits", "food-assistance", None, self._income.benefits),
            ("Event", "referral", None, self._referrals.event),
            ("Project", "site", None, rows.project),
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
        hashed_only = self._hashed_only and name == "Client"
        whole = not self._index.any_stopped and not hashed_only
        kept = self._kept = Kept(name, table, self._index.fleeing, whole_rows=whole, hashed_only=hashed_only)
        aside = self._index.verdicts.get(name, {})
        coded = has_lists(name)
        for _ in kept.unknown:
            yield ignored("column-not-used", {"file": kept.file}, b"", kind)

        def outcome(row: Row | RowFault | Run) -> list[Mapped]:
            if isinstance(row, Run):
                return row.found
            if isinstance(row, RowFault):
                if name == "Services":
                    self._missed.line(row, table)
                if hashed_only and row.error.reason not in _WITHOUT_VALUES:
                    return [hard_stop(CLEAR_STOP, kept.of(row)[0], kind)]  # nobody can say that no name stands in it
                return [unreadable(row.error, *kept.of(row))]
            if (why := aside.get(row.number)) is not None:
                if name == "Services" and why == SHARED:
                    self._missed.row(row.cells)
                return [self._set_aside(why, row, kind, entity)]
            where, raw = kept.of(row)
            found = map_row(row.cells, where, raw)
            if entity and found:
                first = found[0]
                # By its name this takes three times as long.
                found[0] = _new(Mapped, (*first[:_ENTITY], entity, *first[_ENTITY + 1 :]))
            if found and changed_ahead(row.cells, self._index.zone, self._today):
                found[0] = found[0]._replace(issues=(*found[0].issues, CHANGED_AHEAD))
            if coded and found and (odd := unknown_codes(name, row.cells)):
                found[0] = found[0]._replace(issues=(*found[0].issues, *odd))
            return found

        rows: Iterable[Row | RowFault | Run] = (
            Runs(table, self._nights, self._index, kept, aside.keys()).rows()
            if name == "Services"
            else coded_rows(table)
        )
        of_row = list[Mapped]()
        absences = self._absences if name in WATCHED else None
        if absences is not None:
            rows = absences.watched(name, rows, of_row)
        for mapped in guarded(rows, outcome, self._locate, kind):
            if absences is not None:
                if mapped.event is not None and not mapped.event.active:
                    mapped = absences.stands(mapped)
                of_row.append(mapped)
            yield mapped if mapped.raw or mapped.outcome != "rejected" else mapped._replace(hard_stop=True)

    def _set_aside(self, why: str, row: Row, kind: str, entity: str | None) -> Mapped:
        where, raw = self._locate(row)
        if why == SHARED:
            return rejected(why, where, raw, kind, entity)
        return ignored(why, where, raw, kind)

    def _locate(self, row: Row | RowFault | Run) -> tuple[Mapping[str, str | int], bytes]:
        """Where a row that gives no event stands, and what may be kept of it: nothing that may be a victim service's."""
        if isinstance(row, Run):  # never asked for: its outcomes are there
            return {"file": self._kept.file}, b""
        where, raw = self._kept.of(row)
        return where, raw if isinstance(row, RowFault) or self._index.may_hold_row(row.cells) else b""
