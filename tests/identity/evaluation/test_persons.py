"""Recall with one vote for each person, and the gaps that chance gives (equity-identity.md, requirement 22)."""

from __future__ import annotations

from itertools import combinations

import pytest

from hub.identity.evaluation.labelled import Pair
from hub.identity.evaluation.persons import Persons, by_chance, person_gap, persons_by
from hub.identity.evaluation.quality import SMALLEST, by_group, gap


def made(**groups: list[int]) -> tuple[list[list[str]], set[Pair], dict[str, str]]:
    """Persons with so many records each, all their pairs, and the group of each record."""
    people = [
        [f"{group}{at}.{record}" for record in range(records)]
        for group, each in groups.items()
        for at, records in enumerate(each)
    ]
    pairs = {pair for keys in people for pair in combinations(keys, 2)}
    return people, pairs, {key: key.split(".")[0].rstrip("0123456789") for keys in people for key in keys}


def test_each_person_has_one_vote_however_many_records() -> None:
    people, true, group_of = made(one=[6, 2])
    strayed = {pair for pair in true if "one0.5" in pair}
    assert len(strayed) == 5
    found = persons_by(people, true - strayed, true, group_of)
    assert found["one"].people == 2
    assert found["one"].recall == pytest.approx((1 + 10 / 15) / 2)
    assert by_group(true - strayed, true, group_of)["one"].recall == 11 / 16


def test_who_has_one_record_has_no_vote_and_wrong_pairs_none_either() -> None:
    people, true, group_of = made(one=[1, 2])
    found = persons_by(people, {*true, ("one0.0", "one1.0")}, true, group_of)
    assert found == {"one": Persons(1, 1.0)}


def test_a_person_is_of_the_group_that_most_of_his_records_tell() -> None:
    people, true, group_of = made(one=[3])
    told = {**group_of, "one0.0": "unknown", "one0.1": "other"}
    assert persons_by(people, true, true, told).keys() == {"other"}
    assert persons_by(people, true, true, dict.fromkeys(group_of, "unknown")).keys() == {"unknown"}


def test_a_gap_per_person_has_an_interval_and_leaves_out_small_groups_and_the_unknown() -> None:
    groups = {
        "one": Persons(70, 56),
        "other": Persons(80, 48),
        "few": Persons(SMALLEST - 1, 0),
        "unknown": Persons(90, 0),
    }
    found = person_gap(groups)
    assert found.recall == pytest.approx(0.2)
    assert found.interval == pytest.approx(
        (0.0524, 0.3339), abs=5e-5
    )  # Newcombe 1998, Stat Med 17:873, table II, method 10
    assert found.least_found == "other"
    assert person_gap({"one": Persons(70, 56)}).recall is None
    assert Persons(263, 81).as_json()["recall_interval"] == pytest.approx([0.2553, 0.3662], abs=5e-5)


def test_one_person_who_is_missed_is_not_told_from_chance_and_a_group_that_is_missed_is() -> None:
    people, true, group_of = made(one=[3] * 60, other=[3] * 60)
    of_one = {pair for pair in true if pair[0].startswith("one0.")}
    some = {pair for pair in true if pair[0].startswith("one") and int(pair[0][3:].split(".")[0]) < 20}
    for missed, more_than_chance in ((of_one, False), (some, True)):
        seen = gap(by_group(true - missed, true, group_of)).recall
        lots = by_chance(people, true - missed, true, group_of).recall
        assert seen is not None
        assert lots is not None
        assert (seen > lots) is more_than_chance


def test_lots_tell_of_wrong_pairs_too_and_are_the_same_each_time() -> None:
    people, true, group_of = made(one=[2] * 60, other=[2] * 60)
    wrong = {(f"one{at}.0", f"one{at + 1}.0") for at in range(0, 40, 2)}
    lots = by_chance(people, true | wrong, true, group_of)
    assert lots == by_chance(people[::1], true | wrong, true, group_of)
    seen = gap(by_group(true | wrong, true, group_of)).precision
    assert seen is not None
    assert lots.precision is not None
    assert 0 < lots.precision < seen
    assert lots.recall == 0
    assert by_chance(people, true, true, {}).recall is None
