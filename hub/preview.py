"""The whole path without a broker: mapped records in; links, needs, sites, tallies and measures out, by the same pure code.

What the live stack must equal, once all is folded and the clock has reached `as_of`. Ids are those of the installation whose
keys are handed in. Needs that later facts closed as `withdrawn` or `superseded` do not appear: whether an id was ever issued
depends on when facts came; which needs stand does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from hub.domain import who
from hub.domain.capacity import FreeBeds, SiteBoard
from hub.domain.events import Event, PersonBlock, Site, VaccineSupply, is_production
from hub.domain.facts import AnyFact
from hub.domain.history import Row, decode_row
from hub.domain.housing import Housed, housing_of
from hub.domain.identity import linked_fields, version_of
from hub.domain.ids import Ids
from hub.domain.isolation import FactName, Rules
from hub.domain.linkage.encoding import NO_LANE, Lane
from hub.domain.measures import Denominators, EquityMeasure, measures
from hub.domain.moved import corrections
from hub.domain.needs import SupportNeed
from hub.domain.projection import Projector
from hub.domain.supply import SupplyMeasure, supply_measures
from hub.domain.supply_counts import SupplyBoard
from hub.domain.vaccine_series import series_rules_version

__all__ = ["CURRENT_STATES", "Outcome", "Preview", "PreviewResult"]

CURRENT_STATES = ("open", "helped", "ended")


class Outcome(Protocol):
    """What mapping says of one record, after the agreement's grant (hub.wiring_reading.Taken)."""

    @property
    def outcome(self) -> str: ...
    @property
    def event(self) -> Event | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def letter(self) -> Hashable:
        """What the dead letter of a rejected record is known by."""

    @property
    def odd(self) -> Iterable[str]:
        """Codes of what is odd about an accepted record."""


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """Everything that stands at `as_of`. `issues`: what is odd about accepted records, by code. `groups`: the source_persons
    behind each need's person."""

    as_of: date
    events: Mapping[str, int]
    rejected: Mapping[str, int]
    ignored: Mapping[str, int]
    issues: Mapping[str, int]
    people: frozenset[frozenset[str]]
    needs: tuple[SupportNeed, ...]
    groups: Mapping[str, frozenset[str]]
    beds: tuple[FreeBeds, ...]
    totals: Mapping[str, int]
    measures: tuple[EquityMeasure, ...]
    supply: tuple[SupplyMeasure, ...]
    distinct_events: int
    housing: Housed

    @property
    def sites(self) -> tuple[Mapping[str, Any], ...]:
        """Free beds of each site, and how many who are there isolate."""
        return tuple(
            {**row.as_json(), "isolating": self.totals.get(f"isolating|{row.site}|site|{row.site_kind}", 0)}
            for row in self.beds
        )

    def as_json(self) -> dict[str, Any]:
        """For `hub preview --json`: no identifier of a person in it."""
        return {
            "as_of": self.as_of.isoformat(),
            "events": dict(self.events),
            "rejected": dict(self.rejected),
            "ignored": dict(self.ignored),
            "issues": dict(self.issues),
            "people": len(self.people),
            "needs": [need.model_dump(mode="json", exclude={"revision"}) for need in self.needs],
            "sites": list(self.sites),
            "housing": self.housing.as_json(),
            "tallies": dict(self.totals),
            "series_rule": series_rules_version(),
            "measures": [measure.model_dump(mode="json") for measure in self.measures],
            "supply": [measure.model_dump(mode="json") for measure in self.supply],
        }


class Preview:
    """Take outcomes in any order, as often as they come; then `finish`."""

    def __init__(
        self,
        ids: Ids,
        rules: Rules,
        denominators: Denominators,
        *,
        include_test: bool = False,
        identity_population: int = who.POPULATION,
        lane: Lane = NO_LANE,
    ) -> None:
        self._ids, self._rules, self._denominators = ids, rules, denominators
        self._include_test, self._identity_population, self._lane = include_test, identity_population, lane
        self._issues: Counter[str] = Counter()
        self._events: dict[str, Event] = {}
        self._letters: set[Hashable] = set()
        self._counts: dict[str, Counter[str]] = {"event": Counter(), "rejected": Counter(), "ignored": Counter()}

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Count every outcome, dead letters once each; keep each event once."""
        for outcome in outcomes:
            event = outcome.event
            if outcome.outcome == "rejected":
                if outcome.letter in self._letters:
                    continue
                self._letters.add(outcome.letter)
            word = type(event).kind if event is not None else outcome.reason or "unknown"
            self._counts[outcome.outcome][word] += 1
            if event is not None:
                known = self._events.setdefault(event.event_id, event)
                if version_of(known) < version_of(event):  # the same record, sent again later
                    self._events[event.event_id] = event
                self._issues.update(outcome.odd)

    def finish(self, as_of: date) -> PreviewResult:
        """The batch answer on day `as_of`."""
        people = [
            event
            for event in self._events.values()
            if event.source_person is not None and (self._include_test or is_production(event))
        ]
        groups = who.groups(people, self._identity_population, self._lane)
        rows = self._fold(people, groups)
        needs, by_person, totals = self._project(rows, groups, as_of)
        return PreviewResult(
            as_of=as_of,
            events=dict(sorted(self._counts["event"].items())),
            rejected=dict(sorted(self._counts["rejected"].items())),
            ignored=dict(sorted(self._counts["ignored"].items())),
            issues=dict(sorted(self._issues.items())),
            people=frozenset(groups.values()),
            needs=tuple(sorted(needs, key=lambda need: need.need_id)),
            groups=by_person,
            beds=tuple(self._beds(totals, as_of)),
            totals=dict(sorted(totals.items())),
            measures=tuple(measures(totals, self._denominators)),
            supply=tuple(self._supply(totals)),
            distinct_events=len(self._events),
            housing=housing_of(map(_active, rows.values()), as_of.toordinal()),
        )

    def _fold(self, events: Sequence[Event], groups: Mapping[str, frozenset[str]]) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for event in (*events, *corrections(events)):
            assert event.source_person is not None
            key = _person(groups[event.source_person])
            row = rows.get(key)
            if row is None:
                row = rows[key] = decode_row(None)
            row.apply(key, 0, _record(event, self._include_test))
        return rows

    def _project(
        self, rows: Mapping[str, Row], groups: Mapping[str, frozenset[str]], as_of: date
    ) -> tuple[list[SupportNeed], dict[str, frozenset[str]], Counter[str]]:
        projector = Projector(self._ids, self._rules)
        needs: list[SupportNeed] = []
        by_person: dict[str, frozenset[str]] = {}
        totals: Counter[str] = Counter()
        for key, row in rows.items():
            projection = projector.project(key, row, as_of)
            totals.update(projection.gained)
            standing = [need for need in projection.needs if need.state in CURRENT_STATES]
            needs.extend(standing)
            if standing:
                by_person[key] = groups[next(iter(row.subs))]
        return needs, by_person, totals

    def _supply(self, totals: Mapping[str, int]) -> list[SupplyMeasure]:
        board = SupplyBoard()
        for event in self._events.values():
            if isinstance(event, VaccineSupply):
                board.put(event)
        return supply_measures(board.counted(), totals)

    def _beds(self, totals: Mapping[str, int], as_of: date) -> list[FreeBeds]:
        board = SiteBoard()
        for event in self._events.values():
            if isinstance(event, Site):
                board.put(event)
        return board.free_beds(totals, as_of)


def _active(row: Row) -> list[tuple[FactName, AnyFact]]:
    """The active facts of a row with their names."""
    return [
        ((source_person, key), fact)
        for source_person, sub in row.subs.items()
        for key, fact in sub.facts.items()
        if fact.active
    ]


def _person(group: frozenset[str]) -> str:
    """Stands for the person_key that a registry would mint: a person is the set of its source_persons."""
    return min(group)


def _record(event: Event, include_test: bool) -> dict[str, Any]:
    """The event as the person topic carries it."""
    fields = {name: getattr(event, name) for name in type(event).model_fields if name != "person"}
    block = event.person if isinstance(event.person, PersonBlock) else None
    _, county, postal_code = linked_fields(block)
    if event.race_ethnicity is not None:
        fields["race_ethnicity"] = event.race_ethnicity.model_dump()
    if include_test and "processing" in fields:
        fields["processing"] = "production"
    return {**fields, "kind": type(event).kind, "link_revision": 1, "county": county, "postal_code": postal_code}
