"""Beds of the sites of a bed list, once the whole list is read: a site event for each site and night of which it tells beds.

Beds are those of a column (`Capacity`), the fewest where its rows differ; else, where the list says beds line by line, all who
are there and each numbered bed that it calls vacant: what is vacant is free. A bed that is out of service is none. `unnamed` are
people whom nobody counts at the site by their nights, and without whom free beds would be too many: those who are fleeing, whose
nights do not name it, and those whom nobody knows. Of two lists of a night the longer stands: a row that is read again alone never
takes the place of its list (social-standards.md R14).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from hub.domain.events import Site, SiteKind
from hub.domain.ids import content_hash
from hub.mapping.program import Mapped, MappingContext, accepted
from hub.mapping.stamp import Stamp

__all__ = ["RosterBeds", "SiteNight"]

_MOST_ROWS = 86_399
_RANK = 1


@dataclass(slots=True)
class SiteNight:
    """What a list says of one site on one night, as its rows come."""

    where: Mapping[str, str | int]
    kind: SiteKind
    overnight: bool
    rows: int = 0
    capacity: int | None = None
    unnamed: int = 0
    present: dict[tuple[str, ...], str] = field(default_factory=dict)
    vacant: set[str] = field(default_factory=set)

    def says_beds(self, number: int) -> None:
        self.capacity = number if self.capacity is None else min(number, self.capacity)

    def is_there(self, native: tuple[str, ...], bed: str, *, counted: bool) -> None:
        """Somebody; twice in a list they are there once. `counted`: at the site, by a night of their own."""
        self.unnamed += not counted and native not in self.present
        self.present[native] = bed

    @property
    def beds(self) -> int | None:
        if self.capacity is not None:
            return self.capacity
        return len(self.present) + len(self.vacant - set(self.present.values())) if self.vacant else None


class RosterBeds:
    """The sites of one list."""

    def __init__(self, stamp: Stamp, context: MappingContext) -> None:
        self._stamp, self._context = stamp, context
        self._sites: dict[tuple[str, date], SiteNight] = {}

    def on(self, site: str, night: date, begin: Callable[[], SiteNight]) -> SiteNight:
        """The site on that night; one row more of it."""
        found = self._sites.get((site, night)) or self._sites.setdefault((site, night), begin())
        found.rows += 1
        return found

    def events(self) -> Iterator[Mapped]:
        """One for each where people sleep and of which beds are told."""
        for (site, night), told in self._sites.items():
            if told.overnight and told.beds is not None:
                yield accepted(self._event(site, night, told), told.where, b"")

    def _event(self, site: str, night: date, told: SiteNight) -> Site:
        until = self._context.current_until(night)
        length = timedelta(seconds=min(told.rows, _MOST_ROWS))
        return Site(
            **self._stamp.fields(
                self._stamp.fact_key("site", site),
                source_person=None,
                changed_at=None,
                status_rank=_RANK,
                content=content_hash(site, f"{night}", told.kind, str(told.beds), str(told.unnamed), str(until)),
                occurred_on=None,
                sent_at=datetime.combine(night, time(), UTC) + length,
            ),
            site=self._stamp.site(site),
            site_kind=told.kind,
            beds=told.beds,
            known_as_of=night,
            current_until=until,
            unnamed=told.unnamed,
        )
