"""Who is erased, on the whole path without a broker: needs, recipients and measures then say what a batch computation says over all
that was told of others, and of them what their sources told since; nothing of them stands in a row any more."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hub.domain.history import decode_row
from tests.simulation.tellings import ANA, BEA, night, no_food, result, tells_who
from tests.simulation.test_merge_and_split import EVERYBODY, STEPS, Step, assert_batch, installation
from tests.simulation.test_merge_and_split import empty as empty
from tests.simulation.whole_path import AS_OF, OWN_SOURCE, WholePath

LAB, CLIENT, OTHER = "lab/1", f"{OWN_SOURCE}/1", "lab/2"
# A result that moved to another patient stays taken from the first when the second is erased: a batch over the rest can't know.
MOVING = "/of-whom"
STAYING = STEPS.filter(lambda step: getattr(step, "fact_key", "") != MOVING)


def facts_of(path: WholePath, source_person: str) -> list[str]:
    """What stands of somebody in any row."""
    rows = [decode_row(value) for rows in path.rows for value in rows.values() if value[:1] != b"2"]
    return [fact for row in rows if source_person in row.subs for fact in row.subs[source_person].facts]


@hypothesis_settings(max_examples=40)
@given(
    st.lists(STAYING, min_size=3, max_size=16), st.lists(STAYING, max_size=6),
    st.sets(st.sampled_from(EVERYBODY), min_size=1, max_size=2), st.integers(0, 2**32),
)  # fmt: skip
def test_r25_the_end_is_the_batch_answer_without_who_was_erased_and_with_what_came_after(
    empty: Path, before: list[Step], after: list[Step], erased: set[str], seed: int
) -> None:
    dice = random.Random(seed)
    with installation(empty, dice, dice.randint(1, 5)) as path:
        path.tick(AS_OF)
        path.take(before)
        path.work(dice.randint(0, 40))
        path.erase(*erased)
        path.work(dice.randint(0, 12))
        path.take(each for each in after if not path.names(each, erased))
        path.settle()
        assert_batch(path)


def test_an_open_need_is_withdrawn_and_its_recipient_sees_it_no_more(empty: Path) -> None:
    with installation(empty, random.Random(1), 5) as path:
        path.tick(AS_OF)
        path.take([result(LAB, ANA, 1, day=10), tells_who(CLIENT, ANA, 1), no_food(CLIENT, None, 2, day=10)])
        path.settle()
        owner = path.owners()[LAB]
        assert path.owners()[CLIENT] == owner
        assert path.delivered()
        assert facts_of(path, LAB)
        path.said()
        path.erase(LAB)
        path.settle()
        said = path.said()
        assert {need["state"] for need in said.needs} == {"withdrawn"}
        assert path.delivered() == {}
        assert facts_of(path, LAB) == []
        assert facts_of(path, CLIENT)
        assert LAB not in path.owners()
        assert_batch(path)


def test_a_row_that_lost_them_to_another_person_forgets_them_too(empty: Path) -> None:
    with installation(empty, random.Random(2), 1) as path:
        path.tick(AS_OF)
        for told in (
            tells_who(CLIENT, ANA, 1),
            result(LAB, BEA, 1, day=10),
            tells_who(LAB, ANA, 3),
            night(CLIENT, 2, day=9),
        ):
            path.take([told])
            path.settle()
        assert sorted(facts_of(path, LAB)) == [
            "lab/1/lab",
            "lab/1/lab",
            "lab/1/who",
        ]  # its first row keeps the result, inactive
        path.erase(LAB)
        path.settle()
        assert facts_of(path, LAB) == []
        assert_batch(path)


@pytest.mark.parametrize("again", [False, True])
def test_what_is_folded_again_from_the_beginning_brings_nothing_back(empty: Path, again: bool) -> None:
    """The person topic is kept: what was told of them stands on it under their pseudonym, before and after what ended it."""
    with installation(empty, random.Random(3), 5) as path:
        path.tick(AS_OF)
        path.take([result(LAB, ANA, 1, day=10), tells_who(OTHER, ANA, 1), no_food(OTHER, None, 2, day=10)])
        path.settle()
        path.erase(LAB)
        path.settle()
        if again:
            path.take([result(LAB, ANA, 4, day=11)])
            path.settle()
        path.fold_again()
        assert len(facts_of(path, LAB)) == again
        assert_batch(path)
