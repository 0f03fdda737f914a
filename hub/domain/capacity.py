"""Free beds of a site on a night: its inventory less the people who are there (social-standards.md R8, R14).

The beds are those in force when the site was told of (HMIS Inventory, a bed list); the people are those whose stays count as now,
those last seen there, who may still be, and those whose stays may not name the site. Rows that could not be read may each be
somebody there: then free beds are no number but a range. Where the word on the site is out of date, or is one night's alone that
is still to come (a bed list's), nothing is known to be free, and nothing may be offered.

`SiteBoard` is what `hub preview` and the process that publishes `hub.alert.site.v1` both fold the words on sites with, so that the
two say the same of the same events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from operator import itemgetter
from typing import Any, ClassVar, Literal

from pydantic import Field

from hub.domain.event_parts import Model
from hub.domain.events import Site, SiteKind
from hub.domain.identity import Version, version_of

__all__ = ["OF_SITES", "FreeBeds", "SiteBoard", "Unknown", "free_beds", "free_beds_of"]

Unknown = Literal["beds-not-told", "out-of-date", "rows-not-read"]
"""Why nobody can say how many beds are free: the site never told how many it has; it should have told anew; rows of its list could
not be read, so that it is only known between which numbers the free beds are."""
OF_SITES = ("present", "last-seen")
"""Indicators of the strata that free beds rest on (hub.domain.contributions)."""
_MOST_NIGHTS = 62
"""Nights of one fact that are kept (chosen): tonight's list is found unless those of two months after it are there."""
_rank = itemgetter(0, 1, 2)


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
    current: bool = Field(
        description="false: the site's source should have told anew by now, or told of a night to come"
    )
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
    current = current and not _ahead(site, night)
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
    return (f"{indicator}|{site.site}|site|{site.site_kind}" for indicator in OF_SITES)


def _night_of(site: Site) -> date | None:
    """The only night for which a word holds, where it is one night's."""
    return site.known_as_of if site.known_as_of == site.current_until else None


def _ahead(site: Site, night: date) -> bool:
    """Whether a word is one night's that comes after `night`."""
    own = _night_of(site)
    return own is not None and night < own


class SiteBoard:
    """The newest word on every site: each fact at its highest version, in any order and however often it comes. Words of one night
    alone stand beside each other, for the newest 62 nights: tomorrow's list says nothing of tonight."""

    def __init__(self) -> None:
        self._facts: dict[str, dict[date | None, tuple[Version, Site]]] = {}

    def put(self, event: Site) -> None:
        """Take an event."""
        version, night = version_of(event), _night_of(event)
        words = self._facts.setdefault(event.fact_key, {})
        known = words.get(night)
        if known is not None and known[0] >= version:
            return
        words[night] = (version, event)
        nights = [each for each in words if each is not None]
        if len(nights) > _MOST_NIGHTS:
            del words[min(nights)]

    def free_beds(self, totals: Mapping[str, int], night: date) -> list[FreeBeds]:
        """One row for each site: of each fact the newest word that is not of a night to come, where there is one; of several facts
        on a site the newest that stands."""
        newest: dict[str, tuple[bool, Version, str, Site]] = {}
        for fact_key, words in self._facts.items():
            ranked = ((not _ahead(site, night), version, fact_key, site) for version, site in words.values())
            found = max(ranked, key=_rank)
            site = found[3]
            if site.active:
                newest[site.site] = max(found, newest.get(site.site, found), key=_rank)
        return free_beds((site for *_, site in newest.values()), totals, night)

    def state(self) -> list[str]:
        """The facts and versions that stand, in order: it differs with each change, also with one back to what was."""
        return sorted(
            f"{fact_key} {version} {night}"
            for fact_key, words in self._facts.items()
            for night, (version, _) in words.items()
        )
