"""The first guess of EM: which class a pair may be of, by plain rules that know no weights, so that training starts from
nothing."""

from __future__ import annotations

from hub.domain.linkage.comparisons import LEVELS
from hub.identity.training.em import Pattern

__all__ = ["CLASSES", "guess"]

CLASSES = ("one person", "relatives", "namesakes", "born together", "strangers")
"""One person; and why two people are candidates: a home and often a family name, a name, or a birth date in common, or less."""

_ALIKE = frozenset({"exact", "close", "nickname", "spelling", "sounds", "part", "previous", "swapped", "middle"})
_ONE_DAY = frozenset({"exact", "slip", "swapped", "new-year"})
_SURE, _PERHAPS, _HARDLY = 0.95, 0.3, 0.03


def guess(pattern: Pattern) -> tuple[float, ...]:
    """A probability for each of CLASSES."""
    level = dict(zip(LEVELS, pattern, strict=True))
    given, family = level["given"] in _ALIKE, level["family"] in _ALIKE
    day = level["birth_date"] in _ONE_DAY
    home = level["address"] in {"exact", "close"} or level["phone"] == "exact"
    number = level["ssn"] in {"exact", "typo", "last-four"} or level["email"] == "exact"
    agreeing = given + family + day + (home or number)
    other = (
        1 if home and not given else 3 if level["birth_date"] == "exact" and not given else 2 if given and family else 4
    )
    person = _SURE if agreeing >= 3 and (given or number) else _PERHAPS if agreeing >= 3 or number else _HARDLY
    rest = (1 - person) / 2
    return tuple(
        person if place == 0 else rest / (len(CLASSES) - 1) + (rest if place == other else 0.0)
        for place in range(len(CLASSES))
    )
