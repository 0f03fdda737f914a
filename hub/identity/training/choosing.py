"""Thresholds chosen on labelled records: the most pairs of one person found among the settings that unite wrongly at most
one pair in a hundred."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from math import log2

from hub.domain.linkage.blocking import candidate_pairs
from hub.domain.linkage.clusters import link_comparables
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.scoring import score
from hub.domain.linkage.shared import shared_values
from hub.identity.evaluation.labelled import Pair, asked_pairs
from hub.identity.evaluation.quality import Quality, quality

__all__ = ["CHAIN", "MARGIN", "PRECISION", "Chosen", "chosen", "linked"]

PRECISION = 0.99
"""Of the pairs united, among people with more twins and namesakes than a benchmark has; chosen."""
_CONTACT = (10.0, 12.0)
_MATCH = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Bits above the prior odds: a pair on the threshold is four times likelier one person than two, or more."""
MARGIN = 1.5
CHAIN = 3.5
"""Of the model: two candidates this close wait for a person, and members of one person say at least this much for one another, so
that a record that knows little does not join two who contradict one another. Chosen; less parts fewer and unites more wrongly."""
_REVIEW_WORTH = 1 / 3
"""Of the pairs that the last whole bit of the review window adds, the share that must be of one person: a reviewer's time
is short."""
_LOWEST_REVIEW = 8


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model with the thresholds set, and how it does on the records on which they were chosen."""

    model: LinkModel
    quality: Quality


def chosen(comparables: Mapping[str, Comparable], true: Set[Pair], model: LinkModel) -> Chosen:
    """Sets `match` and `contact_most`, then `review` of a model, with MARGIN and CHAIN. `true`: pairs of the ids of
    `comparables`, all of one person, the smaller id first. Where no setting reaches PRECISION the most precise one is
    taken."""
    best = _best(_grid(model), comparables, true)
    return Chosen(replace(best.model, review=_review(comparables, true, best.model)), best.quality)


def linked(comparables: Mapping[str, Comparable], model: LinkModel) -> frozenset[Pair]:
    """All pairs that the clusters of this model unite, the smaller id first."""
    return asked_pairs(link_comparables(comparables, model).people, sorted(comparables))


def _grid(model: LinkModel) -> Iterator[LinkModel]:
    for contact in _CONTACT:
        for bits in _MATCH:
            match = round(log2(model.population) + bits, 2)
            yield replace(
                model, contact_most=contact, match=match, review=match, chain=min(CHAIN, match), margin=MARGIN
            )


def _best(models: Iterator[LinkModel], comparables: Mapping[str, Comparable], true: Set[Pair]) -> Chosen:
    """Of equally good ones the more careful: a higher match threshold, a lower cap."""
    tried = [Chosen(model, quality(linked(comparables, model), true)) for model in models]
    return max(tried, key=_worth)


def _worth(one: Chosen) -> tuple[float, ...]:
    precision, recall = one.quality.precision or 0.0, one.quality.recall or 0.0
    careful = one.model.match, -one.model.contact_most
    return (1.0, round(recall, 4), *careful) if precision >= PRECISION else (0.0, precision, *careful)


def _review(comparables: Mapping[str, Comparable], true: Set[Pair], model: LinkModel) -> float:
    """The lowest whole bit down to which enough of the pairs that no veto decides are of one person."""
    shared = shared_values(comparables.values(), model.shared_over)
    shown: dict[int, list[bool]] = {}
    for left, right in candidate_pairs(comparables):
        found = score(comparables[left], comparables[right], model, shared)
        if found.veto is None and found.total < model.match:
            shown.setdefault(int(found.total // 1), []).append((min(left, right), max(left, right)) in true)
    lowest = model.match
    for bits in range(int(model.match) - 1, _LOWEST_REVIEW - 1, -1):
        pairs = shown.get(bits, [])
        if pairs and sum(pairs) < _REVIEW_WORTH * len(pairs):
            break
        lowest = float(bits)
    return max(lowest, model.chain)
