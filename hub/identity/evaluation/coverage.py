"""What missed and wrong links do to coverage: a dose that does not reach its person looks like a dose not given.

Made-up doses for real or made-up labels: of the people with two records or more, six of ten in every group had a dose, told by one
of their records alone; each is asked about under another one. True coverage is so the same in all groups, and every difference in
what is found comes from the links (equity-identity.md requirement 22; B3: "missed links look like unvaccinated").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from hub.domain.measures import wilson
from hub.identity.evaluation.labelled import UNKNOWN, LabelledSet, Pair, together
from hub.identity.evaluation.quality import SMALLEST

__all__ = ["Coverage", "Doses", "coverage_by", "doses_of", "ratios"]

_DOSED, _OF = 3, 5
"""So many of so many people of each group had a dose."""


@dataclass(frozen=True, slots=True)
class Doses:
    """`asked`: the record under which each person is asked about; `told`: the record that tells of the dose, by the record asked
    about, of those who had one."""

    asked: Sequence[str]
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """`people` asked about, of whom so many `dosed` in truth, and so many `linked` to a dose, theirs or another's."""

    people: int
    dosed: int
    linked: int

    def as_json(self) -> dict[str, object]:
        within = wilson(self.linked, self.people)
        return {
            "people": self.people,
            "true": self.dosed / self.people,
            "found": self.linked / self.people,
            "found_interval": list(within) if within else None,
            "too_small": self.people < SMALLEST,
        }


def doses_of(labelled: LabelledSet, group_of: Mapping[str, str]) -> Doses:
    """The doses, given out by counting through each group in the order of records: no chance is in it.

    The first record of a person is asked about, the last tells of the dose; of two files one of the first and one of the second.
    """
    sides = {record.key: record.side for record in labelled.records}
    counted: dict[str, int] = defaultdict(int)
    asked, told = [], {}
    for person in together([record.key for record in labelled.records], labelled.truth):
        first, last = person[0], person[-1]
        if first == last or (labelled.two_files and sides[first] == sides[last]):
            continue
        group = group_of.get(first, UNKNOWN)
        asked.append(first)
        if counted[group] % _OF < _DOSED:
            told[first] = last
        counted[group] += 1
    return Doses(asked, told)


def coverage_by(labelled: LabelledSet, found: Set[Pair], group_of: Mapping[str, str]) -> dict[str, Coverage]:
    """The coverage of each group, by the record asked about."""
    doses = doses_of(labelled, group_of)
    asked, telling = set(doses.asked), set(doses.told.values())
    linked = {one for pair in found for one, other in (pair, pair[::-1]) if one in asked and other in telling}
    members: dict[str, list[str]] = defaultdict(list)
    for key in doses.asked:
        members[group_of.get(key, UNKNOWN)].append(key)
    return {
        group: Coverage(len(keys), sum(key in doses.told for key in keys), sum(key in linked for key in keys))
        for group, keys in sorted(members.items())
    }


def ratios(groups: Mapping[str, Coverage]) -> dict[str, tuple[float, float]]:
    """The coverage of each group over that of the group with the most people, in truth and as found. Without those of unknown
    group, groups of fewer than `SMALLEST` people, and a reference in which nobody had a dose."""
    compared = {group: each for group, each in groups.items() if group != UNKNOWN and each.people >= SMALLEST}
    if not compared:
        return {}
    base = max(compared.values(), key=lambda each: each.people)
    if not base.dosed or not base.linked:
        return {}
    return {
        group: (
            each.dosed / each.people / (base.dosed / base.people),
            each.linked / each.people / (base.linked / base.people),
        )
        for group, each in compared.items()
    }
