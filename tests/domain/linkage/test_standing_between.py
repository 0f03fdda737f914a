"""What stands between groups of records that no single pair keeps apart, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import product
from typing import Any

import pytest

from hub.domain.linkage.clusters import Clustering, LinkRecord, clusters
from hub.domain.linkage.model import for_population, shipped_model
from hub.domain.linkage.standing_between import differ_by_slips, told_twice
from tests.domain.linkage.people import block, version

SMALL = for_population(shipped_model(), 5_000)
OTTOLINE: dict[str, Any] = {
    "given_name": "Ottoline",
    "family_name": "Brackenrigg",
    "birth_date": date(1946, 11, 10),
    "sex": "F",
}
LATER = {**OTTOLINE, "birth_date": date(1946, 11, 30)}


def linked(*told: Mapping[str, Any]) -> Clustering:
    """Records a, b, c and so on."""
    records: list[LinkRecord] = [(chr(97 + at), version(1), block(**each)) for at, each in enumerate(told)]
    return clusters(records, SMALL)


def people(found: Clustering) -> set[str]:
    return {"".join(sorted(person)) for person in found.people}


def test_a_birth_date_told_once_is_a_slip_of_the_other() -> None:
    assert people(linked(OTTOLINE, OTTOLINE, LATER)) == {"abc"}


def test_two_birth_dates_each_told_twice_are_two_people_until_somebody_looked() -> None:
    found = linked(OTTOLINE, OTTOLINE, LATER, LATER)
    assert people(found) == {"ab", "cd"}
    assert {review.reason for review in found.reviews} == {"told-twice"}


def test_two_birth_dates_each_told_twice_are_one_persons_where_a_phone_is_both_records() -> None:
    found = linked({**OTTOLINE, "phone": "6155550142"}, OTTOLINE, {**LATER, "phone": "6155550142"}, LATER)
    assert people(found) == {"abcd"}


def test_a_second_record_of_an_estimate_tells_no_other_date() -> None:
    estimate = {**OTTOLINE, "birth_date": date(1946, 1, 1)}
    assert people(linked(OTTOLINE, OTTOLINE, estimate, estimate)) == {"abcd"}


def test_two_given_names_each_told_twice_are_two_people_until_somebody_looked() -> None:
    """Nothing says that they live together: twins of whom the home is not told."""
    other = {**OTTOLINE, "given_name": "Millicent"}
    assert people(linked(OTTOLINE, other)) == {"ab"}
    assert people(linked(OTTOLINE, OTTOLINE, other, other)) == {"ab", "cd"}


def test_a_family_name_changes_and_may_be_told_twice_before_and_after() -> None:
    married = {**OTTOLINE, "family_name": "Whitlow"}
    assert people(linked(OTTOLINE, OTTOLINE, married, married)) == {"abcd"}


SAME, OTHER = {"birth_date": "exact"}, {"birth_date": "slip"}


@pytest.mark.parametrize(
    ("levels", "own", "stands"),
    [
        (OTHER, {}, True),
        (SAME, {}, False),
        (OTHER, {"ssn": "last-four"}, False),
        (OTHER, {"email": "exact"}, False),
        ({"birth_date": "year"}, {}, False),
        ({"family": "different"}, {}, False),
        ({"given": "different", "birth_date": "exact"}, {}, True),
    ],
)
def test_what_counts_as_told_twice(levels: dict[str, str], own: dict[str, str], stands: bool) -> None:
    pairs = [(left, right, {**levels, **own} if left == "a" else levels) for left, right in product("ab", "cd")]
    assert told_twice(pairs) is stands
    assert not told_twice(pairs[:1])


def test_rivals_are_not_two_records_of_one_person_with_a_slip_in_either() -> None:
    """Rose's birth date is told a year off by one and a day off by another: each fits her as well as the other one does."""
    rose: dict[str, Any] = {"given_name": "Rosalba", "family_name": "Begwater", "sex": "F"}
    told = [{**rose, "birth_date": date(*on)} for on in ((1971, 7, 12), (1972, 7, 12), (1971, 7, 11))]
    assert people(linked(*told)) == {"abc"}


def test_rivals_are_two_dates_of_a_year_that_a_third_tells_alone() -> None:
    """Of an estimate it is not known which of the two it means."""
    marie: dict[str, Any] = {"given_name": "Mariette", "family_name": "Desrosiers", "sex": "F"}
    told = [{**marie, "birth_date": date(*on)} for on in ((1988, 1, 1), (1988, 3, 12), (1988, 6, 4))]
    assert people(linked(*told)) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("reason", "to_one", "to_other", "slips"),
    [
        ("birth-dates", {"birth_date": "slip"}, {"birth_date": "different"}, True),
        ("birth-dates", {"birth_date": "year"}, {"birth_date": "year"}, False),
        ("namesakes", {"birth_date": "slip"}, {"birth_date": "slip"}, False),
        ("namesakes", {"birth_date": "exact"}, {"birth_date": "slip"}, True),
        ("twins", {"given": "close", "birth_date": "exact"}, {"given": "close", "birth_date": "exact"}, True),
        ("twins", {"given": "close", "birth_date": "exact"}, {"given": "initial", "birth_date": "exact"}, False),
        ("twins", {"given": "nickname", "birth_date": "exact"}, {"given": "close", "birth_date": "exact"}, False),
        ("generations", {"birth_date": "exact"}, {"birth_date": "exact"}, False),
    ],
)
def test_what_may_be_a_slip_in_either(
    reason: str, to_one: dict[str, str], to_other: dict[str, str], slips: bool
) -> None:
    assert differ_by_slips(reason, [to_one], [to_other]) is slips
