"""Beds of the sites of a bed list, once the whole list is read: a site event for each site and night of which it tells beds.

Beds are those of a column (`Capacity`), the fewest where its rows differ; else, where the list says beds line by line, all who
are there and each numbered bed that it calls vacant: what is vacant is free. A bed that is out of service is none. `unnamed` are
people whom nobody counts at the site by their nights, and without whom free beds would be too many: those who are fleeing, whose
nights do not name it, and those whom nobody knows. `unread` are rows that were refused, or were none: each may be somebody there,
at the site and on the night that it names, else at every site of the list. Beds told line by line need no such count: what is
vacant is free, whatever the other lines say.

All that holds for the night of the list alone: of the next nobody knows who comes, until its list does. Of two lists of a night the
longer one stands, `unread` counted: a row that is read again alone never takes the place of its list. Of two that are as long it is
the one with more rows that can be read, so a list sent again without its faults; then the one with more who take a bed unnamed
(social-standards.md R14).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from hub.domain.events import Site, SiteKind
from hub.domain.ids import content_hash
from hub.mapping.program import Mapped, accepted
from hub.mapping.stamp import Stamp

__all__ = ["RosterBeds", "SiteNight"]

_MOST_ROWS = 86_399
_RANK = 1


@dataclass(slots=True)
class SiteNight:
    """What a list says of one site on one night, as its rows come. `rows` could be read, `unread` could not."""

    where: Mapping[str, str | int]
    kind: SiteKind
    overnight: bool
    rows: int = 0
    capacity: int | None = None
    unnamed: int = 0
    unread: int = 0
    present: dict[tuple[str, ...], str] = field(default_factory=dict)
    vacant: set[str] = field(default_factory=set)

    def says_beds(self, number: int) -> None:
        self.capacity = number if self.capacity is None else min(number, self.capacity)

    def is_empty(self, bed: str) -> None:
        """A bed without anybody; `bed`: its number where somebody could have it."""
        self.rows += 1
        if bed:
            self.vacant.add(bed)

    def is_told(self, native: tuple[str, ...], bed: str, *, there: bool, counted: bool) -> None:
        """Somebody; twice in a list they are there once. `counted`: at the site, by a night of their own."""
        self.rows += 1
        if there:
            self.unnamed += not counted and native not in self.present
            self.present[native] = bed

    @property
    def beds(self) -> int | None:
        if self.capacity is not None:
            return self.capacity
        return len(self.present) + len(self.vacant - set(self.present.values())) if self.vacant else None


class RosterBeds:
    """The sites of one list."""

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._sites: dict[tuple[str, date], SiteNight] = {}
        self._missed: Counter[tuple[str, date | None]] = Counter()

    def on(self, site: str, night: date, begin: Callable[[], SiteNight]) -> SiteNight:
        """The site on that night."""
        return self._sites.get((site, night)) or self._sites.setdefault((site, night), begin())

    def missed(self, site: str, night: date | None) -> None:
        """A row that could not be read, of that site and night as far as it tells them."""
        self._missed[site, night] += 1

    def events(self) -> Iterator[Mapped]:
        """One for each where people sleep and of which beds are told."""
        for (site, night), told in self._sites.items():
            if told.overnight and told.beds is not None:
                yield accepted(self._event(site, night, told), told.where, b"")

    def _event(self, site: str, night: date, told: SiteNight) -> Site:
        unread = self._unread(site, night, told)
        length = timedelta(seconds=min(told.rows + unread, _MOST_ROWS))
        content = content_hash(site, f"{night}", told.kind, str(told.beds), str(told.unnamed), str(unread))
        return Site(
            **self._stamp.fields(
                self._stamp.fact_key("site", site),
                source_person=None,
                changed_at=None,
                status_rank=_RANK,
                content=_ordered(unread, told.unnamed, content),
                occurred_on=None,
                sent_at=datetime.combine(night, time(), UTC) + length,
            ),
            site=self._stamp.site(site),
            site_kind=told.kind,
            beds=told.beds,
            known_as_of=night,
            current_until=night,
            unnamed=told.unnamed,
            unread=unread,
        )

    def _unread(self, site: str, night: date, told: SiteNight) -> int:
        if told.capacity is None:
            return 0
        anywhere = (self._missed[where, when] for where in {site, ""} for when in (night, None))
        return told.unread + sum(anywhere)


def _ordered(unread: int, unnamed: int, content: str) -> str:
    """The content of a list, by which two of one night that are as long are compared: fewer rows unread sort last, then more
    unnamed. Of the hash alone it would be chance. (Not the number of rows: a row told twice makes the list no other.)"""
    return f"{_MOST_ROWS - min(unread, _MOST_ROWS):05}-{min(unnamed, _MOST_ROWS):05}-{content}"
