"""Answers whose codings contradict each other, and words and codes that changed places (health-standards.md §1.5, §8 R13, R14)."""

from __future__ import annotations

import pytest

from hub.domain.lab_said import Answer, Code, said

DETECTED, NOT_DETECTED = Code("260373001", "SCT", "Detected"), Code("260415000", "SCT", "Not detected")


@pytest.mark.parametrize(
    "codings",
    [
        (Code("N", "L", "Negative"), DETECTED),
        (DETECTED, Code("N", "L", "Negative")),
        (DETECTED, NOT_DETECTED),
        (NOT_DETECTED, DETECTED),
        (Code("NEG", "L"), DETECTED),
        (Code("419984006", "SCT", "Inconclusive"), Code("", "L", "Positive")),
    ],
)
def test_codings_of_different_meaning_are_reviewed(codings: tuple[Code, ...]) -> None:
    assert said(Answer("coded", codings), "diagnostic") == ("review", "answers-differ")


@pytest.mark.parametrize(
    "other",
    [Code("POS", "L", "Positive"), Code("A", "L", "Abnormal"), Code("1", "L"), Code("10828004", "SCT", "Positive")],
)
def test_codings_of_one_meaning_or_of_none_that_is_known_stand(other: Code) -> None:
    assert said(Answer("coded", (other, DETECTED)), "diagnostic").meaning == "positive"


@pytest.mark.parametrize(
    ("code", "meaning", "issue"),
    [
        (Code("Positive", "SCT", "Positive"), "positive", "code-misplaced"),
        (Code("Detected", "SCT", "260373001"), "positive", "code-misplaced"),
        (Code("Not Detected", "SCT", "260415000"), "negative", "code-misplaced"),
        (Code("DET.", "SCT"), "positive", "code-misplaced"),
        (Code("Detected", "SCT", "260415000"), "review", "answers-differ"),
        (Code("Detected", "SCT", "Not detected"), "review", "answers-differ"),
        (Code("Detected", "SCT", "999999999"), "review", "unknown-result-code"),
        (Code("See note", "SCT", "Detected"), "review", "unknown-result-code"),
        (Code("1234", "SCT", "Detected"), "review", "unknown-result-code"),
    ],
)
def test_words_and_codes_that_changed_places_are_read_as_what_they_are(code: Code, meaning: str, issue: str) -> None:
    assert said(Answer("coded", (code,)), "diagnostic") == (meaning, issue)


def test_a_plain_positive_beside_the_organism_that_was_found_contradicts_nothing() -> None:
    flu, virus = Code("407479009", "SCT", "Influenza A"), Code("840533007", "SCT", "SARS-CoV-2")
    for organism, meaning in ((flu, "not-covid"), (virus, "positive")):
        assert said(Answer("coded", (Code("POS", "L", "Positive"), organism)), "multi-analyte").meaning == meaning
    assert said(Answer("coded", (flu, virus)), "multi-analyte") == ("review", "answers-differ")


def test_a_word_in_place_of_the_code_must_name_the_virus_where_several_were_looked_for() -> None:
    assert said(Answer("coded", (Code("Positive", "SCT", "Positive"),)), "multi-analyte").issue == "organism-not-named"


def test_a_clause_that_names_the_virus_answers_which_organism_was_found() -> None:
    told = said(Answer("text", (), "SARS-CoV-2: DETECTED; Influenza A: Not Detected"), "multi-analyte")
    assert told == ("positive", "")


@pytest.mark.parametrize("system", ["", "L"])
def test_a_word_as_code_and_another_as_its_text_are_reviewed(system: str) -> None:
    assert said(Answer("coded", (Code("Not Detected", system, "Detected"),)), "diagnostic") == (
        "review",
        "answers-differ",
    )
    assert said(Answer("coded", (Code("DET", system, "Positive"),)), "diagnostic").meaning == "positive"
