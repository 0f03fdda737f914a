"""What is known of a person's race and ethnicity, out of every report that was ever kept (social-standards.md 15).

A report is kept as told, with who said it, how and when, and is never written over. Race and ethnicity are resolved apart: of
each, the best reporter who tells it decides (the person, a related person, staff or records, derived), within one reporter the
newest telling. A value beats an absence of the same or a better reporter, except that who declined is not asked behind their
back. Two different values of one reporter at one time are a conflict: one is kept, the same one in whatever order they came
(no fold can know which was received last), and the conflict is said. Nothing is inferred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hub.domain.race_ethnicity import ETHNICITIES, RACES

__all__ = ["Report", "Resolved", "resolve", "stored", "unstored"]

_REPORTERS = ("self", "related-person", "administrative", "derived")
_ABSENCES = ("declined", "asked-unknown", "withheld", "not-asked", "unknown")
_PARTS = 11


class Report(NamedTuple):
    """One report: `groups` told, or why not (of both, of the race, of the ethnicity); `told_us`: when, in microseconds, where
    the report itself says so, else None."""

    reported_by: str
    groups: frozenset[str]
    absence: str
    race_absence: str
    ethnicity_absence: str
    details: frozenset[str]
    method: str
    performer: str
    told_us: int | None
    standard: str
    not_asked: frozenset[str]

    def tells(self, half: frozenset[str]) -> bool:
        """Whether it answers one half. Who chose a group in one combined question has answered the race by leaving it open."""
        return bool(self.groups & half) or (half is RACES and self.standard == "spd-15-2024" and bool(self.groups))

    def why_not(self, half: frozenset[str]) -> str:
        """Why it does not answer one half; empty where it says nothing of it."""
        return (self.race_absence if half is RACES else self.ethnicity_absence) or self.absence


class Resolved(NamedTuple):
    """What stands: `races` and `ethnicities` told, or `race_absence` and `ethnicity_absence` (empty where it is told).
    `conflict`: sources of the same rank and time told different things. `not_asked`: groups that the deciding question of
    race did not offer."""

    races: frozenset[str]
    ethnicities: frozenset[str]
    race_absence: str
    ethnicity_absence: str
    conflict: bool
    not_asked: frozenset[str]


Dated = tuple[int, bool, Report, tuple[str, ...]]
"""When a report was told (microseconds), whether its fact still says so, the report, and the name of its fact."""


def stored(report: Mapping[str, Any] | None) -> str | None:
    """A report of an event as a history keeps it: one string, parts by colons, empty ones at the end left out."""
    if report is None:
        return None
    at: datetime | None = report.get("reported_at")
    parts = (
        report["reported_by"],
        ",".join(sorted(report["groups"])),
        report["absence"] or "",
        report.get("race_absence") or "",
        report.get("ethnicity_absence") or "",
        ",".join(sorted(report.get("details") or ())),
        report.get("method") or "",
        report.get("performer") or "",
        str(int(at.timestamp() * 1_000_000)) if at is not None else "",
        report.get("standard") or "",
        ",".join(sorted(report.get("not_asked") or ())),
    )
    kept = max((n for n, part in enumerate(parts, 1) if part), default=0)
    return ":".join(parts[: max(kept, 3)])


@lru_cache(maxsize=4096)
def unstored(text: str) -> Report:
    """The report of a stored string; one of an earlier release has three parts."""
    parts = [*text.split(":"), *[""] * _PARTS][:_PARTS]
    return Report(
        parts[0],
        _set(parts[1]),
        parts[2],
        parts[3],
        parts[4],
        _set(parts[5]),
        parts[6],
        parts[7],
        int(parts[8]) if parts[8] else None,
        parts[9],
        _set(parts[10]),
    )


def resolve(reports: Sequence[Dated]) -> Resolved:
    """What stands, whatever the order of the reports."""
    race, race_absence, race_conflict = _half(reports, RACES)
    ethnicity, ethnicity_absence, ethnicity_conflict = _half(reports, ETHNICITIES)
    return Resolved(
        race.groups & RACES if race else frozenset(),
        ethnicity.groups & ETHNICITIES if ethnicity else frozenset(),
        race_absence,
        ethnicity_absence,
        race_conflict or ethnicity_conflict,
        race.not_asked if race else frozenset(),
    )


def _half(reports: Sequence[Dated], half: frozenset[str]) -> tuple[Report | None, str, bool]:
    for reporter in _REPORTERS:
        of_reporter = [dated for dated in reports if dated[2].reported_by == reporter]
        telling = [dated for dated in of_reporter if dated[2].tells(half)]
        if telling:
            told_us, current, chosen, _ = max(telling, key=_newest)
            rivals = {dated[2].groups & half for dated in telling if dated[:2] == (told_us, current)}
            return chosen, "", len(rivals) > 1
        if any(dated[2].why_not(half) == "declined" for dated in of_reporter):
            return None, "declined", False
    return None, _why(dated[2].why_not(half) for dated in reports), False


def _newest(dated: Dated) -> tuple[int, bool, list[str], tuple[str, ...], list[str]]:
    """The newest first; then what its fact still says; then by content and name, so that the order of arrival never matters."""
    told_us, current, report, name = dated
    return told_us, current, sorted(report.groups), name, sorted(report.not_asked)


def _why(absences: Iterable[str]) -> str:
    found = set(absences)
    return next((word for word in _ABSENCES if word in found), "unknown")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()
