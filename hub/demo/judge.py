"""The verdict on a run: is what the live stack says what a batch computation says, and what the county knows to be true?

Pure: what was observed, what preview computed and the county's own truth go in; one object of figures comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

from hub.domain.ids import Ids
from hub.domain.measures import ALL_AREAS, RACE, EquityMeasure
from hub.preview import CURRENT_STATES, PreviewResult
from hub.synthetic.county import County
from hub.synthetic.facts import SourceId

__all__ = ["Differences", "Observed", "Verdict", "compare", "judge", "widest_gap"]

Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Observed:
    """What the topics say at the end: fields of each need, owner of each source_person, totals, measures by key, dead
    letters, free beds by site."""

    needs: tuple[Mapping[str, Any], ...]
    owners: Mapping[str, str]
    totals: Mapping[str, int]
    measures: Mapping[str, Mapping[str, Any]]
    events: int
    rejected: Mapping[str, int]
    stream_rejected: int
    sites: Mapping[str, Mapping[str, Any]]


class Differences(NamedTuple):
    """How many people, needs, totals, measures, reasons of rejection, events and sites differ from preview; all 0 = equal."""

    people: int
    needs: int
    totals: int
    measures: int
    rejected: int
    events: int
    sites: int

    @property
    def none(self) -> bool:
        """Equal in everything."""
        return not any(self)


class Verdict(NamedTuple):
    """Against the truth that the generator planted. `links_expected`: pairs of records of one person that agree exactly;
    `pairs`: all pairs of records of one person, also where a clerk erred, and `pairs_missed` of them; `links_wrong`: pairs of two
    people that were joined."""

    needs_expected: int
    needs_missed: int
    needs_wrong: int
    links_expected: int
    links_missed: int
    links_wrong: int
    pairs: int
    pairs_missed: int


def compare(observed: Observed, preview: PreviewResult) -> Differences:
    """Live against batch, ids included; people are named by the set of their source_persons."""
    groups: dict[str, set[str]] = {}
    for source_person, owner in observed.owners.items():
        groups.setdefault(owner, set()).add(source_person)
    live_people = {frozenset(group) for group in groups.values()}
    live_needs = {_shown(need, frozenset(groups.get(need["person_key"], ()))) for need in _standing(observed.needs)}
    batch_needs = {_shown(need.model_dump(), preview.groups[need.person_key]) for need in preview.needs}
    batch_measures = {measure.key: measure.model_dump() for measure in preview.measures}
    batch_sites = {row.site: row.model_dump() for row in preview.beds}
    live_totals = {stratum: count for stratum, count in observed.totals.items() if count}
    return Differences(
        len(live_people ^ set(preview.people)),
        len(live_needs ^ batch_needs),
        len(set(live_totals.items()) ^ set(preview.totals.items())),
        sum(observed.measures.get(key) != batch_measures.get(key) for key in {*observed.measures, *batch_measures}),
        len(set(observed.rejected.items()) ^ set(preview.rejected.items())),
        abs(observed.events - preview.distinct_events),
        sum(observed.sites.get(site) != batch_sites.get(site) for site in {*observed.sites, *batch_sites}),
    )


def judge(observed: Observed, county: County, ids: Ids) -> Verdict:
    """Needs (open, helped or ended, each in its right state) and links against the county's truth.

    A need that would follow if a record with a clerk's error were joined is neither missed nor wrong.
    """
    truth = county.truth
    tokens = {sid: ids.source_person(*sid) for sids in truth.who.values() for sid in sids}
    people = {tokens[sid]: person for person, sids in truth.who.items() for sid in sids}
    owner = _Owners(observed.owners, tokens)
    expected = {(owner.of(need.members), need.support, need.state) for need in truth.needs_ever}
    hard = {(owner.of((sid,)), need.support) for need in truth.needs_hard for sid in need.members}
    found = {(need["person_key"], need["support"], need["state"]) for need in _standing(observed.needs)}
    wrong = {need for need in found - expected if need[:2] not in hard}
    wanted = {frozenset((tokens[left], tokens[right])) for left, right in truth.expected_links}
    linked = _linked(observed.owners)
    mixed = {pair for pair in linked if len({people.get(token) for token in pair}) > 1}
    true = _linked({token: person for token, person in people.items() if token in observed.owners})
    return Verdict(
        needs_expected=len(expected),
        needs_missed=len(expected - found),
        needs_wrong=len(wrong),
        links_expected=len(wanted),
        links_missed=len(wanted - linked),
        links_wrong=len(mixed),
        pairs=len(true),
        pairs_missed=len(true - linked),
    )


class _Owners:
    """Who has the records of the county now."""

    def __init__(self, owners: Mapping[str, str], tokens: Mapping[SourceId, str]) -> None:
        self._owners, self._tokens = owners, tokens

    def of(self, members: Iterable[SourceId]) -> str:
        """The person_key that most of these records have; a record that the hub never saw stands for itself."""
        owners = Counter(self._owners.get(token := self._tokens[sid], f"nobody for {token}") for sid in members)
        return max(owners.items(), key=lambda item: (item[1], item[0]))[0]


def widest_gap(measures: Iterable[Mapping[str, Any] | EquityMeasure]) -> Mapping[str, Any] | None:
    """The measure farthest below its reference group, over all areas; None when no group has one. Groups whose denominator
    cannot be right are left out."""
    rows = [measure.model_dump() if isinstance(measure, EquityMeasure) else measure for measure in measures]
    rated = [
        row
        for row in rows
        if row["area"] == ALL_AREAS
        and row["dimension"] == RACE
        and row["difference_upper"] is not None
        and not row["denominator_suspect"]
    ]
    return min(rated, key=lambda row: row["difference"], default=None)


def _standing(needs: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [need for need in needs if need["state"] in CURRENT_STATES]


def _shown(need: Mapping[str, Any], group: frozenset[str]) -> tuple[Any, ...]:
    named = ("need_id", "support", "state", "urgency", "since", "until", "rule")
    listed = ("reasons", "evidence", "labels", "purposes", "refused_to")
    return (group, *(need[name] for name in named), *(tuple(need[name]) for name in listed))


def _linked(owners: Mapping[str, Hashable]) -> set[Pair]:
    groups: dict[Hashable, list[str]] = {}
    for source_person, owner in owners.items():
        groups.setdefault(owner, []).append(source_person)
    return {frozenset(pair) for group in groups.values() for pair in combinations(group, 2)}
