"""What a sender calls the fields of an event, in the words of the very header of its file.

Programs that know a table by its columns' names read `Guest` as they read `Guest ID`: the report and `try --explain` name the one
that the file has. Where a file has none, they name one that would do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.formats.delimited import Row, open_table
from hub.formats.errors import ParseError
from hub.mapping.own_columns import by_field, field_of
from hub.mapping.program import Mapped
from hub.report.names import NOWHERE, SenderNames, alternatives, halves

__all__ = ["FileNames"]

_DELIMITERS = ",;|\t"
_Columns = Mapping[str, tuple[str, ...]]


class FileNames(SenderNames):
    """Of one mapping program, with the headers that were seen so far. `options`: the connector's own."""

    def __init__(self, program: str, options: Mapping[str, Any]) -> None:
        super().__init__({})
        self._program, self._options = program, options
        self._usual = SenderNames.of_program(program)
        self._headers: dict[bytes, _Columns] = {}
        self._headless = False

    def take(self, mapped: Mapped) -> None:
        """Note the header of a record, or that it has none."""
        if not mapped.head:
            self._headless = self._headless or bool(mapped.raw)
        elif mapped.head not in self._headers:
            self._headers[mapped.head] = self._columns(mapped.head)

    def name(self, kind: str, field: str) -> str:
        """As the table says; of columns those of the headers seen, else one that would do."""
        path = self._path(kind, field)
        if path in ("", NOWHERE) or not self._by_columns(path):
            return path
        places = alternatives(path)
        there = [each for each in places if self._seen(each[:1])] or [each for each in places if self._seen(each)]
        return ", else ".join(dict.fromkeys(", ".join(self._seen(each)) for each in there)) or places[0][0]

    def is_theirs(self, kind: str, field: str) -> bool:
        """False where no header that was seen has a column for it."""
        path = self._path(kind, field)
        return not self._by_columns(path) or any(self._seen(each) for each in alternatives(path))

    def filled(self, kind: str, field: str, mapped: Mapped) -> list[tuple[str, str]] | None:
        """(column, what stands in it) of the first place of this record that is filled; None where the format has no columns by
        name, or no place for the field."""
        self.take(mapped)
        path = self._path(kind, field)
        if not mapped.head or not self._by_columns(path):
            return None
        columns, cells = self._headers[mapped.head], _cells(mapped)
        own = [[columns.get(field_of(self._program, usual), ()) for usual in each] for each in alternatives(path)]
        filled = [
            [[(name, cells[name.lower()]) for name in at if cells.get(name.lower())] for at in each] for each in own
        ]
        whole = [each for each in filled if each[0]] or [each for each in filled if any(each)]
        return list(dict.fromkeys(cell for at in whole[0] for cell in at)) if whole else []

    def _path(self, kind: str, field: str) -> str:
        fhir, columns = halves(self._usual.name(kind, field))
        if not fhir or (self._headers and not self._headless):
            return columns
        return fhir if self._headless and not self._headers else f"{fhir}; {columns}"

    def _by_columns(self, path: str) -> bool:
        return bool(field_of(self._program, alternatives(path)[0][0]))

    def _seen(self, usual: list[str]) -> list[str]:
        """The columns of the headers seen for these usual names; over no header, those that the connector's options name."""
        fields = [field_of(self._program, each) for each in usual]
        own = self._options.get("columns") or {}
        headers = self._headers.values() or ({field: (str(name),) for field, name in own.items()},)
        return list(dict.fromkeys(name for field in fields for header in headers for name in header.get(field, ())))

    def _columns(self, head: bytes) -> _Columns:
        try:
            return by_field(self._program, open_table(head, delimiters=_DELIMITERS).columns, self._options)
        except ParseError:  # the header is told as refused already
            return {}


def _cells(mapped: Mapped) -> Mapping[str, str]:
    try:
        found: Iterator[Any] = open_table(mapped.head + mapped.raw, delimiters=_DELIMITERS).rows()
        row = next(found, None)
    except ParseError:
        return {}
    return row.cells if isinstance(row, Row) else {}
