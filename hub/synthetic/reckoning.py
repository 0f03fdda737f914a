"""The rules of truth: which records are one person, who must isolate, what they lack; a reckoning of the county's own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import combinations
from typing import Any, NamedTuple

from hub.synthetic.evidence import ISOLATION, Known, known_of, lacks_food, lacks_place
from hub.synthetic.facts import LabOrder, Ledger, Monitoree, SourceId, Stay
from hub.synthetic.people import Person
from hub.synthetic.places import ISOLATION_PROJECT, LAST_DAY
from hub.synthetic.spelling import name_key

__all__ = ["ExpectedNeed", "Link", "Reckoning", "Window", "pairs"]

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


class Reckoning:
    """The ledger by record, and the rules over any set of records."""

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


def pairs(groups: Iterable[frozenset[SourceId]]) -> Iterable[Link]:
    for group in groups:
        yield from combinations(sorted(group), 2)
