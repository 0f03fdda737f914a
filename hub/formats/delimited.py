"""Delimited tables (CSV, pipe, tab): a byte stream to a header and rows, in constant memory.

A row that cannot be read is a `RowFault` with its number and its bytes; the next row is read as if it had not been there.
Row numbers count as a spreadsheet shows them: the header is row 1, below blank lines and titles further down. Text is UTF-8, row
by row else Windows-1252; UTF-16 is read too (whole, not in constant memory). Blank lines are counted and
are no rows, nor is the ^Z with which DOS ended a file. A first line `sep=;`, by which Excel tells the delimiter to itself, is
obeyed and neither row nor counted. Of files put together, a byte order mark or ^Z within is part of no value, and a header
among the rows is no row; below one that has the columns in another order each row is a fault.

A stray quote would swallow the rows after it: when a row spans lines and does not fit the header, only its first line is the
faulty row and the others are read again.
"""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from hub.formats.delimited_header import NOTHING, SEPARATOR, Columns, below_titles, columns_of, filled_line
from hub.formats.errors import ParseError, Reason
from hub.formats.lines import BLOCK, Lines, Source, TooLong, decode

__all__ = ["NO_VALUE", "Limits", "Plain", "Row", "RowFault", "Table", "open_table"]

NO_VALUE = "\x00#\x00"
"""What a reader of spreadsheets (hub.formats.spreadsheet) writes for a cell that holds no value where there should be one."""
_NO_VALUE = NO_VALUE.encode()


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps: bytes of one row, lines of one row, characters of one cell (the standard library's own cap is 131,072)."""

    row: int = 1024 * 1024
    lines: int = 500
    cell: int = 100_000


class Row(NamedTuple):
    """`cells`: trimmed values by lower-case column name; `raw` the bytes of the row; `charset` how it was decoded."""

    number: int
    cells: dict[str, str]
    raw: bytes
    charset: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that is none."""

    number: int
    error: ParseError
    raw: bytes


class Plain(NamedTuple):
    """Lines one behind the other, in which nothing must be looked at closely (hub.formats.lines.Lines.plain) but whether they have
    as many cells as the header. `number`: of the first; `texts`: without their ends."""

    number: int
    lines: list[bytes]
    texts: list[str]


class _Record(NamedTuple):
    values: list[str]
    raw: bytes
    charset: str
    reason: Reason | None = None


class Table:
    """An opened table: `columns` as sent, `names` in lower case, `delimiter`, and its rows (to be read once). `above`: so many
    lines (blank, or titles) stand above the header; `doubled`: names that stand in it more than once."""

    def __init__(self, lines: Lines, header: Columns, quoted: bool, limits: Limits, above: int = 0) -> None:
        self.columns = header.names
        self.names = tuple(column.lower() for column in header.names)
        self.delimiter, self.doubled = header.delimiter, header.doubled
        self._lines = lines
        self._quoted = quoted
        self._limits = limits
        self._columns = frozenset(self.names)
        self.reordered = False  # whether the last header among the rows has the columns in another order
        self.above = above

    def header(self) -> bytes:
        """The header row, ending its line: above the `raw` of a row it makes a table of that row alone."""
        if not self._quoted:
            return f"{self.delimiter.join(self.columns)}\n".encode()
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator="\n").writerow(self.columns)
        return text.getvalue().encode()

    def require(self, names: Iterable[str], file: str = "") -> None:
        """Raises `ParseError("missing-column")`, naming them, unless every one of these columns (in any case) is there."""
        if missing := sorted(name for name in names if name.lower() not in self.names):
            raise ParseError("missing-column", file, ", ".join(missing))

    def first_glance(self, position: int) -> Iterator[list[bytes]]:
        """What stands between the delimiters of each line at that position, without quotes and blanks, of many lines at a time: a
        value that repeats in the rows repeats here too. Lines without such a position are passed over. In place of `rows`, at a
        tenth of its cost."""
        delimiter, around, ready = self.delimiter.encode(), b' \t\r\n"', self._lines.ready
        while (line := self._lines.next_line()) is not None:
            split = [each.split(delimiter, position + 1) for each in (line, *ready)]
            ready.clear()
            yield [cells[position].strip(around) for cells in split if len(cells) > position]

    def rows(self) -> Iterator[Row | RowFault]:
        """Every row in order. Raises nothing but what the stream raises."""
        for piece in self.pieces():
            if isinstance(piece, Plain):
                yield from self.rows_of(piece)
            else:
                yield piece

    def pieces(self) -> Iterator[Row | RowFault | Plain]:
        """The same, but that plain lines come many at a time, for who can do with less than a row of each: then `row` reads those
        that it cannot, in their order."""
        number, ready, delimiter = 1 + self.above, self._lines.ready, self.delimiter.encode()
        plainly = self._limits.cell >= BLOCK
        while True:
            if plainly and not ready and not self.reordered and (plain := self._lines.plain(delimiter)) is not None:
                yield Plain(number + 1, *plain)
                number += len(plain[0])
                continue
            line = ready.popleft() if ready else self._lines.next_line()
            if line is None:
                return
            number += 1
            if (row := self.row(number, line)) is not None:
                yield row

    def rows_of(self, plain: Plain, wanted: Sequence[str] = ()) -> Iterator[Row | RowFault]:
        """The rows of plain lines; `wanted`: who asks needs no other columns, and gets at least these, as far as there are such."""
        columns, delimiter, number, width = self._columns, self.delimiter, plain.number, len(self.names)
        at = {name: place for place, name in enumerate(self.names)}
        names = tuple(name for name in wanted if name in at)
        some = itemgetter(*(at[name] for name in names)) if len(names) > 1 else None
        names = names if some else self.names
        for line, text in zip(plain.lines, plain.texts, strict=True):
            cells = text.split(delimiter)
            usual = len(cells) == width and cells[0].lower() not in columns and any(cells)
            if usual and not self.reordered:
                # As many names as cells: to ask that again takes a tenth of making the dictionary.
                yield Row(number, dict(zip(names, some(cells) if some else cells, strict=False)), line, "utf-8")
            elif (row := self.row(number, line)) is not None:
                yield row
            number += 1

    def row(self, number: int, line: bytes) -> Row | RowFault | None:
        """The row that begins with this line; None where that is blank."""
        names = self.names
        if (plain := self._at_once(line)) is not None:
            return Row(number, dict(zip(names, plain, strict=True)), line, "utf-8")
        if line.__class__ is not TooLong:
            line = line.removeprefix(BOM_UTF8).lstrip(b"\x1a").removeprefix(BOM_UTF8)
            if not line.strip(NOTHING):
                return None
        values, raw, charset, problem = self._record(line)
        reason = problem or self._shape(values, raw)
        if reason == "repeated-header":
            self.reordered = [value.lower() for value in values] != [*names]
        if reason is None:
            return Row(number, dict(zip(names, values, strict=True)), raw, charset)
        return RowFault(number, ParseError(reason, f"row {number}"), raw)

    def _at_once(self, line: bytes) -> list[str] | None:
        """The trimmed cells of an ordinary line, as nearly all are. None where it must be looked at closely, which then decides."""
        if line.__class__ is TooLong or len(line) > self._limits.cell or self.reordered:
            return None
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return None
        if "\0" in text or text.startswith(("\ufeff", "\x1a")):
            return None
        if self._quoted and '"' in text:
            if "\r" in text[:-2]:
                return None
            try:
                cells = next(csv.reader((text,), delimiter=self.delimiter, strict=True))
            except csv.Error:
                return None
        else:
            cells = text.rstrip("\r\n").split(self.delimiter)
        values = list(map(str.strip, cells))
        if len(values) != len(self.names) or values[0].lower() in self._columns or not any(values):
            return None
        return values

    def _shape(self, values: list[str], raw: bytes) -> Reason | None:
        if b"\x00" in raw:
            return "cell-without-value" if _NO_VALUE in raw else "nul-byte"
        if not any(values):
            return "empty-row"
        if len(values) != len(self.names):
            return "short-row" if len(values) < len(self.names) else "long-row"
        if len(values) > 1 and {value.lower() for value in values} == self._columns:
            return "repeated-header"  # files put together as they were
        return "columns-reordered" if self.reordered else None

    def _record(self, first: bytes) -> _Record:
        """The record that begins with this line, whatever it is."""
        width, cap = len(self.names), self._limits.cell
        if isinstance(first, TooLong):
            return _Record([], bytes(first), "utf-8", "too-large")
        text, charset = decode(first)
        if not self._quoted or '"' not in text:
            values, raw = text.rstrip("\r\n").split(self.delimiter), first
        else:
            found = self._quoted_record(first, text)
            if found is None:
                return _Record([], first, charset, "bad-quoting")
            values, raw, charset = found
        if len(text) > cap and max(map(len, values), default=0) > cap:
            return _Record([], raw, charset, "field-too-large")
        if len(values) > width and not any(values[width:]):
            values = values[:width]  # trailing delimiters carry nothing
        return _Record(list(map(str.strip, values)), raw, charset)

    def _quoted_record(self, first: bytes, text: str) -> tuple[list[str], bytes, str] | None:
        """The record beginning with this line, which may span lines. None, and the further lines given back, if bad."""
        values = self._split(text, strict=True)
        if values is not None and len(values) >= len(self.names):
            return values, first, "utf-8"
        spanned = self._span(first)
        raw = first + b"".join(spanned)
        text, charset = decode(raw)
        values = self._split(text, strict=bool(spanned))
        if values is None or (spanned and len(values) != len(self.names)) or text.count('"') % 2:
            self._lines.give_back(spanned)
            return None
        return values, raw, charset

    def _span(self, first: bytes) -> list[bytes]:
        """The further lines of a record whose quotes are still open, within the caps."""
        spanned: list[bytes] = []
        quotes, size = first.count(b'"'), len(first)
        while quotes % 2 and len(spanned) < self._limits.lines and size <= self._limits.row:
            line = self._lines.next_line()
            if line is None:
                break
            spanned.append(line)
            quotes += line.count(b'"')
            size += len(line)
        return spanned

    def _split(self, text: str, *, strict: bool) -> list[str] | None:
        try:
            return next(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=strict), [])
        except csv.Error:
            return None


def open_table(
    source: bytes | Source,
    *,
    delimiters: str = ",|\t",
    quoted: bool = True,
    limits: Limits = Limits(),
    knows: Callable[[Sequence[str]], bool] | None = None,
    apart: bool = False,
) -> Table:
    """Read the header. The delimiter is the one of `delimiters` that the header holds most of.

    `quoted` is False where the format knows no quoting (CVRS): a quote is then a character. `knows`: whether names (in lower case)
    are a header of the format; where the first line is none, one of the next lines may be, and those above it are titles. `apart`:
    a column without a name, and one whose name stood before, is called by its place (`column 3`), for who looks only at columns
    that it knows: then it must ask `Table.doubled` about these. Raises `ParseError`: `empty`, `no-header`, `duplicate-column`,
    `nul-byte`, `too-large`.
    """
    lines = Lines(source, limits.row)
    header, above = filled_line(lines)
    if header is not None and (told := SEPARATOR.fullmatch(header)):
        delimiters, (header, above) = told[1].decode(), filled_line(lines)
    if header is None:
        raise ParseError("empty", "row 1")
    if knows is not None:

        def is_header(line: bytes) -> bool:
            return knows(_lower(columns_of(line, delimiters, quoted, apart=apart).names))

        header, more = below_titles(header, lines, is_header)
        above += more
    return Table(lines, columns_of(header, delimiters, quoted, apart=apart), quoted, limits, above)


def _lower(columns: Sequence[str]) -> list[str]:
    return [name.lower() for name in columns]
