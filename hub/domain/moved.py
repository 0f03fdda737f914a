"""A fact that its source told of the wrong person first: when the correction comes under another one, the first loses it.

A correction or withdrawal of a laboratory result, or the removal of a dose, speaks of the fact and not of a person. Where it comes
under another source_person than an earlier version, that version stood for the wrong patient, and must not go on isolating them
(health-standards.md §8 R19). So whoever was told the fact is told in the same version that it is withdrawn, unless what is known
of them is newer still. Any order of arrival ends alike.

A plain result under the number of another person's is no such word: laboratories use numbers twice, and both results stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hub.domain.events import Event, LabResult, Vaccination
from hub.domain.identity import Version, version_of

__all__ = ["Took", "corrections", "may_move", "taken_from", "took"]


class Took(NamedTuple):
    """The version that takes a fact away from everybody else, and the event that said it."""

    version: Version
    event_id: str


def may_move(event: Event) -> bool:
    """Whether facts of this kind have a key of their own, so that another person can be told one."""
    return isinstance(event, LabResult | Vaccination)


def took(event: Event) -> Took | None:
    """The version by which this event takes its fact from others; None where it takes it from nobody."""
    corrects = isinstance(event, LabResult) and event.status in ("corrected", "withdrawn")
    removes = isinstance(event, Vaccination) and event.status == "withdrawn"
    return Took(version_of(event), event.event_id) if corrects or removes else None


def taken_from(source_person: str, event: Event, by: Took) -> Event:
    """What `source_person` is told: the fact of `event` (any version of it) is withdrawn, in the version that took it away. It
    carries nothing that was said of anybody: no person block, no race, no county."""
    changed_at, status_rank, content, mapping_version = by.version
    return event.model_copy(
        update={
            "event_id": by.event_id,
            "source_person": source_person,
            "changed_at": changed_at,
            "status_rank": status_rank,
            "content_hash": content,
            "mapping_version": mapping_version,
            "active": False,
            "status": "withdrawn",
            "race_ethnicity": None,
            "person": None,
        }
    )


def corrections(events: Iterable[Event]) -> Iterator[Event]:
    """For all events of a batch computation: what must be told beside them."""
    facts: dict[str, dict[str, list[Event]]] = {}
    for event in events:
        if may_move(event) and event.source_person is not None:
            facts.setdefault(event.fact_key, {}).setdefault(event.source_person, []).append(event)
    for told in facts.values():
        if len(told) < 2:
            continue
        for taker, said in told.items():
            for event in said:
                if (by := took(event)) is not None:
                    yield from (taken_from(other, event, by) for other in told if other != taker)
