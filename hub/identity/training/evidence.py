"""What a labelled set of records shows about comparisons: how often each level occurs in candidate pairs and in pairs of
strangers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from random import Random

from hub.domain.linkage.blocking import candidate_pairs
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.comparisons import LEVELS
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.scoring import Score, score
from hub.domain.linkage.shared import SharedValue, shared_values
from hub.identity.training.em import Pattern

__all__ = ["Evidence", "evidence", "pattern_of"]

_EXACT = ("ssn", "phone", "email", "address")
"""Fields whose equal values always make a block, so that chance agreement is counted over all pairs and not over a sample."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Patterns of the candidates that no veto decides, of pairs of strangers drawn at random, and the share of all
    pairs of strangers with one value, for fields of which equal values make a block."""

    candidates: Mapping[Pattern, int]
    strangers: Mapping[Pattern, int]
    equal_by_chance: Mapping[str, float]


def evidence(
    comparables: Mapping[str, Comparable], same: Set[tuple[str, str]], model: LinkModel, *, draws: int, seed: int
) -> Evidence:
    """Counts over one set. `same`: its pairs of one person, by ids, the smaller first; they only keep people from being
    counted as strangers of themselves. `model` says what a shared value is and which pairs vetoes decide; its weights
    matter to nothing."""
    shared = shared_values(comparables.values(), model.shared_over)
    candidates: Counter[Pattern] = Counter()
    equal: Counter[str] = Counter()
    for left, right in candidate_pairs(comparables):
        found = score(comparables[left], comparables[right], model, shared)
        if (left, right) not in same:
            equal.update(part.field for part in found.parts if part.level == "exact" and part.field in _EXACT)
        if found.veto is None:
            candidates[pattern_of(found)] += 1
    return Evidence(
        candidates, _strangers(comparables, same, model, shared, draws, seed), _by_chance(comparables, equal)
    )


def pattern_of(found: Score) -> Pattern:
    """The levels that counted in a score."""
    levels = {part.field: part.level for part in found.parts if part.field in LEVELS}
    return tuple(levels.get(field) for field in LEVELS)


def _strangers(
    comparables: Mapping[str, Comparable],
    same: Set[tuple[str, str]],
    model: LinkModel,
    shared: Set[SharedValue],
    draws: int,
    seed: int,
) -> Counter[Pattern]:
    rng, ids = Random(seed), sorted(comparables)
    found: Counter[Pattern] = Counter()
    for _ in range(draws):
        left, right = rng.choice(ids), rng.choice(ids)
        if left != right and (min(left, right), max(left, right)) not in same:
            found[pattern_of(score(comparables[left], comparables[right], model, shared))] += 1
    return found


def _by_chance(comparables: Mapping[str, Comparable], equal: Mapping[str, int]) -> dict[str, float]:
    found = {}
    for field in _EXACT:
        told = sum(getattr(one, field) is not None for one in comparables.values())
        found[field] = (equal.get(field, 0) + 0.5) / max(1.0, told * (told - 1) / 2)
    return found
