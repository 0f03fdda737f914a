"""What an answer of a social-needs screening says, in the need vocabulary (Gravity category codes).

The same question has different answer lists in different tools, so the table is keyed by question and answer. The
safety items (HITS: hurt, insult, threaten, scream, each 1 to 5) mean nothing one by one: their sum does, from 11 on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, cast

from hub.domain.events import YesNo
from hub.mapping.program import NotMapped
from hub.mapping.tables import keyed, rows, screening_answers

__all__ = ["Answer", "Scores", "read_answer"]

HITS_TOTAL = "95614-4"
HITS_NEED = 11
"""HITS cut-off (AHC-HRSN: a score of 11 or more is a need)."""

UNMAPPED = "unmapped"
Encounter = tuple[str, str, str]


class Answer(NamedTuple):
    """`question` as keyed (the total, for a scored item); `multi`: each answer is a fact of its own."""

    question: str
    category: str
    indicates_need: YesNo
    multi: bool
    label: str


class Scores:
    """HITS items of each encounter, gathered before any answer is read, so that the order of rows does not matter."""

    def __init__(self) -> None:
        self._items: dict[Encounter, dict[str, int]] = {}
        self._totalled: set[Encounter] = set()

    def add(self, encounter: Encounter, question: str, answer: str) -> None:
        """Note one row; rows that are no HITS rows leave no trace."""
        score = _hits().get((question, answer))
        if score is not None:
            self._items.setdefault(encounter, {})[question] = score
        if question == HITS_TOTAL:
            self._totalled.add(encounter)

    def speaks(self, encounter: Encounter, question: str) -> bool:
        """True for the one row that tells the total: the total's own, or the first item where no total was sent."""
        if question == HITS_TOTAL:
            return True
        return encounter not in self._totalled and question == min(self._items.get(encounter, {}), default="")

    def need(self, encounter: Encounter) -> YesNo:
        """Yes from the cut-off on (also of an incomplete set), no below it, unknown where items are missing."""
        items = self._items.get(encounter, {})
        if sum(items.values()) >= HITS_NEED:
            return "yes"
        return "no" if len(items) == len(_hits_questions()) else "unknown"


def read_answer(question: str, code: str, scores: Scores, encounter: Encounter) -> Answer:
    """NotMapped (ignored): `part-of-score`, `not-a-social-need`, `no-answer`.

    A pair in no table is `unmapped`, and kept.
    """
    if question == HITS_TOTAL or question in _hits_questions():
        if not scores.speaks(encounter, question):
            raise NotMapped("part-of-score", "ignored")
        return Answer(HITS_TOTAL, "intimate-partner-violence", scores.need(encounter), multi=False, label="SDV")
    if question in keyed("other_questions", "question", "why"):
        raise NotMapped("not-a-social-need", "ignored")
    if not code:
        raise NotMapped("no-answer", "ignored")
    known = screening_answers().get((question, code))
    if known is None:
        return Answer(question, UNMAPPED, "unknown", multi=question in _multi_questions(), label="")
    return Answer(question, known.category, cast(YesNo, known.indicates_need), known.multi, known.label)


@lru_cache(maxsize=1)
def _hits() -> Mapping[tuple[str, str], int]:
    return {(row["question"], row["answer"]): int(row["score"]) for row in rows("hits_scores")}


@lru_cache(maxsize=1)
def _hits_questions() -> frozenset[str]:
    return frozenset(question for question, _ in _hits())


@lru_cache(maxsize=1)
def _multi_questions() -> frozenset[str]:
    return frozenset(question for (question, _), answer in screening_answers().items() if answer.multi)
