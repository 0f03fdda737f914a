"""Conclusions of FHIR reports, beside results and in their place; each judged by hand (health-standards §8 R11 and R14)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.mapping.made_up_fhir import (
    DETECTED,
    FLU_A,
    LOINC,
    NOT_DETECTED,
    SNOMED,
    body,
    bundle,
    coded,
    header,
    observation,
    organization,
    patient,
    report,
    specimen,
)
from tests.mapping.reading import Reader, counted

FHIR = "lab-elr-fhir"
VIRUS, DISEASE, PRESUMPTIVE = "840533007", "840539006", "720735008"


def code(answer: str) -> dict[str, Any]:
    return coded(SNOMED, answer)


def told(read: Reader, *results: dict[str, Any], **said: Any) -> list[Any]:
    whole = bundle(
        header(), organization(), patient(), specimen(), *results, report(*(each["id"] for each in results), **said)
    )
    return [event for event in read.events(FHIR, {"f.json": body(whole)}) if type(event).kind == "lab-result"]


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ({"conclusionCode": [code(DETECTED)]}, "positive"),
        ({"conclusionCode": [code(NOT_DETECTED)]}, "negative"),
        ({"conclusionCode": [code(PRESUMPTIVE)]}, "presumptive-positive"),
        ({"conclusionCode": [code(DETECTED)], "conclusion": "SARS-CoV-2 RNA detected"}, "positive"),
        ({"conclusionCode": [code(DETECTED)], "conclusion": "Not detected"}, "review"),
        ({"conclusionCode": [code(DETECTED), code(NOT_DETECTED)]}, "review"),
        ({"conclusionCode": [code(DISEASE)]}, "review"),
        ({"conclusionCode": [code("1234")]}, "review"),
        ({"conclusion": "SARS-CoV-2 detected"}, "review"),
        ({"conclusion": "Not detected"}, "review"),
        ({"conclusionCode": [code(DETECTED)], "code": coded(LOINC, "94531-1")}, "review"),
        ({"conclusionCode": [code(DETECTED)], "code": coded(LOINC, "94563-4")}, "not-covid"),
        ({"conclusion": "Positive", "code": coded(LOINC, FLU_A)}, "not-covid"),
    ],
)
def test_of_a_report_without_results_the_one_code_of_its_conclusion_decides_and_words_are_reviewed(
    said: dict[str, Any], meaning: str, read: Reader
) -> None:
    (result,) = told(read, **said)
    assert (result.meaning, result.status) == (meaning, "final")
    assert ("result-in-conclusion" in result.issues) == (meaning != "not-covid")


NEGATIVE, FLU = observation(1, answer=NOT_DETECTED), observation(2, FLU_A)
DOUBTED = ["negative", "review"]


@pytest.mark.parametrize(
    ("said", "meanings"),
    [
        ({"conclusionCode": [code(DETECTED)]}, DOUBTED),
        ({"conclusionCode": [code(DISEASE)]}, DOUBTED),
        ({"conclusionCode": [code(NOT_DETECTED)]}, ["negative"]),
        ({"conclusion": "SARS-CoV-2 DETECTED"}, DOUBTED),
        ({"conclusion": "Patient is positive, seen on repeat"}, DOUBTED),
        ({"conclusion": "Negative"}, ["negative"]),
        ({"conclusion": "Negative results do not preclude infection; positive results should be confirmed."}, ["negative"]),
        ({"conclusion": "SARS-CoV-2 not detected"}, ["negative"]),
        ({"conclusionCode": [code(DETECTED)], "status": "entered-in-error"}, ["negative"]),
    ],
)  # fmt: skip
def test_a_positive_conclusion_over_a_negative_result_is_reviewed_beside_it(
    said: dict[str, Any], meanings: list[str], read: Reader
) -> None:
    """The result stands as it was told, and the doubt is a fact of its own: neither hides the other."""
    events = told(read, NEGATIVE, **said)
    assert [event.meaning for event in events] == meanings
    assert [event.issues for event in events[1:]] == [("conclusion-contradicts",)] * (len(meanings) - 1)
    assert len({event.fact_key for event in events}) == len(events)


@pytest.mark.parametrize(
    ("said", "doubted"),
    [
        ({"conclusionCode": [code(DETECTED)]}, False),  # the influenza
        ({"conclusion": "Influenza A detected"}, False),
        ({"conclusion": "Influenza A: Detected; SARS-CoV-2: Not detected"}, False),
        ({"conclusionCode": [code(VIRUS)]}, True),
        ({"conclusion": "SARS-CoV-2: Detected; Influenza A: Not detected"}, True),
    ],
)
def test_of_a_report_on_several_pathogens_only_a_conclusion_that_names_the_virus_is_heard(
    said: dict[str, Any], doubted: bool, read: Reader
) -> None:
    for results in permutations([NEGATIVE, FLU]):
        events = told(read, *results, **said)
        assert sorted(event.meaning for event in events) == sorted(["negative", "not-covid", *["review"] * doubted])


@pytest.mark.parametrize("answer", [DETECTED, PRESUMPTIVE, DISEASE])
def test_beside_a_result_that_is_positive_or_to_be_reviewed_a_conclusion_says_nothing(
    answer: str, read: Reader
) -> None:
    alone = [event.meaning for event in told(read, observation(1, answer=answer))]
    assert [event.meaning for event in told(read, observation(1, answer=answer), conclusion="Detected")] == alone


def test_a_conclusion_costs_no_result_whatever_the_report_is_of(read: Reader) -> None:
    whole = bundle(
        header(), organization(), patient(), NEGATIVE, report(1, code=coded(LOINC, "4548-4"), conclusion="Positive")
    )
    assert counted(read(FHIR, {"f.json": body(whole)}))["events"] == {"lab-result": 2}
