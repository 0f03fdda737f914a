"""The same dose counts once, whoever reports it; a series is complete by the rule of its product and day (R22)."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.tables import rows
from hub.domain.tallies import PartitionTally
from hub.domain.vaccine_series import Given, completed_on, distinct_doses, series_rules_version

FIRST = date(2021, 2, 1).toordinal()


def dose(after_d: int, family: str = "pfizer", *, historical: bool = False) -> Given:
    return Given(FIRST + after_d, historical, family)


def test_a_dose_told_by_ehr_pharmacy_and_registry_counts_once() -> None:
    """health-standards §8 R22: 00 and 01, the day off by some, the product unnamed by one."""
    told = [dose(0), dose(1, "unspecified", historical=True), dose(2, historical=True)]
    assert distinct_doses(told) == [dose(0)]


def test_the_givers_own_report_tells_the_day_and_whoever_names_the_product_that() -> None:
    assert distinct_doses([dose(0, historical=True), dose(1, "unspecified")]) == [dose(1)]


def test_a_second_dose_is_a_dose_of_its_own() -> None:
    assert len(distinct_doses([dose(0), dose(21)])) == 2
    assert len(distinct_doses([dose(0), dose(21)], within_d=21)) == 1


@given(st.lists(st.builds(dose, st.integers(0, 60), st.sampled_from(["pfizer", "moderna", "unspecified", ""])), max_size=8).flatmap(
    lambda doses: st.tuples(st.just(doses), st.permutations(doses))
))  # fmt: skip
def test_neither_order_nor_repeats_change_anything(pair: tuple[list[Given], list[Given]]) -> None:
    doses, shuffled = pair
    assert distinct_doses(shuffled + doses) == distinct_doses(doses)
    assert completed_on(distinct_doses(shuffled)) == completed_on(distinct_doses(doses))


@pytest.mark.parametrize(
    ("doses", "complete"),
    [
        ([dose(0)], None),
        ([dose(0), dose(21)], 21),
        ([dose(0), dose(17)], 17),  # four days of grace
        ([dose(0), dose(16)], None),
        ([dose(0), dose(16), dose(30)], 30),  # the early one does not count
        ([dose(0, "moderna"), dose(28, "moderna")], 28),
        ([dose(0, "moderna"), dose(21, "moderna")], None),
        ([dose(0, "pfizer"), dose(28, "moderna")], 28),
        ([dose(30, "janssen")], 30),
        ([dose(0, "janssen")], None),  # before there was one
        ([dose(0, "unspecified"), dose(24, "unspecified")], 24),  # CVX 213: of any product it takes two such
        ([dose(0, "unspecified"), dose(23, "unspecified")], None),
        ([dose(0, "unspecified"), dose(28, "pfizer")], 28),
        ([dose(0, "moderna"), dose(28, "unspecified")], 28),
        ([dose(0, "pfizer"), dose(21, "unspecified")], None),  # which interval holds is not known: the longer one
        ([dose(0, "unspecified")], None),
        ([dose(0, "abroad"), dose(30, "abroad")], None),  # nothing is claimed without a rule
        ([dose(0, "unspecified"), dose(30, "abroad")], None),
    ],
)
def test_a_series_is_complete_by_the_rule_of_its_product_and_day(doses: list[Given], complete: int | None) -> None:
    assert completed_on(doses) == (None if complete is None else FIRST + complete)


def test_a_rule_holds_for_its_days_only() -> None:
    late = date(2023, 6, 2)
    assert completed_on([Given(late.toordinal(), False, "janssen")]) is None
    assert completed_on([Given((late - timedelta(1)).toordinal(), False, "janssen")]) is not None


def on(day: str, family: str) -> Given:
    return Given(date.fromisoformat(day).toordinal(), False, family)


@pytest.mark.parametrize(
    ("doses", "complete"),
    [
        ([on("2022-08-01", "novavax"), on("2022-08-22", "novavax")], "2022-08-22"),
        ([on("2022-08-01", "novavax"), on("2022-08-22", "pfizer")], None),  # mixed: 28 days
        ([on("2022-08-01", "novavax"), on("2022-08-29", "pfizer")], "2022-08-29"),
        ([on("2022-08-01", "moderna"), on("2022-08-29", "novavax")], "2022-08-29"),
        ([on("2022-08-01", "unspecified"), on("2022-08-29", "novavax")], "2022-08-29"),
        ([on("2022-07-01", "unspecified"), on("2022-08-01", "unspecified")], None),  # there are series of three by then
        ([on("2021-03-01", "janssen"), on("2021-12-01", "pfizer")], "2021-03-01"),  # a booster changes nothing
        ([on("2021-12-01", "pfizer-5-11"), on("2021-12-22", "pfizer")], "2021-12-22"),  # twelve years old in between
        ([on("2022-10-01", "pfizer-bivalent")], None),  # a booster only, until one bivalent dose was a series
        ([on("2023-04-18", "pfizer-bivalent")], "2023-04-18"),
        ([on("2021-02-01", "pfizer"), on("2023-05-01", "moderna-bivalent")], "2023-05-01"),
        ([on("2023-05-01", "moderna-bivalent-under-6")], None),  # under 5: nothing is claimed
        ([on("2022-07-01", "pfizer-under-5"), on("2022-07-22", "pfizer-under-5")], None),
        ([on("2023-10-01", "pfizer-2023")], "2023-10-01"),
        ([on("2023-11-01", "novavax-2023")], None),
        ([on("2023-11-01", "novavax-2023"), on("2023-11-22", "novavax-2023")], "2023-11-22"),
        ([on("2021-03-01", "janssen"), on("2023-11-01", "novavax-2023")], "2021-03-01"),
    ],
)
def test_mixed_products_boosters_and_later_rules(doses: list[Given], complete: str | None) -> None:
    """The rows of vaccine_series.csv as dated; those marked `unverified` there wait for somebody who has the source."""
    found = completed_on(doses)
    assert (None if found is None else date.fromordinal(found).isoformat()) == complete


def test_every_rule_speaks_of_families_that_the_products_have() -> None:
    families = {row["family"] for row in rows("cvx")}
    told = {name for row in rows("vaccine_series") for name in (row["family"], *row["counts_with"].split())}
    assert told <= families


def test_a_count_of_complete_series_says_by_which_rules() -> None:
    rule = series_rules_version()
    assert re.fullmatch(r"vaccine_series 20\d\d-\d\d [0-9a-f]{8}", rule)
    counted = PartitionTally(0)
    strata = [
        "series-complete|47065|race_ethnicity|white",
        "told-series-complete|47065|told|white/?unknown",
        "people|47065|a|b",
        "series-not-judged|47065|race_ethnicity|white",
    ]
    counted.move(strata, [])
    told = {tally.stratum: tally.rule for tally in counted.totals(strata, 1)}
    assert told == {strata[0]: rule, strata[1]: rule, strata[2]: None, strata[3]: rule}
