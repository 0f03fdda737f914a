"""Who is one person among these events, by weights (hub.domain.linkage). What the live worker must equal; what `hub preview`
says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.domain.events import Event
from hub.domain.identity import records
from hub.domain.linkage.clusters import clusters
from hub.domain.linkage.encoding import NO_LANE, Lane
from hub.domain.linkage.model import LinkModel, for_population, shipped_model

__all__ = ["POPULATION", "groups", "weights"]

POPULATION = 1_000_000
"""People whom the records may be of, where an installation says nothing else: as many as the shipped thresholds are for. Fewer
unite more, and more wrongly; too many ask more."""


def weights(population: int = POPULATION) -> LinkModel:
    """The weights in use, at the thresholds for so many people."""
    return for_population(shipped_model(), population)


def groups(events: Iterable[Event], population: int = POPULATION, lane: Lane = NO_LANE) -> Mapping[str, frozenset[str]]:
    """Each source_person of these events (person blocks clear) with those that are the same person, itself included."""
    people = clusters(records(events), weights(population), lane=lane).people
    return {source_person: person for person in people for source_person in person}
