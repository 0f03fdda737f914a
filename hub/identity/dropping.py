"""Taking source persons out of the registry's tables, for good: whoever is erased.

Their rows are found by reading tables whole where there is no index: an index of every block and value by source person would cost
each batch more than the few erasures there are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Set

from sqlalchemy import Connection, Table, bindparam, delete, select, text, update

from hub.identity.moves import forget_told
from hub.identity.people_rows import read_source_persons
from hub.identity.schema import BLOCK_MEMBER, COMPARABLE, DECISION, EDGE, HUMAN_DECISION, SOURCE_PERSON, VALUE_USE
from hub.identity.sql import among, write
from hub.identity.store import Dropped

__all__ = ["NOBODY", "drop", "drop_told"]

NOBODY = ""
"""In place of both source persons of a human decision: its number stays, so that it is not taken in again."""
_PAIRS = (EDGE, HUMAN_DECISION)
_NEAR = {
    table: [
        select(table.c.left_person, table.c.right_person).where(among(table.c[name], "values"))
        for name in ("left_person", "right_person")
    ]
    for table in _PAIRS
}
_MEMBERS = select(BLOCK_MEMBER).where(among(BLOCK_MEMBER.c.source_person, "values"))
_USES = select(VALUE_USE).where(among(VALUE_USE.c.source_person, "values"))
_GONE = {
    table: delete(table).where(*(column == bindparam(column.name) for column in table.primary_key))
    for table in (BLOCK_MEMBER, VALUE_USE)
}
_OF = {
    column: delete(column.table).where(among(column, "values"))
    for column in (SOURCE_PERSON.c.token, COMPARABLE.c.source_person, EDGE.c.left_person, EDGE.c.right_person)
}
_UNSAID = [
    update(HUMAN_DECISION)
    .where(among(HUMAN_DECISION.c[name], "values"))
    .values(left_person=NOBODY, right_person=NOBODY, actor=None, reason=None)
    for name in ("left_person", "right_person")
]
_MOVED = {
    "sqlite": "EXISTS (SELECT 1 FROM json_each(moved) WHERE value IN (SELECT value FROM json_each(:tokens)))",
    "postgresql": "jsonb_exists_any(CAST(moved AS jsonb), CAST(:tokens AS text[]))",
}
_UNMOVED = update(DECISION).where(DECISION.c.seq == bindparam("of")).values(moved=bindparam("left"))


def drop(db: Connection, source_persons: Set[str]) -> Dropped:
    """See `LinkStore.drop`."""
    told, counts = {"values": source_persons}, Counter[str]()
    rows = read_source_persons(db, "token", source_persons)
    near = {
        each for table in _PAIRS for asked in _NEAR[table] for pair in db.execute(asked, told).all() for each in pair
    }
    members, uses = db.execute(_MEMBERS, told).all(), db.execute(_USES, told).all()
    blocks: dict[str, set[str]] = {}
    for block, token in members:
        blocks.setdefault(block, set()).add(token)
    for table, found in ((BLOCK_MEMBER, members), (VALUE_USE, uses)):
        write(db, _GONE[table], [each._asdict() for each in found])
        counts[table.name] += len(found)
    for column, statement in _OF.items():
        counts[_name(column.table)] += db.execute(statement, told).rowcount
    counts[HUMAN_DECISION.name] = sum(db.execute(each, told).rowcount for each in _UNSAID)
    return Dropped(rows, near - source_persons, blocks, {each.value for each in uses}, dict(counts))


def drop_told(db: Connection, source_persons: Set[str]) -> tuple[dict[str, set[str]], dict[str, int]]:
    """Take them out of the log of what `identify` decided, and of whom facts were told of. Every person key that each of them ever
    had, as that log says; how many rows of which tables."""
    counts = {"told": forget_told(db, source_persons), "decision": 0}
    tokens = list(source_persons) if db.dialect.name == "postgresql" else json.dumps(sorted(source_persons))
    asked = text(f"SELECT seq, moved, before, after FROM decision WHERE {_MOVED[db.dialect.name]}")  # noqa: S608
    keys: dict[str, set[str]] = {}
    left: list[dict[str, object]] = []
    for seq, moved, before, after in db.execute(asked, {"tokens": tokens}).all():
        names = json.loads(moved)
        for name in source_persons & set(names):
            keys.setdefault(name, set()).update({before, after} - {None})
        left.append({"of": seq, "left": json.dumps([each for each in names if each not in source_persons])})
    write(db, _UNMOVED, left)
    counts["decision"] = len(left)
    return keys, counts


def _name(table: object) -> str:
    assert isinstance(table, Table)
    return table.name
