"""Sheets of a workbook that a list program leaves unread: of a workbook it reads the first that is shown, and people keep a sheet a
month. Nobody is left to believe that all of it was taken in: each further sheet that is such a list, with rows, is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.formats.delimited import Row
from hub.formats.errors import ParseError
from hub.formats.spreadsheet import MAX_WORKBOOK, further_sheets, is_workbook
from hub.mapping.lists_header import Needs
from hub.mapping.lists_table import open_list
from hub.mapping.program import Content, Mapped, unreadable

__all__ = ["sheets_not_read"]


def sheets_not_read(
    file: str, content: Content, program: str, needs: Needs, options: Mapping[str, Any]
) -> Iterator[Mapped]:
    """A dead letter without body, `sheet-not-read`, for each such sheet of this file, by its number; none of other files."""
    data = content if isinstance(content, bytes) else b""
    if callable(content) and is_workbook(content().read(8)):
        data = content().read(MAX_WORKBOOK + 1)
    if not is_workbook(data[:8]):
        return
    for number, head in further_sheets(data):
        try:
            table, _ = open_list(head, program, needs, options)
            held = any(isinstance(row, Row) for row in table.rows())
        except ParseError:  # something else: codes and their meaning, a summary, a cover
            continue
        if held:
            yield unreadable(ParseError("sheet-not-read"), {"file": file, "sheet": number}, b"")
