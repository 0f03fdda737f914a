"""Free beds of a site on a night: its inventory less the people who are there (social-standards.md R8, R14).

The beds are those in force when the site was told of (HMIS Inventory, a bed list); the people are those whose stays count as now,
those last seen there, who may still be, and those whose stays may not name the site. Rows that could not be read may each be
somebody there: then free beds are no number but a range. Where the word on the site is out of date nothing is known to be free,
and nothing may be offered.

`SiteBoard` is what `hub preview` and the process that publishes `hub.alert.site.v1` both fold the words on sites with, so that the
two say the same of the same events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field

from hub.domain.event_parts import Model
from hub.domain.events import Site, SiteKind
from hub.domain.identity import Version, version_of
from hub.domain.ids import content_hash

__all__ = ["FreeBeds", "SiteBoard", "Unknown", "free_beds", "free_beds_of"]

Unknown = Literal["beds-not-told", "out-of-date", "rows-not-read"]
"""Why nobody can say how many beds are free: the site never told how many it has; it should have told anew; rows of its list could
not be read, so that it is only known between which numbers the free beds are."""
_OF_SITES = ("present", "last-seen")
"""Indicators of the strata that free beds rest on (hub.domain.contributions)."""


class FreeBeds(Model):
    """Beds of one site on one night, on `hub.alert.site.v1` keyed by the site's token: numbers, nobody's record."""

    kind: ClassVar[str] = "free-beds"

    site: str = Field(description="token of the site")
    site_kind: SiteKind
    night: date
    beds: int | None = Field(description="as told; None: nobody told")
    present: int = Field(description="people there on that night, those included whose stays may not name the site")
    last_seen: int = Field(description="people of whom nobody knows whether they are still there")
    free: int | None = Field(
        description="None: not known (`unknown` says why); 0 where as many or more people are there as beds, and at a closed site"
    )
    known_as_of: date | None = Field(description="the day for which the beds were told")
    current: bool = Field(description="false: the site's source should have told anew by now")
    unread: int = Field(default=0, description="rows on the site that could not be read: each may be somebody there")
    at_least: int | None = Field(default=None, description="beds that are surely free; None where nothing is known")
    at_most: int | None = Field(default=None, description="beds that may be free; None where nothing is known")
    unknown: Unknown | None = Field(default=None, description="why `free` is not known; None where it is")

    def as_json(self) -> dict[str, Any]:
        """Days as ISO text."""
        return self.model_dump(mode="json")


def free_beds_of(site: Site, night: date, present: int, last_seen: int) -> FreeBeds:
    """Of one site as it was told last. `present` and `last_seen` count the stays that name it."""
    there, current = present + (site.unnamed or 0), site.current_until is None or night <= site.current_until
    closed, unread = site.operating_until is not None and site.operating_until < night, site.unread or 0
    least: int | None = None
    most: int | None = None
    unknown: Unknown | None = None
    if closed:
        least = most = 0
    elif not current:
        unknown = "out-of-date"
    elif site.beds is None:
        unknown = "beds-not-told"
    else:
        most = max(0, site.beds - there - last_seen)
        least = max(0, most - unread)
        unknown = None if least == most else "rows-not-read"
    return FreeBeds(
        site=site.site,
        site_kind=site.site_kind,
        night=night,
        beds=site.beds,
        present=there,
        last_seen=last_seen,
        free=most if least == most else None,
        known_as_of=site.known_as_of,
        current=current,
        unread=unread,
        at_least=least,
        at_most=most,
        unknown=unknown,
    )


def free_beds(sites: Iterable[Site], totals: Mapping[str, int], night: date) -> list[FreeBeds]:
    """One row for each active site, by its token; `totals` are the tallies of `night` (hub.domain.contributions)."""
    return [
        free_beds_of(site, night, *(totals.get(stratum, 0) for stratum in _strata(site)))
        for site in sorted(sites, key=lambda each: each.site)
        if site.active
    ]


def _strata(site: Site) -> Iterator[str]:
    return (f"{indicator}|{site.site}|site|{site.site_kind}" for indicator in _OF_SITES)


class SiteBoard:
    """The newest word on every site: each fact at its highest version, in any order and however often it comes."""

    def __init__(self) -> None:
        self._facts: dict[str, tuple[Version, Site]] = {}

    def put(self, event: Site) -> bool:
        """Take an event; False when it changes nothing."""
        version = version_of(event)
        known = self._facts.get(event.fact_key)
        if known is not None and known[0] >= version:
            return False
        self._facts[event.fact_key] = (version, event)
        return True

    def free_beds(self, totals: Mapping[str, int], night: date) -> list[FreeBeds]:
        """One row for each site; of several facts on one the newest that stands."""
        newest: dict[str, tuple[Version, str]] = {}
        for fact_key, (version, site) in self._facts.items():
            if site.active:
                newest[site.site] = max((version, fact_key), newest.get(site.site, (version, fact_key)))
        return free_beds((self._facts[fact_key][1] for _, fact_key in newest.values()), totals, night)

    def rests_on(self, versions: Mapping[tuple[str, int], int]) -> str:
        """A hash of the words that stand and of the `versions` (by stratum and partition) of the totals beside them: it differs
        with each change, also with one back to what was."""
        told = tuple(f"{indicator}|" for indicator in _OF_SITES)
        facts = [f"{fact_key} {version}" for fact_key, (version, _) in sorted(self._facts.items())]
        seen = [f"{stratum}#{part}@{v}" for (stratum, part), v in versions.items() if stratum.startswith(told)]
        return content_hash(*facts, *sorted(seen))
