"""xlsx workbooks as the text table that the delimited reader sees: one sheet, UTF-8 CSV.

People keep their lists in spreadsheets. A cell becomes the text that a person would type: dates and times in ISO form,
whole numbers without `.0`, leading zeros kept where the cell's format shows them (`00000`), a formula as the value it
had when the file was saved. A cell that has none (a formula never calculated, `#N/A`, `#REF!`) spoils its row and no
other: the reader gives `cell-without-value` there. Rows keep their numbers: row 7 of the sheet is row 7 of the table,
if the header stands in row 1.

Hostile files: what is unpacked is capped in bytes, parts, ratio and XML elements before any of it is parsed; macros,
passwords and the old binary .xls are refused; what the header says of the sheet's size is not believed.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice, zip_longest
from typing import Any
from xml.parsers import expat

import openpyxl  # type: ignore[import-untyped]

from hub.formats.delimited import NO_VALUE
from hub.formats.errors import ParseError

__all__ = ["MAX_WORKBOOK", "WorkbookLimits", "as_table", "further_sheets", "is_workbook"]

MAX_WORKBOOK = 32 * 1024 * 1024
"""Bytes of a workbook that is read at all: it is held in memory, unlike text."""

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZEROS = re.compile(r"0{2,}\Z")
_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!"}
)
_LINE_END = re.compile(r"(?:\r|_x000D_)\n?")  # either is how a carriage return stands in a sheet
_LONGEST = 100_000
"""Characters of a text that is copied at all; spreadsheets hold 32,767 in a cell."""
_SCAN = 256 * 1024
_MOST_SHEETS = 60
_FIRST_ROWS = 14  # titles, the header and a few rows of it


@dataclass(frozen=True, slots=True)
class WorkbookLimits:
    """Caps. `ratio`: unpacked to packed bytes of one part of a megabyte or more; real sheets stay below 60. `elements`: of XML in
    all parts, which cost the library some microseconds each; `elements_a_row`: of one row, which it holds together (the format
    has 16,384 cells in a row at most)."""

    rows: int = 100_000
    columns: int = 200
    cells: int = 2_000_000
    parts: int = 1_000
    elements: int = 4_000_000
    elements_a_row: int = 50_000
    unpacked: int = 128 * 1024 * 1024
    ratio: int = 150


def is_workbook(start: bytes) -> bool:
    """Whether a file that begins with these 8 bytes is one that `as_table` must read (or refuse with its reason)."""
    return start.startswith((_ZIP, _OLE))


def as_table(data: bytes, sheet: str | None = None, *, limits: WorkbookLimits = WorkbookLimits()) -> bytes:
    """CSV (UTF-8, commas) of the sheet of that name, else of the first that is not hidden.

    ParseError: `not-a-workbook`, `workbook-protected` (a password, or the old .xls), `workbook-has-macros`, `too-large`,
    `no-such-sheet`, `empty`.
    """
    if len(data) > MAX_WORKBOOK:
        raise ParseError("too-large")
    if data.startswith(_OLE):
        raise ParseError("workbook-protected")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library tells of charts and extensions that it leaves out
            has_formulas = _inspect(archive, limits)
            return _written(data, sheet, has_formulas, limits)
    except ParseError:
        raise
    except MemoryError:
        raise
    except Exception:  # whatever the library or the zip makes of a spoilt file; its words may hold values
        raise ParseError("not-a-workbook") from None


def further_sheets(data: bytes, *, limits: WorkbookLimits = WorkbookLimits()) -> Iterator[tuple[int, bytes]]:
    """The first rows of each shown sheet behind the first, as `as_table` writes them, with the number of the sheet: enough to tell
    what it holds. Of a workbook that `as_table` takes; nothing of what cannot be read. Raises nothing."""
    with suppress(Exception):  # as there: of a spoilt sheet nothing is known
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            sheets = [each for each in book.worksheets if hasattr(each, "reset_dimensions")]
            shown = [(number, each) for number, each in enumerate(sheets, 1) if each.sheet_state == "visible"]
            for number, each in shown[1:_MOST_SHEETS]:
                each.reset_dimensions()
                rows = [_texts(row, (), limits) for row in islice(each.iter_rows(), _FIRST_ROWS)]
                width = max(map(len, rows), default=0)
                out = io.StringIO()
                csv.writer(out, lineterminator="\n").writerows(
                    row + [""] * (width - len(row)) for row in rows if any(row)
                )
                yield number, out.getvalue().encode()
        finally:
            book.close()


def _inspect(archive: zipfile.ZipFile, limits: WorkbookLimits) -> bool:
    """Refuse what is dangerous to open; whether any sheet holds a formula."""
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if "[content_types].xml" not in names or "xl/workbook.xml" not in names:
        raise ParseError("not-a-workbook")
    if any(part.flag_bits & 0x1 for part in parts):
        raise ParseError("workbook-protected")
    if any(name.endswith("vbaproject.bin") for name in names):
        raise ParseError("workbook-has-macros")
    if len(parts) > limits.parts or sum(part.file_size for part in parts) > limits.unpacked:
        raise ParseError("too-large")
    if any(part.file_size > max(1_000_000, limits.ratio * part.compress_size) for part in parts):
        raise ParseError("too-large")
    seen = _Seen(limits)
    for part in parts:  # whatever they are called: the file itself says which are read
        seen.look_at(archive, part)
    return seen.formulas


class _Seen:
    """Elements of all parts, counted by the parser that the library will use, so that nothing is one thing here and another there.
    Raises ParseError at the first that is too many, and where entities are declared: nobody's spreadsheet does."""

    def __init__(self, limits: WorkbookLimits) -> None:
        self.formulas = False
        self._limits, self._elements, self._rows, self._in_row = (
            limits,
            0,
            0,
            0,
        )  # rows: open, one in another only in a trap

    def look_at(self, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
        """Count on; a part that is no XML is read to where it stops being XML."""
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._element, self._end
        parser.StartDoctypeDeclHandler = self._doctype
        self._rows = self._in_row = 0
        with archive.open(part) as file, suppress(expat.ExpatError):
            while block := file.read(_SCAN):
                parser.Parse(block)

    def _element(self, name: str, _attributes: object) -> None:
        self._elements += 1
        self._in_row = self._in_row + 1 if self._rows else 0
        local = name.rpartition(":")[2]
        if local == "row":
            self._rows += 1
        elif local == "f":  # a chart's as well: then values are looked for twice and no more
            self.formulas = True
        if self._elements > self._limits.elements or self._in_row > self._limits.elements_a_row:
            raise ParseError("too-large")

    def _end(self, name: str) -> None:
        if name.rpartition(":")[2] == "row":
            self._rows -= 1

    def _doctype(self, *_said: object) -> None:
        raise ParseError("not-a-workbook")


def _written(data: bytes, sheet: str | None, has_formulas: bool, limits: WorkbookLimits) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    blank, cells, width = 0, 0, 0
    for number, row in enumerate(_rows(data, sheet, has_formulas, limits), start=1):
        if number > limits.rows + 1:
            raise ParseError("too-large", f"row {number}")
        while row and not row[-1]:
            row.pop()
        if not row:
            blank += 1
            continue
        cells += len(row)
        if cells > limits.cells or out.tell() + sum(map(len, row)) > limits.unpacked:
            raise ParseError("too-large", f"row {number}")  # by size too: cells may share one long text
        width = max(
            width, len(row)
        )  # a sheet has no short rows, only empty cells at the end; titles are shorter than the header
        out.write("\n" * blank)  # so that rows keep their numbers; blank ones at the end are nothing
        writer.writerow(row + [""] * (width - len(row)))
        blank = 0
    if not width:
        raise ParseError("empty")
    return out.getvalue().encode()


def _rows(data: bytes, sheet: str | None, has_formulas: bool, limits: WorkbookLimits) -> Iterator[list[str]]:
    """Rows of text; formulas are read twice, as values and as formulas, to tell an empty cell from one without value."""
    values = _cells(data, sheet, data_only=True)
    formulas = _cells(data, sheet, data_only=False) if has_formulas else ()
    for row, beneath in zip_longest(values, formulas, fillvalue=()):
        yield _texts(row, beneath, limits)


def _texts(row: Sequence[Any], formulas: Sequence[Any], limits: WorkbookLimits) -> list[str]:
    """One row; ParseError where anything stands beyond the last column that is allowed."""
    pairs = zip_longest(row, formulas)
    found = [_text(*each) for each in islice(pairs, limits.columns)]
    if any(_text(*each) for each in pairs):
        raise ParseError("too-large")
    return found


def _cells(data: bytes, sheet: str | None, *, data_only: bool) -> Iterator[Sequence[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=data_only, keep_links=False)
    try:
        found = _sheet(book, sheet)
        found.reset_dimensions()  # what the file says of itself may be a lie: a million rows, 16,384 columns
        yield from found.iter_rows()
    finally:
        book.close()


def _sheet(book: Any, name: str | None) -> Any:
    sheets = [each for each in book.worksheets if hasattr(each, "reset_dimensions")]
    if name is not None:
        found = next((each for each in sheets if each.title.strip().casefold() == name.strip().casefold()), None)
    else:
        found = next((each for each in sheets if each.sheet_state == "visible"), None)
    if found is None:
        raise ParseError("no-such-sheet")
    return found


def _text(cell: Any, formula: Any) -> str:
    value = getattr(cell, "value", None)
    if value is None:
        return NO_VALUE if getattr(formula, "value", None) is not None else ""
    if isinstance(value, str):
        if len(value) > _LONGEST:
            raise ParseError("too-large")
        return NO_VALUE if value in _ERRORS else _LINE_END.sub("\n", value).replace("\x00", "").strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, str(getattr(cell, "number_format", "") or ""))
    return _moment(value)


def _number(value: float, shown_as: str) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return NO_VALUE
    whole = int(value)
    if whole != value:
        return f"{value:.15g}"  # as many digits as a spreadsheet keeps: 0.1 + 0.2 is 0.3 there
    digits = _ZEROS.match(shown_as)
    return str(whole).zfill(len(digits[0])) if digits and whole >= 0 else str(whole)


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    return NO_VALUE  # an array formula, a data table: nothing a person typed
