"""What waits for a person to decide, and their decisions, in the registry's tables within one transaction of it.

The queue is kept nowhere: it is every pair graded match or review that stands between two people and on which no decision stands.
So it is right after every batch, and a decision that is withdrawn brings its pair back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, and_, bindparam, func, insert, not_, or_, select

from hub.domain.linkage.decisions import HumanDecision, Verdict
from hub.identity.schema import EDGE, HUMAN_DECISION, SOURCE_PERSON
from hub.identity.sql import write

__all__ = ["Waiting", "decide", "waiting"]


class Waiting(NamedTuple):
    """A pair of source persons, the smaller token first. `total`: log2 odds that they are one; `veto`: what speaks against it."""

    left: str
    right: str
    total: float
    grade: str
    veto: str | None


def _on_pair(said: FromClause) -> ColumnElement[bool]:
    one, other = EDGE.c.left_person, EDGE.c.right_person
    return or_(
        and_(said.c.left_person == one, said.c.right_person == other),
        and_(said.c.left_person == other, said.c.right_person == one),
    )


_LEFT, _RIGHT = SOURCE_PERSON.alias("left_row"), SOURCE_PERSON.alias("right_row")
_LATER = HUMAN_DECISION.alias("later")
_NEWER = select(_LATER.c.seq).where(_on_pair(_LATER), _LATER.c.seq > HUMAN_DECISION.c.seq)
_STANDS = select(HUMAN_DECISION.c.seq).where(
    _on_pair(HUMAN_DECISION),
    HUMAN_DECISION.c.verdict != "withdrawn",
    not_(_NEWER.correlate(EDGE, HUMAN_DECISION).exists()),
)
_WAITING = (
    select(EDGE)
    .join(_LEFT, _LEFT.c.token == EDGE.c.left_person)
    .join(_RIGHT, _RIGHT.c.token == EDGE.c.right_person)
    .where(_LEFT.c.person_key != _RIGHT.c.person_key, not_(_STANDS.correlate(EDGE).exists()))
    .order_by(EDGE.c.total.desc(), EDGE.c.left_person, EDGE.c.right_person)
    .limit(bindparam("most"))
)
_LAST = select(func.coalesce(func.max(HUMAN_DECISION.c.seq), 0))
_SAID = insert(HUMAN_DECISION)


def waiting(db: Connection, most: int) -> list[Waiting]:
    """The pairs that somebody should look at, the likeliest first, at most so many. Reads every edge: not for batches."""
    return [Waiting(*row) for row in db.execute(_WAITING, {"most": most}).all()]


def decide(
    db: Connection, left: str, right: str, verdict: Verdict, *, actor: str, reason: str, at: datetime
) -> HumanDecision:
    """Append a decision to the log, under the next number: who decided, when, and a code for why, never words about a person. It
    changes nothing yet; hand it to `Linking.take` in the same transaction."""
    number = int(db.execute(_LAST).scalar_one()) + 1
    one, other = sorted((left, right))
    row = {
        "seq": number,
        "left_person": one,
        "right_person": other,
        "verdict": verdict,
        "actor": actor,
        "decided_at": at.astimezone(UTC).isoformat(),
        "reason": reason,
    }
    write(db, _SAID, [row])
    return HumanDecision(number, one, other, verdict)
