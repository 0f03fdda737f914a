"""T23: the pure core on a fake log, from one seed: crash, repeat, reorder, relink; the end equals a batch computation."""

from __future__ import annotations

import pytest

from tests.simulation.world import found, make_world, run, truth

SEEDS = 200


@pytest.mark.parametrize("block", range(10))
def test_whatever_the_order_repeats_and_crashes_the_end_is_the_batch_answer(block: int) -> None:
    for seed in range(block * SEEDS // 10, (block + 1) * SEEDS // 10):
        world = make_world(seed)
        needs, totals = found(run(world, seed))
        expected_needs, expected_totals = truth(world)
        assert needs == expected_needs, f"seed {seed}: needs differ"
        assert totals == expected_totals, f"seed {seed}: tallies differ"


def test_the_same_seed_gives_the_same_history() -> None:
    one, two = (run(make_world(7), 7) for _ in range(2))
    assert (one.person, one.needs, one.tallies) == (two.person, two.needs, two.tallies)


def test_the_worlds_are_worth_simulating() -> None:
    worlds = [make_world(seed) for seed in range(SEEDS)]
    assert sum(len(truth(world)[0]) for world in worlds) > SEEDS
    assert sum(len([1 for _, _, fields in world.inputs if fields["kind"] == "membership"]) for world in worlds) > SEEDS
