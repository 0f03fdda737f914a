"""Of a workbook one sheet is read: of what stands on the others somebody is told, where it is such a list."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest

from hub.formats.spreadsheet import further_sheets
from hub.routing import route
from tests.mapping.reading import Reader, counted

PANTRY = "food-pantry"
HEADER = ["Visit Date", "Client ID", "First Name", "Last Name", "DOB", "Program"]
UNA = ["2021-01-05", "C1", "Una", "Sample", "1980-01-02", "TEFAP"]
Rows = list[list[str]]
MONTH, OTHER, CODES = [HEADER, UNA], [HEADER, [*UNA[:1], "C2", *UNA[2:]]], [["Code", "Meaning"], ["T", "TEFAP"]]


def workbook(*sheets: Rows, hidden: int = 0, veiled: int = 0) -> bytes:
    """`hidden`, `veiled`: the number of a sheet that is not shown."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet {number}")
        sheet.sheet_state = "hidden" if number == hidden else "veryHidden" if number == veiled else "visible"
        for row in rows:
            sheet.append(row)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("sheets", "untold"),
    [((MONTH,), []), ((MONTH, OTHER), [2]), ((MONTH, CODES, OTHER), [3]), ((MONTH, OTHER, OTHER), [2, 3]), ((MONTH, CODES), []),
     ((MONTH, [HEADER]), []), ((MONTH, []), []), ((MONTH, [["Pantry of St. Example"], *OTHER]), [2])],
)  # fmt: skip
def test_each_further_list_is_told_by_its_number(sheets: tuple[Rows, ...], untold: list[int], read: Reader) -> None:
    found = read(PANTRY, {"visits.xlsx": workbook(*sheets)})
    assert counted(found)["events"] == {"food-assistance": 1}
    letters = [one for one in found if one.outcome == "rejected"]
    assert [(one.reason, one.where["sheet"], one.raw) for one in letters] == [
        ("sheet-not-read", n, b"") for n in untold
    ]


@pytest.mark.parametrize("how", ["hidden", "veiled"])
def test_what_is_not_shown_is_nobodys_concern(how: str, read: Reader) -> None:
    found = read(PANTRY, {"visits.xlsx": workbook(MONTH, OTHER, **{how: 2})})
    assert counted(found)["rejected"] == {}


def test_text_has_no_sheets(read: Reader) -> None:
    text = "\n".join(",".join(row) for row in MONTH)
    assert counted(read(PANTRY, {"visits.csv": text}))["rejected"] == {}


def test_of_what_is_spoilt_nothing_is_told() -> None:
    assert list(further_sheets(b"PK\x03\x04 no workbook")) == []


RESULTS = [["Accession", "Last Name", "First Name", "DOB", "LOINC", "Result", "Collection Date", "CLIA"],
           ["A1", "Sample", "Una", "1980-01-02", "94500-6", "Positive", "2021-02-05", "05D0000001"]]  # fmt: skip
SUPPLY = [
    ["PIN", "CVX", "Doses Delivered", "Period Start", "Period End"],
    ["4512", "208", "100", "2021-03-01", "2021-03-07"],
]


@pytest.mark.parametrize(
    ("program", "rows", "kind"), [("lab-csv", RESULTS, "lab-result"), ("vaccine-supply", SUPPLY, "vaccine-supply")]
)
def test_tables_of_results_and_of_supply_are_workbooks_too(program: str, rows: Rows, kind: str, read: Reader) -> None:
    as_text = read.events(program, {"f.csv": "\n".join(",".join(row) for row in rows)})
    found = read(program, {"f.xlsx": workbook(rows, CODES, rows)})
    (event,) = (one.event for one in found if one.event is not None)
    assert [event] == as_text
    assert event.kind == kind
    assert [(one.reason, one.where["sheet"]) for one in found if one.outcome == "rejected"] == [("sheet-not-read", 3)]


@pytest.mark.parametrize(
    ("rows", "connector"),
    [(MONTH, PANTRY), (RESULTS, "lab-csv"), (SUPPLY, "vaccine-supply"), (CODES, None), ([], None)],
)
def test_a_workbook_finds_its_connector_by_its_first_sheet(rows: Rows, connector: str | None, tmp_path: Path) -> None:
    (tmp_path / "file.xlsx").write_bytes(workbook(rows, MONTH))
    assert [routed.connector for routed in route(tmp_path, [])] == [connector]


def test_a_spoilt_workbook_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "file.xlsx").write_bytes(workbook(MONTH)[:200])
    assert [routed.connector for routed in route(tmp_path, [])] == [None]
