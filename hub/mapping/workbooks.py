"""Workbooks where tables are taken: the first sheet that is shown is the table, and no other is left out in silence.

People keep a sheet a month. Nobody is left to believe that all of it was taken in: each further sheet that is such a table, with
rows, is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hub.formats.delimited import Row, Table
from hub.formats.errors import ParseError
from hub.formats.lines import Source
from hub.formats.spreadsheet import MAX_WORKBOOK, as_table, further_sheets, is_workbook
from hub.mapping.program import Content, Mapped, unreadable

__all__ = ["delimited_text", "sheets_not_read"]


def delimited_text(content: Content) -> bytes | Source:
    """Delimited text from its beginning; of a workbook its first sheet, read whole. ParseError as of `as_table`."""
    workbook = _workbook(content)
    if workbook is not None:
        return as_table(workbook)
    return content if isinstance(content, bytes) else content()


def sheets_not_read(file: str, content: Content, opened: Callable[[bytes], Table]) -> Iterator[Mapped]:
    """A dead letter without body, `sheet-not-read`, for each such sheet of this file, by its number; none of other files. `opened`
    gives the table of its first rows, and raises ParseError where they are of something else: codes, a summary, a cover."""
    workbook = _workbook(content)
    if workbook is None:
        return
    for number, head in further_sheets(workbook):
        try:
            held = any(isinstance(row, Row) for row in opened(head).rows())
        except ParseError:
            continue
        if held:
            yield unreadable(ParseError("sheet-not-read"), {"file": file, "sheet": number}, b"")


def _workbook(content: Content) -> bytes | None:
    """The bytes of a workbook, at most one more than may be read; None of what is none."""
    if isinstance(content, bytes):
        return content if is_workbook(content[:8]) else None
    return content().read(MAX_WORKBOOK + 1) if is_workbook(content().read(8)) else None
