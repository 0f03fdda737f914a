"""What an answer of a social-needs screening says, in the need vocabulary (hub.mapping.need_table; HITS: hub.mapping.hits)."""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.events import YesNo
from hub.domain.need_words import UNMAPPED
from hub.mapping.hits import HITS_TOTAL, Scores, Set, is_hits
from hub.mapping.need_table import NOT_A_NEED, need_of, takes_several
from hub.mapping.program import NotMapped

__all__ = ["Answer", "read_answer"]


class Answer(NamedTuple):
    """`question` as keyed (the total, for a scored item); `multi`: each answer is a fact of its own."""

    question: str
    category: str
    indicates_need: YesNo
    multi: bool
    label: str
    issues: tuple[str, ...] = ()


def read_answer(question: str, code: str, scores: Scores, of: Set) -> Answer:
    """What an answer says. NotMapped (ignored): `part-of-score`, `not-a-social-need`, `no-answer`.

    A pair in no table is `unmapped`, and kept. `code`: empty where nothing was answered, or no code; `of`: the set of a scored
    item.
    """
    if is_hits(question):
        if not scores.speaks(of, question):
            raise NotMapped("part-of-score", "ignored")
        judged = scores.judged(of)
        return Answer(HITS_TOTAL, "intimate-partner-violence", judged.need, False, "SDV", judged.issues)
    known = need_of("loinc", question, code)
    if known is None:
        if not code:
            raise NotMapped("no-answer", "ignored")
        return Answer(question, UNMAPPED, "unknown", takes_several(question), "", ("unmapped-answer",))
    if known.category == NOT_A_NEED:
        raise NotMapped("not-a-social-need", "ignored")
    return Answer(question, known.category, known.indicates_need, known.multi, known.label)
