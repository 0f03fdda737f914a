"""Why source persons moved, in codes: the strongest parts of what speaks for it, a person's word, or what came between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from itertools import product

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.decisions import HumanDecision, Standing
from hub.domain.linkage.resolving import Clustering, Link, Scorer
from hub.identity.linker import ACTOR, CHANGED, FIRST_SEEN
from hub.identity.linking_people import Move
from hub.identity.store import Pair

__all__ = ["ERASED", "NEW_MODEL", "REVIEWER", "WEIGHTS", "Reasons"]

REVIEWER = "reviewer"
"""Actor of what a person's decision brought about."""
NEW_MODEL, WEIGHTS, ERASED = "new-model", "weights", "record-erased"
"""Why people part who say what they said: other weights, somebody else's record, or that one was erased."""
_STRONGEST = 3
_LOOKED_AT = 50
"""Pairs between two sides that are looked at for what stands between them: more would say nothing new."""


class Reasons:
    """Evidence and actor of a move. `comparables`: what counts now; `before`: what counted so far of those who say something
    else now; `said`: what people said in this batch; `turned`: users of values that turned into a service's or back;
    `otherwise`: the code of a split that nothing else explains."""

    def __init__(
        self,
        scorer: Scorer,
        comparables: Mapping[str, Comparable],
        before: Mapping[str, Comparable],
        stands: Standing,
        said: Iterable[HumanDecision],
        turned: Set[str],
        otherwise: str,
    ) -> None:
        self._scorer, self._comparables, self._before, self._stands = scorer, comparables, before, stands
        self._withdrawn = {
            (min(each.left, each.right), max(each.left, each.right)) for each in said if each.verdict == "withdrawn"
        }
        self._turned, self._otherwise = turned, otherwise
        self._links: dict[str, list[Link]] = {}
        self._reviews: dict[Pair, str] = {}

    def know(self, found: Clustering) -> None:
        """How a component was resolved."""
        for link in found.links:
            self._links.setdefault(link.left, []).append(link)
            self._links.setdefault(link.right, []).append(link)
        self._reviews.update({(review.left, review.right): review.reason for review in found.reviews})

    def __call__(self, move: Move) -> tuple[tuple[str, ...], str]:
        """The codes, and `identify` or `reviewer`."""
        if move.kind == "create":
            return (FIRST_SEEN,), ACTOR
        if move.kind == "split":
            return self._apart(move)
        return self._together(move)

    def _together(self, move: Move) -> tuple[tuple[str, ...], str]:
        moved = set(move.moved)
        crossing = [
            link
            for token in move.moved
            for link in self._links.get(token, ())
            if (link.left in moved) != (link.right in moved)
        ]
        best = max(crossing, key=lambda link: (link.cause == "human", link.total, link.left, link.right))
        if best.cause == "human":
            return ("human",), REVIEWER
        parts = sorted(self._scorer(best.left, best.right).parts, key=lambda part: -part.weight)
        return tuple(f"{part.field}:{part.level}" for part in parts[:_STRONGEST] if part.weight > 0), ACTOR

    def _apart(self, move: Move) -> tuple[tuple[str, ...], str]:
        pairs = [(min(one, other), max(one, other)) for one, other in product(sorted(move.moved), sorted(move.stayed))]
        verdicts = {self._stands[pair][1] for pair in pairs if pair in self._stands}
        if "different" in verdicts:
            return ("decided-different",), REVIEWER
        if not self._withdrawn.isdisjoint(pairs):
            return ("decision-withdrawn",), REVIEWER
        codes = [self._otherwise] if self._otherwise in (NEW_MODEL, ERASED) else []
        sides = {*move.moved, *move.stayed}
        changed = sides & self._before.keys()
        if any(_who(self._before[each]) != _who(self._comparables[each]) for each in changed):
            codes.append(CHANGED)
        elif changed:
            codes.append("details-changed")
        if sides & self._turned:
            codes.append("shared-value")
        between = {self._scorer(*pair).veto or self._reviews.get(pair) for pair in pairs[:_LOOKED_AT]} - {None, "score"}
        codes += [f"between:{code}" for code in sorted(map(str, between))]
        return tuple(codes) or (self._otherwise,), ACTOR


def _who(one: Comparable) -> tuple[object, ...]:
    return one.given, one.family, one.birth_date, one.hashed
