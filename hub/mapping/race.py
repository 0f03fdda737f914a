"""Race and ethnicity as reported: a set of groups, or the reason why there is none. Never guessed, never merged.

Codes and words through tables/race_ethnicity.csv (field by field: `NH` is Native Hawaiian as a race and Not Hispanic
as an ethnicity), detailed CDCREC codes through the hierarchy in the domain's tables/cdcrec.csv. Race words typed into the
ethnicity field leave ethnicity unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, cast

from hub.domain.events import Absence, RaceEthnicity, RaceGroup, ReportedBy
from hub.domain.tables import keyed
from hub.mapping.tables import rows

__all__ = ["race_ethnicity", "report"]

_ORDER = ("aian", "asian", "black", "nhpi", "white", "mena", "other", "hispanic", "not-hispanic")
_ABSENCES = ("declined", "asked-unknown", "not-asked", "withheld", "unknown")
_MEMORABLE = 200  # characters: what a hostile source writes is not kept in memory
_HISPANIC_DETAIL = range(2137, 2185)  # CDCREC 2137-8 Spaniard to 2184-0 Dominican, all under 2135-2


class _Value(NamedTuple):
    group: str
    absence: str


def race_ethnicity(
    races: Iterable[str], ethnicities: Iterable[str], reported_by: ReportedBy = "administrative"
) -> RaceEthnicity | None:
    """A report out of codes or words as sent; None when nothing at all was sent."""
    told = tuple(filter(None, races)), tuple(filter(None, ethnicities))
    if sum(map(len, told[0])) + sum(map(len, told[1])) > _MEMORABLE:
        return _read(*told, reported_by)
    return _read_before(*told, reported_by)


def _read(races: tuple[str, ...], ethnicities: tuple[str, ...], reported_by: ReportedBy) -> RaceEthnicity | None:
    found = [_looked_up("race", value) for value in races] + [_looked_up("ethnicity", value) for value in ethnicities]
    if not found:
        return None
    return report((value.group for value in found), (value.absence for value in found), reported_by)


_read_before = lru_cache(maxsize=4096)(_read)  # a source tells the same few answers over and over: 20 us each in labs


def report(groups: Iterable[str], absences: Iterable[str], reported_by: ReportedBy) -> RaceEthnicity:
    """A report of groups (values beat any absence) or of the most telling absence."""
    named = set(groups)
    kept = tuple(cast(RaceGroup, group) for group in _ORDER if group in named)
    given = set(absences)
    absence = next((word for word in _ABSENCES if word in given), "unknown")
    return _shared(kept, None if kept else cast(Absence, absence), reported_by)


@lru_cache(maxsize=4096)
def _shared(groups: tuple[RaceGroup, ...], absence: Absence | None, reported_by: ReportedBy) -> RaceEthnicity:
    return RaceEthnicity(groups=groups, absence=absence, reported_by=reported_by)


def _looked_up(field: str, value: str) -> _Value:
    return _value(field, value) if len(value) <= _MEMORABLE else _value.__wrapped__(field, value)


@lru_cache(maxsize=4096)
def _value(field: str, value: str) -> _Value:
    known = _table().get((field, value.strip().upper()))
    if known is not None:
        return known
    if field == "race" and (group := keyed("cdcrec", "code", "group").get(value.strip())):
        return _Value(group, "")
    digits = value.strip().split("-", 1)[0]
    if field == "ethnicity" and digits.isdigit() and int(digits) in _HISPANIC_DETAIL:
        return _Value("hispanic", "")
    return _Value("", "unknown")


@lru_cache(maxsize=1)
def _table() -> Mapping[tuple[str, str], _Value]:
    return {(row["field"], row["value"]): _Value(row["group"], row["absence"]) for row in rows("race_ethnicity")}
