"""From shares to weights: log2(m/u) for every level, and how common names are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import log2

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.comparisons import LEVELS
from hub.identity.training.em import Pattern, Shares, shares
from hub.identity.training.evidence import Evidence

__all__ = ["MOST_AGAINST", "SEEN_ENOUGH", "Weights", "name_shares", "weights"]

Weights = dict[str, dict[str, float]]
SEEN_ENOUGH = 5
"""A level seen in fewer pairs than this, of one person and of strangers alike, keeps the weight that it had: there is
nothing to learn."""
MOST_AGAINST = -7.0
"""No single field speaks more against one person than this many bits: made-up records have fewer kinds of errors than life.
Chosen."""
_ONE_EVENT = {("given", "swapped"), ("family", "swapped")}
"""Levels that always come together: each gets half of what the exchange says."""
_NAMES = ("given", "family")


def weights(
    m: Shares,
    found: Evidence,
    of_one_person: float,
    names: Mapping[str, Mapping[str, float]],
    former: Mapping[str, Mapping[str, float]],
) -> Weights:
    """A weight for every level. `of_one_person`: how many of the candidates are. An agreement on a name that is not
    among the common ones (`names`, as by `name_shares`) weighs as one on the least common of those:
    `LinkModel.discount` takes off for the others."""
    u = shares(found.strangers, LEVELS)
    told = _told(found.candidates)
    told_by_strangers = _told(found.strangers)
    learnt: Weights = {field: {} for field in LEVELS}
    total = sum(found.candidates.values())
    for field, levels in LEVELS.items():
        for level in levels:
            by_chance = found.equal_by_chance.get(field) if level == "exact" else None
            seen = m[field][level] * told[field] * of_one_person / total, u[field][level] * told_by_strangers[field]
            if by_chance is None and max(seen) < SEEN_ENOUGH:
                learnt[field][level] = former[field][level]
                continue
            if level == "exact" and field in _NAMES and names.get(field):
                by_chance = min(names[field].values())
            bits = log2(m[field][level] / (by_chance or u[field][level]))
            learnt[field][level] = round(max(bits / 2 if (field, level) in _ONE_EVENT else bits, MOST_AGAINST), 2)
    return learnt


def name_shares(
    people: Iterable[Comparable], carriers: int, former: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """By field and normalised name the share of these people who bear it, for names that at least `carriers` bear: a rarer one is
    nobody else's business. Of a name that `former` has too the larger share is taken."""
    bearers: dict[str, Counter[str]] = {field: Counter() for field in _NAMES}
    count = 0
    for one in people:
        count += 1
        bearers["given"].update(set(one.given))
        bearers["family"].update(set(one.family))
    found = {}
    for field in _NAMES:
        told = {name: n / count for name, n in bearers[field].items() if n >= carriers and len(name) > 1}
        known = former.get(field, {})
        found[field] = {
            name: round(max(told.get(name, 0.0), known.get(name, 0.0)), 5) for name in sorted({*told, *known})
        }
    return found


def _told(counts: Mapping[Pattern, int]) -> dict[str, int]:
    found = dict.fromkeys(LEVELS, 0)
    for pattern, count in counts.items():
        for field, level in zip(LEVELS, pattern, strict=True):
            if level is not None:
                found[field] += count
    return found
