"""The truth: what the county knows, worked out from its ledger by rules of its own, to be compared with what the hub finds.

`clusters` are the records that agree exactly (normalised name and birth date) and so must become one person; needs are expected of
clusters. Where a clerk's error keeps a record apart, what would follow if it were joined is listed as `hard`: finding it is right,
missing it is no fault.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, NamedTuple

from hub.synthetic.evidence import ISOLATION, Known, known_of, lacks_food, lacks_place
from hub.synthetic.facts import LabOrder, Ledger, Monitoree, SourceId, Stay
from hub.synthetic.faults import Planted
from hub.synthetic.people import Person, name_key
from hub.synthetic.places import ISOLATION_PROJECT, LAST_DAY

__all__ = ["ExpectedNeed", "Truth", "Window", "truth_of"]

Link = tuple[SourceId, SourceId]


class Window(NamedTuple):
    """Isolation from `start` (day 0) to `until`, both included."""

    start: date
    until: date


class ExpectedNeed(NamedTuple):
    """`person` (or a part of their records, `members`) must isolate and lacks `support`: place or food.

    `state` on the last day: open, helped (a stay at the isolation site began during isolation: `helped_on`), ended
    (isolation was over first) or withdrawn (the result was corrected away).
    """

    person: int
    support: str
    since: date
    until: date
    state: str
    helped_on: date | None
    members: frozenset[SourceId]

    def plain(self) -> dict[str, Any]:
        """Ready for JSON, records sorted."""
        return {
            "support": self.support,
            "state": self.state,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "records": [list(sid) for sid in sorted(self.members)],
        }


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that can be checked, as of the end of `as_of`. People are named by their index in `County.people`."""

    as_of: date
    who: dict[int, tuple[SourceId, ...]]  # every record of a person, also those which no reader may keep
    person_of: dict[SourceId, int]
    clusters: tuple[frozenset[SourceId], ...]
    expected_links: frozenset[Link]  # pairs in sorted order
    hard_links: frozenset[Link]
    must_isolate: dict[int, Window]
    nights: dict[int, dict[date, str]]  # who slept where: project by night
    lacks_food: frozenset[int]  # told some screening so
    needs_ever: tuple[ExpectedNeed, ...]
    needs_open: tuple[ExpectedNeed, ...]
    needs_hard: tuple[ExpectedNeed, ...]
    needs_withdrawn: tuple[ExpectedNeed, ...]
    tested: frozenset[int]
    positive: frozenset[int]
    vaccinated: dict[tuple[str, str], int]  # (group as reported by joined records, county FIPS): clusters with a dose
    rejected: dict[str, dict[str, int]]  # planted: connector, reason family, how many
    planted: tuple[Planted, ...]

    def same_person(self, left: SourceId, right: SourceId) -> bool:
        """Whether both records are of one person: decides whether a found link is wrong. KeyError: no such record."""
        return self.person_of[left] == self.person_of[right]

    def summary(self) -> dict[str, Any]:
        """What must be found, in numbers and as needs by records, ready for JSON."""
        return {
            "as_of": self.as_of.isoformat(),
            "tested": len(self.tested),
            "positive": len(self.positive),
            "clusters": len(self.clusters),
            "links_expected": len(self.expected_links),
            "links_hard": len(self.hard_links),
            "needs_expected": len(self.needs_ever),
            "needs_open": len(self.needs_open),
            "needs_hard": len(self.needs_hard),
            "needs_withdrawn": len(self.needs_withdrawn),
            "rejected": self.rejected,
            "vaccinated": [[group, area, count] for (group, area), count in self.vaccinated.items()],
            "needs": [need.plain() for need in self.needs_ever],
        }


def truth_of(ledger: Ledger, people: Sequence[Person], planted: Sequence[Planted]) -> Truth:
    """The truth of a finished ledger."""
    work = _Work(ledger, people)
    clusters = work.clusters()
    needs = [need for cluster in clusters for need in work.needs(cluster, withdrawn=False)]
    found = {(need.person, need.support) for need in needs}
    whole = {person: frozenset(sids) & work.accepted for person, sids in work.who.items()}
    hard = [
        n for sids in whole.values() for n in work.needs(sids, withdrawn=False) if (n.person, n.support) not in found
    ]
    withdrawn = [need for cluster in clusters for need in work.needs(cluster, withdrawn=True)]
    expected = frozenset(_pairs(clusters))
    windows = {
        person: window for person, sids in whole.items() if (window := work.window(sids, withdrawn=False)) is not None
    }
    rejected: dict[str, Counter[str]] = defaultdict(Counter)
    for fault in planted:
        rejected[fault.connector][fault.reason] += fault.records
    return Truth(
        as_of=LAST_DAY,
        who={person: tuple(sids) for person, sids in sorted(work.who.items())},
        person_of={sid: person for person, sids in work.who.items() for sid in sids},
        clusters=tuple(sorted(clusters, key=sorted)),
        expected_links=expected,
        hard_links=frozenset(_pairs(whole.values())) - expected,
        must_isolate=windows,
        nights=work.nights(),
        lacks_food=frozenset(ledger.registrations[sid].person for sid, known in work.known.items() if known.food),
        needs_ever=tuple(needs),
        needs_open=tuple(need for need in needs if need.state == "open"),
        needs_hard=tuple(hard),
        needs_withdrawn=tuple(withdrawn),
        tested=frozenset(
            ledger.registrations[o.sid].person for o in ledger.orders if not o.serology and not o.test_message
        ),
        positive=frozenset(windows),
        vaccinated=work.vaccinated(clusters),
        rejected={connector: dict(reasons) for connector, reasons in sorted(rejected.items())},
        planted=tuple(planted),
    )


class _Work:
    """The ledger by record."""

    def __init__(self, ledger: Ledger, people: Sequence[Person]) -> None:
        self.ledger = ledger
        self.people = people
        self.known: dict[SourceId, Known] = known_of(ledger)
        self.orders: dict[SourceId, list[LabOrder]] = defaultdict(list)
        self.cases: dict[SourceId, Monitoree] = {}
        self.stays: dict[SourceId, list[Stay]] = defaultdict(list)
        self.who: dict[int, list[SourceId]] = defaultdict(list)
        for order in ledger.orders:
            self.orders[order.sid].append(order)
        for monitoree in ledger.monitorees:
            if monitoree.states[-1].isolation:
                self.cases[monitoree.sid] = monitoree
        for stay in ledger.stays:
            self.stays[stay.sid].append(stay)
        self.accepted = self._accepted()
        for sid in sorted(ledger.registrations):
            self.who[ledger.registrations[sid].person].append(sid)

    def _accepted(self) -> frozenset[SourceId]:
        """Records of which every reader must keep something: not those that only refused consent, were cancelled or rehearsed."""
        ledger = self.ledger
        sure = {order.sid for order in ledger.orders if not order.test_message}
        sure |= (
            {stay.sid for stay in ledger.stays}
            | {dose.sid for dose in ledger.doses}
            | {monitoree.sid for monitoree in ledger.monitorees}
        )
        return frozenset(sure | {s.sid for s in ledger.screenings if s.consent and not s.cancelled})

    def clusters(self) -> list[frozenset[SourceId]]:
        """Records that agree exactly, together; one without a birth date stays alone."""
        groups: dict[tuple[str, ...], set[SourceId]] = defaultdict(set)
        for sid in sorted(self.accepted):
            record = self.ledger.registrations[sid]
            key = name_key(record.given, record.family, record.birth_date)
            groups[key if record.birth_date else (*key, *sid)].add(sid)
        return [frozenset(group) for group in groups.values()]

    def window(self, sids: Iterable[SourceId], *, withdrawn: bool) -> Window | None:
        """When the person of these records must isolate: ten days after the reported onset, else after the first specimen."""
        onsets: list[date] = []
        firsts: list[date] = []
        for sid in sids:
            for order in self.orders.get(sid, ()):
                if order.was_positive() if withdrawn else order.positive():
                    firsts.append(order.collected_at.date())
                    onsets += [order.onset] if order.onset else []
            case = self.cases.get(sid)
            if case is not None:
                last = case.states[-1]
                onsets += [last.onset] if last.onset else []
                firsts.append(case.lab[0] if case.lab else case.states[0].at.date())
        if not firsts:
            return None
        start = min(onsets) if onsets else min(firsts)
        return Window(start, start + ISOLATION)

    def needs(self, sids: frozenset[SourceId], *, withdrawn: bool) -> list[ExpectedNeed]:
        """What follows from these records taken together; `withdrawn`: what followed until a correction took the ground away."""
        window = self.window(sids, withdrawn=withdrawn)
        if window is None or (withdrawn and self.window(sids, withdrawn=False) is not None):
            return []
        place = [day for sid in sids if sid in self.known for day in self.known[sid].place]
        food = [day for sid in sids if sid in self.known for day in self.known[sid].food]
        told = any(order.congregate and order.positive() for sid in sids for order in self.orders.get(sid, ()))
        helped = min(
            (
                s.entry
                for sid in sids
                for s in self.stays.get(sid, ())
                if s.project == ISOLATION_PROJECT and window.start <= s.entry <= window.until
            ),
            default=None,
        )
        needs = []
        if told or lacks_place(place, *window):
            needs.append(self._need(sids, "place", window, helped, withdrawn))
        if lacks_food(food, *window):
            needs.append(self._need(sids, "food", window, None, withdrawn))
        return needs

    def _need(
        self, sids: frozenset[SourceId], support: str, window: Window, helped: date | None, withdrawn: bool
    ) -> ExpectedNeed:
        state = "withdrawn" if withdrawn else "helped" if helped else "ended" if window.until < LAST_DAY else "open"
        return ExpectedNeed(self.ledger.registrations[min(sids)].person, support, *window, state, helped, sids)

    def nights(self) -> dict[int, dict[date, str]]:
        """Project by person and night; a night at the isolation site is spent nowhere else."""
        nights: dict[int, dict[date, str]] = defaultdict(dict)
        for stay in sorted(self.ledger.stays, key=lambda stay: stay.project == ISOLATION_PROJECT):
            for night in stay.slept(LAST_DAY):
                nights[self.ledger.registrations[stay.sid].person][night] = stay.project
        return dict(nights)

    def vaccinated(self, clusters: Iterable[frozenset[SourceId]]) -> dict[tuple[str, str], int]:
        """Every cluster once, however many doses or repeats; race is unknown where no joined record tells it."""
        dosed = {dose.sid for dose in self.ledger.doses if not dose.refused}
        counts: Counter[tuple[str, str]] = Counter()
        for cluster in clusters:
            if cluster & dosed:
                person = self.people[self.ledger.registrations[min(cluster)].person]
                told = any(self.ledger.registrations[sid].race_known for sid in cluster)
                counts[person.group if told else "unknown", person.area.fips] += 1
        return dict(sorted(counts.items()))


def _pairs(groups: Iterable[frozenset[SourceId]]) -> Iterable[Link]:
    for group in groups:
        yield from combinations(sorted(group), 2)
