"""What events of HMIS rows share under one export: who they are about, their version and labels, and whether they may be held."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, Literal

from hub.domain.ids import content_hash
from hub.formats.hmis import Export
from hub.mapping.dates import civil_date
from hub.mapping.program import EPOCH, MappingContext, NotMapped
from hub.mapping.shelters_index import Enrollment, Index, changed_at, row_content
from hub.mapping.shelters_missed import MissedNights
from hub.mapping.stamp import Stamp

__all__ = ["AHEAD", "DELETED", "STOP", "Cells", "Facts", "Where", "day_of", "needed", "sent_on"]

Cells = Mapping[str, str]
Where = Mapping[str, str | int]

STOP = "victim-service-provider"
AHEAD = "date-in-the-future"
DELETED, STANDING = 2, 1


class Facts:
    """Of one export: its index, the stamp of its source, the connector's settings. `missed`: bed nights of the
    day of the export that are no events, as far as its Services were read."""

    def __init__(self, export: Export, index: Index, stamp: Stamp, context: MappingContext) -> None:
        self.export, self.index, self.stamp, self.context = export, index, stamp, context
        self.current_until = context.current_until(index.as_of)
        county = context.options.get("county")
        self.county = str(county) if county else None
        self.hashed_only = context.options.get("hashed_only") is True
        self.missed = MissedNights(index)
        self.today = context.today()
        self._looked_at: Cells = {}
        self._content = ""

    def fields(
        self,
        cells: Cells,
        fact_key: str,
        *,
        occurred_on: date | None,
        content: str | None = None,
        changed: datetime | Literal["by-row"] | None = "by-row",
        rank: int | None = None,
        sent_at: datetime | None = None,
    ) -> dict[str, Any]:
        """Common fields of an event of one row, whose person is `personalid`."""
        person, deleted = cells.get("personalid", ""), bool(cells.get("datedeleted"))
        return self.stamp.fields(
            fact_key,
            source_person=self.stamp.person("PersonalID", person) if person else None,
            changed_at=changed_at(cells, self.index.zone, self.today) if changed == "by-row" else changed,
            status_rank=rank if rank is not None else DELETED if deleted else STANDING,
            content=content or self.content(cells),
            occurred_on=occurred_on,
            active=not deleted,
            labels=self.index.labels(person),
            sent_at=sent_at,
        )

    def past_day(self, cells: Cells, name: str) -> date:
        """A day without which the row says nothing, and which cannot lie ahead (of a row that was deleted it may: it is withdrawn).
        NotMapped (`missing-key`, `bad-date`, `date-in-the-future`)."""
        day = day_of(cells, name)
        if day > self.today and not cells.get("datedeleted"):
            raise NotMapped(AHEAD, field=name)
        return day

    def enrollment_of(self, cells: Cells) -> Enrollment:
        """The enrollment that a row belongs to. NotMapped when there is none, it is another person's, or its project is untold."""
        enrollment = self.index.enrollments.get(needed(cells, "enrollmentid"))
        if enrollment is None:
            raise NotMapped("unknown-enrollment", field="enrollmentid")
        if enrollment.clashes:
            raise NotMapped("duplicate-key", field="enrollmentid")
        if enrollment.person != needed(cells, "personalid"):
            raise NotMapped("person-mismatch", field="personalid")
        projects = self.index.projects
        if (
            enrollment.project and projects and enrollment.project not in projects
        ):  # a victim service provider's, for all we know
            raise NotMapped("unknown-project", field="projectid")
        return enrollment

    def stopped(self, enrollment: Enrollment) -> bool:
        """Whether nothing of this enrollment may be held."""
        return self.index.project_of(enrollment).stopped

    def site(self, enrollment: Enrollment) -> str:
        """Token of the site of an enrollment; one that names no site where the person is fleeing (social-standards.md R20)."""
        if enrollment.person in self.index.fleeing:
            return self.stamp.token("site", "withheld")
        return self.stamp.site(enrollment.project)

    def content(self, cells: Cells, *more: str) -> str:
        """Content of a fact that is told by its row, and by something beside it where there is more."""
        if cells is not self._looked_at:  # an enrollment tells two facts or three
            self._looked_at, self._content = cells, row_content(cells)
        return content_hash(self._content, *more) if more else self._content


@lru_cache(maxsize=64)  # of all open stays it is one day
def sent_on(day: date | None) -> datetime:
    """The time for which something was told, as versions of it are compared."""
    return datetime.combine(day, time(), UTC) if day is not None else EPOCH


def needed(cells: Cells, name: str) -> str:
    """A cell without which the row says nothing. NotMapped where it is empty."""
    value = cells.get(name, "")
    if not value:
        raise NotMapped("missing-key", field=name)
    return value


def day_of(cells: Cells, name: str) -> date:
    """A day without which the row says nothing. NotMapped where it is none."""
    day = civil_date(needed(cells, name))
    if day is None:
        raise NotMapped("bad-date", field=name)
    return day
