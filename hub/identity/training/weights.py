"""From shares to weights: log2(m/u) for every level, and how common names are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.comparisons import LEVELS
from hub.identity.training.em import Pattern, Shares, shares
from hub.identity.training.evidence import Evidence

__all__ = ["CHOSEN", "MOST_AGAINST", "SEEN_ENOUGH", "Names", "Weights", "name_shares", "names_of", "weights"]

Weights = dict[str, dict[str, float]]
SEEN_ENOUGH = 5
"""A level seen in fewer pairs than this, of one person and of strangers alike, keeps the weight that it had: there is
nothing to learn."""
MOST_AGAINST = -5.5
"""No single field speaks more against one person than this many bits: made-up records have fewer kinds of errors than life.
Chosen."""
CHOSEN = {("birth_date", "new-year"): 7.0, ("given", "crossed"): 2.6, ("family", "crossed"): 2.6}
"""Cells that are not learnt. 1 January of one year says hardly more than the year: shelters write it for every sixth person and the
made-up sources do for few. Names that cross do not occur among the made-up people: half of one name's agreement, less the other's
conflict."""
_ONE_EVENT = {("given", "swapped"), ("family", "swapped")}
"""Levels that always come together: each gets half of what the exchange says."""
_NAMES = ("given", "family")
_RARER = 1.0
"""Names that no two of the people bear are taken to be borne by one in as many people as there are, not by nobody else."""


def weights(
    m: Shares,
    found: Evidence,
    of_one_person: float,
    names: Names,
    former: Mapping[str, Mapping[str, float]],
) -> Weights:
    """A weight for every level. `of_one_person`: how many of the candidates are. An agreement on a name that is not
    among the common ones weighs as one on a name of average rarity among the others: `LinkModel.discount` takes off for the common
    ones. Exchanged names agree by chance as often as both names do, each in the other's field."""
    u = shares(found.strangers, LEVELS)
    told = _told(found.candidates)
    told_by_strangers = _told(found.strangers)
    learnt: Weights = {field: {} for field in LEVELS}
    total = sum(found.candidates.values())
    for field, levels in LEVELS.items():
        for level in levels:
            by_chance = found.equal_by_chance.get(field) if level == "exact" else None
            if level == "swapped":
                by_chance = names.rare["given"] * names.rare["family"]
            elif level == "exact" and field in _NAMES:
                by_chance = names.rare[field]
            seen = m[field][level] * told[field] * of_one_person / total, u[field][level] * told_by_strangers[field]
            if by_chance is None and max(seen) < SEEN_ENOUGH:
                learnt[field][level] = former[field][level]
                continue
            if (field, level) in CHOSEN:
                learnt[field][level] = CHOSEN[field, level]
                continue
            bits = log2(m[field][level] / (by_chance or u[field][level]))
            learnt[field][level] = round(max(bits / 2 if (field, level) in _ONE_EVENT else bits, MOST_AGAINST), 2)
    return learnt


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of names: `shares` of the common ones, by field and name; `rare`, how often strangers agree on a name that is
    not among them, given that one of them bears such a name; `together`, how many bits less two common names say than each by
    itself, since names of one community go together."""

    shares: Mapping[str, Mapping[str, float]]
    rare: Mapping[str, float]
    together: float


def names_of(people: Sequence[Comparable], carriers: int, former: Mapping[str, Mapping[str, float]]) -> Names:
    """The names of these people, one comparable each; for `carriers` and `former` see `name_shares`."""
    shares_of_names = name_shares(people, carriers, former)
    rare = {}
    for field in _NAMES:
        bearers = Counter(name for one in people for name in set(getattr(one, field)))
        unlisted = [n for name, n in bearers.items() if name not in shares_of_names[field]]
        again = sum(n * (n - 1) for n in unlisted) / max(1, sum(unlisted)) / max(1, len(people) - 1)
        least = min(shares_of_names[field].values(), default=1 / len(people))
        rare[field] = min(least, max(again, 1 / (_RARER * len(people))))
    return Names(shares_of_names, rare, _together(people))


def _together(people: Sequence[Comparable]) -> float:
    """log2 of how much more often two people have both names in common than if names were given by lot; 0 where less often."""
    pairs = len(people) * (len(people) - 1)
    alike = [
        sum(n * (n - 1) for n in Counter(key for one in people for key in keys(one)).values()) / pairs
        for keys in (
            lambda one: set(one.given),
            lambda one: set(one.family),
            lambda one: {(given, family) for given in one.given for family in one.family},
        )
    ]
    return round(max(0.0, log2(alike[2] / (alike[0] * alike[1]))), 2) if all(alike) else 0.0


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
