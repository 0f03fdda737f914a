"""What waits for a person to decide, and their decisions, in the registry's tables within one transaction of it.

The queue is kept nowhere: it is every pair graded match or review that stands between two people whom nobody told apart. So it is
right after every batch, and a decision that is withdrawn brings its pair back. One question for two people, however many records
of them are alike: what is said of one pair of records holds for both people.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, case, exists, func, insert, not_, or_, select

from hub.domain.identity_reviews import ReviewDecision
from hub.domain.linkage.decisions import HumanDecision
from hub.identity.schema import EDGE, HUMAN_DECISION, SOURCE_PERSON
from hub.identity.sql import write

__all__ = ["Said", "Waiting", "contradicted", "count_waiting", "keep", "last_kept", "waiting"]


class Said(NamedTuple):
    """A decision and its number."""

    number: int
    decision: ReviewDecision


class Waiting(NamedTuple):
    """The likeliest pair of source persons of two people, the smaller token first. `total`: log2 odds that they are one; `veto`:
    what speaks against it; `pairs`: how many pairs of theirs are alike."""

    left: str
    right: str
    total: float
    grade: str
    veto: str | None
    pairs: int


_LEFT, _RIGHT = SOURCE_PERSON.alias("left_row"), SOURCE_PERSON.alias("right_row")
_ONE = case((_LEFT.c.person_key < _RIGHT.c.person_key, _LEFT.c.person_key), else_=_RIGHT.c.person_key)
_OTHER = case((_LEFT.c.person_key < _RIGHT.c.person_key, _RIGHT.c.person_key), else_=_LEFT.c.person_key)
_SAID, _LATER = HUMAN_DECISION.alias("said"), HUMAN_DECISION.alias("later")
_OVERRULED = exists().where(
    _LATER.c.seq > _SAID.c.seq,
    or_(
        and_(_LATER.c.left_person == _SAID.c.left_person, _LATER.c.right_person == _SAID.c.right_person),
        and_(_LATER.c.left_person == _SAID.c.right_person, _LATER.c.right_person == _SAID.c.left_person),
    ),
)
_STANDING = (
    select(_SAID.c.seq, _SAID.c.left_person, _SAID.c.right_person, _ONE.label("one"), _OTHER.label("other"))
    .join(_LEFT, _LEFT.c.token == _SAID.c.left_person)
    .join(_RIGHT, _RIGHT.c.token == _SAID.c.right_person)
    .where(_LEFT.c.person_key != _RIGHT.c.person_key, not_(_OVERRULED))
)
_APART = _STANDING.where(_SAID.c.verdict == "different").cte("apart")
_OPEN = (
    select(EDGE, _ONE.label("one"), _OTHER.label("other"))
    .join(_LEFT, _LEFT.c.token == EDGE.c.left_person)
    .join(_RIGHT, _RIGHT.c.token == EDGE.c.right_person)
    .where(
        _LEFT.c.person_key != _RIGHT.c.person_key,
        not_(exists().where(_APART.c.one == _ONE, _APART.c.other == _OTHER)),
    )
    .cte("open")
)
_BEST_FIRST: tuple[Any, ...] = (_OPEN.c.total.desc(), _OPEN.c.left_person, _OPEN.c.right_person)
_BOTH = (_OPEN.c.one, _OPEN.c.other)
_RANKED = select(
    _OPEN,
    func.row_number().over(partition_by=_BOTH, order_by=_BEST_FIRST).label("place"),
    func.count().over(partition_by=_BOTH).label("pairs"),
).cte("ranked")
_WAITING = (
    select(*(_RANKED.c[name] for name in ("left_person", "right_person", "total", "grade", "veto", "pairs")))
    .where(_RANKED.c.place == 1)
    .order_by(_RANKED.c.total.desc(), _RANKED.c.left_person, _RANKED.c.right_person)
    .limit(bindparam("most"))
)
_COUNT = select(func.count()).select_from(select(*_BOTH).distinct().subquery())
_CONTRADICTED = _STANDING.where(_SAID.c.verdict == "same").order_by(_SAID.c.seq)
_LAST = select(func.coalesce(func.max(HUMAN_DECISION.c.seq), 0))
_KEPT = select(HUMAN_DECISION).where(HUMAN_DECISION.c.seq.between(bindparam("first"), bindparam("last")))
_KEEP = insert(HUMAN_DECISION)


def waiting(db: Connection, most: int) -> list[Waiting]:
    """What somebody should look at, the likeliest first, at most so many. Reads every edge: not for batches."""
    return [Waiting(*row) for row in db.execute(_WAITING, {"most": most}).all()]


def count_waiting(db: Connection) -> int:
    """How many `waiting` there are. Reads every edge too."""
    return int(db.execute(_COUNT).scalar_one())


def contradicted(db: Connection) -> list[tuple[str, str]]:
    """Pairs that somebody said to be one person, and yet are two, as somebody said that too of records of theirs."""
    return [(row.left_person, row.right_person) for row in db.execute(_CONTRADICTED).all()]


def last_kept(db: Connection) -> int:
    """The highest number of a decision in the log; 0: there is none."""
    return int(db.execute(_LAST).scalar_one())


def keep(db: Connection, told: Iterable[Said]) -> tuple[list[HumanDecision], list[Said]]:
    """Append to the log: who decided, when, and a code for why. What is new in it, to be handed to `Linking.take` in the same
    transaction; and what was refused, since another decision has its number: it comes from another topic than those before it.

    One that is in the log already is in neither."""
    by_number = {each.number: each for each in told}
    if not by_number:
        return [], []
    kept = {
        row.seq: row._asdict()
        for row in db.execute(_KEPT, {"first": min(by_number), "last": max(by_number)})
        if row.seq in by_number
    }
    rows = {number: _row(each) for number, each in sorted(by_number.items())}
    write(db, _KEEP, [row for number, row in rows.items() if number not in kept])
    new = [by_number[number].decision.numbered(number) for number in rows if number not in kept]
    return new, [by_number[number] for number, row in rows.items() if number in kept and kept[number] != row]


def _row(said: Said) -> dict[str, Any]:
    decision = said.decision
    return {
        "seq": said.number,
        "left_person": decision.left,
        "right_person": decision.right,
        "verdict": decision.verdict,
        "actor": decision.actor,
        "decided_at": decision.decided_at.astimezone(UTC).isoformat(),
        "reason": decision.reason,
    }
