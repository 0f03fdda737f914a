"""Where the header of a delimited table stands, and what it says: below blank lines, `sep=;` and titles."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hub.formats.errors import ParseError
from hub.formats.lines import Lines, TooLong, decode

__all__ = ["NOTHING", "SEPARATOR", "Columns", "below_titles", "columns_of", "filled_line"]

NOTHING = b" \t\r\n\v\f\x1a"
"""Of a line that is made of these nothing is to be told: blanks, and ^Z, which ended a file under DOS."""
SEPARATOR = re.compile(rb'"?sep=([,;|\t:~^])"?\s*', re.IGNORECASE)
_MOST_TITLES = 10


class Columns(NamedTuple):
    """Names as sent, what stands between them, and (in lower case) those that stood more than once."""

    names: tuple[str, ...]
    delimiter: str
    doubled: frozenset[str] = frozenset()


def filled_line(lines: Lines) -> tuple[bytes | None, int]:
    """The next line that is not blank, and how many are above it."""
    passed, line = 0, lines.next_line()
    while line is not None and not line.strip(NOTHING):
        passed, line = passed + 1, lines.next_line()
    return line, passed


def below_titles(first: bytes, lines: Lines, is_header: Callable[[bytes], bool]) -> tuple[bytes, int]:
    """The first of some lines that is a header, and how many stand above it; the first line where none is."""
    passed, line = [first], first
    for _ in range(_MOST_TITLES):
        try:
            if is_header(line):
                return line, len(passed) - 1
        except ParseError:
            pass
        following = lines.next_line()
        if following is None:
            break
        passed.append(line := following)
    lines.give_back(passed[1:])
    return first, 0


def columns_of(header: bytes, delimiters: str, quoted: bool, *, apart: bool = False) -> Columns:
    """The columns that a header names; `apart` as `open_table` has it. ParseError where it is none."""
    if isinstance(header, TooLong) or b"\x00" in header:
        raise ParseError("too-large" if isinstance(header, TooLong) else "nul-byte", "row 1")
    text = decode(header)[0].strip("\r\n")
    delimiter = max(delimiters, key=text.count)
    try:
        names = next(csv.reader([text], delimiter=delimiter), []) if quoted else text.split(delimiter)
    except csv.Error:
        raise ParseError("no-header", "row 1") from None
    columns = [name.strip() for name in names]
    while columns and not columns[-1]:
        columns.pop()
    if not any(columns):
        raise ParseError("no-header", "row 1")
    if apart:
        return _told_apart(columns, delimiter)
    if not all(columns):
        raise ParseError("no-header", "row 1")
    if len({name.lower() for name in columns}) != len(columns):
        raise ParseError("duplicate-column", "row 1")
    return Columns(tuple(columns), delimiter)


def _told_apart(columns: Sequence[str], delimiter: str) -> Columns:
    taken, doubled, names = {name.lower() for name in columns}, set[str](), list[str]()
    met = {""}
    for place, name in enumerate(columns, 1):
        if name.lower() in met:
            doubled.add(name.lower())
            name = f"column {place}"
            while name in taken:
                name += "'"
            taken.add(name)
        met.add(name.lower())
        names.append(name)
    return Columns(tuple(names), delimiter, frozenset(doubled - {""}))
