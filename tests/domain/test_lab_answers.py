"""health-standards §1.6 and §8 R15, R16: what was asked of the person beside the test."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.events import LabResult
from hub.domain.lab_answers import Answers, age_in_years, yes_no


@pytest.mark.parametrize("word", ["UNK", "U", "", "asked", "261665006", "NA"])
def test_r15_what_is_neither_yes_nor_no_is_unknown_never_no(word: str) -> None:
    assert yes_no("pregnant", word) == "unknown"


@pytest.mark.parametrize(
    ("asks", "word", "answer"),
    [
        ("icu", " y ", "yes"),
        ("icu", "No", "no"),
        ("pregnant", "77386006", "yes"),
        ("pregnant", "60001007", "no"),
        ("icu", "77386006", "unknown"),
    ],
)
def test_an_answer_may_be_a_letter_a_word_or_a_code_of_that_question(asks: str, word: str, answer: str) -> None:
    assert yes_no(asks, word) == answer


def test_the_first_known_answer_stands() -> None:
    told = Answers()
    for word in ("UNK", "Y", "N"):
        told.tell("congregate", word)
    told.tell("onset", "2021", on=None)
    told.tell("onset", "20210103", on=date(2021, 1, 3))
    assert (told.fields()["congregate"], told.fields()["onset_on"]) == ("yes", date(2021, 1, 3))
    assert not told.onset_unread


def test_r16_congregate_setting_and_residence_are_separate_answers() -> None:
    told = Answers()
    told.tell("residence", "32911000")
    assert (told.fields()["congregate"], told.fields()["residence"]) == ("unknown", "32911000")
    told.tell("congregate", "N")
    assert (told.fields()["congregate"], told.fields()["residence"]) == ("no", "32911000")


@pytest.mark.parametrize(
    ("value", "unit", "years"),
    [("24", "", 24), ("18", "mo", 1), ("3", "wk", 0), ("200", "", None), ("x", "", None), ("5", "ft", None)],
)
def test_an_age_is_told_in_whole_years(value: str, unit: str, years: int | None) -> None:
    assert age_in_years(value, unit) == years


def test_the_answers_are_fields_of_a_result() -> None:
    assert Answers().fields().keys() <= LabResult.model_fields.keys()
