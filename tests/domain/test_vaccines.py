"""Which vaccine a code means, and which dates a dose cannot have (health-standards.md §8 R21, R23)."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.tables import rows
from hub.domain.vaccines import date_fault, is_covid, judge, ndc_11, product

DAY = date(2021, 3, 1)


@pytest.mark.parametrize(
    ("cvx", "covid", "no_dose", "issues"),
    [
        ("208", True, False, ()),
        ("213", True, False, ()),
        ("519", True, False, ()),
        ("08", False, False, ()),
        ("8", False, False, ()),
        ("998", False, True, ()),
        ("24", False, False, ()),
        ("901", False, False, ("unknown-product",)),
        ("777", False, False, ("unknown-product",)),
        ("", False, False, ()),
    ],
)
def test_a_cvx_code_means_what_its_table_says(cvx: str, covid: bool, no_dose: bool, issues: tuple[str, ...]) -> None:
    found = judge(cvx, "")
    assert (found.covid, found.no_dose, found.issues) == (covid, no_dose, issues)


@pytest.mark.parametrize(
    ("sent", "known"), [("0208", "208"), ("00208", "208"), ("8", "08"), ("008", "08"), ("777", "777"), ("0777", "0777")]
)
def test_a_code_is_one_code_with_or_without_leading_zeros(sent: str, known: str) -> None:
    assert judge(sent, "").cvx == known


def test_a_hostile_code_of_many_zeros_is_no_code() -> None:
    assert product("0" * 1_000_000 + "208") is None


def test_facts_that_no_source_here_confirms_say_so() -> None:
    """Every NDC of a COVID-19 vaccine and every dated series rule names its source or says that it has none."""
    for row in (*rows("ndc"), *rows("vaccine_series")):
        assert row["source"], row
    assert all(row["cvx"] in {known["cvx"] for known in rows("cvx")} for row in rows("ndc") if row["cvx"])
    assert all(ndc_11(row["ndc"]) == row["ndc"] for row in rows("ndc"))
    assert len({row["ndc"] for row in rows("ndc")}) == len(rows("ndc"))


def test_an_unknown_code_is_a_covid_vaccine_only_where_a_code_system_says_so() -> None:
    """R23."""
    assert judge("777", "", covid_told=True).covid
    assert judge("777", "", covid_told=True).issues == ("unknown-covid-product",)
    assert not judge("", "11111-2222-33").covid
    assert judge("", "11111-2222-33").issues == ("unknown-product",)


def test_an_ndc_alone_is_looked_up_in_its_table() -> None:
    """R23."""
    assert judge("", "59267-1000-1").cvx == "208"
    assert judge("", "80777-0273-10").covid
    assert judge("", "49281-0215-88").issues == ()
    assert not judge("", "49281-0215-88").covid
    assert judge("208", "49281-0215-88").issues == ("product-conflict",)
    assert judge("208", "49281-0215-88").covid, "CVX before NDC"


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("49281-0215-88", "49281-0215-88"),
        ("9281-0215-88", "09281-0215-88"),
        ("49281-215-88", "49281-0215-88"),
        ("49281-0215-8", "49281-0215-08"),
        ("49281021588", "49281-0215-88"),
        ("TENIVAC", ""),
    ],
)
def test_an_ndc_is_one_code_however_it_is_written(sent: str, known: str) -> None:
    assert ndc_11(sent) == known


def test_a_dose_dated_outside_the_life_of_its_product_is_told_and_stands() -> None:
    assert judge("309", "", given_on=DAY).issues == ("product-not-in-use",)
    assert judge("208", "", given_on=DAY).issues == ()
    assert judge("208", "", given_on=date(2023, 6, 1)).issues == ("product-not-in-use",)


@pytest.mark.parametrize(
    ("given_on", "born", "latest", "covid_dose", "reason"),
    [
        (None, None, DAY, True, "bad-date"),
        (DAY, date(2021, 3, 2), DAY, False, "dose-before-birth"),
        (DAY, None, date(2021, 2, 28), False, "dose-in-the-future"),
        (date(2020, 12, 13), None, DAY, True, "dose-before-first-vaccine"),
        (date(2020, 12, 13), None, DAY, False, None),
        (date(2020, 12, 14), DAY.replace(year=1980), DAY, True, None),
    ],
)
def test_dates_that_cannot_be_have_a_reason(
    given_on: date | None, born: date | None, latest: date, covid_dose: bool, reason: str | None
) -> None:
    """R23."""
    assert date_fault(given_on, born, latest, covid_dose=covid_dose) == reason


def test_every_product_says_whether_it_is_a_covid_vaccine() -> None:
    assert {row["covid"] for row in rows("cvx")} == {"yes", "no", "no-dose", "fictitious"}
    assert all(bool(row["family"]) == (row["covid"] == "yes") for row in rows("cvx"))
    assert len({row["cvx"] for row in rows("cvx")}) == len(rows("cvx"))
    assert not is_covid(None)
    assert product("208") is not None


def test_the_tris_sucrose_product_was_in_use_from_its_own_authorization() -> None:
    """CVX 217 is not CVX 208: authorized on 2021-10-29 (cvx.csv; unverified: from memory)."""
    assert judge("217", "", given_on=date(2021, 10, 28)).issues == ("product-not-in-use",)
    assert judge("217", "", given_on=date(2021, 10, 29)).issues == ()


@pytest.mark.parametrize("cvx", ["115", "150", "187", "20", "94", "9", "305"])
def test_other_vaccines_of_everyday_messages_are_known_and_bring_no_issue(cvx: str) -> None:
    """Tdap, influenza, zoster, DTaP, MMRV, Td, RSV: a table without them would call most doses of an EHR unknown products."""
    found = judge(cvx, "", given_on=date(2023, 10, 12))
    assert (found.covid, found.no_dose, found.issues) == (False, False, ())
