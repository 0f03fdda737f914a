"""What must be known of an HMIS export before any of its rows can become an event.

Which projects are shelters and of what kind, whose rows must not be held at all (victim service providers), which enrollment a row
belongs to, who is fleeing and who came with them, which SSNs are placeholders. Held in memory: enrollments and exits; all other
tables are streamed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import compress
from operator import add
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

from hub.domain.events import SiteKind
from hub.domain.ids import content_hash
from hub.formats.delimited import Row
from hub.formats.hmis import Export, parse_date
from hub.mapping.dates import civil_date, local_time
from hub.mapping.program import is_ahead
from hub.mapping.shelters_copies import KEYS, SHARED, Verdicts, verdicts
from hub.mapping.shelters_exits import Exit, planned, standing
from hub.mapping.shelters_lists import coded_rows
from hub.mapping.tables import rows

__all__ = ["REMEMBERED", "TRANSPORT", "Enrollment", "Index", "Project", "changed_at", "row_content", "row_parts"]

REMEMBERED = 16_384
"""Enrollments of whose nights is remembered what they have alike, some 5 MB where nights are mapped, some 6 MB where those are
watched that an export lacks: rows stand by day as often as by enrollment, and so many are hardly there on a day. (Chosen.)"""
_YES = frozenset({"1", "1.0", "y", "yes", "t", "true"})  # HUD list 1.8, and as spreadsheets write it
_SSN_SHARED_BY = 3  # an SSN on three people is a placeholder
_LONGEST_TIME = 40  # characters: what a hostile source writes is not kept in memory


class Project(NamedTuple):
    """`nightly`: presence is told by bed nights only.

    `overnight`: people sleep there; `stopped`: its people may not be held.
    """

    kind: SiteKind
    nightly: bool
    overnight: bool
    stopped: bool


class Enrollment(NamedTuple):
    """What other tables need of an enrollment; `clashes`: its id was given to two people."""

    person: str
    project: str
    clashes: bool
    entered_on: date | None
    deleted: bool
    household: str = ""


@dataclass(slots=True)
class Index:
    """Built by `Index.of`; ids are the export's own. `as_of`: the day up to which the export tells: its period's end, or the day it
    was made where that is earlier. `verdicts`: by table, the rows that do not stand."""

    zone: ZoneInfo
    isolation_projects: Set[str]
    as_of: date | None
    projects: dict[str, Project] = field(default_factory=dict)
    beds: Counter[str] = field(default_factory=Counter)
    enrollments: dict[str, Enrollment] = field(default_factory=dict)
    exits: dict[str, Exit] = field(default_factory=dict)
    fleeing: set[str] = field(default_factory=set)
    placeholder_ssns: set[str] = field(default_factory=set)
    any_stopped: bool = False
    verdicts: dict[str, Verdicts] = field(default_factory=dict)
    _unnamed: Counter[str] | None = None
    _held: set[str] = field(default_factory=set)
    _stopped: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, export: Export, zone: ZoneInfo, isolation_projects: Set[str], today: date = date.max) -> Index:
        """Read the tables that say what the others mean. `today`: the latest civil date that it is. Raises ParseError when one has
        no readable header."""
        end, exported = civil_date(export.about.get("exportenddate", "")), export.exported_at
        told = [day for day in (end, exported.date() if exported else None) if day]
        index = cls(zone, isolation_projects, min(told, default=None))
        for name in sorted(export.tables.intersection(KEYS)):
            index.verdicts[name] = verdicts(export, name, lambda cells: changed_at(cells, zone, today), row_content)
        index._read_projects(export)
        index._read_inventory(export)
        index._read_enrollments(export)
        index._read_exits(export, today)
        index._read_people(export)
        return index

    def project_of(self, enrollment: Enrollment) -> Project:
        """The project of an enrollment; one that the export does not describe shelters nobody."""
        return self.projects.get(enrollment.project, _NO_PROJECT)

    def may_not_hold(self, person: str) -> bool:
        """True where everything known of this person comes from a victim service provider, or may come from one."""
        if person in self._held:
            return False
        return person in self._stopped or self.any_stopped

    def may_hold_row(self, cells: Mapping[str, str]) -> bool:
        """Whether a row that gives no event may be kept: nothing in this export is a victim service provider's, or its enrollment
        is known and not theirs."""
        if not self.any_stopped:
            return True
        enrollment = self.enrollments.get(cells.get("enrollmentid", ""))
        return enrollment is not None and not enrollment.clashes and not self.project_of(enrollment).stopped

    def unnamed(self, project_id: str) -> int:
        """People in an entry-exit shelter on the day of the export whose stays may not name it (they are fleeing)."""
        project = self.projects.get(project_id, _NO_PROJECT)
        if not project.overnight or project.nightly or not self.fleeing:
            return 0
        if self._unnamed is None:
            fleeing = ((name, each) for name, each in self.enrollments.items() if each.person in self.fleeing)
            self._unnamed = Counter(each.project for name, each in fleeing if self._open(name, each))
        return self._unnamed[project_id]

    def _open(self, name: str, enrollment: Enrollment) -> bool:
        """Whether an enrollment stands on the day of the export."""
        day, entered_on, left = self.as_of, enrollment.entered_on, self.exits.get(name)
        if day is None or entered_on is None or enrollment.deleted or enrollment.clashes:
            return False
        return entered_on <= day and not (left and left.left_on and left.left_on <= day)

    def labels(self, person: str) -> tuple[str, ...]:
        """Sensitivity of everything about this person: SDV (domestic violence) while they, or who they came with, are fleeing."""
        return ("R", "SDV") if person in self.fleeing else ()

    def _read_projects(self, export: Export) -> None:
        victim_services = {
            cells.get("organizationid", "")
            for cells in self._cells(export, "Organization", every=True)
            if cells.get("victimserviceprovider", "").lower() in _YES
        }
        elsewhere = {
            cells.get("projectid", "")
            for cells in self._cells(export, "HMISParticipation", every=True)
            if cells.get("hmisparticipationtype") == "2" and not cells.get("datedeleted")
        }
        for cells in self._cells(export, "Project"):
            project_id = cells.get("projectid", "")
            stopped = (
                cells.get("organizationid", "") in victim_services
                or project_id in elsewhere
                or cells.get("targetpopulation") == "1"
            )
            kind, nightly, overnight = _project_type(cells)
            if project_id in self.isolation_projects:
                kind, overnight = "isolation", True
            self.projects[project_id] = Project(kind, nightly, overnight, stopped)
        self.any_stopped = self._may_be_stopped(export, len(victim_services))

    def _may_be_stopped(self, export: Export, victim_services: int) -> bool:
        """Whether somebody of whom no enrollment is told may be a victim service provider's: a project is, or no project is told
        and every organization is."""
        if self.projects:
            return any(project.stopped for project in self.projects.values())
        organizations = {
            cells.get("organizationid", "") for cells in self._cells(export, "Organization", every=True)
        } - {""}
        return 0 < len(organizations) <= victim_services

    def _read_inventory(self, export: Export) -> None:
        for cells in self._cells(export, "Inventory"):
            start, end = civil_date(cells.get("inventorystartdate", "")), civil_date(cells.get("inventoryenddate", ""))
            day, beds = self.as_of, cells.get("bedinventory", "")
            current = day is None or ((start is None or start <= day) and (end is None or end >= day))
            if current and beds.isdigit() and not cells.get("datedeleted"):
                self.beds[cells.get("projectid", "")] += int(beds)

    def _read_enrollments(self, export: Export) -> None:
        aside = self.verdicts.get("Enrollment", {})
        for number, cells in self._numbered(export, "Enrollment", _OF_ENROLLMENTS):
            if aside.get(number, SHARED) != SHARED:
                continue
            enrollment_id, person = cells.get("enrollmentid", ""), cells.get("personalid", "")
            enrollment = Enrollment(
                person,
                cells.get("projectid", ""),
                number in aside,
                civil_date(cells.get("entrydate", "")),
                bool(cells.get("datedeleted")),
                cells.get("householdid", ""),
            )
            self.enrollments[enrollment_id] = enrollment
            (self._stopped if self.project_of(enrollment).stopped else self._held).add(person)

    def _read_exits(self, export: Export, today: date) -> None:
        for cells in self._cells(export, "Exit"):
            enrollment = self.enrollments.get(cells.get("enrollmentid", ""))
            if enrollment is not None and enrollment.person != cells.get("personalid"):
                continue  # refused when it is read: somebody else's
            left_on = civil_date(cells.get("exitdate", ""))
            if left_on is not None and not planned(left_on, today) and not cells.get("datedeleted"):
                continue  # refused too
            changed = changed_at(cells, self.zone, today)
            found = Exit(left_on, changed, row_content(cells))
            if cells.get("datedeleted"):
                updated = changed_at({**cells, "datedeleted": ""}, self.zone, today)
                found = Exit(None, changed, found.content, found._replace(changed_at=updated))
            known = self.exits.get(cells.get("enrollmentid", ""))
            self.exits[cells.get("enrollmentid", "")] = found if known is None else standing(found, known)

    def _read_people(self, export: Export) -> None:
        told: set[str] = set()
        for cells in self._cells(export, "HealthAndDV", every=True, wanted=_OF_HEALTH):
            if cells.get("currentlyfleeing", "").lower() in _YES and not cells.get("datedeleted"):
                self.fleeing.add(cells.get("personalid", ""))
                told.add(cells.get("enrollmentid", ""))
        self.fleeing |= self._came_along(told)
        people: dict[str, set[str]] = {}
        for cells in self._cells(export, "Client", wanted=("personalid", "ssn")):
            if ssn := cells.get("ssn", ""):
                people.setdefault(ssn, set()).add(cells.get("personalid", ""))
        self.placeholder_ssns = {ssn for ssn, shared in people.items() if len(shared) >= _SSN_SHARED_BY}

    def _came_along(self, told: Set[str]) -> set[str]:
        """Who is of a household that flees: children are not asked, and their stays say where it is. Households are meant of
        the enrollments that say so (`told`) or stand, of whoever flees; not all that a child was ever of."""
        fleeing = {
            each.household
            for name, each in self.enrollments.items()
            if each.person in self.fleeing and (name in told or self._open(name, each))
        } - {""}
        return {each.person for each in self.enrollments.values() if each.household in fleeing}

    def _cells(
        self, export: Export, table: str, *, every: bool = False, wanted: Sequence[str] = ()
    ) -> Iterator[dict[str, str]]:
        """Rows of a table that can be read and stand (`every`: or not); none when the export does not have it. `wanted`: the
        columns that are looked at; none: all."""
        aside = {} if every else self.verdicts.get(table, {})
        return (cells for number, cells in self._numbered(export, table, wanted) if number not in aside)

    def _numbered(self, export: Export, table: str, wanted: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
        """Rows that can be read. The others are told elsewhere."""
        if table not in export.tables:
            return iter(())
        return ((row.number, row.cells) for row in coded_rows(export.table(table), wanted) if isinstance(row, Row))


_OF_ENROLLMENTS = ("enrollmentid", "personalid", "projectid", "entrydate", "datedeleted", "householdid")
_OF_HEALTH = ("personalid", "enrollmentid", "currentlyfleeing", "datedeleted")
_NO_PROJECT = Project("other", nightly=False, overnight=False, stopped=False)


def changed_at(cells: Mapping[str, str], zone: ZoneInfo, today: date) -> datetime | None:
    """When the source last changed this row, in UTC: DateUpdated, or DateDeleted where that is later; neither where it lies
    ahead."""
    updated, deleted = cells.get("dateupdated", ""), cells.get("datedeleted", "")
    changed = _time(updated, zone, today)[0] if updated else None
    if not deleted:
        return changed
    gone = _time(deleted, zone, today)[0]
    return max(changed, gone) if changed and gone else changed or gone


def changed_ahead(cells: Mapping[str, str], zone: ZoneInfo, today: date) -> bool:
    """Whether a row says that it was changed on a day to come: `changed_at` does not believe it."""
    updated, deleted = cells.get("dateupdated", ""), cells.get("datedeleted", "")
    return bool(updated and _time(updated, zone, today)[1]) or bool(deleted and _time(deleted, zone, today)[1])


_Time = tuple[datetime | None, bool]
"""A time that is believed, and whether one was told that is not."""


def _time(text: str, zone: ZoneInfo, today: date) -> _Time:
    return _read_before(text, zone, today) if len(text) <= _LONGEST_TIME else _read(text, zone, today)


def _read(text: str, zone: ZoneInfo, today: date) -> _Time:
    at = local_time(parse_date(text), zone)
    return (None, True) if at is not None and is_ahead(at, today) else (at, False)


_read_before = lru_cache(maxsize=16_384)(_read)
"""Rows of a day's work were mostly changed together, at a closing hour or by an import: 4 us each in bed nights."""


def row_parts(cells: Mapping[str, str]) -> list[str]:
    """A row without the columns of its transport: the same row in the next export says the same."""
    named, transport = _columns(tuple(cells))
    values = [*cells.values()]
    for at in transport:
        values[at] = ""
    return list(map(add, compress(named, values), filter(None, values)))  # of 71 columns, most of them blank


TRANSPORT = frozenset({"exportid", "userid"})


@lru_cache(maxsize=64)
def _columns(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Of a header: what stands before each value in the content of a row, and where the columns of its transport are."""
    return tuple(f"{name}=" for name in names), tuple(at for at, name in enumerate(names) if name in TRANSPORT)


def row_content(cells: Mapping[str, str]) -> str:
    """Hash of a row without the columns of its transport."""
    return content_hash(*row_parts(cells))


def _project_type(cells: Mapping[str, str]) -> tuple[SiteKind, bool, bool]:
    """Site kind, night-by-night, overnight. FY2022 told night-by-night by TrackingMethod 3 of a type 1 project."""
    code = cells.get("projecttype", "")
    if code == "1" and "trackingmethod" in cells and cells["trackingmethod"] != "3":
        code = "0"
    return _types().get(code, ("other", False, False))


@lru_cache(maxsize=1)
def _types() -> Mapping[str, tuple[SiteKind, bool, bool]]:
    return {
        row["code"]: (cast(SiteKind, row["site_kind"]), row["nightly"] == "yes", row["overnight"] == "yes")
        for row in rows("project_types")
    }
