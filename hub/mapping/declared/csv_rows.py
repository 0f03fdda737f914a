"""Format `csv`: a delimited table with a header row, or the first sheet of an xlsx workbook; a path is the name of a column, in
any case. Columns that nobody maps may have no name, or one name twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.formats.delimited import RowFault, open_table
from hub.formats.errors import ParseError
from hub.mapping.declared.format import BadRule, Dates, Fault, Look, Reading, Record, RecordFormat, Where
from hub.mapping.program import Alone, Content
from hub.mapping.workbooks import delimited_text

__all__ = ["FORMAT", "CsvRows"]


class CsvRows:
    """Rows in constant memory. `body` of a record: trimmed cells by lower-case column name."""

    alone: Alone = "headed"
    dates: Dates | None = None

    def __init__(self, reading: Reading) -> None:
        if reading.each is not None:
            raise BadRule("each", "csv has no `each`: every row is a record")
        if reading.path_language is not None:
            raise BadRule("path_language", "csv has one kind of path: the name of a column")
        self._transport = frozenset(column.strip().lower() for column in reading.transport)
        self._needed: set[str] = set()
        self._mapped: set[str] = set()

    def records(self, file: str, content: Content) -> Iterator[Record | Fault]:
        """Every row."""
        try:
            table = open_table(delimited_text(content), delimiters=",|\t;", apart=True)
            table.require(self._needed, file)
            if self._mapped & table.doubled:
                raise ParseError("duplicate-column", file)
        except ParseError as error:
            yield Fault({"file": file}, b"", error)
            return
        head = table.header()
        for row in table.rows():
            where: Where = {"file": file, "row": row.number}
            if isinstance(row, RowFault):
                yield Fault(where, row.raw, row.error, head)
            else:
                yield Record(where, row.raw, row.cells, head)

    def look(self, path: str, *, needed: bool = False) -> Look:
        """The cell of a column."""
        column = path.strip().lower()
        self._mapped.add(column)
        if needed:
            self._needed.add(column)
        return lambda record: [value] if (value := record.body.get(column, "")) else []

    def content(self, record: Record) -> Any:
        """Every filled cell by its column: the order of columns, and columns that are empty, say nothing."""
        return {name: value for name, value in record.body.items() if value and name not in self._transport}


FORMAT = RecordFormat(CsvRows)
