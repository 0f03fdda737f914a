"""The registry as it was first written, by hand and for SQLite alone (`PRAGMA user_version` 1), and who numbers its rows.

A file of that time has the first five tables: they are taken over as they are, and the numbering goes on from SQLite's own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_HAS_MATCH_KEY = sa.text("match_key IS NOT NULL")
_NUMBERED = ("person", "decision", "outbox")


def upgrade() -> None:
    old = op.get_bind().dialect.name == "sqlite" and sa.inspect(op.get_bind()).has_table("source_person")
    op.create_table(
        "person",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("person_key", sa.Text, nullable=False, unique=True),
        sa.Column("merged_into", sa.Text),
        if_not_exists=True,
    )
    op.create_table(
        "source_person",
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("person_key", sa.Text, nullable=False),
        sa.Column("link_revision", sa.Integer, nullable=False),
        sa.Column("match_key", sa.Text),
        sa.Column("block_version", sa.Text),
        sa.Column("local_id", sa.LargeBinary),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    op.create_index("source_person_by_person", "source_person", ["person_key"], if_not_exists=True)
    op.create_index(
        "source_person_by_match",
        "source_person",
        ["match_key"],
        sqlite_where=_HAS_MATCH_KEY,
        postgresql_where=_HAS_MATCH_KEY,
        if_not_exists=True,
    )
    op.create_table(
        "decision",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, sa.CheckConstraint("kind IN ('create', 'link', 'merge', 'split')"), nullable=False),
        sa.Column("person_key", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("moved", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "told",
        sa.Column("fact_key", sa.Text, primary_key=True),
        sa.Column("source_person", sa.Text, primary_key=True),
        sa.Column("took", sa.Text),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    op.create_table(
        "outbox",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.LargeBinary),
        sa.Column("partition", sa.Integer),
        sa.Column("value", sa.LargeBinary),
        sa.Column("headers", sa.Text, nullable=False),
        if_not_exists=True,
    )
    numbering = op.create_table(
        "numbering",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("last", _NUMBER, nullable=False),
        sqlite_with_rowid=False,
    )
    last = _last_of_old() if old else {}
    op.bulk_insert(numbering, [{"name": name, "last": last.get(name, 0)} for name in _NUMBERED])


def _last_of_old() -> dict[str, int]:
    """The highest number that each table ever gave out, also to rows that are gone."""
    rows = op.get_bind().exec_driver_sql("SELECT name, seq FROM sqlite_sequence").all()
    return {name: int(last) for name, last in rows}
