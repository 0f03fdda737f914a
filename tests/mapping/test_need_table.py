"""The need vocabulary: one table for all sources, every row with its source (social-standards.md requirement 13)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hub.domain.event_parts import YesNo
from hub.domain.need_words import NEED_CATEGORIES, Signal
from hub.mapping.need_table import NOT_A_NEED, diagnosis, need_of, takes_several
from hub.mapping.tables import rows


def test_r13_every_row_is_of_the_vocabulary_and_names_its_source() -> None:
    """social-standards R13: Gravity categories, keyed by question and answer, ICD-10 prefix, HMIS code; a source for each row."""
    table = rows("needs")
    assert all(row["source"] and row["version"] for row in table)
    assert {row["category"] for row in table} <= NEED_CATEGORIES | {NOT_A_NEED}
    assert {row["indicates_need"] for row in table} == set(YesNo.__args__)  # type: ignore[attr-defined]
    assert {row["signal"] for row in table} == set(Signal.__args__)  # type: ignore[attr-defined]
    assert len({(row["system"], row["question"], row["answer"]) for row in table}) == len(table)


def test_r13_every_gravity_category_can_be_told() -> None:
    """social-standards R13."""
    for category in NEED_CATEGORIES:
        found = need_of("gravity", "", category)
        assert found is not None
        assert found.category == category


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("Z59.41", "food-insecurity"), ("Z5941", "food-insecurity"), ("z59.48", "food-insecurity"), ("Z59.02", "homelessness"),
        ("Z59.0", "homelessness"), ("Z59.811", "housing-instability"),
        ("Z59.12", "utility-insecurity"), ("Z59.10", "inadequate-housing"),
        ("Z59.82", "transportation-insecurity"), ("Z55.3", "educational-attainment"), ("Z56.0", "employment-status"),
        ("Z59.7", "financial-insecurity"), ("Z60.2", "social-connection"), ("Z65.1", "incarceration-status"),
        ("T74.11XA", "intimate-partner-violence"),
    ],
)  # fmt: skip
def test_r13_a_diagnosis_is_read_by_the_longest_prefix(code: str, category: str) -> None:
    """social-standards R13; real data uses parents (Z59.0) as well as the finest codes."""
    found = diagnosis(code)
    assert found is not None
    assert (found.category, found.indicates_need, found.signal) == (category, "yes", "reported")


@pytest.mark.parametrize("code", ["", "Z", "Z5", "Z53.20", "U07.1", "Z21", "J10", "Z66"])
def test_other_diagnoses_say_nothing_of_needs(code: str) -> None:
    assert diagnosis(code) is None


def test_r13_the_table_agrees_with_the_real_crosswalk(shared_samples: Path) -> None:
    """social-standards R13, on ahc-cross-walk.csv: every pair is known, and says what the crosswalk says.

    But for one: who chose not to answer on stress (LA30122-8) has told no need, whatever the crosswalk makes of it.
    """
    path = shared_samples / "social" / "ny-1115-hrsn" / "ahc-cross-walk.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        walked = [row for row in csv.DictReader(file) if row["QUESTION_CODE"] and row["ANSWER_CODE"]]
    differing = {
        (row["QUESTION_CODE"], row["ANSWER_CODE"])
        for row in walked
        if (said := row["POTENTIAL_NEED_INDICATED"].lower()) in ("yes", "no")
        and (found := need_of("loinc", row["QUESTION_CODE"], row["ANSWER_CODE"])) is not None
        and found.category != NOT_A_NEED
        and found.indicates_need != said
    }
    assert differing == {("93038-8", "LA30122-8")}
    hits = {row["question"] for row in rows("hits_scores")}
    unknown = {
        row["QUESTION_CODE"] for row in walked if need_of("loinc", row["QUESTION_CODE"], row["ANSWER_CODE"]) is None
    }
    assert unknown == hits
    scores = {
        (row["QUESTION_CODE"], row["ANSWER_CODE"]): row["SCORE"] for row in walked if row["QUESTION_CODE"] in hits
    }
    assert scores == {(row["question"], row["answer"]): row["score"] for row in rows("hits_scores")}


def test_the_same_question_means_what_its_answer_list_says() -> None:
    assert takes_several("96778-6")
    assert not takes_several("71802-3")
    tools = [need_of("loinc", "71802-3", answer) for answer in ("LA31994-9", "LA31995-6", "LA30190-5")]
    assert [need.category if need else None for need in tools] == [
        "housing-instability",
        "homelessness",
        "homelessness",
    ]


def test_r10_a_guess_is_told_from_what_somebody_said() -> None:
    """social-standards R10: reported, screened and inferred are kept apart."""
    asked, fed, answered = (
        need_of("food", "pantry", "asked"),
        need_of("food", "pantry", "delivered"),
        need_of("loinc", "88122-7", "LA28397-0"),
    )
    assert [need.signal if need else None for need in (asked, fed, answered)] == ["reported", "inferred", "screened"]
