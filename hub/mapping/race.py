"""Race and ethnicity of a record: what its two fields tell (hub.domain.race_ethnicity), and reports put together elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import cast

from hub.domain.events import Absence, RaceEthnicity, RaceGroup, ReportedBy
from hub.domain.race_ethnicity import ETHNICITIES, GROUPS, RACES, contradicts, told

__all__ = ["contradiction", "race_ethnicity", "read_race", "report"]

_ABSENCES = ("declined", "asked-unknown", "withheld", "not-asked", "unknown")
read_race = told


def race_ethnicity(
    races: Iterable[str], ethnicities: Iterable[str], reported_by: ReportedBy = "administrative"
) -> RaceEthnicity | None:
    """A report out of codes or words as sent; None when nothing at all was sent. `read_race` says what is odd about it too."""
    return told(races, ethnicities, reported_by=reported_by)[0]


def contradiction(races: Iterable[tuple[str, str]], ethnicities: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """`race-text-contradicts` where a code and the text beside it tell different groups: the code was taken
    (health-standards.md §8 R26). Pairs of code and text."""
    odd = any(contradicts("race", *pair) for pair in races) or any(
        contradicts("ethnicity", *pair) for pair in ethnicities
    )
    return ("race-text-contradicts",) if odd else ()


def report(groups: Iterable[str], absences: Iterable[str], reported_by: ReportedBy) -> RaceEthnicity:
    """A report of groups (values beat any absence) or of the most telling absence."""
    named = set(groups)
    kept = tuple(group for group in GROUPS if group in named)
    given = set(absences)
    absence = next((word for word in _ABSENCES if word in given), "unknown")
    return _shared(kept, None if kept else cast(Absence, absence), reported_by)


@lru_cache(maxsize=4096)
def _shared(groups: tuple[RaceGroup, ...], absence: Absence | None, reported_by: ReportedBy) -> RaceEthnicity:
    return RaceEthnicity(
        groups=groups,
        absence=absence,
        reported_by=reported_by,
        race_absence=None if RACES.intersection(groups) else absence,
        ethnicity_absence=None if ETHNICITIES.intersection(groups) else absence,
    )
