"""IncomeBenefits.csv: SNAP and WIC, no income and no health insurance, as HMIS tells them (social-standards.md R10, R13, §2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mapping.made_up_hmis import CHANGED, Export, Guest
from tests.mapping.reading import Reader

HMIS = "hmis-csv"


def of(read: Reader, year: int = 2024, /, **cells: str) -> list[Any]:
    """What one row of these cells becomes."""
    return [
        mapped
        for mapped in read(HMIS, export(year, **cells).files())
        if mapped.where.get("file") == "IncomeBenefits.csv"
    ]


def export(year: int = 2024, /, **cells: str) -> Export:
    made = Export([Guest(1)], year)
    row = {"IncomeBenefitsID": "I1", "EnrollmentID": "E1", "PersonalID": "P1", "InformationDate": "2021-01-04"}
    empty = {
        "IncomeFromAnySource": "",
        "BenefitsFromAnySource": "",
        "SNAP": "",
        "WIC": "",
        "InsuranceFromAnySource": "",
    }
    made.tables["IncomeBenefits"] = [{**row, **empty, **cells, "DataCollectionStage": "1", "DateUpdated": CHANGED}]
    return made


def food(found: list[Any]) -> list[tuple[str, str, str | None, str | None]]:
    events = [mapped.event for mapped in found if mapped.type == "food-assistance" and mapped.event is not None]
    return [(event.program, event.enrolled, event.category, event.signal) for event in events]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"SNAP": "1"}, [("snap", "yes", "financial-insecurity", "inferred")]),
        ({"WIC": "1"}, [("wic", "yes", "food-insecurity", "inferred")]),
        ({"SNAP": "0", "WIC": "99"}, [("snap", "no", None, None)]),
        ({"BenefitsFromAnySource": "0"}, [("snap", "no", None, None), ("wic", "no", None, None)]),
        ({"BenefitsFromAnySource": "0", "SNAP": "99"}, [("wic", "no", None, None)]),
        ({"BenefitsFromAnySource": "1"}, []),
        ({"BenefitsFromAnySource": "9"}, []),
    ],
)
def test_social_13_benefits_are_told_with_what_they_say_of_a_need(
    cells: dict[str, str], told: list[tuple[str, str, str | None, str | None]], read: Reader
) -> None:
    assert food(of(read, **cells)) == told


def test_a_benefit_that_the_answer_for_all_denies_counts_and_is_odd(read: Reader) -> None:
    (mapped, other) = of(read, BenefitsFromAnySource="0", SNAP="1", WIC="0")
    assert (mapped.event.enrolled, mapped.issues, other.issues) == ("yes", ("answers-differ",), ())


@pytest.mark.parametrize("year", [2022, 2024, 2026])
@pytest.mark.parametrize(
    ("column", "code", "need"),
    [
        ("IncomeFromAnySource", "0", ("financial-insecurity", "yes")),
        ("IncomeFromAnySource", "1", ("financial-insecurity", "no")),
        ("InsuranceFromAnySource", "0", ("health-insurance-coverage-status", "yes")),
        ("InsuranceFromAnySource", "99", None),
        ("IncomeFromAnySource", "9", None),
    ],
)
def test_social_13_no_income_and_no_insurance_are_needs_in_gravity_words(
    year: int, column: str, code: str, need: tuple[str, str] | None, read: Reader
) -> None:
    found = [mapped.event for mapped in of(read, year, **{column: code}) if mapped.event is not None]
    assert [(e.category, e.indicates_need) for e in found] == ([need] if need else [])
    for event in found:
        assert (event.kind, event.signal, event.final, str(event.occurred_on)) == (
            "screening",
            "reported",
            True,
            "2021-01-04",
        )
        assert (event.question.code, event.answer.code, event.question.system) == (
            column,
            code,
            f"HMIS-IncomeBenefits-FY{year}",
        )


def test_each_stage_is_a_fact_of_its_own_and_a_deleted_row_withdraws_all_of_it(read: Reader) -> None:
    told = {"SNAP": "1", "IncomeFromAnySource": "0"}
    first, later = of(read, **told), of(read, **told, IncomeBenefitsID="I2", InformationDate="2021-01-20")
    assert not {mapped.event.fact_key for mapped in first} & {mapped.event.fact_key for mapped in later}
    gone = of(read, **told, DateDeleted="2021-01-25 08:00:00")
    assert [(m.event.fact_key, m.event.active) for m in gone] == [(m.event.fact_key, False) for m in first]


def test_amounts_and_what_was_written_of_other_income_are_in_no_event(read: Reader) -> None:
    for mapped in of(
        read, SNAP="1", IncomeFromAnySource="1", TotalMonthlyIncome="1234.50", OtherIncomeSourceIdentify="SECRET"
    ):
        assert "1234" not in mapped.event.model_dump_json()
        assert "SECRET" not in mapped.event.model_dump_json()
