"""Conclusions of FHIR reports, beside results and in their place; each judged by hand (health-standards §8 R11 and R14)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from hub.domain.identity import version_of
from hub.domain.lab_status import is_mere_withdrawal
from hub.report.tally import Tally
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


CONCLUDED: dict[str, Any] = {"conclusionCode": [code(DETECTED)]}
OTHER_TEST = observation(1, "94309-2", NOT_DETECTED)
NONE: dict[str, Any] = {"conclusionCode": [code(NOT_DETECTED)]}
IN_ERROR = {"status": "entered-in-error"}
LATER, LATEST = {"issued": "2021-02-17T14:00:00Z"}, {"issued": "2021-02-18T14:00:00Z"}


def standing(*versions: list[Any]) -> list[str]:
    """What stands after these versions, the same in every order and with repeats."""
    ends = []
    for order in permutations(versions):
        facts: dict[str, Any] = {}
        for event in (event for version in (*order, *order[:2]) for event in version):
            known = facts.get(event.fact_key)
            facts[event.fact_key] = event if known is None else max(known, event, key=version_of)
        ends.append({key: event.event_id for key, event in facts.items()})
    assert all(end == ends[0] for end in ends)
    return sorted(event.meaning for event in facts.values() if event.active)


@pytest.mark.parametrize("status", ["corrected", "amended"])
@pytest.mark.parametrize("later", [LATER, {}], ids=["issued later", "of one time"])
@pytest.mark.parametrize("says", [{"conclusionCode": [code(NOT_DETECTED)]}, {"conclusion": "Not detected"}])
def test_a_correction_that_tells_the_result_as_an_observation_takes_the_conclusion_back(
    status: str, later: dict[str, str], says: dict[str, Any], read: Reader
) -> None:
    """It stood for ever as the positive of the report's code, and isolated."""
    first = told(read, **CONCLUDED)
    assert standing(first) == ["positive"]
    for result in (OTHER_TEST, observation(1, answer=NOT_DETECTED), {**OTHER_TEST, "status": status}):
        corrected = told(read, result, status=status, **later, **says)
        assert standing(first, corrected) == ["negative"]
        in_error = told(read, {**result, "status": "entered-in-error"}, **IN_ERROR, **LATEST, **CONCLUDED)
        assert standing(first, corrected, in_error) == standing(first, in_error) == []


def test_a_correction_that_still_concludes_a_positive_leaves_the_doubt_alone(read: Reader) -> None:
    first, corrected = told(read, **CONCLUDED), told(read, OTHER_TEST, status="corrected", **LATER, **CONCLUDED)
    assert standing(first, corrected) == DOUBTED


@pytest.mark.parametrize("status", ["corrected", "amended", "appended", "final"])
def test_a_conclusion_that_is_negative_now_replaces_the_positive(status: str, read: Reader) -> None:
    first = told(read, **CONCLUDED)
    for says, left in (
        ({"conclusionCode": [code(NOT_DETECTED)]}, "negative"),
        ({"conclusion": "Not detected"}, "review"),
    ):
        assert standing(first, told(read, status=status, **LATER, **says)) == [left]


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_a_conclusion_alone_is_withdrawn_with_its_report(status: str, read: Reader) -> None:
    """It was a dead letter: a withdrawal that names no result."""
    first, withdrawn = told(read, **CONCLUDED), told(read, **CONCLUDED, status=status, **LATER)
    assert [(event.status, event.active) for event in withdrawn] == [("withdrawn", False)]
    assert standing(first, withdrawn) == []
    bare = bundle(header(), organization(), patient(), specimen(), report(status=status))
    assert counted(read(FHIR, {"f.json": body(bare)}))["rejected"] == {"withdrawal-names-no-result": 1}


def test_a_final_version_under_the_test_of_the_report_is_the_next_of_its_conclusion(read: Reader) -> None:
    assert standing(told(read, **CONCLUDED, status="preliminary"), told(read, NEGATIVE, **LATER)) == ["negative"]


@pytest.mark.parametrize(
    "results",
    [
        [observation(1, "94309-2", "1234")],  # to be reviewed
        [observation(1, "94533-7", NOT_DETECTED)],  # a single gene
        [FLU],
    ],
)
def test_what_says_nothing_of_the_whole_test_takes_no_positive_back(
    results: list[dict[str, Any]], read: Reader
) -> None:
    for first in (told(read, **CONCLUDED), told(read, observation(1))):
        assert "positive" in standing(first, told(read, *results, status="corrected", **LATER, **NONE))


def test_what_is_appended_leaves_what_was_told(read: Reader) -> None:
    assert "positive" in standing(told(read, **CONCLUDED), told(read, OTHER_TEST, status="appended", **LATER, **NONE))


@pytest.mark.parametrize(
    "later",
    [
        {"status": "corrected", "conclusionCode": [code(NOT_DETECTED)]},
        {"status": "amended", "conclusion": "Not detected"},
        {"status": "appended", "conclusion": "Not detected"},
        {**IN_ERROR, **CONCLUDED},
        {"status": "cancelled", **CONCLUDED},
    ],
)
@pytest.mark.parametrize("issued", [LATER, {}], ids=["issued later", "of one time"])
def test_a_doubt_is_withdrawn_by_a_later_version_without_it(
    later: dict[str, Any], issued: dict[str, str], read: Reader
) -> None:
    first, second = told(read, NEGATIVE, **CONCLUDED), told(read, NEGATIVE, **later, **issued)
    gone = later["status"] in ("entered-in-error", "cancelled")
    assert standing(first) == DOUBTED
    assert standing(first, second) == ([] if gone else ["negative"])
    again = told(read, NEGATIVE, **CONCLUDED, status="corrected", **LATEST)
    assert standing(first, second, again) == DOUBTED


@pytest.mark.parametrize("result", [NEGATIVE, OTHER_TEST])
@pytest.mark.parametrize("status", ["final", "preliminary", "corrected", "amended", "entered-in-error"])
def test_a_report_that_concludes_nothing_withdraws_nothing_but_its_results(
    result: dict[str, Any], status: str, read: Reader
) -> None:
    assert len(told(read, result, status=status)) == 1


@pytest.mark.parametrize("result", [NEGATIVE, OTHER_TEST])
@pytest.mark.parametrize("status", ["final", "preliminary"])
def test_a_first_version_withdraws_nothing(result: dict[str, Any], status: str, read: Reader) -> None:
    for says in (NONE, {"conclusion": "Not detected"}):
        assert len(told(read, result, status=status, **says)) == 1


def test_what_only_takes_back_has_no_issue_and_is_no_record_of_the_sender(read: Reader) -> None:
    result, *taken_back = told(read, OTHER_TEST, status="corrected", **NONE)
    assert len(taken_back) == 2
    assert not any(event.active or event.issues for event in taken_back)
    assert [is_mere_withdrawal(event) for event in (result, *taken_back)] == [False, True, True]
    tally = Tally()
    for event in taken_back:
        tally.event(event)
    assert tally == Tally()
    in_error = told(read, observation(1, valueCodeableConcept=None, status="entered-in-error"), **IN_ERROR)
    assert [is_mere_withdrawal(event) for event in in_error] == [False]
