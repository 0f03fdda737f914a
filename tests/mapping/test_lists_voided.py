"""Columns in which lists say that a row is none any more, or that nobody was there: what they void is never told as a fact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.routing import route
from tests.mapping.reading import Reader, counted

ROSTER, PANTRY, CASES = "shelter-roster-csv", "food-pantry", "case-line-list"
REFERRALS, CONSENTS = "referral-csv", "consent"
WHO = "First Name,Last Name,DOB"
UNA = "Una,Sample,1980-01-02"
LISTS = {
    ROSTER: (f"Shelter,Date,Bed,Guest ID,{WHO}", f"Made-up House,2021-02-15,A1,C1,{UNA}"),
    PANTRY: (f"Visit ID,Visit Date,Client ID,Program,{WHO}", f"V1,2021-02-03,C1,TEFAP,{UNA}"),
    CASES: (f"Investigation ID,Patient ID,Case Status,Onset Date,{WHO}", f"N1,C1,Confirmed,2021-02-10,{UNA}"),
    REFERRALS: (
        f"Referral ID,Client ID,Service Type,Referral Status,Created Date,{WHO}", f"R1,C1,Food Pantry,Got Help,2021-02-01,{UNA}"
    ),
    CONSENTS: (f"ROI ID,Client ID,ROI Status,Signed Date,{WHO}", f"K1,C1,Yes,2021-01-05,{UNA}"),
}  # fmt: skip
MARKS = [
    ("Voided", "Yes"),
    ("Is Deleted", "TRUE"),
    ("Deleted", "1"),
    ("Date Deleted", "2021-02-20"),
    ("deleted_at", "2021-02-20 08:00:00"),
]
NO_MARKS = [("Voided", "No"), ("Is Deleted", "FALSE"), ("Deleted", "0"), ("Date Deleted", ""), ("deleted_at", "NULL")]


def told(read: Reader, program: str, column: str, value: str) -> Any:
    header, row = LISTS[program]
    return next(iter(read.events(program, {"list.csv": f"{header},{column}\n{row},{value}\n"})))


@pytest.mark.parametrize("program", LISTS)
@pytest.mark.parametrize(("column", "value"), MARKS)
def test_a_row_that_is_marked_as_void_is_withdrawn(program: str, column: str, value: str, read: Reader) -> None:
    before, after = told(read, program, "Note", ""), told(read, program, column, value)
    assert (before.active, after.active) == (True, False)
    assert after.fact_key == before.fact_key
    assert after.status_rank > before.status_rank


@pytest.mark.parametrize("program", LISTS)
@pytest.mark.parametrize(("column", "value"), NO_MARKS)
def test_one_that_is_not_stands(program: str, column: str, value: str, read: Reader) -> None:
    assert told(read, program, column, value).active


@pytest.mark.parametrize("program", [name for name in LISTS if name != CASES])
def test_a_mark_that_no_row_decides_is_refused(program: str, read: Reader) -> None:
    header, row = LISTS[program]
    found = counted(read(program, {"list.csv": f"{header},Deleted\n{row},perhaps\n"}))
    assert found["rejected"] == {"unmapped-code": 1}


@pytest.mark.parametrize("program", [PANTRY, ROSTER])
@pytest.mark.parametrize(("column", "value"), [("Cancelled", "Y"), ("No Show", "x"), ("Canceled Date", "2021-02-14")])
def test_who_did_not_come_was_not_there(program: str, column: str, value: str, read: Reader) -> None:
    assert not told(read, program, column, value).active


@pytest.mark.parametrize(
    ("column", "value", "there"),
    [("Present", "No", False), ("Present", "Yes", True), ("In Bed", "N", False), ("In Bed", "1", True),
     ("Attendance", "Absent", False), ("Attendance", "Present", True), ("Attended", "false", False), ("Showed Up", "0", False)],
)  # fmt: skip
def test_a_bed_list_that_says_who_was_there_is_believed(column: str, value: str, there: bool, read: Reader) -> None:
    assert told(read, ROSTER, column, value).active is there


@pytest.mark.parametrize(
    ("word", "status"),
    [("Active", "given"), ("Declined", "refused"), ("Revoked", "revoked"), ("Expired", "expired"), ("Inactive", "expired"),
     ("Not asked", "not-asked")],
)  # fmt: skip
def test_the_status_of_a_signed_release_counts_where_its_column_is_called_status(
    word: str, status: str, read: Reader
) -> None:
    text = f"Client ID,Signed Date,Status,{WHO}\nC1,2021-01-05,{word},{UNA}\n"
    (event,) = read.events(CONSENTS, {"list.csv": text})
    assert event.status == status


def test_a_status_of_a_release_that_nobody_knows_is_refused_and_not_taken_for_given(read: Reader) -> None:
    text = f"Client ID,Signed Date,Status,{WHO}\nC1,2021-01-05,Zyx,{UNA}\n"
    assert counted(read(CONSENTS, {"list.csv": text}))["rejected"] == {"unmapped-code": 1}


def test_a_column_of_its_own_for_the_status_of_a_release_comes_before_status(read: Reader) -> None:
    text = f"Client ID,Signed Date,Status,ROI Status,{WHO}\nC1,2021-01-05,Enrolled,Declined,{UNA}\n"
    (event,) = read.events(CONSENTS, {"list.csv": text})
    assert event.status == "refused"


@pytest.mark.parametrize(
    ("consent", "record", "status"),
    [("Yes", "Revoked", "revoked"), ("Yes", "Active", "given"), ("Yes", "Enrolled", "given"), ("No", "Active", "refused"),
     ("", "Declined", "refused")],
)  # fmt: skip
def test_a_yes_whose_record_is_over_holds_no_more(consent: str, record: str, status: str, read: Reader) -> None:
    text = f"Client ID,Signed Date,Consent,Status,{WHO}\nC1,2021-01-05,{consent},{record},{UNA}\n"
    (event,) = read.events(CONSENTS, {"list.csv": text})
    assert event.status == status


def test_a_status_alone_makes_no_list_of_releases(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"Client ID,Status,{WHO}\nC1,Active,{UNA}\n")
    assert [routed.connector for routed in route(tmp_path, [])] == [None]
