"""Where somebody sleeps: what a stay says of a day, and for how long what it says counts as now.

A source tells at intervals. Until it should have told anew (`Stay.current`, from its connector's cadence) its last word counts as
now; later it says only where somebody was last seen. So a weekly export that does not come, or an open enrollment that nobody
confirms any more, places nobody tonight.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hub.domain.facts import AnyFact, Stay

__all__ = ["Presence", "is_current", "is_present", "last_known_night", "presences"]


class Presence(NamedTuple):
    """Of one person at one site. Days are ordinals. `current` false: last seen there, on `night`."""

    site: str
    site_kind: str
    night: int
    known_as_of: int
    current: bool


def is_current(stay: Stay, day: int) -> bool:
    """Whether what is known of a stay counts as now on `day`. A stay that does not say for how long always does."""
    return not stay.current or day <= stay.current


def is_present(stay: Stay, day: int) -> bool:
    """Whether this stay alone shows that somebody is there in the night of `day`: paperwork does not, nor what is out of date."""
    return stay.presence and stay.entered <= day and (not stay.left or day < stay.left) and is_current(stay, day)


def last_known_night(stay: Stay, day: int) -> int:
    """The last night until `day` for which a stay that began by then is known."""
    night = min(stay.left - 1, day) if stay.left else day
    return night if is_current(stay, day) else min(night, max(stay.known, stay.entered))


def presences(facts: Iterable[AnyFact], day: int) -> list[Presence]:
    """Where one person is on `day`, and where they were last seen in an open stay that is out of date: each site once
    (`hub preview` counts them: hub.domain.housing); needs and tallies ask `is_present` and `last_known_night` of one stay."""
    found: dict[str, Presence] = {}
    for fact in facts:
        if not (isinstance(fact, Stay) and fact.active and fact.presence and fact.entered <= day):
            continue
        here, open_ended = is_present(fact, day), not fact.left
        if not here and not open_ended:
            continue
        known = fact.known or (day if open_ended else fact.entered)
        told = Presence(fact.site, fact.site_kind, last_known_night(fact, day), min(known, day), here)
        if (before := found.get(told.site)) is None or _order(told) > _order(before):
            found[told.site] = told
    return sorted(found.values(), key=lambda each: (*_order(each), each.site), reverse=True)


def _order(presence: Presence) -> tuple[bool, int, int]:
    return presence.current, presence.night, presence.known_as_of
