from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations

import pytest

from hub.domain.events import PersonBlock
from hub.domain.identity import (
    Version,
    believable_birth_date,
    family_names_nobody,
    given_names_nobody,
    normalise,
    tells,
)
from hub.domain.linkage.clusters import clusters
from hub.domain.linkage.model import shipped_model

MODEL = shipped_model()
BORN = date(1980, 2, 3)


def block(given_name: str | None = "Ana", family_name: str | None = "Díaz", born: date | None = BORN) -> PersonBlock:
    return PersonBlock(given_name=given_name, family_name=family_name, birth_date=born)


def at(day: int) -> Version:
    return (datetime(2021, 1, day, tzinfo=UTC), 0, "h", 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DÍAZ", "diaz"),
        ("O'Brien", "OBRIEN"),
        ("de la Cruz", "Delacruz"),
        ("García-López", "Garcia Lopez"),
        ("ﬁnn", "Finn"),
        ("Straße", "STRASSE"),
        ("Nguyễn", "nguyen"),
        ("İpek", "ipek"),
    ],
)
def test_one_name_written_in_two_ways_is_equal(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), [("de la Cruz", "Cruz"), ("Marí", "Mario"), ("कि", "का"), ("李", "王")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize(
    "withheld",
    [
        block(given_name="Baby Boy"),
        block(given_name="TWIN-A", born=None),
        block(given_name="Redacted", family_name="Redacted", born=None),
        block(family_name="Unknown", born=None),
        block(family_name="n/a"),
    ],
)
def test_a_placeholder_tells_that_the_name_is_withheld(withheld: PersonBlock) -> None:
    assert tells(withheld)


@pytest.mark.parametrize(
    "less", [None, PersonBlock(), block(given_name=None), block(family_name="  "), block(born=None)]
)
def test_a_block_with_parts_left_out_tells_nobody(less: PersonBlock | None) -> None:
    assert not tells(less)


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(1901, 1, 1), date(3000, 1, 1)])
def test_nobody_alive_was_born_on_the_days_that_stand_for_an_unknown_one(day: date) -> None:
    assert not believable_birth_date(day)
    assert believable_birth_date(BORN)


@pytest.mark.parametrize("family", ["Na", "An", "Doe", "Baby", "Girl", "Test", "Jr", "李"])
def test_real_surnames_that_look_like_placeholders_are_names(family: str) -> None:
    assert not family_names_nobody(family)
    assert given_names_nobody("Baby")


def test_a_changed_birth_date_moves_one_source_person_in_every_order_of_arrival() -> None:
    records = [
        ("a", at(1), block()),
        ("b", at(1), block()),
        ("b", at(2), block(born=date(1981, 1, 5))),
        ("c", at(1), block(born=date(1981, 1, 5))),
    ]
    for order in permutations(records):
        assert clusters(order, MODEL).people == {frozenset("a"), frozenset("bc")}


def test_a_later_block_with_parts_left_out_undoes_no_link() -> None:
    records = [("a", at(1), block()), ("b", at(1), block()), ("b", at(2), block(born=None)), ("b", at(3), None)]
    assert clusters(records, MODEL).people == {frozenset("ab")}


def test_a_name_that_is_withheld_now_undoes_the_link() -> None:
    records = [("a", at(1), block()), ("b", at(1), block()), ("b", at(2), block("Redacted", "Redacted", None))]
    assert clusters(records, MODEL).people == {frozenset("a"), frozenset("b")}


def test_a_birth_date_that_is_only_approximate_now_undoes_the_link() -> None:
    approximate = PersonBlock(given_name="Ana", family_name="Díaz", birth_date=BORN, birth_date_partial=True)
    assert tells(approximate)
    records = [("a", at(1), block()), ("b", at(1), block()), ("b", at(2), approximate)]
    assert clusters(records, MODEL).people == {frozenset("a"), frozenset("b")}
