"""What waits for a person to decide, and their decisions, in the registry's tables within one transaction of it.

The queue is kept nowhere: it is every pair graded match or review that stands between two people whom nobody told apart. So it is
right after every batch, and a decision that is withdrawn brings its pair back. One question for two people, however many records
of them are alike: what is said of one pair of records holds for both people.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    except_,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
)

from hub.domain.identity_reviews import ReviewDecision
from hub.domain.linkage.decisions import HumanDecision, Verdict, standing
from hub.identity.schema import EDGE, HUMAN_DECISION, SOURCE_PERSON
from hub.identity.sql import write

__all__ = [
    "Said",
    "Waiting",
    "asked_between",
    "contradicted",
    "count_waiting",
    "keep",
    "last_kept",
    "standing_decisions",
    "waiting",
]


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
_SAID, _LATER = HUMAN_DECISION.alias("said"), HUMAN_DECISION.alias("later")
_OVERRULED = exists().where(
    _LATER.c.seq > _SAID.c.seq,
    or_(
        and_(_LATER.c.left_person == _SAID.c.left_person, _LATER.c.right_person == _SAID.c.right_person),
        and_(_LATER.c.left_person == _SAID.c.right_person, _LATER.c.right_person == _SAID.c.left_person),
    ),
)
_BOTH = (_LEFT.c.person_key, _RIGHT.c.person_key)
_STANDING = (  # between two people
    select(_SAID.c.left_person, _SAID.c.right_person, *_BOTH)
    .join(_LEFT, _LEFT.c.token == _SAID.c.left_person)
    .join(_RIGHT, _RIGHT.c.token == _SAID.c.right_person)
    .where(_LEFT.c.person_key != _RIGHT.c.person_key, _SAID.c.verdict == bindparam("verdict"), not_(_OVERRULED))
    .order_by(_SAID.c.seq)
)
_OPEN = (
    select(EDGE, *_BOTH)
    .join(_LEFT, _LEFT.c.token == EDGE.c.left_person)
    .join(_RIGHT, _RIGHT.c.token == EDGE.c.right_person)
    .where(_LEFT.c.person_key != _RIGHT.c.person_key)
)
_BETWEEN = _OPEN.where(_LEFT.c.person_key == bindparam("first"), _RIGHT.c.person_key == bindparam("second"))


def _two(one: Column[str], other: Column[str]) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """The two in one order, whichever it is."""
    return case((one < other, one), else_=other), case((one < other, other), else_=one)


_NEWEST = (
    select(func.max(_SAID.c.seq).label("seq")).group_by(*_two(_SAID.c.left_person, _SAID.c.right_person)).subquery()
)
_ASKED, _APART = (
    select(*_two(*_BOTH))
    .join_from(pairs, _LEFT, _LEFT.c.token == pairs.c.left_person)
    .join(_RIGHT, _RIGHT.c.token == pairs.c.right_person)
    .where(_LEFT.c.person_key != _RIGHT.c.person_key)
    for pairs in (EDGE, HUMAN_DECISION)
)
_TOLD_APART = _APART.where(HUMAN_DECISION.c.verdict == "different", HUMAN_DECISION.c.seq.in_(select(_NEWEST.c.seq)))
_COUNT = select(func.count()).select_from(except_(_ASKED, _TOLD_APART).subquery())
_ALL = select(
    HUMAN_DECISION.c.seq, HUMAN_DECISION.c.left_person, HUMAN_DECISION.c.right_person, HUMAN_DECISION.c.verdict
)
_LAST = select(func.coalesce(func.max(HUMAN_DECISION.c.seq), 0))
_KEPT = select(HUMAN_DECISION).where(HUMAN_DECISION.c.seq.between(bindparam("first"), bindparam("last")))
_KEEP = insert(HUMAN_DECISION)


def asked_between(db: Connection, one: str, other: str) -> Waiting | None:
    """What is asked of these two people (person keys); None: nothing."""
    people = {one, other}
    if any(people == {*of} for _, _, *of in db.execute(_STANDING, {"verdict": "different"})):
        return None
    found = [
        Waiting(left, right, total, grade, veto, 1)
        for first, second in ((one, other), (other, one))
        for left, right, total, grade, veto, *_ in db.execute(_BETWEEN, {"first": first, "second": second})
    ]
    return min(found, key=_likeliest_first)._replace(pairs=len(found)) if found else None


def waiting(db: Connection, most: int | None = None) -> list[Waiting]:
    """What somebody should look at, the likeliest first, at most so many. Reads every edge: not for batches."""
    told_apart = {frozenset(people) for _, _, *people in db.execute(_STANDING, {"verdict": "different"})}
    best: dict[frozenset[str], Waiting] = {}
    for left, right, total, grade, veto, one, other in db.execute(_OPEN):
        people = frozenset((one, other))
        if people in told_apart:
            continue
        known, found = best.get(people), Waiting(left, right, total, grade, veto, 1)
        if known is not None:
            found = min(known, found, key=_likeliest_first)._replace(pairs=known.pairs + 1)
        best[people] = found
    return sorted(best.values(), key=_likeliest_first)[:most]


def count_waiting(db: Connection) -> int:
    """How many `waiting` has, counted by the database in a set operation: one row comes back, whatever the queue is."""
    return int(db.execute(_COUNT).scalar_one())


def _likeliest_first(one: Waiting) -> tuple[float, str, str]:
    return -one.total, one.left, one.right


def contradicted(db: Connection) -> list[tuple[str, str]]:
    """Pairs that somebody said to be one person, and yet are two, as somebody said that too of records of theirs."""
    return [(left, right) for left, right, _, _ in db.execute(_STANDING, {"verdict": "same"})]


def standing_decisions(db: Connection) -> dict[tuple[str, str], Verdict]:
    """By pair what stands of all that people said: same or different."""
    told = [HumanDecision(*row) for row in db.execute(_ALL)]
    return {pair: verdict for pair, (_, verdict) in sorted(standing(told).items())}


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
