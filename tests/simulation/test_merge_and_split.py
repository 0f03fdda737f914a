"""Requirement 25 (equity-identity.md), without a broker: whatever merges and splits come in whatever order, what is said of needs,
to recipients and in measures is the batch answer in the end, and of people whom a change does not touch nothing is said.

Everything between the intake topic and the recipient is the real thing (tests.simulation.whole_path).
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hub.demo.judge import compare
from hub.domain import who
from hub.domain.events import Event
from hub.domain.identity_reviews import ReviewDecision, reviewed
from hub.domain.linkage.clusters import clusters
from hub.identity.database import Database
from tests.simulation.tellings import ANA, BEA, CAI, dose, night, no_food, result, tells_who
from tests.simulation.whole_path import AS_OF, OWN_SOURCE, WholePath

LABS, CLIENTS, RECIPIENTS = ("lab/1", "lab/2"), (f"{OWN_SOURCE}/1", f"{OWN_SOURCE}/2"), ("iis/1", "iis/2")
EVERYBODY = (*LABS, *CLIENTS, *RECIPIENTS)
Step = Event | ReviewDecision
DECIDED = datetime(2021, 2, 12, tzinfo=UTC)

NAMES, VERSIONS, DAYS = st.sampled_from((ANA, ANA, BEA, CAI)), st.integers(1, 9), st.integers(1, 11)
MAYBE_NAMES = st.one_of(st.none(), NAMES)
TELLINGS = st.one_of(
    st.builds(tells_who, st.sampled_from(EVERYBODY), NAMES, VERSIONS),
    st.builds(
        result, st.sampled_from(LABS), MAYBE_NAMES, VERSIONS, day=DAYS,
        status=st.sampled_from(("final", "final", "corrected", "withdrawn")),
        meaning=st.sampled_from(("positive", "positive", "negative")),
    ),
    st.builds(
        result, st.sampled_from(LABS), NAMES, VERSIONS, day=st.just(5), status=st.sampled_from(("final", "corrected")),
        fact=st.just("/of-whom"),
    ),
    st.builds(night, st.sampled_from(CLIENTS), VERSIONS, day=DAYS, active=st.sampled_from((True, True, False))),
    st.builds(no_food, st.sampled_from(CLIENTS), MAYBE_NAMES, VERSIONS, day=DAYS),
    st.builds(
        dose, st.sampled_from(RECIPIENTS), MAYBE_NAMES, VERSIONS, day=DAYS,
        status=st.sampled_from(("administered", "administered", "withdrawn")),
    ),
)  # fmt: skip
DECISIONS = st.builds(
    lambda pair, verdict: reviewed(
        pair[0], pair[1], verdict, reason="records-compared", actor="a-reviewer", decided_at=DECIDED
    ),
    st.sampled_from(list(combinations(EVERYBODY, 2))),
    st.sampled_from(("same", "same", "different", "withdrawn")),
)
STEPS = st.one_of(TELLINGS, TELLINGS, TELLINGS, DECISIONS)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry that knows nobody: to make its tables takes long."""
    path = tmp_path_factory.mktemp("registry") / "identity.sqlite"
    Database(path).close()
    return path


@contextmanager
def installation(empty: Path, dice: random.Random, batch: int) -> Iterator[WholePath]:
    with tempfile.TemporaryDirectory(prefix="hub-path-") as folder:
        shutil.copy(empty, folder)
        with closing(WholePath(Path(folder), dice, batch)) as path:
            yield path


def assert_batch(path: WholePath) -> None:
    """What stands is what a batch computation over all that was told says."""
    with pytest.MonkeyPatch.context() as decided:
        decided.setattr(who, "clusters", partial(clusters, decisions=path.decided))
        batch, seen = path.batch()
    assert compare(path.observed(), batch).none, compare(path.observed(), batch)
    assert path.delivered() == seen


def touched(path: WholePath, step: Step, before: dict[str, str]) -> set[str]:
    """The persons that a change is about: who is told of, who else was told the same fact, who moved, and with whom these are and
    were one."""
    after = path.owners()
    about = {each for each in after if after[each] != before.get(each)}
    if not isinstance(step, ReviewDecision):
        about |= {event.source_person or "" for event in path.events if event.fact_key == step.fact_key}
    return {owner for owners in (before, after) for each, owner in owners.items() if each in about}


def assert_nobody_else(path: WholePath, step: Step, before: dict[str, str]) -> None:
    """Of people whom this did not touch no topic says anything new."""
    said, about, after = path.said(), touched(path, step, before), path.owners()
    assert said.person_keys <= about
    assert said.links <= {each for each in after if after[each] != before.get(each)}
    assert {need["person_key"] for need in said.needs} <= about
    assert said.delivered <= {need["need_id"] for need in said.needs}


@hypothesis_settings(max_examples=40)
@given(st.lists(STEPS, min_size=3, max_size=24), st.integers(0, 2**32))
def test_r25_whatever_comes_in_whatever_order_and_cut_the_end_is_the_batch_answer(
    empty: Path, steps: list[Step], seed: int
) -> None:
    dice = random.Random(seed)
    with installation(empty, dice, dice.randint(1, 5)) as path:
        for day in range(12, 0, -4):
            path.tick(AS_OF - timedelta(days=day))
        while steps:
            cut = dice.randint(1, 5)
            path.take(steps[:cut])
            steps = steps[cut:]
            path.work(dice.randint(0, 12))
        path.tick(AS_OF)
        path.settle()
        assert_batch(path)


@hypothesis_settings(max_examples=25)
@given(st.lists(STEPS, min_size=3, max_size=16), st.integers(0, 2**32))
def test_r25_after_every_change_the_batch_answer_stands_and_nobody_else_was_spoken_of(
    empty: Path, steps: list[Step], seed: int
) -> None:
    with installation(empty, random.Random(seed), 1) as path:
        path.tick(AS_OF)
        for step in steps:
            path.settle()
            path.said()
            before = path.owners()
            path.take([step])
            path.settle()
            assert_batch(path)
            assert_nobody_else(path, step, before)
