"""What every program says of rows that are missing from a later export of its source (hub.domain.absent_rows)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.domain.absent_rows import Held, Scope, Telling, moment, restored_rank
from hub.mapping.program import Mapped, MappingContext, rejected

__all__ = ["ABSENT", "MOST_ABSENT", "held", "remembering"]

ABSENT, _HELD = "absent-from-export", "too-many-absent"
MOST_ABSENT = 0.1
"""Share of a table's known rows that may be absent without asking. (Chosen.)"""


def remembering(context: MappingContext, scope: Scope, telling: Telling) -> MappingContext:
    """The context with what facts must rise above that earlier exports lacked or had deleted, and this one may have again."""
    rank, withdrawn = restored_rank(scope.made_at), telling.withdrawn

    def rises(fact: str) -> tuple[datetime, int] | None:
        changed = withdrawn(fact)
        return None if changed is None else (moment(changed), rank)

    return replace(context, rises=rises)


def held(told: Held, file: str) -> Mapped:
    """That an export lacks so much that somebody has to be asked."""
    where: dict[str, str | int] = {"file": file, "export": told.export, "absent": told.absent, "of": told.known}
    return rejected(_HELD, where, b"")
