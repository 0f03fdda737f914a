"""Housing status of one person: the latest word on where they live, with its day, and what contradicts it.

The latest of bed night, contact, enrollment, exit destination and move-in stands (social-standards.md R9). An answer that says
nothing (does not know, prefers not to say, not collected) is no word, so it never stands over a known one. Words of one day that
disagree are shown beside it, not hidden: what tells of no home stands, for that is who is missed otherwise.

`hub preview` counts people by it, and shows contradictions and how old the words are; needs are found from the facts themselves
(hub.domain.needs).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.domain.facts import AnyFact, Living, Stay
from hub.domain.isolation import FactName
from hub.domain.presence import last_known_night, presences

__all__ = ["Housed", "HousingStatus", "housing_of", "housing_status"]

_RANK = ("homeless-unsheltered", "homeless-sheltered", "unstable", "institutional", "housed")
_OF_KIND = {"congregate": "homeless-sheltered", "isolation": "homeless-sheltered", "transitional": "unstable"}
"""Transitional housing is a temporary situation (living situation 302: social-standards.md 1.2)."""


class HousingStatus(NamedTuple):
    """`day`: ordinal of the latest word; `by`: the fact that told it. `contradicted_by`: facts that told otherwise of that day."""

    situation: str
    day: int
    by: FactName
    contradicted_by: tuple[FactName, ...]


def housing_status(facts: Sequence[tuple[FactName, AnyFact]], as_of: int) -> HousingStatus | None:
    """On day `as_of` (ordinal); `facts` are a person's active ones with their names. None where nothing known was ever told."""
    words = [
        (day, situation, name) for name, fact in facts if (told := _told(fact, as_of)) for day, situation in [told]
    ]
    if not words:
        return None
    day = max(word[0] for word in words)
    latest = sorted((_RANK.index(situation), name) for told_on, situation, name in words if told_on == day)
    rank, by = latest[0]
    return HousingStatus(_RANK[rank], day, by, tuple(name for other, name in latest if other != rank))


@dataclass
class Housed:
    """Of many people on one day. `status`: how many by situation; `contradicted`: of them, by what stands and what else was told of
    the same day (`homeless-sheltered|housed`); `older_than_30_d`: whose word is from before. `present`: who is at a site
    that night, `last_seen`: who was, in an open stay that is out of date."""

    status: Counter[str] = field(default_factory=Counter)
    contradicted: Counter[str] = field(default_factory=Counter)
    older_than_30_d: int = 0
    present: int = 0
    last_seen: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "status": dict(sorted(self.status.items())),
            "contradicted": dict(sorted(self.contradicted.items())),
            "older_than_30_d": self.older_than_30_d,
            "present": self.present,
            "last_seen": self.last_seen,
        }


def housing_of(people: Iterable[Sequence[tuple[FactName, AnyFact]]], as_of: int) -> Housed:
    """Everybody of whom something is known, each by their active facts, on day `as_of` (ordinal)."""
    found = Housed()
    for facts in people:
        there = presences((fact for _, fact in facts), as_of)
        found.present += any(each.current for each in there)
        found.last_seen += bool(there) and not any(each.current for each in there)
        status = housing_status(facts, as_of)
        if status is None:
            continue
        found.status[status.situation] += 1
        found.older_than_30_d += as_of - status.day > _OLD_D
        others = set(status.contradicted_by)
        told = {word[1] for name, fact in facts if name in others and (word := _told(fact, as_of))}
        found.contradicted.update(f"{status.situation}|{other}" for other in told)
    return found


_OLD_D = 30


def _told(fact: AnyFact, as_of: int) -> tuple[int, str] | None:
    """The day and the situation that one fact tells of until `as_of`."""
    if isinstance(fact, Stay):
        if not fact.presence or fact.entered > as_of or fact.site_kind not in _OF_KIND:
            return None
        return last_known_night(fact, as_of), _OF_KIND[fact.site_kind]
    if isinstance(fact, Living) and fact.situation in _RANK and 0 < fact.occurred <= as_of:
        return fact.occurred, fact.situation
    return None
