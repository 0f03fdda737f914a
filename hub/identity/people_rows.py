"""Source persons and persons as rows: read for many at once, written for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from sqlalchemy import Connection, bindparam, insert, select, update

from hub.identity.linker import SourcePerson
from hub.identity.moves import version_of_text, version_text
from hub.identity.numbering import Numbering
from hub.identity.schema import PERSON, SOURCE_PERSON
from hub.identity.sql import among, upsert, write

__all__ = ["ages", "put_persons", "put_source_persons", "read_source_persons"]

_BY = {name: select(SOURCE_PERSON).where(among(SOURCE_PERSON.c[name], "values")) for name in ("token", "person_key")}
_AGES = select(PERSON.c.person_key, PERSON.c.seq).where(among(PERSON.c.person_key, "values"))
_CREATED = insert(PERSON)
_MERGED = update(PERSON).where(PERSON.c.person_key == bindparam("gone")).values(merged_into=bindparam("kept"))


def read_source_persons(db: Connection, column: str, values: Set[str]) -> dict[str, SourcePerson]:
    """Those whose token or person key is one of these, by token."""
    if not values:
        return {}
    rows = db.execute(_BY[column], {"values": values}).all()
    return {
        token: SourcePerson(token, source, person, revision, version_of_text(version), local_id, telling)
        for token, source, person, revision, version, local_id, telling in rows
    }


def put_source_persons(db: Connection, rows: Iterable[SourcePerson]) -> None:
    """Add or replace them."""
    changed = [
        {
            "token": row.token,
            "source": row.source,
            "person_key": row.person_key,
            "link_revision": row.link_revision,
            "block_version": version_text(row.version),
            "local_id": row.local_id,
            "telling": row.telling,
        }
        for row in rows
    ]
    write(db, upsert(SOURCE_PERSON, db.dialect.name), changed)


def ages(db: Connection, person_keys: Set[str]) -> dict[str, int]:
    """A smaller number was created earlier."""
    rows = db.execute(_AGES, {"values": person_keys}).all() if person_keys else ()
    return {row.person_key: row.seq for row in rows}


def put_persons(db: Connection, numbers: Numbering, created: Sequence[str], merged: Mapping[str, str]) -> None:
    """New person keys, the oldest first, and into which key others were merged."""
    taken = numbers.take(PERSON, len(created))
    write(db, _CREATED, [{"seq": seq, "person_key": key} for seq, key in zip(taken, created, strict=True)])
    write(db, _MERGED, [{"gone": gone, "kept": kept} for gone, kept in merged.items()])
