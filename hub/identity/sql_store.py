"""`hub.identity.store.LinkStore` on the registry's tables, within one transaction of it.

What counts of a source person is sealed under their own data key, as their events are: who erases the key erases it too. Everything
else that comes from a person is a keyed token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from sqlalchemy import Connection, bindparam, delete, select, union

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.decisions import HumanDecision
from hub.identity.dropping import drop
from hub.identity.linker import SourcePerson
from hub.identity.numbering import Numbering
from hub.identity.people_rows import ages, put_persons, put_source_persons, read_source_persons
from hub.identity.schema import (
    BLOCK_MEMBER,
    COMPARABLE,
    EDGE,
    HUMAN_DECISION,
    LINK_STATE,
    SHARED_VALUE,
    SOURCE_PERSON,
    VALUE_USE,
)
from hub.identity.sealed_comparables import open_comparables, seal_comparables
from hub.identity.sql import among, few_of, insert_new, upsert, write
from hub.identity.store import Dropped, Pair, StoredEdge, Use
from hub.privacy.vault import Vault

__all__ = ["SqlStore"]

_COMPARABLES = select(COMPARABLE).where(among(COMPARABLE.c.source_person, "values"))
_TOKENS = (
    select(SOURCE_PERSON.c.token)
    .where(SOURCE_PERSON.c.token > bindparam("after"))
    .order_by(SOURCE_PERSON.c.token)
    .limit(bindparam("most"))
)
_PEOPLE = select(SOURCE_PERSON.c.person_key, SOURCE_PERSON.c.token).where(among(SOURCE_PERSON.c.person_key, "values"))
_USERS = select(VALUE_USE.c.value, VALUE_USE.c.source_person).where(among(VALUE_USE.c.value, "values"))
_SHARED = select(SHARED_VALUE.c.value)
_EDGES = union(
    select(EDGE).where(among(EDGE.c.left_person, "values")), select(EDGE).where(among(EDGE.c.right_person, "values"))
)
_SAID = select(
    HUMAN_DECISION.c.seq, HUMAN_DECISION.c.left_person, HUMAN_DECISION.c.right_person, HUMAN_DECISION.c.verdict
)
_DECIDED = union(  # one index each: for an `or` PostgreSQL reads the whole table
    _SAID.where(among(HUMAN_DECISION.c.left_person, "values")),
    _SAID.where(among(HUMAN_DECISION.c.right_person, "values")),
)
_STATE = select(LINK_STATE.c.value).where(LINK_STATE.c.name == bindparam("name"))
_GONE = {
    table: delete(table).where(*(column == bindparam(column.name) for column in table.primary_key))
    for table in (BLOCK_MEMBER, VALUE_USE, SHARED_VALUE, EDGE)
}


class SqlStore:
    """See `LinkStore`. `numbers` are those of the same transaction, stored at its end by whoever opened it."""

    def __init__(self, db: Connection, vault: Vault, numbers: Numbering) -> None:
        self._db, self._vault, self._numbers = db, vault, numbers
        self._dialect = db.dialect.name

    def rows(self, source_persons: Set[str]) -> dict[str, SourcePerson]:
        return read_source_persons(self._db, "token", source_persons)

    def comparables(self, source_persons: Set[str]) -> dict[str, Comparable]:
        rows = self._db.execute(_COMPARABLES, {"values": source_persons}).all() if source_persons else ()
        return open_comparables(self._vault, {row.source_person: row.sealed for row in rows})

    def put_rows(self, rows: Iterable[SourcePerson], comparables: Mapping[str, Comparable]) -> None:
        put_source_persons(self._db, rows)
        sealed = seal_comparables(self._vault, comparables)
        told = [{"source_person": token, "sealed": each} for token, each in sealed.items()]
        write(self._db, upsert(COMPARABLE, self._dialect), told)

    def tokens_after(self, source_person: str, most: int) -> list[str]:
        return list(self._db.execute(_TOKENS, {"after": source_person, "most": most}).scalars().all())

    def people(self, person_keys: Set[str]) -> dict[str, set[str]]:
        return _grouped(self._db.execute(_PEOPLE, {"values": person_keys}).all() if person_keys else ())

    def ages(self, person_keys: Set[str]) -> dict[str, int]:
        return ages(self._db, person_keys)

    def put_persons(self, created: Sequence[str], merged: Mapping[str, str]) -> None:
        put_persons(self._db, self._numbers, created, merged)

    def members(self, blocks: Set[str], most: int) -> dict[str, set[str]]:
        columns = BLOCK_MEMBER.c
        return few_of(self._db, columns.block, columns.source_person, blocks, most) if blocks else {}

    def change_members(self, removed: Mapping[str, Set[str]], added: Mapping[str, Set[str]]) -> None:
        write(self._db, _GONE[BLOCK_MEMBER], _memberships(removed))
        write(self._db, insert_new(BLOCK_MEMBER, self._dialect), _memberships(added))

    def people_of(self, values: Set[str], most: int) -> dict[str, set[str]]:
        columns = VALUE_USE.c
        return few_of(self._db, columns.value, columns.person, values, most) if values else {}

    def users(self, values: Set[str]) -> dict[str, set[str]]:
        return _grouped(self._db.execute(_USERS, {"values": values}).all() if values else ())

    def change_users(self, removed: Iterable[Use], added: Iterable[Use]) -> None:
        write(self._db, _GONE[VALUE_USE], [each._asdict() for each in removed])
        write(self._db, insert_new(VALUE_USE, self._dialect), [each._asdict() for each in added])

    def shared(self) -> set[str]:
        return set(self._db.execute(_SHARED).scalars().all())

    def change_shared(self, removed: Set[str], added: Set[str]) -> None:
        write(self._db, _GONE[SHARED_VALUE], [{"value": each} for each in sorted(removed)])
        write(self._db, insert_new(SHARED_VALUE, self._dialect), [{"value": each} for each in sorted(added)])

    def edges(self, source_persons: Set[str]) -> list[StoredEdge]:
        rows = self._db.execute(_EDGES, {"values": source_persons}).all() if source_persons else ()
        return [StoredEdge(*row) for row in rows]

    def change_edges(self, removed: Iterable[Pair], added: Iterable[StoredEdge]) -> None:
        write(self._db, _GONE[EDGE], [{"left_person": left, "right_person": right} for left, right in removed])
        told = [
            {"left_person": left, "right_person": right, "total": total, "grade": grade, "veto": veto}
            for left, right, total, grade, veto in added
        ]
        write(self._db, upsert(EDGE, self._dialect), told)

    def decisions(self, source_persons: Set[str]) -> list[HumanDecision]:
        rows = self._db.execute(_DECIDED, {"values": source_persons}).all() if source_persons else ()
        return [HumanDecision(*row) for row in rows]

    def put_decisions(self, decisions: Iterable[HumanDecision]) -> None:
        told = [
            {"seq": number, "left_person": left, "right_person": right, "verdict": verdict}
            for number, left, right, verdict in decisions
        ]
        write(self._db, insert_new(HUMAN_DECISION, self._dialect), told)

    def model(self) -> str | None:
        return self._state("model")

    def put_model(self, version: str) -> None:
        self._put_state("model", version)

    def normal(self) -> str | None:
        return self._state("normal")

    def put_normal(self, number: str) -> None:
        self._put_state("normal", number)

    def drop(self, source_persons: Set[str]) -> Dropped:
        return drop(self._db, source_persons)

    def clear_links(self) -> None:
        for table in _GONE:
            self._db.execute(delete(table))

    def _state(self, name: str) -> str | None:
        return self._db.execute(_STATE, {"name": name}).scalar()

    def _put_state(self, name: str, value: str) -> None:
        write(self._db, upsert(LINK_STATE, self._dialect), [{"name": name, "value": value}])


def _memberships(members: Mapping[str, Set[str]]) -> list[dict[str, str]]:
    # In the order of the table: a batch adds many, and neighbours share pages.
    return [{"block": block, "source_person": each} for block in sorted(members) for each in sorted(members[block])]


def _grouped(rows: Iterable[Sequence[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, value in rows:
        found.setdefault(key, set()).add(value)
    return found
