"""What the HMIS specification says of a table: its columns and their coded lists (tables/hmis_columns.csv, hmis_lists.csv), and the
rows of a table with codes as the specification writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from hub.formats.delimited import Plain, Row, RowFault, Table
from hub.mapping.tables import rows

__all__ = [
    "UNKNOWN_CODE",
    "Columns",
    "coded",
    "coded_rows",
    "columns_of",
    "has_lists",
    "may_need_coding",
    "unknown_codes",
]

UNKNOWN_CODE = "unknown-hmis-code"
"""Issue of an accepted row that has a code which its list does not have (999; RaceNone 0)."""


class Columns(NamedTuple):
    """Lower-case names. `text`: free text, which leaves a row before it is kept; `places`: where somebody lived or stays,
    which leaves the rows of those who are fleeing."""

    known: frozenset[str]
    text: frozenset[str]
    places: frozenset[str]


_FRACTION = ".0"
_LONGEST_CODE = 3
_NOTHING = frozenset({"NULL", "NA", "\\N"})
_NAMES = ("firstname", "lastname")
_NEVER = ("0000-", "0001-01-01", "1753-01-01", "1899-12-30", "1900-01-0", "12/30/1899", "1/1/1900", "01/01/1900")
"""Days that databases and spreadsheets write for none. (From memory of such exports; chosen.)"""


def coded_rows(table: Table, wanted: Sequence[str] = ()) -> Iterator[Row | RowFault]:
    """Every row as the specification writes it. `1.0` is the code 1: software that counts writes every number of a column so where
    one cell of it is blank, and whether somebody flees must not hang on that. What databases and R write for a blank (NULL, NA) is
    one, and a DateDeleted of no day: it would withdraw all that stands. People are called Na and Null: of names only a first and a
    last one that both are none. Keys stay as they are. `wanted`: who asks needs no other columns than these."""
    for piece in table.pieces():
        if not isinstance(piece, Plain):
            yield coded(piece)
        elif may_need_coding(b"".join(piece.lines)):
            yield from map(coded, table.rows_of(piece, wanted))
        else:  # asked of a block at once
            yield from map(_without_no_day, table.rows_of(piece, wanted))


def coded(row: Row | RowFault) -> Row | RowFault:
    """`coded_rows` of one row."""
    if row.__class__ is Row:
        if may_need_coding(row.raw):
            _rewrite(row.cells)
        return _without_no_day(row)
    return row


def _without_no_day(row: Row | RowFault) -> Row | RowFault:
    if row.__class__ is Row and (deleted := row.cells.get("datedeleted")) and deleted.startswith(_NEVER):
        row.cells["datedeleted"] = ""
    return row


def may_need_coding(raw: bytes) -> bool:
    """Whether something in these rows may not be as the specification writes it; beside that only a DateDeleted."""
    return (
        (b"." in raw and b".0" in raw)  # one byte is found ten times as fast as two
        or (b"A" in raw and b",NA" in raw)
        or (b"U" in raw and b"NULL" in raw)
        or (b"\\" in raw and b"\\N" in raw)
    )


def _rewrite(cells: dict[str, str]) -> None:
    nameless = all(cells.get(name) in _NOTHING for name in _NAMES)
    for column, value in cells.items():
        if value.endswith(_FRACTION) and _is_code(value[: -len(_FRACTION)]) and not column.endswith("id"):
            cells[column] = value[: -len(_FRACTION)]
        elif value in _NOTHING and (nameless or column not in _NAMES):
            cells[column] = ""


def _is_code(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_CODE


@lru_cache(maxsize=32)
def columns_of(table: str) -> Columns:
    """The columns that any of the three years has; all empty for a table of which none is read."""
    told = {
        row["kind"]: frozenset(row["columns"].lower().split()) for row in rows("hmis_columns") if row["table"] == table
    }
    text, places = told.get("free-text", frozenset()), told.get("location", frozenset())
    return Columns(told.get("coded", frozenset()) | text | places, text, places)


def has_lists(table: str) -> bool:
    """Whether any coded column of this table is looked at."""
    return bool(_lists(table))


def unknown_codes(table: str, cells: Mapping[str, str]) -> tuple[str, ...]:
    """`unknown-hmis-code` where a coded cell of this row has a value that its list does not have; a blank is no code."""
    for column, codes in _lists(table):
        value = cells.get(column, "")
        if value and value not in codes:
            return (UNKNOWN_CODE,)
    return ()


@lru_cache(maxsize=32)
def _lists(table: str) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(
        (row["column"].lower(), frozenset(row["codes"].split())) for row in rows("hmis_lists") if row["table"] == table
    )
