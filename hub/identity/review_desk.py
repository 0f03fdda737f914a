"""What a reviewer sees of the registry, in a process of their own beside identify: which people wait, and why two records are one
person, or not. Values are opened by `revealed` alone, for whoever left an entry in the audit trail before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from hub.domain.ids import Ids
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.decisions import Verdict
from hub.domain.linkage.encoding import NO_LANE, Lane
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.scoring import Grade
from hub.domain.linkage.shared import values_of
from hub.identity.beside import Beside
from hub.identity.database import Where
from hub.identity.evaluation.explained import Explained, compared
from hub.identity.linker import SourcePerson
from hub.identity.linking_memory import EMPTY, Memory
from hub.identity.numbering import Numbering
from hub.identity.people_rows import read_source_persons
from hub.identity.reviews import Waiting, asked_between, contradicted, last_kept, standing_decisions, waiting
from hub.identity.schema import SOURCE_PERSON
from hub.identity.sql_store import SqlStore
from hub.privacy.vault import Vault

__all__ = ["Revealed", "ReviewDesk", "Standing"]

_BEGINS = (
    select(SOURCE_PERSON.c.token)
    .where(func.substr(SOURCE_PERSON.c.token, 1, bindparam("length")) == bindparam("begin"))
    .order_by(SOURCE_PERSON.c.token)
    .limit(bindparam("most"))
)


class Standing(NamedTuple):
    """How two source persons stand now. `records`: how many source persons each one's person has; 0: nobody told of them yet."""

    together: bool
    records: tuple[int, int]


class Revealed(NamedTuple):
    """One side, in the clear: which source told it, under which id of theirs, and what is compared of it."""

    source: str
    local_id: str | None
    told: Comparable


class ReviewDesk(Beside):
    """Reads the registry; one thread. `ids` makes keyed tokens; `model` and `lane` as identify links by."""

    def __init__(self, where: Where, vault: Vault, ids: Ids, model: LinkModel, lane: Lane = NO_LANE) -> None:
        super().__init__(where, vault)
        self._memory, self._model, self._lane = Memory(ids, 0), model, lane

    def questions(self) -> list[Waiting]:
        """Who waits, the likeliest first."""
        with self._asked() as db:
            return waiting(db)

    def weighed(self) -> bool:
        """Whether `identify` has weighed people here; where not yet, nobody waits, and what people decide is kept for then."""
        with self._asked() as db:
            return SqlStore(db, self._vault, Numbering(db)).model() is not None

    def contradicted(self) -> list[tuple[str, str]]:
        """Pairs that people decided both ways about, by way of others (hub.identity.reviews)."""
        with self._asked() as db:
            return contradicted(db)

    def taken(self) -> int:
        """The number of the newest decision that identify took in; 0: none."""
        with self._asked() as db:
            return last_kept(db)

    def begins(self, text: str, most: int = 3) -> list[str]:
        """Tokens of source persons that begin so, at most so many."""
        with self._asked() as db:
            found = db.execute(_BEGINS, {"length": len(text), "begin": text, "most": most})
            return list(found.scalars())

    def standing(self, left: str, right: str) -> Standing:
        """Whether they are one person now, and how many records each has."""
        with self._asked() as db:
            rows = read_source_persons(db, "token", {left, right})
            of = SqlStore(db, self._vault, Numbering(db)).people({row.person_key for row in rows.values()})
        together = len(rows) == 2 and rows[left].person_key == rows[right].person_key
        sizes = [len(of[rows[each].person_key]) if each in rows else 0 for each in (left, right)]
        return Standing(together, (sizes[0], sizes[1]))

    def agreement(self, model: LinkModel | None = None) -> Counter[tuple[Verdict, Grade]]:
        """How a model (default: the one in use) grades the pairs that people decided, each by itself: how many of each verdict that
        stands it would unite (`match`), ask about (`review`) or leave (`none`). Pairs of whom one says nothing are left out."""
        with self._asked() as db:
            decided = standing_decisions(db)
        found: Counter[tuple[Verdict, Grade]] = Counter()
        for verdict, why in zip(decided.values(), self.explained(list(decided), model), strict=True):
            if why.parts:
                found[verdict, why.grade] += 1
        return found

    def explained(self, pairs: Sequence[tuple[str, str]], model: LinkModel | None = None) -> list[Explained]:
        """For each pair which field gave what, no value in it, nor why the two wait (`asked`). Who was erased, or of whom
        nothing was told, says nothing. `model`: another one than that in use."""
        tokens = {each for pair in pairs for each in pair}
        with self._asked() as db:
            store = SqlStore(db, self._vault, Numbering(db))
            told, service = store.comparables(tokens), store.shared()
            rows = store.rows(tokens)
        shared = {
            value for one in told.values() for value in values_of(one) if self._memory.value_token(value) in service
        }
        return [
            compared(
                self._lane(told.get(left, EMPTY)),
                self._lane(told.get(right, EMPTY)),
                model or self._model,
                shared,
                together=_person(rows, left) == _person(rows, right),
                waiting=None,
            )
            for left, right in pairs
        ]

    def asked(self, left: str, right: str) -> str | None:
        """Why the people of these two wait for a reviewer: the code of a veto, `score`, or `others` (records of theirs that are
        less alike), by the likeliest pair of theirs, as hub.domain.linkage.resolving names it. None: they don't."""
        with self._asked() as db:
            rows = read_source_persons(db, "token", {left, right})
            found = asked_between(db, _person(rows, left), _person(rows, right))
        return None if found is None else found.veto or ("others" if found.grade == "match" else "score")

    def revealed(self, left: str, right: str) -> tuple[Revealed | None, Revealed | None]:
        """Both sides in the clear; None of who is not known, or was erased."""
        with self._asked() as db:
            store = SqlStore(db, self._vault, Numbering(db))
            rows, told = store.rows({left, right}), store.comparables({left, right})
        return self._side(rows, told.get(left), left), self._side(rows, told.get(right), right)

    def _side(self, rows: dict[str, SourcePerson], told: Comparable | None, token: str) -> Revealed | None:
        row = rows.get(token)
        if row is None or told is None:
            return None
        local_id = None if row.local_id is None else self._local_id(token, row.local_id)
        return Revealed(row.source, local_id, told)


def _person(rows: dict[str, SourcePerson], token: str) -> str:
    return rows[token].person_key if token in rows else token
