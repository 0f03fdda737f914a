"""What waits for a person to decide, and their decisions, in the registry's tables within one transaction of it.

The queue is kept nowhere: it is every pair graded match or review that stands between two people whom nobody told apart. So it is
right after every batch, and a decision that is withdrawn brings its pair back. One question for two people, however many records
of them are alike: what is said of one pair of records holds for both people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    case,
    except_,
    func,
    insert,
    select,
)

from hub.domain.identity_reviews import ReviewDecision
from hub.domain.linkage.decisions import HumanDecision, Verdict, standing
from hub.identity.dropping import NOBODY
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


def _between_two(pairs: Table) -> Select[Any]:
    """The rows of a table of pairs that stand between two people, behind each row these two (`one`, `other`)."""
    return (
        select(pairs, _LEFT.c.person_key.label("one"), _RIGHT.c.person_key.label("other"))
        .join(_LEFT, _LEFT.c.token == pairs.c.left_person)
        .join(_RIGHT, _RIGHT.c.token == pairs.c.right_person)
        .where(_LEFT.c.person_key != _RIGHT.c.person_key)
    )


def _two(one: ColumnElement[str], other: ColumnElement[str]) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """The two in one order, whichever it is."""
    return case((one < other, one), else_=other), case((one < other, other), else_=one)


def _people(rows: Select[Any]) -> Select[str, str]:
    """The two people of each row."""
    found = rows.subquery()
    return select(*_two(found.c.one, found.c.other))


_NEWEST = select(func.max(HUMAN_DECISION.c.seq)).group_by(
    *_two(HUMAN_DECISION.c.left_person, HUMAN_DECISION.c.right_person)
)
_OPEN = _between_two(EDGE)
_STANDING = _between_two(HUMAN_DECISION).where(
    HUMAN_DECISION.c.verdict == bindparam("verdict"), HUMAN_DECISION.c.seq.in_(_NEWEST)
)
_BETWEEN = _OPEN.where(_LEFT.c.person_key == bindparam("first"), _RIGHT.c.person_key == bindparam("second"))
_COUNT = select(func.count()).select_from(except_(_people(_OPEN), _people(_STANDING)).subquery())
_ALL = select(
    HUMAN_DECISION.c.seq, HUMAN_DECISION.c.left_person, HUMAN_DECISION.c.right_person, HUMAN_DECISION.c.verdict
)
_LAST = select(func.coalesce(func.max(HUMAN_DECISION.c.seq), 0))
_KEPT = select(HUMAN_DECISION).where(HUMAN_DECISION.c.seq.between(bindparam("first"), bindparam("last")))
_KEEP = insert(HUMAN_DECISION)
_BLANK = {"left_person": NOBODY, "right_person": NOBODY, "actor": None, "reason": None}


def asked_between(db: Connection, one: str, other: str) -> Waiting | None:
    """What is asked of these two people (person keys); None: nothing."""
    people = frozenset((one, other))
    if people in _told_apart(db):
        return None
    found = [
        Waiting(left, right, total, grade, veto, 1)
        for first, second in ((one, other), (other, one))
        for left, right, total, grade, veto, _, _ in db.execute(_BETWEEN, {"first": first, "second": second})
    ]
    return min(found, key=_likeliest_first)._replace(pairs=len(found)) if found else None


def waiting(db: Connection, most: int | None = None) -> list[Waiting]:
    """What somebody should look at, the likeliest first, at most so many. Reads every edge: not for batches."""
    told_apart = _told_apart(db)
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
    return int(db.execute(_COUNT, {"verdict": "different"}).scalar_one())


def _told_apart(db: Connection) -> set[frozenset[str]]:
    """Every two people of whom somebody said that they are two, and that stands."""
    return {frozenset((row.one, row.other)) for row in db.execute(_STANDING, {"verdict": "different"})}


def _likeliest_first(one: Waiting) -> tuple[float, str, str]:
    return -one.total, one.left, one.right


def contradicted(db: Connection) -> list[tuple[str, str]]:
    """Pairs that somebody said to be one person, and yet are two, as somebody said that too of records of theirs."""
    found = db.execute(_STANDING.order_by(HUMAN_DECISION.c.seq), {"verdict": "same"})
    return [(row.left_person, row.right_person) for row in found]


def standing_decisions(db: Connection) -> dict[tuple[str, str], Verdict]:
    """By pair what stands of all that people said: same or different."""
    told = [HumanDecision(*row) for row in db.execute(_ALL) if row.left_person != NOBODY]
    return {pair: verdict for pair, (_, verdict) in sorted(standing(told).items())}


def last_kept(db: Connection) -> int:
    """The highest number of a decision in the log; 0: there is none."""
    return int(db.execute(_LAST).scalar_one())


def keep(
    db: Connection, told: Iterable[Said], unsaid: Callable[[ReviewDecision], bool] = lambda _: False
) -> tuple[list[HumanDecision], list[Said]]:
    """Append to the log: who decided, when, and a code for why. What is new in it, to be handed to `Linking.take` in the same
    transaction; and what was refused, since another decision has its number: it comes from another topic than those before it.

    One that is in the log already is in neither, nor is one that is `unsaid`: of it only the number is kept."""
    by_number = {each.number: each for each in told}
    if not by_number:
        return [], []
    kept = {
        row.seq: row._asdict()
        for row in db.execute(_KEPT, {"first": min(by_number), "last": max(by_number)})
        if row.seq in by_number
    }
    rows = {number: _row(each) for number, each in sorted(by_number.items())}
    blank = {number for number in rows if unsaid(by_number[number].decision)}
    write(db, _KEEP, [row | _BLANK if number in blank else row for number, row in rows.items() if number not in kept])
    new = [by_number[number].decision.numbered(number) for number in rows if number not in kept and number not in blank]
    refused = [
        number
        for number, row in rows.items()
        if number in kept and number not in blank and kept[number] != row and kept[number]["left_person"] != NOBODY
    ]
    return new, [by_number[number] for number in refused]


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
