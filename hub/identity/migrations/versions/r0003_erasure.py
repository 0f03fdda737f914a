"""What was taken out of the registry when people were erased: counts, nobody's name or token."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("taken_out_at", sa.Text, nullable=False),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.Column("source_persons", sa.Integer, nullable=False),
        sa.Column("regrouped", sa.Integer, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
    )
