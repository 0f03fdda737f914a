"""Results that a person must look at: which they are, why, and where the record stands that each came in.

An original is filed under the first event that was made of its record, so a later result of one message is found by the report
that both are of, and which record it is then told by reading the candidates again; never by guessing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from hub.bus.dead_letter import Kept, Original
from hub.domain.events import LabResult
from hub.errors import Reject
from hub.redrive.reasons import NO_ORIGINAL
from hub.redrive.remap import newest
from hub.wiring_rejected import Desk, read_alone

__all__ = ["Waiting", "original_of", "waiting"]


class Waiting(NamedTuple):
    """A result in `review`, and the kept originals that it may have come in, newest first; none where all are gone."""

    result: LabResult
    originals: tuple[Original, ...]


def waiting(desk: Desk, name: str) -> list[Waiting]:
    """Of a connector, the results whose newest version means `review` and stands, oldest first. Opens no original."""
    events = [event for event in desk.events(name) if isinstance(event, LabResult)]
    filed = _by_report(desk, name, {event.event_id: event.report_key for event in events})
    found = [event for event in newest(events) if isinstance(event, LabResult)]
    found = [event for event in found if event.meaning == "review" and event.active]
    return [Waiting(each, _candidates(each, filed)) for each in sorted(found, key=lambda each: each.changed_at)]


def original_of(desk: Desk, found: Waiting) -> Kept:
    """The record that a result came in, opened. Reject: none is kept any more, or none of them gives this result."""
    for original in found.originals:
        kept = desk.opened(original)
        if original.event_id == found.result.event_id or len(found.originals) == 1:
            return kept
        if found.result.fact_key in _facts(desk, original, kept):
            return kept
    raise Reject(NO_ORIGINAL, stage="open")


def _by_report(desk: Desk, name: str, reports: Mapping[str, str | None]) -> Mapping[str, list[Original]]:
    """Originals by the report of their first event, and by that event."""
    filed: dict[str, list[Original]] = defaultdict(list)
    for original in desk.kept_of(name):
        filed[reports.get(original.event_id) or ""].append(original)
    return filed


def _candidates(result: LabResult, filed: Mapping[str, list[Original]]) -> tuple[Original, ...]:
    same = filed.get(result.report_key or "", [])
    own = [each for each in same if each.event_id == result.event_id]
    return tuple(sorted(own or same, key=lambda each: each.received_at, reverse=True))


def _facts(desk: Desk, original: Original, kept: Kept) -> set[str]:
    """The facts that a record tells, as it is read today; none where it cannot be read alone."""
    try:
        found = read_alone(desk.source(original.connector), kept, original.where)
    except Reject:
        return set()
    return {mapped.event.fact_key for mapped in found if mapped.event is not None}
