"""The truth: what the county knows, worked out from its ledger by rules of its own, to be compared with what the hub finds.

`clusters` are the records that agree exactly (normalised name and birth date) and so must become one person; needs are expected of
clusters. Where a clerk's error keeps a record apart, what would follow if it were joined is listed as `hard`: finding it is right,
missing it is no fault.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.synthetic.facts import Ledger, SourceId
from hub.synthetic.faults import Planted
from hub.synthetic.people import Person
from hub.synthetic.places import LAST_DAY
from hub.synthetic.reckoning import ExpectedNeed, Link, Reckoning, Window, pairs

__all__ = ["ExpectedNeed", "Truth", "Window", "truth_of"]


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that can be checked, as of the end of `as_of`. People are named by their index in `County.people`."""

    as_of: date
    who: dict[int, tuple[SourceId, ...]]  # every record of a person, also those which no reader may keep
    person_of: dict[SourceId, int]
    optional: frozenset[SourceId]  # only ever cancelled or rehearsed: a reader may make a person of them, or not
    refused: frozenset[SourceId]  # did not consent: no reader may know them
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
    work = Reckoning(ledger, people)
    clusters = work.clusters()
    needs = [need for cluster in clusters for need in work.needs(cluster, withdrawn=False)]
    found = {(need.person, need.support) for need in needs}
    whole = {person: frozenset(sids) & work.accepted for person, sids in work.who.items()}
    hard = [
        n for sids in whole.values() for n in work.needs(sids, withdrawn=False) if (n.person, n.support) not in found
    ]
    withdrawn = [need for cluster in clusters for need in work.needs(cluster, withdrawn=True)]
    expected = frozenset(pairs(clusters))
    windows = {
        person: window for person, sids in whole.items() if (window := work.window(sids, withdrawn=False)) is not None
    }
    refused = frozenset(screening.sid for screening in ledger.screenings if not screening.consent) - work.accepted
    rejected: dict[str, Counter[str]] = defaultdict(Counter)
    for fault in planted:
        rejected[fault.connector][fault.reason] += fault.records
    return Truth(
        as_of=LAST_DAY,
        who={person: tuple(sids) for person, sids in sorted(work.who.items())},
        person_of={sid: person for person, sids in work.who.items() for sid in sids},
        optional=frozenset(ledger.registrations) - work.accepted - refused,
        refused=refused,
        clusters=tuple(sorted(clusters, key=sorted)),
        expected_links=expected,
        hard_links=frozenset(pairs(whole.values())) - expected,
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
