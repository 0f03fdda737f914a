"""How many people an evaluation takes its records to be drawn from."""

from __future__ import annotations

from hub.domain.linkage.model import for_population, shipped_model
from hub.identity.evaluation.population import WORLD, at_population

MODEL = shipped_model()


def test_a_small_file_is_a_sample_and_moves_no_threshold() -> None:
    assert at_population(MODEL, 50) == at_population(MODEL, WORLD - 1) == MODEL


def test_a_large_file_is_a_world_of_as_many_people_as_records() -> None:
    assert at_population(MODEL, 10_000) == for_population(MODEL, 10_000)
    assert at_population(MODEL, 10_000).match < MODEL.match


def test_who_knows_the_population_says_so() -> None:
    assert at_population(MODEL, 50, 100_000) == for_population(MODEL, 100_000)
