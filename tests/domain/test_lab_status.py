"""health-standards §1.7 and §8 R19: how final a result is, by the status words of each format."""

from __future__ import annotations

import pytest

from hub.domain.lab_status import csv_status, fhir_status, hl7_status


@pytest.mark.parametrize(
    ("observation", "report", "status"),
    [
        ("F", "F", "final"),
        ("U", "", "final"),
        ("F", "C", "corrected"),
        ("Final", "C", "corrected"),
        ("P", "C", "preliminary"),
        ("P", "F", "preliminary"),
        ("R", "F", "preliminary"),
        ("S", "", "preliminary"),
        ("C", "F", "corrected"),
        ("A", "", "corrected"),
        ("W", "C", "withdrawn"),
        ("D", "F", "withdrawn"),
        ("X", "F", "withdrawn"),
        ("I", "F", None),
        ("O", "F", None),
        ("N", "F", None),
        ("", "C", "corrected"),
        ("", "P", "preliminary"),
        ("", "X", "withdrawn"),
        ("", "W", "withdrawn"),
        ("", "S", None),
        ("", "", "final"),
        ("c", "", "corrected"),
        ("?", "F", "preliminary"),
    ],
)
def test_r19_the_observation_decides_else_the_report(observation: str, report: str, status: str | None) -> None:
    assert hl7_status(observation, report).status == status


def test_a_missing_or_unknown_status_is_told_as_an_issue() -> None:
    assert hl7_status("", "F").issue == "status-missing"
    assert hl7_status("?", "").issue == "status-unknown"
    assert hl7_status("?", "X") == ("withdrawn", "status-unknown")


@pytest.mark.parametrize("report", ["X", "W", "D"])
@pytest.mark.parametrize(
    ("observation", "in_fhir", "conflicts"),
    [("F", "final", True), ("P", "preliminary", True), ("I", "registered", False), ("W", "entered-in-error", False)],
)
def test_r19_a_withdrawn_report_takes_its_results_with_it_alike_in_every_format(
    observation: str, in_fhir: str, conflicts: bool, report: str
) -> None:
    of_report = "cancelled" if report == "X" else "entered-in-error"
    expected = ("withdrawn", "status-conflict" if conflicts else "")
    assert hl7_status(observation, report) == expected
    assert csv_status(observation, "", report) == expected
    assert fhir_status(in_fhir, of_report) == expected


def test_r19_a_correction_stands_in_an_order_posted_as_wrong_and_nothing_stands_in_a_cancelled_one() -> None:
    for told in (hl7_status, csv_status):
        assert told("C", "W") == told("C", "D") == ("corrected", "status-conflict")
        assert told("C", "X") == ("withdrawn", "status-conflict")
        assert told("F", "C") == ("corrected", "")
    assert fhir_status("corrected", "cancelled") == ("withdrawn", "status-conflict")


@pytest.mark.parametrize(
    ("observation", "report", "status"),
    [
        ("final", "", "final"),
        ("preliminary", "final", "preliminary"),
        ("amended", "", "corrected"),
        ("corrected", "", "corrected"),
        ("entered-in-error", "", "withdrawn"),
        ("final", "entered-in-error", "withdrawn"),
        ("final", "cancelled", "withdrawn"),
        ("final", "corrected", "corrected"),
        ("final", "amended", "corrected"),
        ("preliminary", "corrected", "preliminary"),
        ("cancelled", "", "withdrawn"),
        ("registered", "", None),
        ("unknown", "", "preliminary"),
        ("", "final", "final"),
        ("", "", "final"),
    ],
)
def test_r19_entered_in_error_withdraws(observation: str, report: str, status: str | None) -> None:
    assert fhir_status(observation, report).status == status


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("F", "final"),
        (" Final ", "final"),
        ("C", "corrected"),
        ("Corrected", "corrected"),
        ("X", "withdrawn"),
        ("?", "preliminary"),
        ("", "final"),
    ],
)
def test_a_csv_upload_says_it_in_letters_or_words(word: str, status: str) -> None:
    assert csv_status(word).status == status
