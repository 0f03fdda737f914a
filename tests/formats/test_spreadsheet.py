"""Workbooks become what the delimited reader sees; hostile ones are refused with a reason before anything grows."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.formats.delimited import Row, RowFault, open_table
from hub.formats.errors import REASONS, ParseError
from hub.formats.spreadsheet import WorkbookLimits, as_table, is_workbook
from tests.formats.workbooks import bent, workbook

SHEET = "xl/worksheets/sheet1.xml"
LIMITS = WorkbookLimits()


def lines(data: bytes, sheet: str | None = None) -> list[str]:
    return as_table(data, sheet).decode().splitlines()


def refused(data: bytes, limits: WorkbookLimits = LIMITS) -> str:
    with pytest.raises(ParseError) as why:
        as_table(data, limits=limits)
    return why.value.reason


def test_cells_become_the_text_that_a_person_would_type() -> None:
    rows: list[list[Any]] = [
        ["id", "day", "at", "boxes", "share", "phone", "zip", "kept", "when", "how long"],
        [
            7,
            date(2021, 2, 15),
            datetime(2021, 2, 15, 18, 30),
            3.0,
            0.1 + 0.2,
            5552013344,
            2139,
            True,
            time(9, 5),
            timedelta(hours=26),
        ],
    ]
    assert lines(workbook(rows, formats={"G2": "00000"}))[1] == (
        "7,2021-02-15,2021-02-15T18:30:00,3,0.3,5552013344,02139,TRUE,09:05:00,26:00:00"
    )


def test_quotes_commas_and_line_breaks_survive() -> None:
    table = open_table(as_table(workbook([["name", "note"], ['Ana "Nan"', "one,\ntwo"]])))
    (row,) = table.rows()
    assert isinstance(row, Row)
    assert row.cells == {"name": 'Ana "Nan"', "note": "one,\ntwo"}


@pytest.mark.parametrize("end", ["\n", "&#13;", "&#13;\n", "_x000D_\n", "_x000D_"])
def test_a_line_end_of_any_kind_in_a_cell_ends_no_row(end: str) -> None:
    data = bent(
        workbook([["id", "note"], ["a", "one, two"], ["b", "x"]]), replace={SHEET: ("one, two", f"one{end}two")}
    )
    assert [row.cells for row in open_table(as_table(data)).rows() if isinstance(row, Row)] == [
        {"id": "a", "note": "one\ntwo"}, {"id": "b", "note": "x"},
    ]  # fmt: skip


def test_rows_keep_their_numbers_and_blank_ones_are_nothing() -> None:
    data = workbook([["id", "day"], ["a"], [], ["b", "x"], [None, None], [" ", ""]])
    assert [(row.number, isinstance(row, RowFault)) for row in open_table(as_table(data)).rows()] == [
        (2, False), (4, False),
    ]  # fmt: skip


def test_a_formula_is_the_value_it_had_and_one_without_spoils_its_row_alone() -> None:
    data = workbook([["id", "day"], ["a", "=TODAY()"], ["b", "2021-01-01"], ["c", "=A1"], ["d", "#N/A"]])
    calculated = bent(data, replace={SHEET: ("<f>A1</f><v />", "<f>A1</f><v>44</v>")})
    rows = list(open_table(as_table(calculated)).rows())
    assert [row.error.reason if isinstance(row, RowFault) else row.cells["day"] for row in rows] == [
        "cell-without-value", "2021-01-01", "44", "cell-without-value",
    ]  # fmt: skip


def test_the_first_sheet_that_is_shown_is_read_or_the_one_that_is_named() -> None:
    book = openpyxl.Workbook()
    book.active.title = "old"
    book.active.append(["hidden"])
    book.active.sheet_state = "hidden"
    book.create_sheet("Guests").append(["id"])
    book.create_sheet("Notes").append(["note"])
    out = io.BytesIO()
    book.save(out)
    assert lines(out.getvalue()) == ["id"]
    assert lines(out.getvalue(), " notes ") == ["note"]
    with pytest.raises(ParseError, match="no-such-sheet"):
        as_table(out.getvalue(), "Rosa Vega")


def test_passwords_macros_old_files_and_strangers_are_refused_with_a_reason() -> None:
    good = workbook([["id"], ["a"]])
    assert refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600) == "workbook-protected"
    assert refused(bent(good, add={"xl/vbaProject.bin": b"macro"})) == "workbook-has-macros"
    assert refused(b"PK\x03\x04 cut off") == "not-a-workbook"
    assert refused(good[: len(good) // 2]) == "not-a-workbook"
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("holiday.txt", "a zip that is no workbook")
    assert refused(other.getvalue()) == "not-a-workbook"
    assert refused(workbook([[]])) == "empty"
    assert is_workbook(good[:8])
    assert not is_workbook(b"id,day\n1")


def test_entities_are_refused_wherever_they_are_declared() -> None:
    good = workbook([["id"], ["a"]])
    lol = '<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><worksheet'
    assert refused(bent(good, replace={SHEET: ("<worksheet", lol)})) == "not-a-workbook"
    late = "<!-- " + "x" * 300_000 + " -->" + lol
    assert refused(bent(good, replace={SHEET: ("<worksheet", late)})) == "not-a-workbook"


def test_bombs_are_refused_before_they_are_unpacked() -> None:
    good = workbook([["id"], ["a"]])
    assert refused(bent(good, add={"xl/worksheets/sheet2.xml": b" " * 30_000_000})) == "too-large"  # ratio ~1000
    assert refused(bent(good, add={f"xl/media/{n}": b"" for n in range(1_001)})) == "too-large"


def test_entities_cannot_hide_in_another_encoding_or_under_another_name() -> None:
    good = workbook([["id"], ["a"]])
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        sheet = archive.read(SHEET).decode().partition("?>")[2] or archive.read(SHEET).decode()
        types, rels = archive.read("[Content_Types].xml").decode(), archive.read("xl/_rels/workbook.xml.rels").decode()
    declared = '<!DOCTYPE w [<!ENTITY a "Ada">]>' + sheet
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert refused(bent(good, add={SHEET: declared.encode(encoding)})) == "not-a-workbook"
    other = b'<?xml version="1.0" encoding="cp037"?>' + declared.encode("cp037")
    assert refused(bent(good, add={SHEET: other})) == "not-a-workbook"
    assert ("/xl/worksheets/sheet1.xml" in types, "/xl/worksheets/sheet1.xml" in rels) == (True, True)
    moved = {
        "xl/hidden/sheet1.png": declared.encode(),
        "[Content_Types].xml": types.replace("worksheets/sheet1.xml", "hidden/sheet1.png").encode(),
        "xl/_rels/workbook.xml.rels": rels.replace("worksheets/sheet1.xml", "hidden/sheet1.png").encode(),
    }
    assert refused(bent(good, add=moved)) == "not-a-workbook"
    assert lines(bent(good, add={**moved, "xl/hidden/sheet1.png": sheet.encode()})) == ["id", "a"]


def test_a_small_file_of_very_many_elements_is_refused_before_they_are_held() -> None:
    good = workbook([["id"], ["a"], ["b"]])
    some = "".join(f'<c s{n * 7_919 % 10_007}=""/>' for n in range(20_000))
    for cells in (some * 3, f"{some}<row/>" * 3, f"{some}<!-- <row> -->" * 3):
        assert refused(bent(good, replace={SHEET: ("</sheetData>", f"<row>{cells}</row></sheetData>")})) == "too-large"
    strings = b"<sst>" + b"".join(b"<si><t>%d</t></si>" % (n * 7_919 % 10_007) for n in range(20_000)) + b"</sst>"
    assert refused(bent(good, add={"xl/sharedStrings.xml": strings}), WorkbookLimits(elements=40_000)) == "too-large"
    assert refused(bent(good, add={"xl/strings.bin": strings}), WorkbookLimits(elements=40_000)) == "too-large"
    assert lines(bent(good, add={"xl/sharedStrings.xml": strings})) == ["id", "a", "b"]
    wide = "".join("<row>" + "<c/>" * 300 + "</row>" for _ in range(400))  # many rows of some cells: no row of many
    assert lines(bent(good, replace={SHEET: ("</sheetData>", f"{wide}</sheetData>")})) == ["id", "a", "b"]


def sharing(text: bytes, cells: str) -> bytes:
    """A workbook with one shared text, and cells that show it."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    listed = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    head = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
    return bent(
        workbook([["id"], ["a"]]),
        add={"xl/sharedStrings.xml": head + text + b"</t></si></sst>"},
        replace={SHEET: ("</sheetData>", f"{cells}</sheetData>"), "[Content_Types].xml": ("</Types>", listed)},
    )


def test_one_long_text_that_many_cells_share_does_not_grow_into_a_table() -> None:
    cell = '<c t="s"><v>0</v></c>'
    grown = sharing(b"x" * 90_000, f"<row>{cell}</row>" * 40)
    assert len(grown) < 20_000
    assert lines(grown)[2:] == ["x" * 90_000] * 40
    assert refused(grown, WorkbookLimits(unpacked=3_000_000)) == "too-large"
    assert refused(sharing(b"x" * 100_001, f"<row>{cell}</row>")) == "too-large"
    assert refused(sharing(b"x&#13;" * 1_000, f"<row>{cell * 201}</row>")) == "too-large"


def test_a_part_that_says_it_is_small_is_unpacked_no_further_than_it_says() -> None:
    lying = bytearray(bent(workbook([["id"], ["a"]]), add={"xl/worksheets/sheet2.xml": b" " * 3_000_000}))
    at = lying.rindex(b"PK\x01\x02")  # the last entry of the directory at the end
    lying[at + 24 : at + 28] = struct.pack("<L", 100)
    assert refused(bytes(lying)) == "not-a-workbook"


def test_a_sheet_that_lies_about_its_size_costs_what_it_holds() -> None:
    good = workbook([["id"], ["a"]])
    claims = bent(good, replace={SHEET: ('<dimension ref="A1:A2"', '<dimension ref="A1:XFD1048576"')})
    assert lines(claims) == ["id", "a"]
    far = bent(good, replace={SHEET: ('<row r="2"', '<row r="1048576"')})
    assert refused(far) == "too-large"
    wide = workbook([["id"], [None] * 300 + ["x"]])
    assert refused(wide) == "too-large"
    assert refused(workbook([["id"], *[[n] for n in range(20)]]), WorkbookLimits(rows=10)) == "too-large"
    assert refused(workbook([["id"], *[[n] for n in range(20)]]), WorkbookLimits(cells=10)) == "too-large"


GOOD = workbook([["id", "day", "n"], ["a", date(2021, 1, 1), 1], ["b", "=A1", 2.5]])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8), st.booleans())
def test_a_spoilt_file_is_a_table_or_a_reason_and_never_anything_else(at: int, junk: bytes, cut: bool) -> None:
    spoilt = GOOD[:at] + junk + (b"" if cut else GOOD[at + len(junk) :])
    fault: ParseError | None = None
    try:
        as_table(spoilt)
    except ParseError as why:
        fault = why
    assert fault is None or fault.reason in REASONS
    assert fault is None or not fault.where or fault.where.startswith("row ")
