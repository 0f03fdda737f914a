"""Words that stand where a source knows nobody, and people whose names look like one."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.placeholders import real_birth_date, real_id, real_names


@pytest.mark.parametrize(
    "text",
    ["UNKNOWN", "unknown", "Unk", "N/A", "n.a.", "NA", "NONE", "null", "TEST", "0", "0000", "000-00-0000", "999-99-9999",
     "999999", "xxx", "-", "--", '""', "Not applicable", "ASKU"],
)  # fmt: skip
def test_an_id_that_names_nobody(text: str) -> None:
    assert real_id(text) == ""


@pytest.mark.parametrize("text", ["", "L1", "9", "99", "10000", "TEST1", "UNK-7", "900", "X1", "1234567", "患者1"])
def test_an_id_that_names_somebody(text: str) -> None:
    assert real_id(text) == text


@pytest.mark.parametrize("text", ["Unknown", "UNK", "unidentified", "N/A"])
def test_a_part_of_a_name_that_is_none_leaves_the_other(text: str) -> None:
    assert real_names(text, "Ann") == ("", "Ann")
    assert real_names("Doe", text) == ("Doe", "")
    assert real_names(text, text) == ("", "")


@pytest.mark.parametrize(
    ("family", "given"), [("Doe", "Jane"), ("Test", "Ann"), ("Null", "Ann"), ("Na", "Min"), ("", "")]
)
def test_names_that_people_have(family: str, given: str) -> None:
    assert real_names(family, given) == (family, given)


def test_a_word_that_may_be_a_name_is_none_where_both_are_it() -> None:
    assert real_names("NULL", "null") == real_names("Test", "TEST") == ("", "")


def test_the_first_day_of_1900_is_no_day_of_birth_and_the_second_is() -> None:
    assert real_birth_date(date(1900, 1, 1)) is None
    assert real_birth_date(date(1900, 1, 2)) == date(1900, 1, 2)
    assert real_birth_date(None) is None
