"""How many people the records of an evaluation are drawn from: the prior odds that thresholds start at."""

from __future__ import annotations

from hub.domain.linkage.model import LinkModel, for_population

__all__ = ["WORLD", "at_population"]

WORLD = 5_000
"""Records from which on a file counts as a world of its own. A smaller one is a sample, of hard cases perhaps, of a world whose
size nobody told."""


def at_population(model: LinkModel, records: int, asked: int | None = None) -> LinkModel:
    """The model for these many records: for `asked` people where that is told; else for as many as there are records, which is the
    most that they can be; but a file below WORLD leaves the model at the population that it is made for."""
    people = asked or records
    return for_population(model, people) if asked or records >= WORLD else model
