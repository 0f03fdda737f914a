"""Who was erased, and what that means for what was told of them: an erasure ends one life of a source person; what their source
tells afterwards begins another, which knows nothing of the one before.

In which life something was told is in its link revision, so that a row of the person topic forgets the right facts whatever comes
first: nothing beside it has to be kept, carried or replayed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

__all__ = ["LATER_LIVES", "Erasure", "Erasures", "begins", "life"]

LATER_LIVES = 1 << 22
"""Where the link revisions of second lives begin. Of the 2^23 there are (hub.domain.history) the first life has half, since hardly
anybody is erased: four million moves."""
_MOVES = 1 << 15
_LIVES = LATER_LIVES // _MOVES  # 128: those of who is erased more often are one


class Erasure(NamedTuple):
    """By its number (each is higher than those before): of whom all that was taken in until `at` is gone. `at` None: an erasure
    of an earlier hub, which did not write it down, of somebody who was told of again since."""

    number: int
    source_person: str
    at: datetime | None


def life(revision: int) -> int:
    """In which life of a source person this link revision is: 0 for the first."""
    return 0 if revision < LATER_LIVES else 1 + (revision - LATER_LIVES) // _MOVES


def begins(number: int) -> int:
    """The revision with which a life begins, in which nobody is told of yet: that of an erasure."""
    return 0 if number == 0 else LATER_LIVES + (min(number, _LIVES) - 1) * _MOVES


class Erasures:
    """Who was erased, how often and until when. Order and repeats do not matter."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, datetime]] = {}

    def take(self, erasures: Iterable[Erasure]) -> None:
        """Know these too."""
        for each in erasures:
            if each.at is not None:
                self._known.setdefault(each.source_person, {})[each.number] = each.at

    def lives(self, source_person: str) -> int:
        """How many lives of theirs have ended: the number of the one they have now."""
        return len(self._known.get(source_person, ()))

    def ended(self, source_person: str, taken_in: datetime) -> bool:
        """Whether what was taken in then is of a life that has ended."""
        known = self._known.get(source_person)
        return known is not None and taken_in <= max(known.values())
