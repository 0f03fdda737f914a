"""Where the fields of an event of a mapping program stand in its record, and which table rows decided them: for `try --explain`.

The places are those of the sender's format (hub/report/tables/source_fields.csv); of a laboratory CSV the columns of its header.
A program does not say which of several segments or entries it took: that stays to be looked up in the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from hub.domain.events import Coded, Event, LabResult, PersonBlock, Vaccination
from hub.domain.tables import rows
from hub.formats.delimited import Row, open_table
from hub.formats.errors import ParseError
from hub.mapping.labs_csv_layouts import DELIMITERS, layout_of
from hub.mapping.program import Mapped
from hub.mapping.tables import rows as mapping_rows
from hub.report.names import NOWHERE, SenderNames

__all__ = ["source_lines"]

_LAB_CSV = "lab-csv"
_REPLACED = "replaced-by-correction"
_OWN = frozenset({
    "event_id", "source", "fact_key", "status_rank", "content_hash", "mapping_version", "active", "agreement_id", "labels",
    "purposes", "observation_key", "report_key", "specimen_key", "issues", "person", "county_source",
})  # fmt: skip
"""Fields that the hub makes itself, and what is told elsewhere."""


def source_lines(program: str, mapped: Mapped, *, masked: bool) -> Iterator[str]:
    """A line for each filled field: what it holds (words of the hub's own lists; else, with `masked`, only its length), the place
    it is read from, and the row of the table that decided. Fields whose place no table tells stand in one line at the end."""
    event = mapped.event
    if event is None:
        return
    if _REPLACED in mapped.odd:
        yield "  the row names this result as the one that it replaces: it is withdrawn, whatever it said"
        return
    names, cells = SenderNames.of_program(program), _Cells(mapped) if program == _LAB_CSV else None
    decided, unknown = _table_rows(event), []
    for field, value in _filled(event):
        told = names.name(type(event).kind, field)
        if told in ("", NOWHERE):
            unknown.append(field)
            continue
        place = cells.place(told, masked=masked) if cells is not None else told
        row = f"; {decided[field]}" if field in decided else ""
        yield f"  {field:24} {_shown(field, value, masked)}  ← {place}{row}"
    if unknown:
        yield f"  place not told for: {', '.join(unknown)}"


def _filled(event: Event) -> Iterator[tuple[str, Any]]:
    """Fields that hold more than their default; those of the person one by one."""
    yield from ((name, value) for name, value in _told(event) if name not in _OWN)
    if isinstance(event.person, PersonBlock):
        yield from ((f"person.{name}", value) for name, value in _told(event.person))


def _told(model: BaseModel) -> Iterator[tuple[str, Any]]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is not None and value != () and (field.is_required() or value != field.default):
            yield name, value


def _shown(field: str, value: Any, masked: bool) -> str:
    if isinstance(value, Coded):
        return value.mapped or value.code or "(unmapped)"
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, BaseModel):
        return ", ".join(getattr(value, "groups", ())) or "(told)"
    if field in _WORDS or not masked:
        return str(value)
    return f"••• ({len(str(value))} characters)"


_WORDS = frozenset({
    "meaning", "status", "processing", "method", "loinc", "cvx", "ndc", "county_source", "symptomatic", "congregate", "residence",
    "hospitalized", "icu", "pregnant", "employed_in_healthcare", "first_test", "series_complete", "payer_class", "medicaid",
})  # fmt: skip
"""Fields that hold a word of the hub's own lists or a code of a public code system."""


def _table_rows(event: Event) -> Mapping[str, str]:
    """By field, the row of the code table that decided it."""
    if isinstance(event, LabResult):
        return _laboratory_rows(event)
    if isinstance(event, Vaccination) and event.vaccine is not None:
        found = _row("cvx", {"cvx": event.cvx or ""}, "vaccine") or _row("ndc", {"ndc": event.ndc or ""}, "cvx")
        return dict.fromkeys(("cvx", "ndc", "covid", "vaccine"), found) if found else {}
    return {}


def _laboratory_rows(event: LabResult) -> Mapping[str, str]:
    found: dict[str, str] = {}
    if test := _row("observations", {"code": event.loinc or ""}, "class"):
        found |= dict.fromkeys(("test", "loinc", "method"), test)
    cls = event.test.mapped if event.test is not None else None
    if event.result is not None:
        code, word = event.result.code or "", " ".join((event.result.original or "").upper().split())
        answer = (
            _row("results", {"code": code, "observation_class": cls or "-"}, "meaning")
            or _row("results", {"code": code, "observation_class": ""}, "meaning")
            or _row("result_words", {"words": word}, "meaning")
        )
        if answer:
            found |= dict.fromkeys(("result", "meaning"), answer)
    return found


def _row(table: str, wanted: Mapping[str, str], told: str) -> str:
    """`results.csv row 2: positive`; empty where no row is wanted or found."""
    if not next(iter(wanted.values())):
        return ""
    numbered = enumerate(rows(table), 2)
    number, row = next(
        ((n, r) for n, r in numbered if all(r[name] == value for name, value in wanted.items())), (0, {})
    )
    return f"{table}.csv row {number}: {row[told]}" if number else ""


class _Cells:
    """The row of a laboratory CSV under its header."""

    def __init__(self, mapped: Mapped) -> None:
        self._fields = {row["column"].lower(): row["field"] for row in mapping_rows("lab_csv_columns") if row["field"]}
        self._columns: Mapping[str, tuple[str, ...]] = {}
        self._cells: Mapping[str, str] = {}
        try:
            table = open_table(mapped.head + mapped.raw, delimiters=DELIMITERS)
            self._columns = layout_of(table.names).columns
            row = next(iter(table.rows()), None)
            self._cells = row.cells if isinstance(row, Row) else {}
        except ParseError:  # the header is told as refused already
            pass

    def place(self, known: str, *, masked: bool) -> str:
        """The columns of this header for columns of any layout, those that are filled with what stands in them."""
        fields = [self._fields.get(each.lower(), "") for each in known.split(", ")]
        columns = [name for field in fields for name in self._columns.get(field, ())]
        filled = [name for name in columns if self._cells.get(name)]
        return ", ".join(f"{name} = {self._text(name, masked)}" for name in filled) or "no column of this row"

    def _text(self, name: str, masked: bool) -> str:
        text = self._cells[name]
        return f"••• ({len(text)} characters)" if masked else text
