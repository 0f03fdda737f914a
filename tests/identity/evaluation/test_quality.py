"""Counting pairs: what follows from the truth told, shares and intervals, groups and the gaps between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.identity.evaluation.labelled import closed, together
from hub.identity.evaluation.quality import SMALLEST, Quality, by_group, gap, quality


def test_who_is_the_same_as_one_is_the_same_as_all_that_he_is_the_same_as() -> None:
    assert closed("abcd", [("b", "a"), ("c", "b")]) == {("a", "b"), ("a", "c"), ("b", "c")}


def test_of_two_files_only_pairs_across_them_are_asked_for() -> None:
    sides = {"a1": 0, "a2": 0, "b1": 1, "b2": 1}
    assert closed(["a1", "a2", "b1", "b2"], [("a1", "b1"), ("a2", "b1"), ("a2", "b2")], sides) == {
        ("a1", "b1"), ("a2", "b1"), ("a1", "b2"), ("a2", "b2"),
    }  # fmt: skip


def test_a_pair_stands_in_the_order_of_the_records() -> None:
    assert closed("zya", [("a", "z")]) == {("z", "a")}


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))).flatmap(
        lambda p: st.tuples(st.just(p), st.permutations(p))
    )
)
def test_the_order_in_which_pairs_are_told_does_not_matter(
    told: tuple[list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    keys = [str(n) for n in range(10)]
    one, other = ([(str(a), str(b)) for a, b in pairs] for pairs in told)
    assert closed(keys, one) == closed(keys, other)
    assert sorted(key for group in together(keys, one) for key in group) == keys


def test_precision_recall_and_f1_of_pairs() -> None:
    found = quality({("a", "b"), ("a", "c")}, {("a", "b"), ("d", "e"), ("d", "f")})
    assert (found.precision, found.recall, found.f1) == (1 / 2, 1 / 3, 2 / 5)


def test_a_share_of_nothing_is_none_and_not_one() -> None:
    nothing = quality(set(), set())
    assert (nothing.precision, nothing.recall, nothing.f1) == (None, None, None)
    assert nothing.as_json()["precision_interval"] is None


def test_the_intervals_are_wilsons() -> None:
    """81 of 263: Newcombe 1998, Stat Med 17:857, table I, method 3."""
    told = Quality(found=263, true=263, right=81).as_json()
    assert told["precision_interval"] == pytest.approx([0.2553, 0.3662], abs=5e-5)


def test_a_pair_counts_for_the_group_of_each_of_its_records() -> None:
    groups = {"a": "black", "b": "black", "c": "white", "d": "unknown"}
    found = by_group({("a", "b"), ("a", "c"), ("c", "d")}, {("a", "b"), ("a", "c")}, groups)
    assert found == {"black": Quality(2, 2, 2), "white": Quality(2, 1, 1)}


def test_two_records_of_unknown_group_are_a_group_that_is_compared_with_none() -> None:
    found = by_group(set(), {("x", "y")}, {})
    assert found == {"unknown": Quality(0, 1, 0)}


def test_a_gap_leaves_out_who_is_unknown_and_groups_too_small_to_say() -> None:
    groups = {
        "one": Quality(100, 100, 99), "other": Quality(100, 100, 95),
        "unknown": Quality(100, 100, 1), "few": Quality(SMALLEST - 1, SMALLEST - 1, 0),
    }  # fmt: skip
    found = gap(groups)
    assert found.recall == pytest.approx(0.04)
    assert found.precision == pytest.approx(0.04)
    assert gap({"one": Quality(100, 100, 99)}).recall is None


def test_a_gap_has_newcombes_interval_of_the_difference() -> None:
    """56 of 70 and 48 of 80: 0.0524 to 0.3339 (Newcombe 1998, Stat Med 17:873, table II, method 10)."""
    found = gap({"one": Quality(70, 70, 56), "other": Quality(80, 80, 48)})
    assert found.recall == pytest.approx(0.2)
    assert found.recall_interval == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert (found.least_found, found.least_precise) == ("other", "other")
