"""Rows of HMIS organizations, projects, clients and enrollments to events. See hub.mapping.shelters for what they mean."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hub.domain.event_parts import CountySource
from hub.domain.events import LivingSituation, Person, ShelterStay, Site, YesNo
from hub.domain.ids import content_hash
from hub.domain.trusted import Trusted
from hub.mapping.dates import civil_date
from hub.mapping.program import Mapped, accepted, at_field, hard_stop, ignored, rejected
from hub.mapping.shelters_answers import Answers
from hub.mapping.shelters_client import born_on, client_block, client_race
from hub.mapping.shelters_facts import AHEAD, DELETED, STOP, Cells, Facts, Where, day_of, needed, sent_on
from hub.mapping.shelters_hashed import CLEAR_STOP, hash_issues, holds_clear_text
from hub.mapping.shelters_index import Enrollment, changed_at, row_content
from hub.mapping.shelters_lists import UNKNOWN_CODE, unknown_codes

__all__ = ["Rows"]

_OPEN, _CLOSED, _GONE = 1, 2, 3
"""Ranks of a stay whose row and whose exit were changed at one time. Of two words on an open one the later told stands."""

_SECOND_DAY = date(1, 1, 2)
"""Before the first day of all there is none."""


class Rows:
    """Each method takes a row's cells, position and original, and gives its outcomes. `unnamed`: by project of which
    nights of the day of the export are told, those whose people may not be placed: enrollments are counted here."""

    def __init__(self, facts: Facts, answers: Answers, unnamed: Counter[str]) -> None:
        self._facts, self._answers = facts, answers
        self._index, self._stamp = facts.index, facts.stamp
        self._unnamed = unnamed
        made_at = facts.export.exported_at
        self._made_on = made_at.date() if made_at is not None else None
        self._told_until = f"{facts.index.as_of} {facts.current_until}"  # what an open stay says of itself
        self._people, self._stays = Trusted(Person), Trusted(ShelterStay)

    def organization(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        """Nothing of an organization is kept; a row that cannot be one, or whose answer is none, is told."""
        needed(cells, "organizationid")
        return [ignored(UNKNOWN_CODE, where, raw)] if unknown_codes("Organization", cells) else []

    def project(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        project_id, index = needed(cells, "projectid"), self._index
        project = index.projects[project_id]
        if project.stopped:
            return [ignored(STOP, where, b"", "site")]
        if not project.overnight:
            return [ignored("not-a-shelter", where, raw, "site")]
        unread = self._facts.missed.at(project_id) if project.nightly else 0
        beds, unnamed = index.beds.get(project_id), index.unnamed(project_id) + self._unnamed[project_id]
        known, until = index.as_of, self._facts.current_until
        if project.nightly and known is not None:  # people are told night by night: of the next nobody knows who comes
            until = known if project_id in self._unnamed else max(known, _SECOND_DAY) - timedelta(days=1)
        fields = self._facts.fields(
            cells,
            self._stamp.fact_key("site", project_id),
            occurred_on=None,
            content=_mended_last(
                unread, content_hash(row_content(cells), str(beds), str(unnamed), str(known), str(until))
            ),
            rank=DELETED if cells.get("datedeleted") else None,
            sent_at=sent_on(known),
        )
        event = Site(
            **fields,
            site=self._stamp.site(project_id),
            site_kind=project.kind,
            beds=beds,
            operating_until=civil_date(cells.get("operatingenddate", "")),
            known_as_of=known,
            current_until=until,
            unnamed=unnamed,
            unread=unread or None,
        )
        return [accepted(event, where, raw)]

    def client(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        person, index = needed(cells, "personalid"), self._index
        if index.may_not_hold(person):
            return [hard_stop(STOP, where, "person")]
        if self._facts.hashed_only and holds_clear_text(cells):
            return [hard_stop(CLEAR_STOP, where, "person")]
        if "namedataquality" in cells:  # without it nobody can say what the name is worth
            needed(cells, "namedataquality")
        placeholder, fleeing = cells.get("ssn", "") in index.placeholder_ssns, person in index.fleeing
        county = None if fleeing else self._facts.county
        content = self._facts.content(cells, str(placeholder))
        fields = self._facts.fields(cells, self._stamp.fact_key("person", person), occurred_on=None, content=content)
        born, doubts = born_on(cells, self._made_on)
        block = client_block(cells, born, index.placeholder_ssns, county)
        race, odd = client_race(cells)
        odd += doubts + hash_issues(cells, self._facts.export.about.get("hashstatus", ""))
        source: CountySource | None = "configured" if county else None
        fields["person"], fields["race_ethnicity"], fields["county_source"] = block, race, source
        return [accepted(self._people(fields), where, raw, issues=odd)]

    def enrollment(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        facts = self._facts
        enrollment = facts.enrollment_of(cells)
        if facts.stopped(enrollment):
            return [hard_stop(STOP, where, "shelter-stay")]
        needed(cells, "projectid")
        entered_on, found = day_of(cells, "entrydate"), list[Mapped]()
        if self._index.project_of(enrollment).overnight:
            found.append(accepted(self._stay(cells, enrollment, entered_on), where, raw))
        situation = cells.get("livingsituation", "")
        found += self._answers.lived(cells, "entry", cells["enrollmentid"], entered_on, situation, where, raw)
        moved_in = civil_date(cells.get("moveindate", ""))
        if moved_in is not None and moved_in > facts.today and not cells.get("datedeleted"):
            found.append(rejected(AHEAD, at_field(where, "moveindate"), raw, LivingSituation.kind))
        elif moved_in is not None:
            fact_key = self._stamp.fact_key("living-situation", "move-in", cells["enrollmentid"])
            fields = facts.fields(cells, fact_key, occurred_on=moved_in)
            found.append(accepted(LivingSituation(**fields, situation="housed"), where, raw))
        return found or [ignored("not-a-shelter", where, raw, "shelter-stay")]

    def _stay(self, cells: Cells, enrollment: Enrollment, entered_on: date) -> ShelterStay:
        index, stamp = self._index, self._stamp
        project, left = index.project_of(enrollment), index.exits.get(cells["enrollmentid"])
        left_on = left.left_on if left else None
        odd = self._odd(entered_on, left_on)
        is_open = left_on is None and not enrollment.deleted
        known, until = (index.as_of, self._facts.current_until) if is_open and not project.nightly else (None, None)
        fleeing = enrollment.person in index.fleeing
        household = "" if fleeing else cells.get("householdid", "")
        changed, left_changed = changed_at(cells, index.zone, self._facts.today), left.changed_at if left else None
        if left_changed is not None:
            changed = left_changed if changed is None else max(changed, left_changed)
        fields = self._facts.fields(
            cells,
            stamp.fact_key("enrollment", cells["enrollmentid"]),
            occurred_on=entered_on,
            content=self._facts.content(
                cells,
                left.content if left else "",
                project.kind,
                str(project.nightly),
                self._told_until if known is not None else f"{known} {until}",
                *odd,
            ),
            changed=changed,
            rank=_GONE if enrollment.deleted else _CLOSED if left_on else _OPEN,
            sent_at=sent_on(index.as_of if is_open else None),
        )
        return self._stays({
            **fields,
            "stay": "enrollment",
            "presence": not project.nightly,
            "site": self._facts.site(enrollment),
            "site_kind": project.kind,
            "entered_on": entered_on,
            "left_on": left_on,
            "household": stamp.token("household", household) if household else None,
            "known_as_of": known,
            "current_until": until,
            "household_head": _head(cells.get("relationshiptohoh", "")),
            "issues": odd,
        })  # fmt: skip

    def _odd(self, entered_on: date, left_on: date | None) -> tuple[str, ...]:
        """What its days contradict: the exit stands before the entry; one of them lies ahead of the export, as planned."""
        turned = ("exit-before-entry",) if left_on is not None and left_on < entered_on else ()
        made_on = self._made_on or date.max
        ahead = ("entry-after-export",) if entered_on > made_on else ()
        leaves = ("exit-after-export",) if left_on is not None and left_on > made_on else ()
        return turned + ahead + leaves


def _mended_last(unread: int, content: str) -> str:
    """The content of a site, by which two exports of one day are compared: the one with fewer bed nights refused stands."""
    return f"!{max(0, 99_999 - unread):05}-{content}" if unread else content


def _head(code: str) -> YesNo:
    """RelationshipToHoH (HUD HMIS list 3.15.1): 1 is the head; 2 to 5 somebody else."""
    return "yes" if code == "1" else "no" if code in ("2", "3", "4", "5") else "unknown"
