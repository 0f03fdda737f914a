"""The safety items of AHC-HRSN (HITS: hurt, insult, threaten, scream, each 1 to 5): one by one they mean nothing, their sum does.

The sum is computed, and what was sent as its total compared with it. Where items are missing, a total that they allow is believed.

Source: CMS AHC-HRSN tool (a score of 11 or more is a need); social-standards.md §3.2 and requirement 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from hub.domain.events import YesNo
from hub.mapping.program import EPOCH
from hub.mapping.tables import rows

__all__ = ["HITS_TOTAL", "Scores", "is_hits"]

HITS_TOTAL = "95614-4"
_NEED = 11
_LEAST, _MOST = 1, 5  # of an item

Set = tuple[str, ...]
"""What names the one screening that items belong to."""


class Judged(NamedTuple):
    """What the items of a set say, and what is odd about them."""

    need: YesNo
    issues: tuple[str, ...] = ()


class _Items:
    def __init__(self) -> None:
        self.scores: dict[str, tuple[datetime, int]] = {}
        self.total: tuple[datetime, int] | None = None
        self.there: set[tuple[bool, str]] = set()  # (withdrawn, question)


class Scores:
    """Items of each set, gathered before any answer is read, so that the order of records does not matter."""

    def __init__(self) -> None:
        self._sets: dict[Set, _Items] = {}

    def add(
        self, of: Set, question: str, answer: str, number: int | None, at: datetime | None, withdrawn: bool
    ) -> None:
        """Note an answer; `number`: as sent for the total. Of an item that was asked again the latest counts."""
        if not is_hits(question):
            return
        items = self._sets.setdefault(of, _Items())
        items.there.add((withdrawn, question))
        when, score = at or EPOCH, number if question == HITS_TOTAL else _scores().get((question, answer))
        if withdrawn or score is None:
            return
        if question == HITS_TOTAL:
            items.total = max(items.total or (when, score), (when, score))
        else:
            items.scores[question] = max(items.scores.get(question, (when, score)), (when, score))

    def speaks(self, of: Set, question: str) -> bool:
        """Whether this record tells the total: the total's own, or the first item where no total was sent."""
        there = self._sets[of].there if of in self._sets else set()
        if question == HITS_TOTAL or any(each == HITS_TOTAL for _, each in there):
            return question == HITS_TOTAL
        return question == min(there, default=(False, ""))[1]

    def judged(self, of: Set) -> Judged:
        """Yes from the cut-off on, no below it; an incomplete set says yes alone, or what its total says."""
        items = self._sets.get(of) or _Items()
        total = sum(score for _, score in items.scores.values())
        missing = len(_questions()) - len(items.scores)
        told = None if items.total is None else items.total[1]
        if not missing:
            return Judged("yes" if total >= _NEED else "no", () if told in (None, total) else ("score-mismatch",))
        if told is None:
            return Judged("yes" if total >= _NEED else "unknown")
        if not total + missing * _LEAST <= told <= total + missing * _MOST:
            return Judged("yes" if total >= _NEED else "unknown", ("score-mismatch",))
        return Judged("yes" if told >= _NEED else "no", ("score-not-checked",))


def is_hits(question: str) -> bool:
    """Whether a question is one of the four, or their total."""
    return question == HITS_TOTAL or question in _questions()


@lru_cache(maxsize=1)
def _scores() -> Mapping[tuple[str, str], int]:
    return {(row["question"], row["answer"]): int(row["score"]) for row in rows("hits_scores")}


@lru_cache(maxsize=1)
def _questions() -> frozenset[str]:
    return frozenset(question for question, _ in _scores())
