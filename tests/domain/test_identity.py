from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.events import PersonBlock
from hub.domain.identity import Version, clusters, match_key, normalise, tells
from hub.domain.ids import Ids

IDS = Ids(b"i" * 32)
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


def test_equal_name_and_birth_date_give_one_key_and_anything_else_another() -> None:
    key = match_key(block(), IDS)
    assert key == match_key(block("ANA", "Diaz Jr."), IDS)
    assert key is not None
    assert len({key, match_key(block("Anna"), IDS), match_key(block(born=date(1980, 3, 2)), IDS)}) == 3


def test_names_cannot_be_shifted_between_given_and_family() -> None:
    assert match_key(block("Ana", "Maria"), IDS) != match_key(block("AnaM", "aria"), IDS)


@pytest.mark.parametrize(
    "incomplete",
    [
        None,
        PersonBlock(),
        block(given_name=None),
        block(family_name="  "),
        block(born=None),
        block(given_name="Baby Boy"),
        block(given_name="TWIN-A"),
        block(given_name="Redacted", family_name="Redacted"),
        block(family_name="Unknown"),
        block(family_name="n/a"),
        block("John", "Doe"),
        block(family_name="D."),
        block(born=date(1900, 1, 1)),
        block(born=date(3000, 1, 1)),
        PersonBlock(given_name="Ana", family_name="Díaz", birth_date=BORN, birth_date_partial=True),
    ],
)
def test_a_missing_placeholder_or_approximate_part_gives_no_key(incomplete: PersonBlock | None) -> None:
    assert match_key(incomplete, IDS) is None


@pytest.mark.parametrize("family", ["Na", "An", "Doe", "Baby", "Girl", "Test", "Jr", "李"])
def test_real_surnames_that_look_like_placeholders_still_match(family: str) -> None:
    assert match_key(block(family_name=family), IDS) is not None


def test_the_key_says_nothing_without_the_secret() -> None:
    assert match_key(block(), IDS) != match_key(block(), Ids(b"j" * 32))


def test_people_without_a_key_are_never_put_together() -> None:
    records = [("a", at(1), block(born=None)), ("b", at(1), block(born=None)), ("c", at(1), None)]
    assert clusters(records, IDS) == {frozenset("a"), frozenset("b"), frozenset("c")}


def test_a_changed_birth_date_moves_one_source_person_in_every_order_of_arrival() -> None:
    records = [
        ("a", at(1), block()),
        ("b", at(1), block()),
        ("b", at(2), block(born=date(1981, 1, 5))),
        ("c", at(1), block(born=date(1981, 1, 5))),
    ]
    for order in permutations(records):
        assert clusters(order, IDS) == {frozenset("a"), frozenset("bc")}


def test_a_later_block_with_parts_left_out_undoes_no_link() -> None:
    records = [("a", at(1), block()), ("b", at(1), block()), ("b", at(2), block(born=None)), ("b", at(3), None)]
    assert clusters(records, IDS) == {frozenset("ab")}


def test_a_name_that_is_withheld_now_undoes_the_link() -> None:
    records = [("a", at(1), block()), ("b", at(1), block()), ("b", at(2), block("Redacted", "Redacted", None))]
    assert clusters(records, IDS) == {frozenset("a"), frozenset("b")}


def test_a_birth_date_that_is_only_approximate_now_undoes_the_link() -> None:
    approximate = PersonBlock(given_name="Ana", family_name="Díaz", birth_date=BORN, birth_date_partial=True)
    assert tells(approximate)
    records = [("a", at(1), block()), ("b", at(1), block()), ("b", at(2), approximate)]
    assert clusters(records, IDS) == {frozenset("a"), frozenset("b")}


BLOCKS = st.sampled_from(
    [None, block(), block("Bo"), block("Redacted"), block(born=None), block(born=date(1990, 5, 5))]
)
RECORDS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 6).map(at), BLOCKS), max_size=25)


@given(RECORDS, st.randoms(use_true_random=False))
def test_order_and_repeats_never_change_who_is_who(
    records: list[tuple[str, Version, PersonBlock | None]], rnd: object
) -> None:
    shuffled = records + records[:5]
    rnd.shuffle(shuffled)  # type: ignore[attr-defined]
    found = clusters(shuffled, IDS)
    assert found == clusters(records, IDS)
    assert sorted(member for group in found for member in group) == sorted({record[0] for record in records})
