"""Free beds of every site tonight, live: a desk in the process of the measures.

In: `hub.intake.site.v1`, whole from its beginning and as it grows; the totals of who is present and who was last seen at each site,
which the join keeps of everybody's stays and puts on the tally topic; the clock's ticks, on `hub.clock.day.v1`. Out:
`hub.alert.site.v1`, compacted by the site's token, with a tombstone for a site that is withdrawn. The same pure code as
`hub preview`.

Nothing is said before the first tick, and all lines are said anew with each new day: where a source should have told of its site
by then, nothing is known to be free any more. For a moment after that totals may still be those of the day before; the next line
puts it right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import get_args

from hub.domain.capacity import OF_SITES, FreeBeds, SiteBoard, Unknown
from hub.domain.events import Site, SiteKind
from hub.domain.ids import content_hash
from hub.domain.person_events import Tick
from hub.ops import metrics
from hub.outlets.desk import Standing, Versions, ground
from hub.outlets.wire import ReadRecord, Said, Wire, validated

__all__ = ["BedsDesk"]


class BedsDesk:
    """hub.outlets.desk.Desk of beds. `sites`, `clock` and `topic`: where sites and ticks come in and lines go out. `said`: what the
    lines' topic says at the start (hub.outlets.desk.standing)."""

    def __init__(
        self,
        sites: str,
        clock: str,
        topic: str,
        wire: Wire,
        said: Mapping[str, FreeBeds | None] | None = None,
    ) -> None:
        self.intakes, self._clock, self._wire = (sites, clock), clock, wire
        self._board = SiteBoard()
        self._night: date | None = None
        self._lines = Standing[FreeBeds](topic, wire, said)

    def put(self, record: ReadRecord) -> None:
        """Take a record of either topic; Reject when it is no site, or no tick."""
        assert record.value is not None
        if record.topic == self._clock:
            day = validated(self._wire, record.value, Tick).as_of
            self._night = max(day, self._night or day)
        else:
            self._board.put(validated(self._wire, record.value, Site))

    def changed(self, totals: Mapping[str, int], versions: Callable[[], Versions]) -> list[Said]:
        """The lines that differ from what was said. Sets the gauges, which name no site."""
        night = self._night
        if night is None:
            return []
        beds = self._board.free_beds(totals, night)
        _show(beds)
        return self._lines.news(
            {line.site: line for line in beds},
            lambda: content_hash(f"{night}", ground(self._board.state(), versions(), OF_SITES)),
        )


def _show(beds: Sequence[FreeBeds]) -> None:
    sites = Counter((line.site_kind, line.unknown or "known") for line in beds)
    free = Counter[str]()
    for line in beds:
        free[line.site_kind] += line.at_least or 0
    for kind in get_args(SiteKind):
        metrics.BEDS_FREE.set(free[kind], site_kind=kind)
        for state in ("known", *get_args(Unknown)):
            metrics.SITES.set(sites[kind, state], site_kind=kind, free_beds=state)
