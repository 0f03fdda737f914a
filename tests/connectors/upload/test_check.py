"""A list looked at row by row: pure, so every odd file is tried here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.config import Settings
from hub.connectors.catalog import load_one
from hub.connectors.door import Unit
from hub.connectors.upload.check import NOTES, Checked, CheckedRow, Problem, Unreadable, check, problems_csv
from hub.connectors.upload.desk import UploadDesk
from hub.connectors.upload.words import why
from hub.domain.ids import Ids
from hub.privacy.vault import Vault
from hub.wiring_reading import Reader
from hub.wiring_upload import upload_desk
from tests.connectors.upload.pantry import AGREEMENT, COLUMNS, ROWS, YAML, csv_of, pantry
from tests.formats.workbooks import workbook

IDS = Ids(b"made-up secret of the check tests.")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UploadDesk]:
    folder = tmp_path_factory.mktemp("pantry")
    vault = Vault(folder / "keys.sqlite", b"k" * 32)
    found = upload_desk(Settings(instance=folder), pantry(folder), AGREEMENT, IDS, vault)
    assert found is not None
    yield found
    vault.close()


def looked_at(desk: UploadDesk, data: bytes, max_rows: int = 1_000) -> Checked:
    return check("march.csv", data, desk.look, needed=desk.needed, sheet=None, max_rows=max_rows)


def told(checked: Checked) -> list[tuple[int, str, str]]:
    return [
        (row.number, row.outcome, row.reason or (row.problems[0].reason if row.problems else ""))
        for row in checked.rows
    ]


def test_rows_have_the_numbers_that_a_spreadsheet_shows(desk: UploadDesk) -> None:
    data = b"\r\n\r\n" + csv_of([ROWS[0], [""] * 8, ROWS[1], ROWS[2]]) + b"\r\n\r\n"
    assert told(looked_at(desk, data)) == [
        (4, "taken", ""), (5, "ignored", "blank-row"), (6, "taken", ""), (7, "problem", "not-a-date"),
    ]  # fmt: skip
    book = workbook([[], COLUMNS, ROWS[0], [], ROWS[2]])
    assert told(looked_at(desk, book)) == [(3, "taken", ""), (5, "problem", "not-a-date")]


def test_columns_that_nobody_maps_may_have_no_name_or_one_name_twice_as_in_a_file(
    desk: UploadDesk, as_a_file: Reader
) -> None:
    odd = io.StringIO(newline="")
    csv.writer(odd).writerows([[*COLUMNS, "Notes", "", "notes"], [*ROWS[0], "a", "b", "c"], [*ROWS[1], "", "", "d"]])
    data = odd.getvalue().encode()
    taken = [event.event_id for row in looked_at(desk, data).rows for event in row.events]
    assert taken == [each.event.event_id for each in as_a_file(Unit("f.csv", data)) if each.event is not None]
    assert len(taken) == 2


def test_a_column_that_is_mapped_may_not_stand_twice_on_the_page_either(desk: UploadDesk) -> None:
    data = csv_of([[*ROWS[0], "02/16/2021"]], [*COLUMNS, "day"])
    with pytest.raises(Unreadable) as why:
        looked_at(desk, data)
    assert why.value.reason == "duplicate-column"


def test_what_is_left_empty_of_a_row_is_told_and_the_row_is_taken(tmp_path: Path) -> None:
    text = yaml.safe_load(YAML)
    text["identity"]["block"]["phone"] = {"from": "Phone", "on_error": "null_and_flag"}
    folder = pantry(tmp_path).folder
    assert folder is not None
    (folder / "connector.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    vault = Vault(tmp_path / "keys.sqlite", b"k" * 32)
    desk = upload_desk(Settings(instance=tmp_path), load_one(folder / "connector.yaml"), AGREEMENT, IDS, vault)
    assert desk is not None
    bad = [*ROWS[0][:4], "12", *ROWS[0][5:]]
    found = looked_at(desk, csv_of([ROWS[1], bad]))
    vault.close()
    assert [row.outcome for row in found.rows] == ["taken", "taken"]
    assert [row.left_empty for row in found.rows] == [(), (Problem("not-a-phone", ("Phone",)),)]


def test_a_date_is_asked_for_as_the_map_reads_it(desk: UploadDesk, tmp_path: Path) -> None:
    [row] = looked_at(desk, csv_of([ROWS[2]])).rows
    told = why(row.problems[0], desk.choices, desk.examples)
    assert told == "Day: this is not a date that the hub can read. Write it like 02/15/2021 or 2021-02-15."
    folder = pantry(tmp_path).folder
    assert folder is not None
    text = YAML.replace('["%m/%d/%Y", iso]', '"%d/%m/%Y"')
    (folder / "connector.yaml").write_text(text)
    vault = Vault(tmp_path / "keys.sqlite", b"k" * 32)
    other = upload_desk(Settings(instance=tmp_path), load_one(folder / "connector.yaml"), AGREEMENT, IDS, vault)
    vault.close()
    assert other is not None
    assert why(row.problems[0], other.choices, other.examples).endswith("Write it like 15/02/2021.")


def test_problems_name_the_column_as_the_file_writes_it(desk: UploadDesk) -> None:
    columns = [column.upper() for column in COLUMNS]
    found = looked_at(desk, csv_of([ROWS[2], ROWS[3], ["", *ROWS[0][1:]]], columns))
    assert [row.problems[0] for row in found.rows] == [
        ("not-a-date", ("DAY",)), ("unmapped-code", ("KIND",)), ("missing-key", ("GUEST",)),
    ]  # fmt: skip


def test_of_rows_that_say_the_same_fact_the_last_counts(desk: UploadDesk) -> None:
    again = [*ROWS[0][:7], "DELIVERY"]
    found = looked_at(desk, csv_of([ROWS[0], ROWS[1], again]))
    assert told(found) == [(2, "ignored", "said-again"), (3, "taken", ""), (4, "taken", "")]
    assert found.rows[0].again == 4
    assert [(taken.row, taken.raw) for taken in found.taken()] == [
        (3, (",".join(ROWS[1]) + "\n").encode()), (4, (",".join(again) + "\n").encode()),
    ]  # fmt: skip


def test_a_short_row_is_never_filled_up_unasked(desk: UploadDesk) -> None:
    found = looked_at(desk, csv_of([ROWS[0][:6]]))
    (row,) = found.rows
    assert (row.outcome, row.mendable, row.cells[6:]) == ("problem", True, ("", ""))
    assert found.mended({}).rows[0].outcome == "problem"
    assert found.mended({2: ROWS[0]}).rows[0].outcome == "taken"
    (long,) = looked_at(desk, csv_of([[*ROWS[0], "more", "still more"]])).rows
    assert (long.outcome, long.mendable) == ("problem", False)


def test_only_rows_with_a_problem_can_be_changed(desk: UploadDesk) -> None:
    found = looked_at(desk, csv_of(ROWS))
    mended = found.mended({2: ["X"] * 8, 4: [*ROWS[2][:6], "2021-02-28", "BOX"], 999: ["X"] * 8})
    assert mended.rows[0] == found.rows[0]
    assert [row.fixed for row in mended.rows] == [False, False, True, False, False]
    assert mended.counts == {"taken": 3, "problem": 1, "ignored": 1}
    assert mended.mended({5: [""] * 8}).rows[3].reason == "blank-row"  # a row may be given up


def test_what_was_sent_is_out_of_the_way_and_the_rest_can_be_mended(desk: UploadDesk) -> None:
    sent = looked_at(desk, csv_of(ROWS)).after_sending()
    assert sent.taken() == []
    mended = sent.mended({5: [*ROWS[3][:7], "BOX"]})
    assert [taken.row for taken in mended.taken()] == [5]
    assert [row.reason for row in mended.rows][:2] == ["sent", "sent"]


def test_a_file_of_problem_rows_comes_back_as_it_was_meant(desk: UploadDesk) -> None:
    row = ["G-7", "-Ann", "@Lee", "01/02/1990", "+1 555 201 3344", "62704", "=2021", "BOX"]
    made = problems_csv(looked_at(desk, csv_of([row])), lambda each: "=why")
    assert made.decode("utf-8-sig").splitlines() == [
        ",".join([*COLUMNS, *NOTES]), "G-7,'-Ann,'@Lee,01/02/1990,'+1 555 201 3344,62704,'=2021,BOX,2,'=why",
    ]  # fmt: skip
    (back,) = looked_at(desk, made).rows
    assert back.cells == tuple(row)


def test_a_list_without_a_column_says_which_and_a_long_one_is_not_read_on(desk: UploadDesk) -> None:
    with pytest.raises(Unreadable) as why:
        looked_at(desk, csv_of([["a"] * 6], COLUMNS[:6]))
    assert why.value.columns == ("Day", "Kind")
    with pytest.raises(Unreadable, match="too-many-rows"):
        looked_at(desk, csv_of(ROWS), max_rows=4)


@settings(max_examples=120, deadline=None)
@given(data=st.lists(st.lists(st.text(max_size=12), min_size=0, max_size=10), max_size=8), tail=st.binary(max_size=40))
def test_any_file_is_a_list_with_an_outcome_for_each_row_or_a_reason(
    desk: UploadDesk, data: list[list[str]], tail: bytes
) -> None:
    text = csv_of([*[[cell.replace("\r", " ") for cell in row] for row in data], *ROWS[:1]]) + tail
    try:
        found = looked_at(desk, text)
    except Unreadable:
        return
    numbers = [row.number for row in found.rows]
    assert numbers == sorted(set(numbers))
    assert sum(found.counts.values()) == len(found.rows)
    assert all(isinstance(row, CheckedRow) and len(row.cells) == len(found.columns) for row in found.rows)
    again = found.mended({row.number: row.cells for row in found.problems})
    assert [row.number for row in again.rows] == numbers
    problems_csv(again, lambda row: row.problems[0].reason)


_BITS = [
    "x",
    "Zo\u00eb",
    "\u2028",
    "\x85",
    "\x1c",
    "\x0c",
    "\xa0",
    " ",
    "\t",
    "'",
    "=1",
    "-",
    '"',
    "\n",
    "\r",
    "\r\n",
    ",",
    ";",
    "|",
    "\0",
]


@pytest.fixture(scope="module")
def as_a_file(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """What the doors of files and `try` read with."""
    return Reader(pantry(tmp_path_factory.mktemp("files")), AGREEMENT, IDS)


@settings(max_examples=150, deadline=None)
@given(
    names=st.lists(st.tuples(*[st.lists(st.sampled_from(_BITS), max_size=4).map("".join)] * 2), min_size=1, max_size=4),
    delimiter=st.sampled_from(",;|\t"), line_end=st.sampled_from(["\n", "\r\n"]),
    charset=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
)  # fmt: skip
def test_a_list_has_the_same_ids_on_the_page_as_in_a_file(
    desk: UploadDesk, as_a_file: Reader, names: list[tuple[str, str]], delimiter: str, line_end: str, charset: str
) -> None:
    out = io.StringIO(newline="")
    rows = [[f"G-{n}", f"A{first}", f"B{last}", *ROWS[0][3:]] for n, (first, last) in enumerate(names)]
    csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows([COLUMNS, *rows])
    data = out.getvalue().encode(charset, errors="replace")
    found = [each.event for each in as_a_file(Unit("march.csv", data)) if each.event is not None]
    taken = [event for row in looked_at(desk, data).rows for event in row.events]
    assert [(event.fact_key, event.event_id) for event in taken] == [(each.fact_key, each.event_id) for each in found]
