"""Recall with one vote for each person, and how wide a gap between groups comes of chance alone. Both beside the recall of pairs.

Of pairs, somebody with six records has fifteen votes and somebody with two has one, and a record that strays costs its person five
pairs at once: a gap between groups of a hundred people may be one of them. The studies that these gaps are held against count one
expected link a person: deaths missed by the national index (Patel 2004; Miller 2017, PMC5398181). What answers to that here is the
share of a person's pairs that are found, which is the chance that a link of his, drawn by lot, is.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from math import ceil, fsum

from hub.domain.measures import newcombe, wilson
from hub.identity.evaluation.labelled import UNKNOWN, Pair
from hub.identity.evaluation.quality import SMALLEST, Quality, gap

__all__ = ["Chance", "PersonGap", "Persons", "by_chance", "person_gap", "persons_by"]

_DRAWS = 200
_SEED = 20261124
_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Persons:
    """So many `people` of whom a pair was to be found, and the sum of the shares `found` of each."""

    people: int
    found: float

    @property
    def recall(self) -> float:
        return self.found / self.people

    @property
    def too_small(self) -> bool:
        """Whether these are too few people to compare the group with another."""
        return self.people < SMALLEST

    def as_json(self) -> dict[str, object]:
        """`recall_interval`: Wilson's, 95 %, of persons who are independent of one another. Shares vary no more than yes and no, so
        that it is rather too wide."""
        within = wilson(self.found, self.people)
        return {
            "people": self.people,
            "recall": self.recall,
            "recall_interval": list(within) if within else None,
            "too_small": self.too_small,
        }


@dataclass(frozen=True, slots=True)
class PersonGap:
    """Highest minus lowest recall of groups of `SMALLEST` persons or more, with Newcombe's interval and the group of the lowest."""

    recall: float | None
    interval: tuple[float, float] | None = None
    least_found: str | None = None


@dataclass(frozen=True, slots=True)
class Chance:
    """The gaps of pairs that 19 of 20 draws do not exceed where lots say which person is of which group, so that no group is found
    less than another but by chance. None where no gap is."""

    recall: float | None
    precision: float | None


def persons_by(
    people: Iterable[Iterable[str]], found: Set[Pair], true: Set[Pair], group_of: Mapping[str, str]
) -> dict[str, Persons]:
    """The persons of each group. `people`: the keys of the records of each, by the truth. A person is of the group that most of his
    records tell."""
    person_of, groups = _persons(people, group_of)
    asked, right = _counted(true, person_of), _counted(found & true, person_of)
    shares: dict[str, list[float]] = defaultdict(list)
    for person, pairs in asked.items():
        shares[groups[person]].append(right[person] / pairs)
    return {group: Persons(len(each), fsum(each)) for group, each in sorted(shares.items())}


def person_gap(groups: Mapping[str, Persons]) -> PersonGap:
    """The gap between the groups that are known and large enough."""
    compared = {group: each for group, each in groups.items() if group != UNKNOWN and not each.too_small}
    if len(compared) < 2:
        return PersonGap(None)
    least, most = (choose(compared, key=lambda group: (compared[group].recall, group)) for choose in (min, max))
    low, high = compared[least], compared[most]
    return PersonGap(high.recall - low.recall, newcombe(high.found, high.people, low.found, low.people), least)


def by_chance(
    people: Iterable[Iterable[str]], found: Set[Pair], true: Set[Pair], group_of: Mapping[str, str]
) -> Chance:
    """The gaps that lots give. Each person keeps his records and what was made of them, and gets the group of somebody else; whose
    group is unknown takes no part. The lots are the same in every run."""
    person_of, groups = _persons(people, group_of)
    members = [person for person, group in enumerate(groups) if group != UNKNOWN]
    drawn = [groups[person] for person in members]
    asked, right = _counted(true, person_of), _counted(found & true, person_of)
    wrong = [{person_of[left], person_of[other]}.intersection(members) for left, other in found - true]
    lots, gaps = random.Random(_SEED), []
    for _ in range(_DRAWS):
        lots.shuffle(drawn)
        of = dict(zip(members, drawn, strict=True))
        rightly, truly, wrongly = Counter[str](), Counter[str](), Counter[str]()
        for person, group in of.items():
            truly[group] += asked[person]
            rightly[group] += right[person]
        for both in wrong:
            wrongly.update({of[person] for person in both})
        gaps.append(
            gap({group: Quality(rightly[group] + wrongly[group], truly[group], rightly[group]) for group in truly})
        )
    return Chance(_seldom_exceeded([each.recall for each in gaps]), _seldom_exceeded([each.precision for each in gaps]))


def _persons(people: Iterable[Iterable[str]], group_of: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    """Whose each record is, by number, and the group of each."""
    person_of: dict[str, int] = {}
    groups = []
    for number, keys in enumerate(people):
        told: Counter[str] = Counter()
        for key in keys:
            person_of[key] = number
            told[group_of.get(key, UNKNOWN)] += 1
        del told[UNKNOWN]
        groups.append(max(told, key=lambda group: (told[group], group), default=UNKNOWN))
    return person_of, groups


def _counted(pairs: Set[Pair], person_of: Mapping[str, int]) -> Counter[int]:
    return Counter(person_of[left] for left, _ in pairs)


def _seldom_exceeded(values: Iterable[float | None]) -> float | None:
    told = sorted(value for value in values if value is not None)
    return told[ceil(_SHARE * len(told)) - 1] if told else None
