"""Social-needs screenings: an HRSN CSV set (comma or pipe, joined on PAT_MRN_ID) to person and screening events.

Files are told by their columns: demographics (CONSENT), facility and visit flags (VISIT_PART_2_FLAG), answers
(QUESTION_CODE). Without consent nothing of a person is held: their rows are refused without a body. Screenings that
are not final raise nothing; one entered in error withdraws its answers. A need is a (question, answer) pair of
tables/screening_answers.csv; the HITS total is computed from its four items, not believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from hub.domain.events import Coded, Person, PersonBlock, Screening, YesNo
from hub.domain.ids import content_hash
from hub.formats.delimited import Row, RowFault, Table, open_table
from hub.formats.errors import ParseError
from hub.mapping.area import Area, area
from hub.mapping.codes import code_of
from hub.mapping.dates import civil_date, iso_time
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
from hub.mapping.screening_answers import Answer, Scores, read_answer
from hub.mapping.stamp import Stamp

__all__ = ["Screenings"]

Cells = Mapping[str, str]
PersonKey = tuple[str, str]
"""FACILITY_ID, PAT_MRN_ID."""

_DEMOGRAPHIC = ("pat_mrn_id", "consent", "last_name", "pat_birth_date")
_ADMIN = ("pat_mrn_id", "visit_part_2_flag")
_ANSWERS = ("pat_mrn_id", "encounter_id", "screening_status_code", "recorded_time", "question_code", "answer_code")
_FINAL = frozenset({"final", "amended", "corrected"})
_YES = frozenset({"Y", "YES", "TRUE", "1"})
_FLAGS = {"visit_part_2_flag": "ETH", "visit_omh_flag": "PSY", "visit_opwdd_flag": "R"}
_SEVERAL = re.compile(r"[;,~]")


class Screenings:
    """Program `hrsn-screening`."""

    name = "hrsn-screening"
    alone: Alone = "never"  # whether a row may be held is said by the demographics file

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every demographic row, then every answer; a file that cannot be read is one rejected outcome."""
        mapper = _Mapper(unit, context)
        yield from mapper.files()
        yield from mapper.people()
        yield from mapper.answers()


@dataclass(slots=True)
class _Set:
    """What answers need of the other rows. `newest`: the latest RECORDED_TIME of each person."""

    consent: dict[PersonKey, bool] = field(default_factory=dict)
    labels: dict[PersonKey, set[str]] = field(default_factory=dict)
    newest: dict[PersonKey, datetime] = field(default_factory=dict)
    scores: Scores = field(default_factory=Scores)


class _Mapper:
    def __init__(self, unit: Unit, context: MappingContext) -> None:
        self._unit = unit
        self._zone = context.zone
        self._stamp = Stamp(context)
        self._set = _Set()
        self._demographic: list[str] = []
        self._answers: list[str] = []
        self._file = ""

    def files(self) -> Iterator[Mapped]:
        """Tell the files apart and read what the answers need; outcomes are of files that are none of the three."""
        for name in self._unit.files:
            try:
                table = self._open(name)
                kind = _kind(name, table)
                if kind == "demographic":
                    table.require(_DEMOGRAPHIC, "header")
                    self._demographic.append(name)
                    self._read_consent(table)
                elif kind == "screening":
                    table.require(_ANSWERS, "header")
                    self._answers.append(name)
                    self._read_times(table)
                elif kind == "admin":
                    table.require(_ADMIN, "header")
                    self._read_flags(table)
                else:
                    yield ignored("file-not-used", {"file": name}, b"")
            except ParseError as error:
                yield unreadable(error, {"file": name}, b"")

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
        return open_table(content if isinstance(content, bytes) else content(), delimiters="|,")

    def _locate(self, row: Row | RowFault) -> tuple[Mapping[str, str | int], bytes]:
        return {"file": self._file, "row": row.number}, row.raw

    def _read_consent(self, table: Table) -> None:
        for cells in _cells(table):
            given = cells["consent"].upper() in _YES
            self._set.consent[_who(cells)] = given and self._set.consent.get(_who(cells), True)  # a refusal stands

    def _read_flags(self, table: Table) -> None:
        for cells in _cells(table):
            flags = {label for column, label in _FLAGS.items() if cells.get(column, "").upper() in _YES}
            if flags:
                self._set.labels.setdefault(_who(cells), {"R"}).update(flags)

    def _read_times(self, table: Table) -> None:
        for cells in _cells(table):
            who, at = _who(cells), iso_time(cells["recorded_time"], self._zone)
            if at is not None:
                self._set.newest[who] = max(at, self._set.newest.get(who, at))
            self._set.scores.add((*who, cells["encounter_id"]), cells["question_code"], cells["answer_code"])

    def _consented(self, who: PersonKey) -> str:
        """Why nothing of this person may be held; empty when they consented."""
        given = self._set.consent.get(who)
        return "" if given else "no-consent" if given is not None else "no-demographics"

    def _person(self, row: Row | RowFault) -> list[Mapped]:
        where, raw = self._locate(row)
        if isinstance(row, RowFault):
            return [unreadable(row.error, where, raw)]
        cells, who = row.cells, _who(row.cells)
        if not who[1]:
            raise NotMapped("missing-key", field="pat_mrn_id")
        if refusal := self._consented(who):
            return [hard_stop(refusal, where, Person.kind)]
        fields = self._stamp.fields(
            self._stamp.fact_key("person", *who),
            source_person=self._stamp.person(*who),
            changed_at=self._set.newest.get(who),
            status_rank=1,
            content=content_hash(*[f"{name}={value}" for name, value in cells.items()]),
            occurred_on=None,
            labels=self._labels(who),
        )
        race, odd = read_race(_split(cells.get("race_code", "")), _split(cells.get("ethnicity_code", "")))
        place = area(cells.get("state", ""), cells.get("zip", ""), cells.get("county", ""))
        event = Person(**fields, person=_block(cells, place), race_ethnicity=race, county_source=place.county_source)
        return [accepted(event, where, raw)._replace(issues=(*place.issues, *odd))]

    def _labels(self, who: PersonKey, *more: str) -> tuple[str, ...]:
        return tuple(sorted({*self._set.labels.get(who, ()), *more} - {""}))

    def _answer(self, row: Row | RowFault) -> list[Mapped]:
        where, raw = self._locate(row)
        if isinstance(row, RowFault):
            return [unreadable(row.error, where, raw)]
        cells, who = row.cells, _who(row.cells)
        if refusal := self._consented(who):
            return [hard_stop(refusal, where, Screening.kind)]
        state, encounter = cells["screening_status_code"].lower(), cells.get("encounter_status_code", "").lower()
        withdrawn = "entered-in-error" in (state, encounter)
        if not withdrawn and (state not in _FINAL or encounter == "cancelled"):
            raise NotMapped("not-final", "ignored")
        for name in ("encounter_id", "question_code"):
            if not cells[name]:
                raise NotMapped("missing-key", field=name)
        answer = read_answer(
            cells["question_code"], cells["answer_code"], self._set.scores, (*who, cells["encounter_id"])
        )
        return [accepted(self._screening(cells, who, answer, withdrawn), where, raw)]

    def _screening(self, cells: Cells, who: PersonKey, answer: Answer, withdrawn: bool) -> Screening:
        native = (*who, cells["encounter_id"], answer.question, *((cells["answer_code"],) if answer.multi else ()))
        need: YesNo = answer.indicates_need
        fields = self._stamp.fields(
            self._stamp.fact_key("screening", *native),
            source_person=self._stamp.person(*who),
            changed_at=iso_time(cells["recorded_time"], self._zone),
            status_rank=3 if withdrawn else 2 if cells["screening_status_code"].lower() != "final" else 1,
            content=content_hash(*[f"{name}={value}" for name, value in cells.items()], need),
            occurred_on=civil_date(cells["recorded_time"]),
            active=not withdrawn,
            labels=self._labels(who, *(("R", answer.label) if answer.label else ())),
        )
        return Screening(
            **fields,
            category=answer.category,
            indicates_need=need,
            question=Coded(code=code_of(answer.question), system="http://loinc.org"),
            answer=Coded(code=code_of(cells["answer_code"]), system="http://loinc.org", mapped=answer.category),
            final=not withdrawn,
        )


def _kind(name: str, table: Table) -> str:
    """`demographic`, `screening`, `admin`, or empty for a file of another sort. By name first, so that a renamed
    column is an error and not a file quietly left out."""
    named = re.match(r"(?:QE_)?(DEMOGRAPHIC|SCREENING|ADMIN)", name.rsplit("/", 1)[-1].upper())
    if named:
        return named.group(1).lower()
    if "pat_mrn_id" not in table.names:
        return ""
    marks = {"consent": "demographic", "question_code": "screening", "visit_part_2_flag": "admin"}
    return next((kind for column, kind in marks.items() if column in table.names), "")


def _cells(table: Table) -> Iterator[Cells]:
    return (row.cells for row in table.rows() if isinstance(row, Row))


def _who(cells: Cells) -> PersonKey:
    return cells.get("facility_id", ""), cells["pat_mrn_id"]


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
