"""Lists as people keep them: titles above, columns without a name, two called alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.routing import route
from tests.formats.workbooks import workbook
from tests.mapping.reading import Reader, counted

ROSTER = "shelter-roster-csv"
HEAD, ROW = "Night Of,Shelter ID,Bed,Guest ID,Status", "02/15/2021,SH-1,A-1,G-1,Occupied"


def reasons(read: Reader, text: str, program: str = ROSTER) -> dict[str, int]:
    return counted(read(program, {"a.csv": text}))["rejected"]


@pytest.mark.parametrize(
    "titles",
    ["Riverside Shelter", "Riverside Shelter\n\nPrinted,02/15/2021", "Riverside,,,,\nNight of,02/15/2021,,,"],
)
def test_what_stands_above_the_header_is_no_row(read: Reader, titles: str, tmp_path: Path) -> None:
    text = f"{titles}\n{HEAD}\n{ROW}\n"
    (night,) = read(ROSTER, {"a.csv": text})
    assert night.event is not None
    assert night.where["row"] == text.split("\n").index(ROW) + 1
    (alone,) = read.events(ROSTER, {"a.csv": f"{HEAD}\n{ROW}\n"})
    assert alone.event_id == night.event.event_id
    (tmp_path / "a.csv").write_text(text)
    assert [routed.connector for routed in route(tmp_path, [])] == [ROSTER]


def test_rows_above_a_header_that_comes_late_are_not_passed_over(read: Reader) -> None:
    text = f"Nacht,Shelter ID,Bed,Guest ID,Status\n{ROW}\n{HEAD}\n{ROW}\n"
    assert reasons(read, text) == {"missing-column": 1}


def test_columns_that_the_list_does_not_know_may_be_called_anything(read: Reader) -> None:
    text = f",{HEAD},Notes,,Notes\n1,{ROW},quiet,x,late\n"
    (night,) = read(ROSTER, {"a.csv": text})
    (alone,) = read.events(ROSTER, {"a.csv": f"{HEAD}\n{ROW}\n"})
    assert night.event is not None
    assert night.event.event_id == alone.event_id
    assert night.head + night.raw == f"{HEAD}\n{ROW}\n".encode(), "nothing else of the row is kept"


def test_a_field_with_two_columns_of_one_name_is_not_guessed(read: Reader) -> None:
    assert reasons(read, f"{HEAD},guest id\n{ROW},G-2\n") == {"duplicate-column": 1}


def test_other_lists_are_read_so_too(read: Reader) -> None:
    visits = "Smith Pantry\n,Date of Visit,Client ID,Notes,Notes\n1,02/15/2021,C-1,a,b\n"
    (visit,) = read.events("food-pantry", {"a.csv": visits})
    assert visit.occurred_on.isoformat() == "2021-02-15"


def test_a_workbook_with_a_title_has_no_short_rows(read: Reader) -> None:
    names, cells = HEAD.split(","), ROW.split(",")
    rows = [["Riverside Shelter"], [], [*names, "Notes"], [*cells, "quiet"], [*cells[:2], "A-2", "G-2"]]
    nights = read.events(ROSTER, {"a.xlsx": workbook(rows)})
    assert [night.occurred_on.isoformat() for night in nights] == ["2021-02-15"] * 2
