"""Precision, recall and F1 of pairs, with 95 % Wilson intervals, and the gaps between groups of people.

A pair belongs to the group of each of its records, to one group where both have the same or only one is known. So a missed pair
between two groups counts against both. The gaps leave out records of unknown group and groups of fewer than `SMALLEST` true pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass

from hub.domain.measures import newcombe, wilson
from hub.identity.evaluation.labelled import UNKNOWN, Pair

__all__ = ["SMALLEST", "Gap", "Quality", "by_group", "gap", "quality"]

SMALLEST = 30
"""True pairs below which a group's recall is told but compared with nobody's (equity-identity.md A3: n >= 30)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Counts of pairs: `found` by the linkage, `true` by the labels, `right` both. A share of nothing is None."""

    found: int
    true: int
    right: int

    @property
    def precision(self) -> float | None:
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        return self.right / self.true if self.true else None

    @property
    def f1(self) -> float | None:
        return 2 * self.right / (self.found + self.true) if self.found + self.true else None

    def as_json(self) -> dict[str, object]:
        """Shares as they are, not rounded; intervals as [lower, upper], or None where there is no share."""
        precise, recalled = wilson(self.right, self.found), wilson(self.right, self.true)
        return {
            "precision": self.precision,
            "precision_interval": list(precise) if precise else None,
            "recall": self.recall,
            "recall_interval": list(recalled) if recalled else None,
            "f1": self.f1,
            "found_pairs": self.found,
            "true_pairs": self.true,
            "right_pairs": self.right,
        }

    @property
    def too_small(self) -> bool:
        """Whether these are too few true pairs to compare the group with another."""
        return self.true < SMALLEST


@dataclass(frozen=True, slots=True)
class Gap:
    """Highest minus lowest share among groups that may be compared; None where fewer than two have one. `least_precise` and
    `least_found` name the groups with the lowest. Intervals of the difference are Newcombe's, 95 %; that these are the two furthest
    apart of several they do not know, nor that the pairs of one person hang together: they are rather too narrow."""

    precision: float | None
    recall: float | None
    least_precise: str | None = None
    least_found: str | None = None
    precision_interval: tuple[float, float] | None = None
    recall_interval: tuple[float, float] | None = None


def quality(found: Set[Pair], true: Set[Pair]) -> Quality:
    return Quality(len(found), len(true), len(found & true))


def by_group(found: Set[Pair], true: Set[Pair], group_of: Mapping[str, str]) -> dict[str, Quality]:
    """The quality for each group, by its name; `group_of` names the group of each record, UNKNOWN where it has none."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for place, pairs in enumerate((found, true, found & true)):
        for pair in pairs:
            for group in _groups(pair, group_of):
                counts[group][place] += 1
    return {group: Quality(*counts[group]) for group in sorted(counts)}


def gap(groups: Mapping[str, Quality]) -> Gap:
    compared = {group: each for group, each in groups.items() if group != UNKNOWN and not each.too_small}
    precision, least_precise, precision_within = _spread(
        {group: (each.right, each.found) for group, each in compared.items()}
    )
    recall, least_found, recall_within = _spread({group: (each.right, each.true) for group, each in compared.items()})
    return Gap(precision, recall, least_precise, least_found, precision_within, recall_within)


def _groups(pair: Pair, group_of: Mapping[str, str]) -> Set[str]:
    both = {group_of.get(key, UNKNOWN) for key in pair}
    return both - {UNKNOWN} or both


def _spread(groups: Mapping[str, tuple[int, int]]) -> tuple[float | None, str | None, tuple[float, float] | None]:
    """Of (part, whole) by group: the difference of the highest and the lowest share, whose the lowest is, and the interval."""
    shares = {group: part / whole for group, (part, whole) in groups.items() if whole}
    if len(shares) < 2:
        return None, None, None
    least, most = (choose(shares, key=lambda group: (shares[group], group)) for choose in (min, max))
    return shares[most] - shares[least], least, newcombe(*groups[most], *groups[least])
