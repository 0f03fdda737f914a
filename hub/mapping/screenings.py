"""Social-needs screenings: an HRSN CSV set (comma or pipe, joined on PAT_MRN_ID) to person and screening events.

Files are told by their columns: demographics (CONSENT), facility and visit flags (VISIT_PART_2_FLAG), answers
(QUESTION_CODE). Without consent nothing of a person is held, nor of a visit under 42 CFR Part 2 unless the consent covers that:
their rows are refused without a body. Screenings that are not final raise nothing; one entered in error withdraws its answers. A
need is a (question, answer) pair of tables/needs.csv; the HITS total is computed from its items and compared with what was sent.

A no of somebody of whom an earlier drop was taken in is a consent event, `revoked` (hub.mapping.screening_consents).

Options: `timezone`; `consent_covers`, a list: `part-2` where the consent behind CONSENT = Y is one under 42 CFR 2.31 that names the
recipient and the purposes of the agreement (social-standards.md requirement 21). Where a row or the file of visit flags cannot be
read, everybody is held as if flagged: refused, or labelled where the consent covers it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType

from hub.domain.events import Coded, Person, PersonBlock, Screening
from hub.domain.ids import content_hash
from hub.errors import ConfigError
from hub.formats.delimited import Row, RowFault, Table, open_table
from hub.formats.errors import ParseError
from hub.mapping.area import Area, area
from hub.mapping.codes import LOINC, code_of
from hub.mapping.dates import civil_date
from hub.mapping.options import KnownOptions, listed, zone
from hub.mapping.program import (
    Alone,
    Mapped,
    MappingContext,
    NotMapped,
    Unit,
    accepted,
    guarded,
    hard_stop,
    ignored,
    unreadable,
)
from hub.mapping.race import read_race
from hub.mapping.screening_answers import Answer, read_answer
from hub.mapping.screening_consents import DropConsents
from hub.mapping.screening_set import Cells, PersonKey, ScreeningSet, state_of, told_day, told_time
from hub.mapping.stamp import Stamp

__all__ = ["Screenings"]

_DEMOGRAPHIC = ("pat_mrn_id", "consent", "last_name", "pat_birth_date")
_ADMIN = ("pat_mrn_id", "visit_part_2_flag")
_ANSWERS = ("pat_mrn_id", "encounter_id", "screening_status_code", "recorded_time", "question_code", "answer_code")
_COVERS = frozenset({"part-2"})
_SEVERAL = re.compile(r"[;,~]")
_SAYS = {"YES": "yes", "NO": "no"}
_NO_NEED_ASKED = ("physical activity", "substance use", "mental health", "disability")
"""Domains of the set that are no social need: the scores computed in them have no question code."""


class Screenings(KnownOptions):
    """Program `hrsn-screening`."""

    name = "hrsn-screening"
    alone: Alone = "never"  # whether a row may be held is said by the demographics file
    known = MappingProxyType({"timezone": zone, "consent_covers": listed(*sorted(_COVERS))})

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every demographic row, then every answer; a file that cannot be read is one rejected outcome."""
        mapper = _Mapper(unit, context)
        yield from mapper.files()
        yield from mapper.people()
        yield from mapper.answers()
        mapper.remember()


class _Mapper:
    def __init__(self, unit: Unit, context: MappingContext) -> None:
        self._unit = unit
        self._zone = context.zone
        self._today = context.today
        self._stamp = Stamp(context)
        self._set = ScreeningSet(context.zone)
        self._memory = context.memory
        self._consents: DropConsents | None = None
        self._covered = frozenset(context.options.get("consent_covers") or ())
        if not self._covered <= _COVERS:
            raise ConfigError(f"options.consent_covers: {', '.join(sorted(_COVERS))} is all that it can name")
        self._demographic: list[str] = []
        self._answers: list[str] = []
        self._file = ""

    def files(self) -> Iterator[Mapped]:
        """Tell the files apart and read what the answers need; outcomes are of files that are none of the three."""
        for name in self._unit.files:
            kind = _named(name)
            try:
                table = self._open(name)
                kind = _kind(name, table)
                if kind == "demographic":
                    table.require(_DEMOGRAPHIC, "header")
                    self._demographic.append(name)
                    _each(table, self._set.add_person)
                elif kind == "screening":
                    table.require(_ANSWERS, "header")
                    self._answers.append(name)
                    _each(table, self._set.add_answer)
                elif kind == "admin":
                    table.require(_ADMIN, "header")
                    self._set.flags_begin()
                    for fault in _each(table, self._set.add_flags):
                        self._set.flags_unread()
                        yield unreadable(fault.error, {"file": name, "row": fault.number}, b"")._replace(hard_stop=True)
                else:
                    yield ignored("file-not-used", {"file": name}, b"")
            except ParseError as error:
                if kind == "admin":
                    self._set.flags_unread()
                yield unreadable(error, {"file": name}, b"")
        self._set.settle()
        if self._memory is not None:
            self._consents = DropConsents(self._set, self._stamp, self._memory)

    def remember(self) -> None:
        """What everybody of the drop chose."""
        if self._consents is not None:
            self._consents.remember()

    def people(self) -> Iterator[Mapped]:
        """A person event for everyone who consented."""
        for name in self._demographic:
            self._file = name
            yield from guarded(self._open(name).rows(), self._person, self._locate, Person.kind)

    def answers(self) -> Iterator[Mapped]:
        """A screening event for every final answer."""
        for name in self._answers:
            self._file = name
            yield from guarded(self._open(name).rows(), self._answer, self._locate, Screening.kind)

    def _open(self, name: str) -> Table:
        content = self._unit.files[name]
        return open_table(content if isinstance(content, bytes) else content(), delimiters="|,;\t")

    def _locate(self, row: Row | RowFault) -> tuple[Mapping[str, str | int], bytes]:
        return {"file": self._file, "row": row.number}, row.raw

    def _person(self, row: Row | RowFault) -> list[Mapped]:
        where, raw = self._locate(row)
        if isinstance(row, RowFault):
            return [unreadable(row.error, where, b"")._replace(hard_stop=True)]  # nobody can say who consented to it
        cells, who = row.cells, self._set.who(row.cells)
        choice = self._consents.choice(who) if self._consents is not None else None
        chosen = [accepted(choice, where, b"")] if choice is not None else []
        if refusal := self._refusal(who):
            return [*chosen, hard_stop(refusal, where, Person.kind)]
        self._one_person(who)
        fields = self._stamp.fields(
            self._stamp.fact_key("person", *who),
            source_person=self._stamp.person(*who),
            changed_at=self._set.newest(who),
            status_rank=1,
            content=content_hash(*[f"{name}={value}" for name, value in cells.items()]),
            occurred_on=None,
            labels=self._set.labels(who),
        )
        race, odd = read_race(_split(cells.get("race_code", "")), _split(cells.get("ethnicity_code", "")))
        place = area(cells.get("state", ""), cells.get("zip", ""), cells.get("county", ""))
        left_out = ("no-visit-flags",) if self._set.left_out(who) else ()
        event = Person(**fields, person=_block(cells, place), race_ethnicity=race, county_source=place.county_source)
        return [*chosen, accepted(event, where, raw)._replace(issues=(*place.issues, *odd, *left_out))]

    def _refusal(self, who: PersonKey) -> str:
        """Why nothing of this person may be held; empty where it may."""
        if refusal := self._set.refusal(who, self._covered):
            return refusal
        return "no-consent" if self._consents is not None and self._consents.outdated(who) else ""

    def _answer(self, row: Row | RowFault) -> list[Mapped]:
        where, raw = self._locate(row)
        if isinstance(row, RowFault):
            return [unreadable(row.error, where, b"")._replace(hard_stop=True)]
        cells, who = row.cells, self._set.who(row.cells)
        if refusal := self._refusal(who):
            return [hard_stop(refusal, where, Screening.kind)]
        self._one_person(who)
        state = state_of(cells)
        if state == "open":
            raise NotMapped("not-final", "ignored")
        if not cells["question_code"] and cells.get("sdoh_domain", "").lower().startswith(_NO_NEED_ASKED):
            raise NotMapped("not-a-social-need", "ignored")
        for name in ("encounter_id", "question_code"):
            if not cells[name]:
                raise NotMapped("missing-key", field=name)
        answer = read_answer(cells["question_code"], cells["answer_code"], self._set.scores, self._set.of_score(cells))
        return [accepted(self._screening(cells, who, answer, state == "withdrawn"), where, raw)]

    def _one_person(self, who: PersonKey) -> None:
        """NotMapped where a number is missing, or is two people's."""
        if not who[1] or self._set.shared(who):
            raise NotMapped("duplicate-key" if who[1] else "missing-key", field="pat_mrn_id")

    def _day(self, cells: Cells, withdrawn: bool) -> date | None:
        """NotMapped where nobody can say on which day it was said; a wrong day may be why it is withdrawn."""
        day = told_day(cells)
        if withdrawn:
            return day
        if day is None:
            raise NotMapped("bad-date" if cells["recorded_time"] else "missing-key", field="recorded_time")
        if day > self._today():
            raise NotMapped("date-in-the-future", field="recorded_time")
        return day

    def _screening(self, cells: Cells, who: PersonKey, answer: Answer, withdrawn: bool) -> Screening:
        native = (*who, cells["encounter_id"], answer.question, *((cells["answer_code"],) if answer.multi else ()))
        need = answer.indicates_need
        fields = self._stamp.fields(
            self._stamp.fact_key("screening", *native),
            source_person=self._stamp.person(*who),
            changed_at=told_time(cells, self._zone),
            status_rank=3 if withdrawn else 2 if cells["screening_status_code"].lower() != "final" else 1,
            content=content_hash(*[f"{name}={value}" for name, value in cells.items()], need),
            occurred_on=self._day(cells, withdrawn),
            active=not withdrawn,
            labels=self._set.labels(who, *(("R", answer.label) if answer.label else ())),
        )
        said = _SAYS.get(cells.get("potential_need_indicated", "").upper())
        differs = ("need-differs",) if said and need != "unknown" and said != need else ()
        return Screening(
            **fields,
            category=answer.category,
            indicates_need=need,
            question=Coded(code=code_of(answer.question), system=LOINC),
            answer=Coded(code=code_of(cells["answer_code"]), system=LOINC, mapped=answer.category),
            final=not withdrawn,
            issues=(*answer.issues, *differs),
        )


def _kind(name: str, table: Table) -> str:
    """`demographic`, `screening`, `admin`, or empty for a file of another sort. By name first, so that a renamed
    column is an error and not a file quietly left out."""
    if named := _named(name):
        return named
    if "pat_mrn_id" not in table.names:
        return ""
    marks = {"consent": "demographic", "question_code": "screening", "visit_part_2_flag": "admin"}
    return next((kind for column, kind in marks.items() if column in table.names), "")


def _named(name: str) -> str:
    """The kind of a file by its name alone; empty where that says nothing."""
    told = re.match(r"(?:QE_)?(DEMOGRAPHIC|SCREENING|ADMIN)", name.rsplit("/", 1)[-1].upper())
    return told.group(1).lower() if told else ""


def _each(table: Table, take: Callable[[Cells], None]) -> list[RowFault]:
    """Take every row that is one; those that are none."""
    broken: list[RowFault] = []
    for row in table.rows():
        if isinstance(row, Row):
            take(row.cells)
        else:
            broken.append(row)
    return broken


def _split(value: str) -> list[str]:
    return [part.strip() for part in _SEVERAL.split(value) if part.strip()]


def _block(cells: Cells, place: Area) -> PersonBlock:
    born: date | None = civil_date(cells["pat_birth_date"])
    sex = cells.get("administrative_sex_code", "").upper() or cells.get("sex_at_birth_code", "").upper()
    return PersonBlock(
        given_name=cells.get("first_name") or None,
        middle_name=cells.get("middle_name") or None,
        family_name=cells["last_name"] or None,
        birth_date=born,
        sex=sex or None,
        ssn=cells.get("ssn", "").replace("-", "") or None,
        phone="".join(char for char in cells.get("phone", "") if char.isdigit()) or None,
        address_line=cells.get("address1") or None,
        city=cells.get("city") or None,
        state=place.state,
        postal_code=place.postal_code,
        county=place.county,
        local_id=cells["pat_mrn_id"],
    )
