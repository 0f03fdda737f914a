"""HMIS Services to bed nights: the mass of an export, a row for each person and night, so whatever rows share is made once.

A bed night (RecordType 200) is presence at its shelter on that night and no other (social-standards.md R8). One on the day of the
exit, before the entry or after the exit is kept, with an issue. What an enrollment gives to its nights is found at the first of
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from hub.domain.events import ShelterStay
from hub.domain.ids import content_hash
from hub.domain.trusted import Trusted
from hub.mapping.dates import civil_date
from hub.mapping.program import Mapped, NotMapped, accepted, hard_stop, ignored
from hub.mapping.shelters_facts import AHEAD, DELETED, STANDING, STOP, Cells, Facts, Where, needed
from hub.mapping.shelters_index import REMEMBERED, TRANSPORT, Enrollment, changed_at
from hub.mapping.shelters_missed import BED_NIGHT

__all__ = ["BED_NIGHTS", "Bed", "Nights", "issues_of"]

BED_NIGHTS = "bed_nights"
_OF_EACH = ("event_id", "source_person", "fact_key", "changed_at", "status_rank", "content_hash", "occurred_on", "active",
            "entered_on", "known_as_of", "current_until", "issues")  # fmt: skip
"""Fields that every night has for itself."""


class _Shelter(NamedTuple):
    """What the nights of one project share, of people who flee or of others. `odd`: issues of them all; `held`: their events as far
    as they are alike."""

    stopped: bool
    unnamed: bool
    labels: tuple[str, ...]
    odd: tuple[str, ...]
    kind: str
    held: dict[str, Any]


_NEVER = date.max
"""The entry of an enrollment that was deleted: no night is in it."""


class Bed(NamedTuple):
    """What the nights of one enrollment share."""

    person: str
    project: str
    entered_on: date
    left_on: date
    source_person: str
    shelter: _Shelter


class Nights:
    """`unnamed` counts, by project of which a night of the day of the export is told, its people whose stays do not name their
    site. `beds`: of the enrollments whose nights came last."""

    def __init__(self, facts: Facts, unnamed: Counter[str]) -> None:
        self._facts, self.unnamed = facts, unnamed
        self.stamp, self.built = facts.stamp.recurring("bed-night"), Trusted(ShelterStay)
        self._zone, self._as_of, self.today = facts.index.zone, facts.index.as_of, facts.today
        self.until = lru_cache(maxsize=4_096)(facts.context.current_until)
        self.beds: dict[str, Bed] = {}
        self._shelters: dict[tuple[str, bool], _Shelter] = {}
        self.day = lru_cache(maxsize=4_096)(civil_date)
        self._read: Callable[[Cells], tuple[str, ...]] | None = None
        self._named: list[str] = []

    def service(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        """A bed night that is refused is counted all the same: it frees no bed."""
        try:
            return self._service(cells, where, raw)
        except NotMapped:
            self._facts.missed.row(cells)
            raise

    def _service(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        enrollment_id = cells.get("enrollmentid", "")
        bed = self.bed_of(enrollment_id, cells)
        if bed.person != cells.get("personalid"):
            needed(cells, "personalid")
            raise NotMapped("person-mismatch", field="personalid")
        night_of = cells.get("recordtype")
        if bed.shelter.stopped:
            return [hard_stop(STOP, where, "shelter-stay", BED_NIGHTS if night_of == BED_NIGHT else None)]
        if night_of != BED_NIGHT:
            return [ignored("not-a-bed-night", where, raw, "shelter-stay")]
        night = self.day(needed(cells, "dateprovided"))
        if night is None:
            raise NotMapped("bad-date", field="dateprovided")
        if night > self.today and not cells.get("datedeleted"):
            raise NotMapped(AHEAD, field="dateprovided")
        if night == self._as_of:
            self.unnamed[bed.project] += bed.shelter.unnamed
        return [accepted(self._night(cells, bed, night), where, raw, BED_NIGHTS)]

    def _night(self, cells: Cells, bed: Bed, night: date) -> ShelterStay:
        shelter, deleted = bed.shelter, bool(cells.get("datedeleted"))
        issues = bed.shelter.odd if deleted and bed.entered_on == _NEVER else issues_of(bed, night)
        content = content_hash(*self._parts(cells), shelter.kind, *issues)
        held = shelter.held.copy()
        held["source_person"], held["issues"], held["active"] = bed.source_person, issues, not deleted
        held["occurred_on"] = held["entered_on"] = held["known_as_of"] = night
        held["current_until"] = self.until(night)
        rank = DELETED if deleted else STANDING
        self.stamp.put(
            held, needed(cells, "servicesid"), changed_at(cells, self._zone, self.today), rank, content, shelter.labels
        )
        return self.built.of(held)

    def _parts(self, cells: Cells) -> list[str]:
        """`row_parts`, of a table whose columns are looked at once."""
        read = self._read
        if read is None:
            names = [name for name in cells if name not in TRANSPORT]
            read = self._read = itemgetter(*names)
            self._named = [f"{name}=" for name in names]
        return [name + value for name, value in zip(self._named, read(cells), strict=True) if value]

    def bed_of(self, enrollment_id: str, cells: Cells) -> Bed:
        """What the nights of an enrollment share; `cells`: of one, its EnrollmentID and PersonalID at least. NotMapped as
        hub.mapping.shelters_facts.Facts.enrollment_of."""
        return self.beds.get(enrollment_id) or self._new_bed(enrollment_id, cells)

    def _new_bed(self, enrollment_id: str, cells: Cells) -> Bed:
        facts = self._facts
        enrollment = facts.enrollment_of(cells)
        left, flees = facts.index.exits.get(enrollment_id), enrollment.person in facts.index.fleeing
        bed = Bed(
            enrollment.person, enrollment.project,
            _NEVER if enrollment.deleted else enrollment.entered_on or date.min, (left and left.left_on) or date.max,
            facts.stamp.person("PersonalID", enrollment.person),
            self._shelters.get((enrollment.project, flees)) or self._shelter_of(enrollment, flees=flees),
        )  # fmt: skip
        if len(self.beds) >= REMEMBERED:
            self.beds.clear()
        self.beds[enrollment_id] = bed
        return bed

    def _shelter_of(self, enrollment: Enrollment, *, flees: bool) -> _Shelter:
        facts = self._facts
        project = facts.index.project_of(enrollment)
        alike = {
            "stay": "night",
            "presence": project.overnight,
            "site": facts.site(enrollment),
            "site_kind": project.kind,
        }
        labels = facts.index.labels(enrollment.person)
        held = self.built.begun({**dict.fromkeys(_OF_EACH), **self.stamp.shared(labels), **alike})
        odd = () if project.overnight else ("bed-night-outside-shelter",)
        made = _Shelter(project.stopped, flees, labels, odd, project.kind, held)
        self._shelters[enrollment.project, flees] = made
        return made


def issues_of(bed: Bed, night: date) -> tuple[str, ...]:
    """What is odd about a night of this enrollment."""
    odd = bed.shelter.odd
    return odd if bed.entered_on <= night < bed.left_on else (_odd_night(bed, night), *odd)


def _odd_night(bed: Bed, night: date) -> str:
    if bed.entered_on == _NEVER:
        return "bed-night-of-deleted-enrollment"
    return "bed-night-on-exit-date" if bed.left_on == night else "bed-night-outside-enrollment"
