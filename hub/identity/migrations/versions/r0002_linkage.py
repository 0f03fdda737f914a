"""What linking by weights keeps of each source person, of pairs of them, and what people decided.

Nothing can be filled in here for people who are there already: their names are nowhere in the registry. Before it links by
weights, `identify` reads all intake again (hub.identity.intake_again).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_VERDICTS = "verdict IN ('same', 'different', 'withdrawn')"


def upgrade() -> None:
    op.add_column(
        "source_person",
        sa.Column("telling", sa.Boolean(create_constraint=False), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "comparable",
        sa.Column("source_person", sa.Text, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "block_member",
        sa.Column("block", sa.Text, primary_key=True),
        sa.Column("source_person", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "value_use",
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("source_person", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table("shared_value", sa.Column("value", sa.Text, primary_key=True), sqlite_with_rowid=False)
    op.create_table(
        "edge",
        sa.Column("left_person", sa.Text, primary_key=True),
        sa.Column("right_person", sa.Text, primary_key=True),
        sa.Column("total", sa.Double, nullable=False),
        sa.Column("grade", sa.Text, nullable=False),
        sa.Column("veto", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("edge_by_right", "edge", ["right_person"])
    op.create_table(
        "human_decision",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("left_person", sa.Text, nullable=False),
        sa.Column("right_person", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, sa.CheckConstraint(_VERDICTS), nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("decided_at", sa.Text),
        sa.Column("reason", sa.Text),
    )
    op.create_index("human_decision_by_left", "human_decision", ["left_person"])
    op.create_index("human_decision_by_right", "human_decision", ["right_person"])
    op.create_table(
        "link_state",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
