"""The registry's tables as they stand now, one schema for SQLite and PostgreSQL. How they came to be: hub/identity/migrations.

No identifier stands here in the clear: tokens are keyed hashes, local ids and outbox values are sealed.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
)

__all__ = [
    "BLOCK_MEMBER",
    "COMPARABLE",
    "DECISION",
    "EDGE",
    "ERASURE",
    "HUMAN_DECISION",
    "LINK_STATE",
    "METADATA",
    "NUMBER",
    "NUMBERING",
    "OUTBOX",
    "PERSON",
    "SHARED_VALUE",
    "SOURCE_PERSON",
    "TOLD",
    "VALUE_USE",
]

METADATA = MetaData()

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""A number that only grows. On SQLite `INTEGER`, the one type whose primary key is the place of the row itself."""

PERSON = Table(
    "person",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),  # order of creation: the oldest key survives a merge
    Column("person_key", Text, nullable=False, unique=True),  # minted at random, never computed from a person's data
    Column("merged_into", Text),  # the key that took over its source persons
)

SOURCE_PERSON = Table(
    "source_person",
    METADATA,
    Column("token", Text, primary_key=True),  # HMAC(source, local id)
    Column("source", Text, nullable=False),
    Column("person_key", Text, nullable=False),  # whom it belongs to now
    Column("link_revision", Integer, nullable=False),  # rises by one with every move
    Column("block_version", Text),  # of the block that decided, as a JSON array
    Column("local_id", LargeBinary),  # sealed under the person's own data key
    Column(
        "telling", Boolean(create_constraint=False), nullable=False, server_default=false()
    ),  # whether that block tells who it is
    Index("source_person_by_person", "person_key"),
    sqlite_with_rowid=False,
)

DECISION = Table(
    "decision",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),
    Column("kind", Text, CheckConstraint("kind IN ('create', 'link', 'merge', 'split')"), nullable=False),
    Column("person_key", Text, nullable=False),
    Column("evidence", Text, nullable=False),  # codes, as a JSON array
    Column("model", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("moved", Text, nullable=False),  # source persons, as a JSON array
    Column("before", Text),  # their person_key before, NULL: none
    Column("after", Text, nullable=False),
)

TOLD = Table(
    "told",
    METADATA,
    Column("fact_key", Text, primary_key=True),  # of a laboratory result or a dose: what may move to another person
    Column("source_person", Text, primary_key=True),  # whom it was told of
    Column("took", Text),  # newest version by which they took it from others, as JSON; NULL: none
    sqlite_with_rowid=False,
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),  # order of publishing
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary),
    Column("partition", Integer),  # NULL: murmur2 of the key
    Column("value", LargeBinary),  # sealed
    Column("headers", Text, nullable=False),  # JSON array of [name, value]
)

NUMBERING = Table(
    "numbering",
    METADATA,
    Column("name", Text, primary_key=True),  # of the table whose rows are numbered
    Column("last", NUMBER, nullable=False),  # the highest number ever given out: none is given twice, or left out
    sqlite_with_rowid=False,
)

# What linking by weights keeps (hub.identity.store). Blocks, values and people of values are keyed tokens.

COMPARABLE = Table(
    "comparable",
    METADATA,
    Column("source_person", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # what counts of them, under their own data key: erased with it
)

BLOCK_MEMBER = Table(
    "block_member",
    METADATA,
    Column("block", Text, primary_key=True),
    Column("source_person", Text, primary_key=True),
    sqlite_with_rowid=False,
)

VALUE_USE = Table(
    "value_use",
    METADATA,
    Column("value", Text, primary_key=True),  # a phone, e-mail or address
    Column("person", Text, primary_key=True),  # the (name, birth date) that uses it
    Column("source_person", Text, primary_key=True),
    sqlite_with_rowid=False,
)

SHARED_VALUE = Table(
    "shared_value",
    METADATA,
    Column("value", Text, primary_key=True),  # a service's, not a person's
    sqlite_with_rowid=False,
)

EDGE = Table(
    "edge",
    METADATA,
    Column("left_person", Text, primary_key=True),  # source persons, the smaller token first
    Column("right_person", Text, primary_key=True),
    Column("total", Double, nullable=False),  # log2 odds that they are one person
    Column("grade", Text, nullable=False),  # match or review
    Column("veto", Text),  # reason code
    Index("edge_by_right", "right_person"),
    sqlite_with_rowid=False,
)

HUMAN_DECISION = Table(
    "human_decision",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),  # of two on one pair the higher stands
    Column("left_person", Text, nullable=False),
    Column("right_person", Text, nullable=False),
    Column("verdict", Text, CheckConstraint("verdict IN ('same', 'different', 'withdrawn')"), nullable=False),
    Column("actor", Text),  # the account of who decided
    Column("decided_at", Text),  # ISO 8601, UTC
    Column("reason", Text),  # a code, never words about a person
    Index("human_decision_by_left", "left_person"),
    Index("human_decision_by_right", "right_person"),
)

ERASURE = Table(
    "erasure",
    METADATA,
    Column(
        "seq", NUMBER, primary_key=True, autoincrement=False
    ),  # of the newest erasure of keys.sqlite that is done with it
    Column("taken_out_at", Text, nullable=False),  # ISO 8601, UTC
    Column("asked", Integer, nullable=False),  # erasures since the row before
    Column("source_persons", Integer, nullable=False),  # how many of them the registry knew
    Column("regrouped", Integer, nullable=False),  # source persons of others whose person is another one by it
    Column("counts", Text, nullable=False),  # how many rows of which tables, as a JSON object
)

LINK_STATE = Table(
    "link_state",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
