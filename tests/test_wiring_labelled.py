"""Reading records and the truth about them: what may be missing, what a spreadsheet did, what does not fit together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub.domain.linkage.comparable import comparable
from hub.identity.evaluation.labelled import Labelled, LabelledSet, Unanswerable
from hub.wiring_labelled import read_labelled, read_records

TODAY = date(2026, 11, 23)


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def read(folder: Path, *lines: str) -> list[Labelled]:
    return read_records(written(folder, "a.csv", *lines), today=TODAY)


def test_columns_may_be_missing_and_cells_empty(tmp_path: Path) -> None:
    one, two = read(tmp_path, "record_id,given_name,phone,race_ethnicity", "1,Ana,,hispanic", "2,,5551234567,")
    assert (one.block.given_name, one.block.phone, one.block.ssn) == ("Ana", None, None)
    assert (two.block.given_name, two.block.phone) == (None, "5551234567")
    assert (one.groups, two.groups) == ({"race_ethnicity": "hispanic"}, {})
    assert one.source == "a"


@pytest.mark.parametrize("text", ["1962-01-20", "19620120", "1/20/1962", "01/20/62", "20-Jan-1962"])
def test_a_birth_date_is_read_in_any_of_its_forms(tmp_path: Path, text: str) -> None:
    (one,) = read(tmp_path, "record_id,birth_date", f"1,{text}")
    assert (one.block.birth_date, one.block.birth_date_partial) == (date(1962, 1, 20), False)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1962", date(1962, 1, 1)),
        ("1962-03", date(1962, 3, 1)),
        ("19620231", date(1962, 2, 1)),
        ("1962-19-02", date(1962, 1, 1)),
        ("19629201", date(1962, 1, 1)),
    ],
)
def test_of_a_birth_date_that_is_no_day_the_year_is_kept_as_a_partial_date(
    tmp_path: Path, text: str, day: date
) -> None:
    (one,) = read(tmp_path, "record_id,birth_date", f"1,{text}")
    assert (one.block.birth_date, one.block.birth_date_partial) == (day, True)


@pytest.mark.parametrize("text", ["unknown", "00000000", "0000", "31/31/3131x"])
def test_what_is_no_birth_date_is_none(tmp_path: Path, text: str) -> None:
    (one,) = read(tmp_path, "record_id,birth_date", f"1,{text}")
    assert one.block.birth_date is None


def test_leading_zeros_that_a_spreadsheet_lost_come_back(tmp_path: Path) -> None:
    (one,) = read(tmp_path, "record_id,ssn,postal_code", "1,12345678,2139")
    assert (one.block.ssn, one.block.postal_code) == ("012345678", "02139")


@pytest.mark.parametrize("text", ["1234", "1234567", "XXX-XX-1234", "123-45-6789"])
def test_an_ssn_told_in_part_with_hyphens_or_of_another_kind_stays_as_it_was_told(tmp_path: Path, text: str) -> None:
    (one,) = read(tmp_path, "record_id,ssn", f"1,{text}")
    assert one.block.ssn == text


def test_two_files_may_number_their_records_alike(tmp_path: Path) -> None:
    first = written(tmp_path, "a.csv", "record_id,given_name", "1,Ana", "2,Bo")
    second = written(tmp_path, "b.csv", "record_id;given_name", "1;Ana", "3;Bo")
    truth = written(tmp_path, "t.csv", "left_id,right_id", "1,1", "2,3")
    found = read_labelled([first, second], truth, today=TODAY)
    assert found.truth == {("a:1", "b:1"), ("a:2", "b:3")}
    assert [record.key for record in found.records] == ["a:1", "a:2", "b:1", "b:3"]


def test_a_pair_may_name_the_record_of_the_second_file_first_where_that_leaves_no_doubt(tmp_path: Path) -> None:
    first = written(tmp_path, "a.csv", "record_id,given_name", "x1,Ana")
    second = written(tmp_path, "b.csv", "record_id,given_name", "y1,Ana")
    truth = written(tmp_path, "t.csv", "left_id,right_id", "y1,x1")
    assert read_labelled([first, second], truth, today=TODAY).truth == {("a:x1", "b:y1")}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["record,given_name", "1,Ana"], "a.csv has no column record_id; did you mean record?"),
        (["record_id,Vorname", "1,Ana"], "a.csv has nothing to compare: of its columns none is source, given_name"),
        (["record_id,given_name", "1,Ana", "2,Bo", "1,Cy"], "a.csv row 4: the record_id of row 2 again"),
        (["record_id,given_name", ",Ana"], "a.csv row 2: no record_id"),
        (["record_id,given_name", "1,Ana,9"], "a.csv: long-row at row 2"),
        ([], "a.csv: "),
    ],
)
def test_records_that_cannot_be_used_are_refused_with_the_place_and_no_value(
    tmp_path: Path, lines: list[str], said: str
) -> None:
    with pytest.raises(Unanswerable) as why:
        read(tmp_path, *lines)
    assert said in str(why.value)
    assert "Ana" not in str(why.value)


def test_truth_that_names_a_record_of_no_file_is_refused(tmp_path: Path) -> None:
    first = written(tmp_path, "a.csv", "record_id,given_name", "1,Ana", "2,Bo")
    truth = written(tmp_path, "t.csv", "left_id,right_id", "1,2", "1,77")
    with pytest.raises(Unanswerable, match=r"t\.csv row 3: right_id names no record of a\.csv"):
        read_labelled([first], truth, today=TODAY)


def test_a_file_that_is_not_there_is_said_to_be_away(tmp_path: Path) -> None:
    with pytest.raises(Unanswerable, match=r"gone\.csv: No such file"):
        read_records(tmp_path / "gone.csv", today=TODAY)


@pytest.mark.parametrize("first", ["Maria,Lopez,1980-01-02,123-45-6789", "Maria,given_name,1980-01-02"])
def test_a_file_without_header_shows_nobody(tmp_path: Path, first: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{first}\nAna,Ruiz,1981-01-02,1\n")
    with pytest.raises(Unanswerable) as refused:
        read_records(path, today=date(2026, 11, 23))
    assert not [word for word in ("maria", "lopez", "1980", "6789") if word in str(refused.value).lower()]


def test_what_a_table_program_made_of_numbers_is_taken_back(tmp_path: Path) -> None:
    (one,) = read(tmp_path, "record_id,ssn,phone,postal_code,birth_date", "1,12345678.0,6155550123.0,2139.0,19620120.0")
    block = one.block
    assert (block.ssn, block.phone, block.postal_code) == ("012345678", "6155550123", "02139")
    assert block.birth_date == date(1962, 1, 20)


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("Male", "M"),
        ("FEMALE", "F"),
        ("f", "F"),
        ("Woman", "F"),
        ("Nonbinary", "X"),
        ("Unknown", None),
        ("Other", None),
        ("", None),
    ],
)
def test_words_for_a_sex_are_read(tmp_path: Path, text: str, sex: str | None) -> None:
    (one,) = read(tmp_path, "record_id,sex", f"1,{text}")
    assert one.block.sex == sex


def test_a_byte_order_mark_columns_of_others_and_columns_in_capitals_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffRECORD_ID,Given_Name,MRN,notes,\r\n7,José,55,"a, b",\r\n'.encode())
    (one,) = read_records(path, today=TODAY)
    assert (one.record_id, one.block.given_name) == ("7", "José")


def test_numbers_with_signs_between_compare_as_those_without(tmp_path: Path) -> None:
    one, other = read(tmp_path, "record_id,phone,ssn", "1,(615) 555-0123,219-09-9999", "2,+1 615.555.0123,219099999")
    left, right = comparable(one.block), comparable(other.block)
    assert (left.phone, left.ssn) == (right.phone, right.ssn) == ("6155550123", "219099999")


def _labelled(folder: Path, *rows: str) -> LabelledSet:
    first = written(folder, "a.csv", "record_id,given_name", "1,Ana", "2,Bo")
    second = written(folder, "b.csv", "record_id,given_name", "1,Ana", "3,Bo", "4,Cy")
    return read_labelled([first, second], written(folder, "t.csv", *rows), today=TODAY)


@pytest.mark.parametrize(
    "words", [("match", "no_match", "possible_match"), ("TRUE", "FALSE", "Review"), ("", "No match", "possible")]
)
def test_a_truth_may_have_labels(tmp_path: Path, words: tuple[str, str, str]) -> None:
    match, none, possible = words
    rows = (f"1,1,{match},typo", f"2,3,{possible},", f"2,4,{none},stranger")
    found = _labelled(tmp_path, "left_id,right_id,label,kind", *rows)
    assert found.truth == {("a:1", "b:1")}
    assert found.possible == {("a:2", "b:3")}
    assert found.kinds == {"b:1": "typo", "b:4": "stranger"}


def test_a_record_that_is_nobody_of_the_other_file_may_name_nobody(tmp_path: Path) -> None:
    found = _labelled(tmp_path, "left_id,right_id,label", "1.0,1.0,match", ",4.0,no_match")
    assert found.truth == {("a:1", "b:1")}
    assert not found.possible


@pytest.mark.parametrize(("row", "said"), [
    ("1,1,perhaps", "row 2: label is none of match, no_match and possible_match"),
    (",1,match", "row 2: left_id names no record of a.csv"),
    ("1,77,no_match", "row 2: right_id names no record of b.csv"),
])  # fmt: skip
def test_a_label_that_is_none_and_a_record_that_is_not_there_are_told(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(Unanswerable, match=said):
        _labelled(tmp_path, "left_id,right_id,label", row)
