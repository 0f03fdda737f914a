"""A list opened: its rows, and what its header tells.

People print titles above their lists ("Riverside Shelter", the day), leave a column without a name, or have two called Notes. Lines
above the header are no rows as long as fewer cells of them are filled than the header has names; columns that no field of the list
stands in may be called anything or nothing, and are never read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.formats.delimited import Table, open_table
from hub.formats.errors import ParseError
from hub.formats.lines import Source
from hub.mapping.lists_header import DELIMITERS, Heading, Needs, heading

__all__ = ["open_list"]

_NO_OPTIONS: Mapping[str, Any] = {}


def open_list(
    content: bytes | Source,
    program: str,
    needs: Needs,
    options: Mapping[str, Any] = _NO_OPTIONS,
    several: frozenset[str] = frozenset(),
) -> tuple[Table, Heading]:
    """The table and its heading. ParseError as `open_table` and `heading`; `duplicate-column` where a field has two columns of one
    name."""

    def told(names: Sequence[str]) -> Heading:
        return heading(program, names, needs, options, several)

    table = open_table(content, delimiters=DELIMITERS, knows=_wider_than_titles(told), apart=True)
    found = told(table.names)
    if found.known & table.doubled:
        raise ParseError("duplicate-column", "row 1")
    return table, found


def _wider_than_titles(told: Callable[[Sequence[str]], Heading]) -> Callable[[Sequence[str]], bool]:
    """Whether names are a header of this list: asked of one line after the other. What is as wide as a line above it is no header
    below titles, but one among rows: they are not to be passed over."""
    widest = 0

    def knows(names: Sequence[str]) -> bool:
        nonlocal widest
        filled = sum(not name.startswith("column ") for name in names)
        try:
            told(names)
        except ParseError:
            widest = max(widest, filled)
            return False
        return filled > widest

    return knows
