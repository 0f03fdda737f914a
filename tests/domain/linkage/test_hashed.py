"""Links by Bloom filters alone: what merges, what waits for people, what is nothing (requirement 26)."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import pytest

from hub.domain.linkage.hashed import Bounds, HashedLink, HashedRecord, Rules, dice, hashed_links

RULES = Rules(dice=0.7, margin=0.02, name=Bounds(0.65, 0.5), birth_date=Bounds(0.82, 0.7))
FILLED = frozenset({"given_name", "family_name", "birth_date"})


def bits(*places: int) -> int:
    return sum(1 << place for place in places)


ANA, BO = bits(*range(10)), bits(*range(20, 30))
VILLA, WEBB = bits(*range(40, 50)), bits(*range(60, 70))
MARCH, MAY = bits(*range(80, 90)), bits(*range(100, 110))
SLIP_OF_MARCH = bits(*range(81, 91))


def record(
    record_id: str, given: int | None = ANA, family: int | None = VILLA, born: int | None = MARCH
) -> HashedRecord:
    told = {"given_name": given, "family_name": family, "birth_date": born}
    fields = {name: value for name, value in told.items() if value is not None}
    return HashedRecord(record_id, sum(fields.values()), frozenset(fields), fields)


def without(told: HashedRecord, *names: str) -> HashedRecord:
    """The same record, of which these small filters were not sent: a birth date of which only the year is believed has none."""
    return replace(told, fields={name: value for name, value in told.fields.items() if name not in names})


def only(left: HashedRecord, right: HashedRecord, much: float = 0.9) -> tuple[HashedLink, ...]:
    return hashed_links(
        {left.record_id: left}, {right.record_id: right}, [(left.record_id, right.record_id, much)], RULES
    )


def test_dice_is_twice_the_common_bits_over_all() -> None:
    assert dice(bits(1, 2, 3), bits(2, 3, 4)) == pytest.approx(4 / 6)
    assert dice(0, 0) == 0.0


def test_r26_two_agreeing_fields_merge() -> None:
    for right in (record("b"), record("b", family=None), record("b", born=SLIP_OF_MARCH), record("b", family=WEBB)):
        assert only(record("a"), right) == (HashedLink("a", "b", 0.9, "match", ""),)


def test_r26_fewer_than_two_agreeing_fields_never_merge() -> None:
    for right in (
        record("b", given=BO, family=WEBB),
        record("b", family=WEBB, born=MAY),
        record("b", given=BO, born=MAY),
    ):
        (link,) = only(record("a"), right, much=1.0)
        assert (link.grade, link.reason) == ("review", "few-agree")


def test_r26_without_filters_of_single_fields_nothing_merges() -> None:
    silent = HashedRecord("b", record("b").clk, FILLED)
    assert [link[3:] for link in (*only(record("a"), silent), *only(silent, record("a")))] == [
        ("review", "no-evidence")
    ] * 2


def test_r26_one_field_in_common_is_nothing_however_alike() -> None:
    assert only(record("a", given=None, family=None), record("b"), much=1.0) == ()
    assert only(record("a", born=None), record("b", given=None), much=1.0) == ()


def test_neighbours_who_share_their_place_alone_are_nothing() -> None:
    assert only(record("a"), record("b", given=BO, family=WEBB, born=MAY), much=0.8) == ()


def test_below_the_coefficient_is_nothing() -> None:
    assert only(record("a"), record("b"), much=0.69) == ()


@pytest.mark.parametrize(
    ("right", "reason"), [(record("b", given=BO), "other-given"), (record("b", born=MAY), "other-birth-date")]
)
def test_r20_twins_and_fathers_wait_for_people(right: HashedRecord, reason: str) -> None:
    (link,) = only(record("a"), right, much=0.95)
    assert (link.grade, link.reason) == ("review", reason)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (record("a", born=None), record("b", born=None)),
        (without(record("a"), "birth_date"), without(record("b", born=MAY), "birth_date")),
        (record("a", born=None), record("b")),
        (record("a", given=None), record("b", given=None)),
        (record("a", given=None), record("b")),
    ],
    ids=[
        "John Smith without a birth date, and another",
        "Maria Garcia of an estimated date, and one of another",
        "Linda Brown without a birth date, and one who has it",
        "twins of whom no given name is told",
        "a twin of whom no given name is told",
    ],
)
def test_r20_who_told_no_given_name_or_no_birth_date_waits_for_people(left: HashedRecord, right: HashedRecord) -> None:
    for one, other in ((left, right), (right, left)):
        (link,) = only(one, other, much=1.0)
        assert (link.grade, link.reason) == ("review", "not-told")


def test_who_did_not_tell_the_birth_date_is_a_rival_all_the_same() -> None:
    left, right = {"a": record("a")}, {"b": record("b"), "c": record("c", born=None)}
    found = hashed_links(left, right, [("a", "b", 0.90), ("a", "c", 0.89)], RULES)
    assert [(link.right, link.grade, link.reason) for link in found] == [
        ("b", "review", "rival"),
        ("c", "review", "second"),
    ]


def test_names_in_each_others_place_agree() -> None:
    (link,) = only(record("a"), record("b", given=VILLA, family=ANA))
    assert link.grade == "match"


def test_a_rival_within_the_margin_leaves_both_to_people() -> None:
    left, right = {"a": record("a")}, {"b": record("b"), "c": record("c")}
    found = hashed_links(left, right, [("a", "b", 0.90), ("a", "c", 0.89)], RULES)
    assert [(link.right, link.grade, link.reason) for link in found] == [
        ("b", "review", "rival"),
        ("c", "review", "second"),
    ]
    found = hashed_links(left, right, [("a", "b", 0.90), ("a", "c", 0.87)], RULES)
    assert [(link.right, link.grade) for link in found] == [("b", "match")]


def test_a_twin_who_is_more_alike_takes_nobodys_place_and_is_no_rival() -> None:
    left, right = {"a": record("a")}, {"twin": record("twin", given=BO), "self": record("self")}
    found = hashed_links(left, right, [("a", "twin", 0.88), ("a", "self", 0.87)], RULES)
    assert [(link.right, link.grade) for link in found] == [("self", "match")]


def test_the_order_of_records_and_pairs_does_not_matter() -> None:
    drawn = random.Random(7)
    left = {f"a{n}": record(f"a{n}", given=drawn.choice((ANA, BO)), born=drawn.choice((MARCH, MAY))) for n in range(8)}
    right = {f"b{n}": record(f"b{n}", given=drawn.choice((ANA, BO)), born=drawn.choice((MARCH, MAY))) for n in range(8)}
    alike = [(one, other, drawn.choice((0.6, 0.7, 0.71, 0.75, 0.9))) for one, other in product(left, right)]
    found = hashed_links(left, right, alike, RULES)
    assert {link.grade for link in found} == {"match", "review"}
    for _ in range(20):
        drawn.shuffle(alike)
        shuffled = dict(drawn.sample(sorted(left.items()), len(left)))
        assert hashed_links(shuffled, right, [*alike, *alike[:5]], RULES) == found


def test_nothing_of_a_person_is_printed() -> None:
    shown = repr(record("a"))
    assert str(ANA) not in shown
    assert str(record("a").clk) not in shown
