"""Who is one person among these events, by the comparison in use. What the live worker must equal; what `hub preview` says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.domain import identity
from hub.domain.events import Event
from hub.domain.ids import Ids
from hub.domain.linkage.clusters import clusters
from hub.domain.linkage.encoding import NO_LANE, Lane
from hub.domain.linkage.model import LinkModel, for_population, shipped_model

__all__ = ["BY_WEIGHTS", "POPULATION", "groups", "weights"]

BY_WEIGHTS: bool = True
"""Whether people are linked by weights (hub.domain.linkage), or by equal name and birth date (hub.domain.identity), as they were
before. There is no way back from weights for a registry that was linked by them."""

POPULATION = 1_000_000
"""People whom the records may be of, where an installation says nothing else: as many as the shipped thresholds are for. Fewer
unite more, and more wrongly; too many ask more."""


def weights(population: int = POPULATION) -> LinkModel:
    """The weights in use, at the thresholds for so many people."""
    return for_population(shipped_model(), population)


def groups(
    events: Iterable[Event], ids: Ids, population: int = POPULATION, lane: Lane = NO_LANE
) -> Mapping[str, frozenset[str]]:
    """Each source_person of these events (person blocks clear) with those that are the same person, itself included."""
    records = identity.records(events)
    if BY_WEIGHTS:
        people = clusters(records, weights(population), lane=lane).people
    else:
        people = frozenset(identity.clusters(records, ids))
    return {source_person: person for person in people for source_person in person}
