"""Code tables, codes/*.csv: `source_value, system, target_code, status, note`, one row per value the source writes.

status: `mapped` (to target_code) · `declined`, `unknown` (the person declined to say; it is not known) · `ignore` (as if
nothing had been given) · empty, with `TODO` in the note: nobody has decided yet. A value without a decided row is never
guessed: the event keeps it as unmapped, it is counted and listed. Values are compared as written, blanks around them aside; where
the rule says `match: fold`, in any case and with any blanks between words.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, cast, get_args

__all__ = ["COLUMNS", "BadTable", "Row", "Status", "Table", "alike", "folded", "read_table"]

Status = Literal["mapped", "declined", "unknown", "ignore"]
COLUMNS = ("source_value", "system", "target_code", "status", "note")


class Row(NamedTuple):
    """One decided row; `number` as a spreadsheet counts, the header is 1."""

    number: int
    system: str
    target: str
    status: Status


class Table(NamedTuple):
    """`rows` by source value; `todo` are the values that nobody has decided about."""

    name: str
    rows: Mapping[str, Row]
    todo: tuple[str, ...] = ()


def folded(value: str) -> str:
    """What two values have in common that differ by case and blanks alone."""
    return " ".join(value.split()).casefold()


def alike(table: Table) -> list[tuple[str, ...]]:
    """The values of a table, decided or not, that differ by case and blanks alone, together."""
    groups: dict[str, list[str]] = {}
    for value in (*table.rows, *table.todo):
        groups.setdefault(folded(value), []).append(value)
    return [tuple(group) for group in groups.values() if len(group) > 1]


class BadTable(Exception):
    """The text says what is wrong, `line` where."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def read_table(name: str, text: str) -> Table:
    """A code table out of its CSV text; BadTable with the line."""
    reader = csv.reader(text.removeprefix("\ufeff").splitlines())
    try:
        return _table(name, reader)
    except csv.Error:  # such as a quote that opens and never closes
        raise BadTable(reader.line_num, "is not CSV: is there a quote that never closes?") from None


def _table(name: str, reader: Iterator[list[str]]) -> Table:
    header = tuple(cell.strip() for cell in next(reader, []))
    if header != COLUMNS:
        raise BadTable(1, f"the columns must be {','.join(COLUMNS)}")
    rows: dict[str, Row] = {}
    todo: list[str] = []
    for number, cells in _rows(reader):
        value, system, target, status, _note = cells
        if value in rows or value in todo:
            raise BadTable(number, f"source_value {value} stands here a second time")
        if not status and not target:
            todo.append(value)
            continue
        if status not in get_args(Status):
            raise BadTable(number, f"status must be one of {', '.join(get_args(Status))} (or empty: not decided yet)")
        if (status == "mapped") != bool(target):
            raise BadTable(number, "a target_code stands with status mapped, and only there")
        rows[value] = Row(number, system, target, cast(Status, status))
    return Table(name, rows, tuple(todo))


def _rows(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(COLUMNS):
            raise BadTable(number, f"{len(cells)} cells where {len(COLUMNS)} are due; quote a cell that holds a comma")
        trimmed = [cell.strip() for cell in cells]
        if not trimmed[0]:
            raise BadTable(number, "source_value is empty")
        yield number, trimmed
