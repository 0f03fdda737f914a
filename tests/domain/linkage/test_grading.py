"""Grading says of every pair what scoring says, and nothing of those that scoring grades `none`."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, islice, product
from random import Random

import pytest

from hub.bench.identity_people import portions
from hub.domain.linkage.blocking import candidate_pairs
from hub.domain.linkage.comparable import Comparable, comparable
from hub.domain.linkage.comparisons import address, may_be_one_home
from hub.domain.linkage.grading import Grader
from hub.domain.linkage.model import LinkModel, for_population, shipped_model
from hub.domain.linkage.names import near, part_level
from hub.domain.linkage.scoring import score
from hub.domain.linkage.shared import SharedValue, values_of

MODEL = shipped_model()
NEVER_NONE = replace(MODEL, review=-200.0, chain=-200.0)
"""Every pair is scored to its end, so that no level is lost on the way."""
Pairs = list[tuple[Comparable, Comparable]]


@pytest.fixture(scope="module")
def people() -> list[Comparable]:
    """Some 700 records of 400 made-up people: spelling errors, missing fields, shared homes, weak dates."""
    return [comparable(block) for portion in portions(400, seed=7) for block in (*portion.first, *portion.later)]


@pytest.fixture(scope="module")
def pairs(people: list[Comparable]) -> Pairs:
    """Those that share a block, strangers, and each with less or more in common than a record has by itself."""
    random = Random(11)
    named = {str(at): one for at, one in enumerate(people)}
    found = [(named[left], named[right]) for left, right in islice(candidate_pairs(named), 3_000)]
    found += [(random.choice(people), random.choice(people)) for _ in range(2_000)]
    fields = [field for field in Comparable.__slots__ if field != "newborn"]
    for one, other in [*found]:
        lent = {field: getattr(one, field) for field in random.sample(fields, 5)}
        found.append((one, replace(other, **lent)))
    return found


@pytest.fixture(scope="module")
def services(people: list[Comparable]) -> frozenset[SharedValue]:
    """Every third phone, e-mail and address, as if a shelter's."""
    return frozenset(sorted({value for one in people for value in values_of(one)})[::3])


@pytest.mark.parametrize(
    "model",
    [
        MODEL,
        for_population(MODEL, 1_000_000),
        replace(MODEL, review=2.0, chain=-2.0),
        replace(MODEL, common={}, contact_most=60.0),
        NEVER_NONE,
    ],
    ids=["shipped", "large", "low", "plain", "never-none"],
)
@pytest.mark.parametrize("with_services", [False, True])
def test_a_graded_pair_has_the_score_of_scoring_and_no_other_is_graded(
    pairs: Pairs, services: frozenset[SharedValue], model: LinkModel, *, with_services: bool
) -> None:
    grader, shared = Grader(model), services if with_services else frozenset[SharedValue]()
    grades = set()
    for one, other in pairs:
        told = score(one, other, model, shared)
        assert grader(one, other, shared) == (told if told.grade != "none" else None)
        grades.add(told.grade)
    assert grades == {"match", "review", "none"}


def test_near_is_what_the_levels_of_two_parts_say(people: list[Comparable]) -> None:
    parts = sorted({part for one in people for part in one.given + one.family})
    found = {part_level(one, other) for one, other in combinations(parts[::2], 2)}
    assert found >= {"nickname", "close", "sounds", "similar", "different"}
    assert all(
        near(one, other) == (part_level(one, other) in {"exact", "nickname", "close"})
        for one, other in combinations(parts[::2], 2)
    )


def test_one_slip_in_four_letters_or_more_is_near_whatever_the_letters() -> None:
    for word in map("".join, (letters for count in (4, 5, 6, 7) for letters in product("kba", repeat=count))):
        changed = {word[:at] + "k" + word[at + 1 :] for at in range(len(word))}
        longer = {word[:at] + "b" + word[at:] for at in range(len(word) + 1)}
        swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}
        assert all(near(word, slipped) and near(slipped, word) for slipped in changed | longer | swapped), word


def test_homes_that_grading_does_not_look_at_are_neither_the_same_nor_nearly(pairs: Pairs) -> None:
    told = [(one, other) for one, other in pairs if one.address and other.address]
    apart = [pair for pair in told if not may_be_one_home(pair[0].address or "", pair[1].address or "")]
    assert 0 < len(apart) < len(told)
    assert {address(*pair) for pair in apart} <= {"street", "different"}
