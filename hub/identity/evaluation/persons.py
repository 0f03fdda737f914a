"""Recall with one vote for each person, and how wide a gap between groups comes of chance alone. Both beside the recall of pairs.

Of pairs, somebody with six records has fifteen votes and somebody with two has one, and a record that strays costs its person five
pairs at once: a gap between groups of a hundred people may be one of them. The studies that these gaps are held against count one
expected link a person: deaths missed by the national index (Patel 2004; Miller 2017, PMC5398181). What answers to that here is the
share of a person's pairs that are found, which is the chance that a link of his, drawn by lot, is.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from math import ceil

from hub.domain.measures import newcombe, wilson
from hub.identity.evaluation.labelled import UNKNOWN, Pair
from hub.identity.evaluation.quality import SMALLEST, Gap, Quality, gap

__all__ = ["Chance", "PersonGap", "Persons", "by_chance", "person_gap", "persons_by"]

_DRAWS = 200
_SEED = 20261124
_SHARE = 0.95
_Found = tuple[float, int]
"""The sum of the shares of so many persons."""


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


def persons_by(people: Iterable[Sequence[str]], found: Set[Pair], true: Set[Pair], group_of: Mapping[str, str]) -> dict[str, Persons]:
    """The persons of each group, who are `people` by the truth: the keys of their records. A person is of the group that most of his
    records tell."""
    shares: dict[str, list[float]] = defaultdict(list)
    person_of = _person_of(people)
    asked, right = Counter(person_of[pair[0]] for pair in true), Counter(person_of[pair[0]] for pair in found & true)
    groups = _groups(person_of, group_of)
    for person, pairs in sorted(asked.items()):
        shares[groups[person]].append(right[person] / pairs)
    return {group: Persons(len(each), sum(each)) for group, each in sorted(shares.items())}


def person_gap(groups: Mapping[str, Persons]) -> PersonGap:
    """The gap between the groups that are known and large enough."""
    compared = {group: each for group, each in groups.items() if group != UNKNOWN and not each.too_small}
    if len(compared) < 2:
        return PersonGap(None)
    least, most = (choose(compared, key=lambda group: (compared[group].recall, group)) for choose in (min, max))
    low, high = compared[least], compared[most]
    return PersonGap(high.recall - low.recall, newcombe(high.found, high.people, low.found, low.people), least)


def by_chance(people: Iterable[Sequence[str]], found: Set[Pair], true: Set[Pair], group_of: Mapping[str, str]) -> Chance:
    """The gaps that lots give. Each person keeps his records and what was made of them, and gets the group of somebody else; whose
    group is unknown takes no part. The lots are the same in every run."""
    person_of = _person_of(people)
    groups = {person: group for person, group in _groups(person_of, group_of).items() if group != UNKNOWN}
    counts: Counter[tuple[int, int]] = Counter()  # right and true of a person, each pair of them as often as there are such
    members = sorted(groups)
    asked, right = Counter(person_of[pair[0]] for pair in true), Counter(person_of[pair[0]] for pair in found & true)
    wrong = [(person_of[left], person_of[right_]) for left, right_ in sorted(found - true)]
    lots, drawn = random.Random(_SEED), [groups[person] for person in members]
    gaps: list[Gap] = []
    for _ in range(_DRAWS):
        lots.shuffle(drawn)
        of = dict(zip(members, drawn, strict=True))
        counts_true: Counter[str] = Counter()
        counts_right: Counter[str] = Counter()
        counts_wrong: Counter[str] = Counter()
        for person, group in of.items():
            counts_true[group] += asked[person]
            counts_right[group] += right[person]
        for one, other in wrong:
            counts_wrong.update({of[person] for person in (one, other) if person in of})
        gaps.append(gap({g: Quality(counts_right[g] + counts_wrong[g], counts_true[g], counts_right[g]) for g in counts_true}))
    return Chance(_most([each.recall for each in gaps]), _most([each.precision for each in gaps]))
