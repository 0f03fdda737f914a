"""People are linked by weights alone: the keyed hash of name and birth date, by which those of equal ones were found, is gone."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.drop_index("source_person_by_match", "source_person")
    op.drop_column("source_person", "match_key")
