"""The exit of an enrollment, and which of several stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

__all__ = ["Exit", "planned", "standing"]

_PLANNED = timedelta(days=731)
"""The longest stay that is agreed on beforehand: transitional housing, 24 months (24 CFR 578.3; unverified: from memory)."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class Exit(NamedTuple):
    """The exit of an enrollment; `left_on` is None when the exit was deleted, and then `undeleted` is what it said before."""

    left_on: date | None
    changed_at: datetime | None
    content: str
    undeleted: Exit | None = None


def planned(left_on: date, today: date) -> bool:
    """Whether an exit may have been told by this day: one further ahead is a slip, and would show somebody present until then."""
    return left_on - today <= _PLANNED


def standing(one: Exit, other: Exit) -> Exit:
    """Of two exits of one enrollment that which is not deleted, else that which was changed later; at one time the one whose
    content sorts last. Its change is the later of both: it is told above what either said alone."""
    first, last = sorted(
        (one, other), key=lambda each: (each.undeleted is None, each.changed_at or _NEVER, each.content)
    )
    return last._replace(changed_at=max(filter(None, (first.changed_at, last.changed_at)), default=None))
