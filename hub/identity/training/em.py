"""EM over patterns of comparison levels: how often each level occurs between records of one person (m), without looking at
any truth.

Candidate pairs are a mixture of classes in which fields are independent (Fellegi and Sunter, JASA 64, 1969, for m and u; EM
for them: Winkler 1988, unverified: from memory). Blocking picks pairs of two people for what they share: relatives for home
and family name, namesakes for their name. Were they one class, independence would not hold within it, and EM would take
them for one person; so they are classes of their own. A field that one side lacks is left out of its pattern's likelihood
and teaches nothing. Pure Python over counts: there are far fewer patterns than pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

__all__ = ["Fit", "Levels", "Pattern", "Shares", "expectation_maximization", "shares"]

Pattern = tuple[str | None, ...]
"""A level for each compared field, in the order of `hub.domain.linkage.comparisons.LEVELS`; None where one side is silent."""
Shares = Mapping[str, Mapping[str, float]]
"""By field and level: the share of the pairs that compare so, of those that both say something."""
Levels = Mapping[str, tuple[str, ...]]
"""The compared fields with all levels of each, in the order of patterns."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The classes in the order of the first guess, as shares of levels, and the share of the pairs that is in each."""

    classes: Sequence[Shares]
    sizes: Sequence[float]
    rounds: int


def expectation_maximization(
    counts: Mapping[Pattern, float],
    levels: Levels,
    guess: Callable[[Pattern], Sequence[float]],
    *,
    most_rounds: int = 100,
    settled: float = 1e-5,
) -> Fit:
    """Fits the classes to the counts of patterns. `guess` tells at first, for a pattern, how probable each class is: it
    says how many classes there are and which is which. Ends when no class's size moves by `settled` or more. ValueError
    where there is no pattern."""
    if not counts:
        raise ValueError("no pairs to fit")
    belonging = {pattern: guess(pattern) for pattern in counts}
    total = sum(counts.values())
    before: list[float] = []
    rounds = 0
    while rounds < most_rounds:
        rounds += 1
        places = range(len(next(iter(belonging.values()))))
        classes = [shares({p: n * belonging[p][place] for p, n in counts.items()}, levels) for place in places]
        sizes = [sum(n * belonging[p][place] for p, n in counts.items()) / total for place in places]
        if before and all(abs(now - old) < settled for now, old in zip(sizes, before, strict=True)):
            break
        before = sizes
        logs = [{f: {level: log(s) for level, s in of.items()} for f, of in one.items()} for one in classes]
        belonging = {pattern: _posterior(pattern, logs, sizes) for pattern in counts}
    return Fit(classes, sizes, rounds)


def shares(counts: Mapping[Pattern, float], levels: Levels, smallest: float = 0.5) -> dict[str, dict[str, float]]:
    """The share of each level among the patterns that have one for the field. `smallest` is added to every level
    (Jeffreys), so that what was never seen is rare and not impossible."""
    found = {field: dict.fromkeys(of, smallest) for field, of in levels.items()}
    for pattern, count in counts.items():
        for field, level in zip(levels, pattern, strict=True):
            if level is not None:
                found[field][level] += count
    return {field: {level: n / sum(of.values()) for level, n in of.items()} for field, of in found.items()}


def _posterior(pattern: Pattern, logs: Sequence[Shares], sizes: Sequence[float]) -> list[float]:
    weights = []
    for of_class, size in zip(logs, sizes, strict=True):
        told = zip(of_class.values(), pattern, strict=True)
        weights.append(log(max(size, 1e-12)) + sum(of[level] for of, level in told if level is not None))
    highest = max(weights)
    odds = [exp(weight - highest) for weight in weights]
    return [each / sum(odds) for each in odds]
