"""Where the fields of an event of a mapping program stand in its record, and which table rows decided them: for `try --explain`.

The places are those of the sender's format (hub/report/tables/source_fields.csv); of tables that are known by the names of their
columns, the columns of their own header. A program does not say which of several segments or entries it took: that stays to be
looked up in the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from hub.commands.connector_shown import shown
from hub.commands.connector_summary import mask
from hub.domain.events import Event, LabResult, PersonBlock, Vaccination
from hub.domain.tables import rows
from hub.mapping.program import EPOCH, Mapped
from hub.report.names import NOWHERE
from hub.wiring_names import FileNames

__all__ = ["source_lines"]

_REPLACED = "replaced-by-correction"
_OWN = frozenset({
    "event_id", "source", "fact_key", "status_rank", "content_hash", "mapping_version", "active", "agreement_id", "labels",
    "purposes", "observation_key", "report_key", "specimen_key", "issues", "person", "county_source",
})  # fmt: skip
"""Fields that the hub makes itself, and what is told elsewhere."""


def source_lines(names: FileNames, mapped: Mapped, *, masked: bool) -> Iterator[str]:
    """A line for each filled field: what it holds (hub.commands.connector_shown), the place it is read from, and the row of the
    table that decided. Fields whose place no table tells stand in one line at the end. `names`: of the program, one for the whole
    file."""
    event = mapped.event
    if event is None:
        return
    if _REPLACED in mapped.odd:
        yield "  the row names this result as the one that it replaces: it is withdrawn, whatever it said"
        return
    names.take(mapped)
    decided, unknown, kind = _table_rows(event), [], type(event).kind
    for model, name, value in _filled(event):
        field = f"person.{name}" if model is PersonBlock else name
        told = names.name(kind, field)
        if told in ("", NOWHERE):
            unknown.append(field)
            continue
        row = f"; {decided[field]}" if field in decided else ""
        yield f"  {field:24} {shown(model, name, value, masked=masked)}  ← {_place(names, kind, field, mapped, masked)}{row}"
    if unknown:
        yield f"  place not told for: {', '.join(unknown)}"


def _place(names: FileNames, kind: str, field: str, mapped: Mapped, masked: bool) -> str:
    filled = names.filled(kind, field, mapped)
    if filled is None:
        return names.name(kind, field)
    return ", ".join(f"{name} = {mask(text) if masked else text}" for name, text in filled) or "no column of this row"


def _filled(event: Event) -> Iterator[tuple[type[BaseModel], str, Any]]:
    """(model, field, value) of what holds more than its default; the fields of the person one by one."""
    yield from ((type(event), name, value) for name, value in _told(event) if name not in _OWN and value != EPOCH)
    if isinstance(event.person, PersonBlock):
        yield from ((PersonBlock, name, value) for name, value in _told(event.person))


def _told(model: BaseModel) -> Iterator[tuple[str, Any]]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is not None and value != () and (field.is_required() or value != field.default):
            yield name, value


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
