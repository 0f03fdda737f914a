"""What people decided about pairs. It always wins over the weights, and a rebuild replays it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

__all__ = ["HumanDecision", "Standing", "Verdict", "standing"]

Verdict = Literal["same", "different", "withdrawn"]
Standing = Mapping[tuple[str, str], tuple[int, Literal["same", "different"]]]
"""By pair (smaller id first): the number of the decision that stands, and what it says."""


class HumanDecision(NamedTuple):
    """A reviewer's word on two source persons. `number` is its place in the decision log: of two on one pair the higher stands.
    `withdrawn` takes the pair's earlier decisions back: the weights decide again."""

    number: int
    left: str
    right: str
    verdict: Verdict


def standing(decisions: Iterable[HumanDecision]) -> Standing:
    """The decision that stands for each pair. Order and repeats do not matter; a pair of one id with itself says nothing."""
    newest: dict[tuple[str, str], HumanDecision] = {}
    for decision in decisions:
        if decision.left == decision.right:
            continue
        pair = (min(decision.left, decision.right), max(decision.left, decision.right))
        known = newest.get(pair)
        if known is None or (decision.number, decision.verdict) > (known.number, known.verdict):
            newest[pair] = decision
    return {
        pair: (decision.number, decision.verdict)
        for pair, decision in newest.items()
        if decision.verdict != "withdrawn"
    }
