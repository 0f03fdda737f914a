"""Free beds of a site on a night: its inventory less the people who are there (social-standards.md R8, R14).

The beds are those in force when the site was told of (HMIS Inventory); the people are those whose stays count as now, those last
seen there, who may still be, and those whose stays may not name the site. Where the word on the site is out of date nothing is
known to be free, and nothing may be offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from hub.domain.events import Site

__all__ = ["FreeBeds", "free_beds", "free_beds_of"]


class FreeBeds(NamedTuple):
    """`free` None: not known, or no longer; 0 where as many or more people are there as beds, and at a closed site. `last_seen`: of
    these nobody knows whether they are still there. `known_as_of`: the day for which the beds were told."""

    site: str
    site_kind: str
    night: date
    beds: int | None
    present: int
    last_seen: int
    free: int | None
    known_as_of: date | None
    current: bool

    def as_json(self) -> dict[str, Any]:
        return {
            **self._asdict(), "night": f"{self.night}", "known_as_of": f"{self.known_as_of}" if self.known_as_of else None
        }  # fmt: skip


def free_beds_of(site: Site, night: date, present: int, last_seen: int) -> FreeBeds:
    """Of one site as it was told last. `present` and `last_seen` count the stays that name it."""
    there, current = present + (site.unnamed or 0), site.current_until is None or night <= site.current_until
    closed = site.operating_until is not None and site.operating_until < night
    free = None
    if closed:
        free = 0
    elif current and site.beds is not None:
        free = max(0, site.beds - there - last_seen)
    return FreeBeds(site.site, site.site_kind, night, site.beds, there, last_seen, free, site.known_as_of, current)


def free_beds(sites: Iterable[Site], totals: Mapping[str, int], night: date) -> list[FreeBeds]:
    """One row for each active site, by its token; `totals` are the tallies of `night` (hub.domain.contributions)."""
    return [
        free_beds_of(site, night, _people("present", site, totals), _people("last-seen", site, totals))
        for site in sorted(sites, key=lambda each: each.site)
        if site.active
    ]


def _people(indicator: str, site: Site, totals: Mapping[str, int]) -> int:
    return totals.get(f"{indicator}|{site.site}|site|{site.site_kind}", 0)
