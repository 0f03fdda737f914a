"""Who is one person among these events, by the comparison in use. What the live worker must equal; what `hub preview` says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.domain import identity
from hub.domain.events import Event
from hub.domain.ids import Ids
from hub.domain.linkage.clusters import clusters
from hub.domain.linkage.model import shipped_model

__all__ = ["BY_WEIGHTS", "groups"]

BY_WEIGHTS: bool = False
"""Whether people are linked by weights (hub.domain.linkage), or by equal name and birth date (hub.domain.identity)."""


def groups(events: Iterable[Event], ids: Ids) -> Mapping[str, frozenset[str]]:
    """Each source_person of these events (person blocks clear) with those that are the same person, itself included."""
    records = identity.records(events)
    people = clusters(records, shipped_model()).people if BY_WEIGHTS else identity.clusters(records, ids)
    return {source_person: person for person in people for source_person in person}
