"""Rows of HMIS tables to events, one method per table. See hub.mapping.shelters for what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, cast

from hub.domain.event_parts import CountySource
from hub.domain.events import Coded, FoodAssistance, LivingSituation, Person, ShelterStay, Site, Situation, YesNo
from hub.domain.ids import content_hash
from hub.mapping.dates import civil_date
from hub.mapping.program import Mapped, MappingContext, NotMapped, accepted, hard_stop, ignored
from hub.mapping.shelters_client import client_block, client_race
from hub.mapping.shelters_index import Enrollment, Index, changed_at, row_content
from hub.mapping.stamp import Stamp
from hub.mapping.tables import keyed

__all__ = ["Rows"]

Cells = Mapping[str, str]
Where = Mapping[str, str | int]

_STOP = "victim-service-provider"
_SYSTEM = "HMIS-3.12"
_DELETED_RANK, _RANK = 2, 1
_BED_NIGHT = "bed_nights"


class Rows:
    """Maps rows under one export's index.

    Each method takes a row's cells, position and original, and gives its outcomes.
    """

    def __init__(self, dialect: str, index: Index, stamp: Stamp, context: MappingContext) -> None:
        self._index = index
        self._stamp = stamp
        county = context.options.get("county")
        self._county = str(county) if county else None
        self._situations = _situations(dialect == "FY2022")
        self._codes = f"{_SYSTEM}-{dialect}"

    def _fields(
        self,
        cells: Cells,
        fact_key: str,
        *,
        occurred_on: date | None,
        content: str | None = None,
        changed: datetime | Literal["by-row"] | None = "by-row",
    ) -> dict[str, Any]:
        """Common fields of an event of one row, whose person is `personalid`."""
        person, deleted = cells.get("personalid", ""), bool(cells.get("datedeleted"))
        return self._stamp.fields(
            fact_key,
            source_person=self._stamp.person("PersonalID", person) if person else None,
            changed_at=changed_at(cells, self._index.zone) if changed == "by-row" else changed,
            status_rank=_DELETED_RANK if deleted else _RANK,
            content=content or row_content(cells),
            occurred_on=occurred_on,
            active=not deleted,
            labels=self._index.labels(person),
        )

    def project(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        project_id = _key(cells, "projectid")
        project = self._index.projects[project_id]
        if project.stopped:
            return [ignored(_STOP, where, b"", "site")]
        if not project.overnight:
            return [ignored("not-a-shelter", where, raw, "site")]
        beds = self._index.beds.get(project_id)
        fields = self._fields(
            cells,
            self._stamp.fact_key("site", project_id),
            occurred_on=None,
            content=content_hash(row_content(cells), str(beds)),
        )
        event = Site(
            **fields,
            site=self._stamp.site(project_id),
            site_kind=project.kind,
            beds=beds,
            operating_until=civil_date(cells.get("operatingenddate", "")),
        )
        return [accepted(event, where, raw)]

    def client(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        person = _key(cells, "personalid")
        if self._index.may_not_hold(person):
            return [hard_stop(_STOP, where, "person")]
        placeholder = cells.get("ssn", "") in self._index.placeholder_ssns
        content = content_hash(row_content(cells), str(placeholder))
        fields = self._fields(cells, self._stamp.fact_key("person", person), occurred_on=None, content=content)
        block = client_block(cells, self._index.placeholder_ssns, self._county)
        race, odd = client_race(cells)
        source: CountySource | None = "configured" if self._county else None
        event = Person(**fields, person=block, race_ethnicity=race, county_source=source)
        return [accepted(event, where, raw)._replace(issues=odd)]

    def _enrollment_of(self, cells: Cells) -> Enrollment:
        """The enrollment that a row belongs to. NotMapped when there is none, or it is another person's."""
        enrollment = self._index.enrollments.get(_key(cells, "enrollmentid"))
        if enrollment is None:
            raise NotMapped("unknown-enrollment", field="enrollmentid")
        if enrollment.clashes:
            raise NotMapped("duplicate-key", field="enrollmentid")
        if enrollment.person != _key(cells, "personalid"):
            raise NotMapped("person-mismatch", field="personalid")
        return enrollment

    def _stopped(self, enrollment: Enrollment) -> bool:
        return self._index.project_of(enrollment).stopped

    def enrollment(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        enrollment = self._enrollment_of(cells)
        if self._stopped(enrollment):
            return [hard_stop(_STOP, where, "shelter-stay")]
        entered_on = _day(cells, "entrydate")
        found: list[Mapped] = []
        project = self._index.project_of(enrollment)
        if project.overnight:
            found.append(accepted(self._stay(cells, enrollment, entered_on), where, raw))
        found += self._lived(
            cells, "entry", cells["enrollmentid"], entered_on, cells.get("livingsituation", ""), where, raw
        )
        moved_in = civil_date(cells.get("moveindate", ""))
        if moved_in is not None:
            fact_key = self._stamp.fact_key("living-situation", "move-in", cells["enrollmentid"])
            fields = self._fields(cells, fact_key, occurred_on=moved_in)
            found.append(accepted(LivingSituation(**fields, situation="housed"), where, raw))
        return found or [ignored("not-a-shelter", where, raw, "shelter-stay")]

    def _stay(self, cells: Cells, enrollment: Enrollment, entered_on: date) -> ShelterStay:
        enrollment_id = cells["enrollmentid"]
        project, left = self._index.project_of(enrollment), self._index.exits.get(enrollment_id)
        times = [
            at for at in (changed_at(cells, self._index.zone), left.changed_at if left else None) if at is not None
        ]
        fields = self._fields(
            cells,
            self._stamp.fact_key("enrollment", enrollment_id),
            occurred_on=entered_on,
            content=content_hash(row_content(cells), left.content if left else "", project.kind, str(project.nightly)),
            changed=max(times, default=None),
        )
        household = cells.get("householdid", "")
        return ShelterStay(
            **fields,
            stay="enrollment",
            presence=not project.nightly,
            site=self._stamp.site(enrollment.project),
            site_kind=project.kind,
            entered_on=entered_on,
            left_on=left.left_on if left else None,
            household=self._stamp.token("household", household) if household else None,
        )

    def _lived(
        self,
        cells: Cells,
        told: Literal["entry", "exit", "contact"],
        key: str,
        day: date,
        code: str,
        where: Where,
        raw: bytes,
    ) -> list[Mapped]:
        """A living situation, or nothing where the answer says nothing (does not know, refused, not asked)."""
        situation = self._situations.get(code)
        if situation is None:
            return []
        fields = self._fields(cells, self._stamp.fact_key("living-situation", told, key), occurred_on=day)
        coded = Coded(code=code, system=self._codes, mapped=situation)
        return [accepted(LivingSituation(**fields, situation=situation, code=coded), where, raw)]

    def exit(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        if self._stopped(self._enrollment_of(cells)):
            return [hard_stop(_STOP, where, "living-situation")]
        left_on = _day(cells, "exitdate")
        lived = self._lived(cells, "exit", cells["enrollmentid"], left_on, cells.get("destination", ""), where, raw)
        return lived or [ignored("no-answer", where, raw, "living-situation")]

    def service(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        enrollment = self._enrollment_of(cells)
        if self._stopped(enrollment):
            entity = _BED_NIGHT if cells.get("recordtype") == "200" else None
            return [hard_stop(_STOP, where, "shelter-stay", entity)]
        if cells.get("recordtype") != "200":
            return [ignored("not-a-bed-night", where, raw, "shelter-stay")]
        night = _day(cells, "dateprovided")
        project, left = self._index.project_of(enrollment), self._index.exits.get(cells["enrollmentid"])
        issues: tuple[str, ...] = ("bed-night-on-exit-date",) if left is not None and left.left_on == night else ()
        if not project.overnight:
            issues += ("bed-night-outside-shelter",)
        fact_key = self._stamp.fact_key("bed-night", _key(cells, "servicesid"))
        content = content_hash(row_content(cells), project.kind, *issues)
        event = ShelterStay(
            **self._fields(cells, fact_key, occurred_on=night, content=content),
            stay="night",
            presence=project.overnight,
            site=self._stamp.site(enrollment.project),
            site_kind=project.kind,
            entered_on=night,
            issues=issues,
        )
        return [accepted(event, where, raw, _BED_NIGHT)]

    def living(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        if self._stopped(self._enrollment_of(cells)):
            return [hard_stop(_STOP, where, "living-situation")]
        day = _day(cells, "informationdate")
        key, code = _key(cells, "currentlivingsitid"), cells.get("currentlivingsituation", "")
        return self._lived(cells, "contact", key, day, code, where, raw) or [
            ignored("no-answer", where, raw, "living-situation")
        ]

    def benefits(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        if self._stopped(self._enrollment_of(cells)):
            return [hard_stop(_STOP, where, "food-assistance")]
        day, found = _day(cells, "informationdate"), []
        for program in ("snap", "wic"):
            enrolled = _YES_NO.get(cells.get(program, ""))
            if enrolled is not None:
                fact_key = self._stamp.fact_key("food-assistance", _key(cells, "incomebenefitsid"), program)
                fields = self._fields(cells, fact_key, occurred_on=day)
                event = FoodAssistance(**fields, program=program, enrolled=enrolled)
                found.append(accepted(event, where, raw))
        return found or [ignored("no-answer", where, raw, "food-assistance")]


_YES_NO: Mapping[str, YesNo] = {"0": "no", "1": "yes"}


def _key(cells: Cells, name: str) -> str:
    value = cells.get(name, "")
    if not value:
        raise NotMapped("missing-key", field=name)
    return value


def _day(cells: Cells, name: str) -> date:
    day = civil_date(_key(cells, name))
    if day is None:
        raise NotMapped("bad-date", field=name)
    return day


def _situations(fy2022: bool) -> Mapping[str, Situation]:
    """Code as sent to what it says; codes that say nothing (8, 9, 99, 30, 37, 17, 24) are left out."""
    said = {
        code: cast(Situation, word) for code, word in keyed("living_situations", "code", "situation").items() if word
    }
    if not fy2022:
        return said
    newer = keyed("living_situations_fy2022", "code", "fy2024_code")
    return {code: said[now] for code, now in newer.items() if now in said}
