"""Laboratory results in CSV: one row per analyte, in the layouts of tables/lab_csv_columns.csv, told by the header.

A result is known by (CLIA of the laboratory, else its name; order or result id; test code), its version by the day
released, else resulted. A row that names the result it corrects is a correction, whatever its status forgets to say, and
withdraws the one it names: chains of corrections end in the same state in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from hub.domain.events import Coded, LabResult, LabStatus, Processing
from hub.domain.ids import content_hash
from hub.domain.lab_answers import Answers
from hub.domain.lab_meaning import Answer, Asked, Code, Judged, Policy, Unkept, asked, is_covid_test, judge, policy_of
from hub.domain.lab_names import named
from hub.domain.lab_status import RANK, csv_status
from hub.domain.placeholders import real_id
from hub.formats.delimited import Row, RowFault, open_table
from hub.formats.errors import ParseError
from hub.mapping.codes import LOINC, SNOMED, code_of
from hub.mapping.lab_codes import coded_answer, coded_test
from hub.mapping.labs_csv_dates import Moment, moment
from hub.mapping.labs_csv_layouts import DELIMITERS, Layout, layout_of
from hub.mapping.labs_csv_person import Patient, patient, residence_issue, word
from hub.mapping.program import Alone, Mapped, MappingContext, NotMapped, Unit, accepted, guarded, ignored, unreadable
from hub.mapping.stamp import Stamp

__all__ = ["LabTables"]

KIND = LabResult.kind
_ASKED = ("symptomatic", "congregate", "hospitalized", "icu", "pregnant", "healthcare-worker", "first-test")
_MEMORABLE = 200  # characters: what a hostile source writes is not kept in memory
_DATES = ("collected", "resulted", "released", "ordered", "onset")
_AS_NUMBER = re.compile(r"\d{6,18}\.0$")  # a code that a spreadsheet took for a number


class LabTables:
    """Program `lab-csv`.

    Options: `timezone`, the zone of times sent without one; `presumptive` and `pooled`, what becomes of such positives
    (`notify`, `isolate` or `review`; see hub.domain.lab_meaning.Policy).
    """

    name = "lab-csv"
    alone: Alone = "headed"

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every row of every file; a file whose header is of no layout is one rejected outcome."""
        stamp, policy = Stamp.of(context), policy_of(context.options)
        for file, content in unit.files.items():
            try:
                table = open_table(content if isinstance(content, bytes) else content(), delimiters=DELIMITERS)
                layout = layout_of(table.names)
            except ParseError as error:
                yield unreadable(error, {"file": file}, b"")
                continue
            mapper, head, empty = _Mapper(file, layout, stamp, policy, context), table.header(), True
            for mapped in guarded(table.rows(), mapper.map_row, mapper.locate, KIND):
                empty = False
                yield mapped._replace(head=head, unread=layout.unknown)
            if empty:
                yield ignored("no-rows", {"file": file}, b"", KIND)


class _Cells(dict[str, str]):
    """The values of a row by field; empty for a field that the layout has not."""

    def __missing__(self, field: str) -> str:
        return ""


class _Result(NamedTuple):
    """A row understood, before it is an event."""

    cells: _Cells
    patient: Patient
    status: LabStatus
    judged: Judged
    days: Mapping[str, Moment]
    processing: Processing
    facility: str
    content: str
    issues: tuple[str, ...]

    @property
    def changed_at(self) -> datetime | None:
        """When this version was told: released, else resulted, else collected, else ordered."""
        return next((self.days[name].at for name in _VERSION if name in self.days), None)


_VERSION = ("released", "resulted", "collected", "ordered")


class _Mapper:
    def __init__(self, file: str, layout: Layout, stamp: Stamp, policy: Policy, context: MappingContext) -> None:
        self._file = file
        self._layout = layout
        self._stamp = stamp
        self._policy = policy
        self._zone = context.zone
        self._columns = [(field, names[0], names[1:]) for field, names in layout.columns.items()]
        self._fields = sorted(layout.columns)

    def locate(self, row: Row | RowFault) -> tuple[Mapping[str, str | int], bytes]:
        return {"file": self._file, "row": row.number}, row.raw

    def map_row(self, row: Row | RowFault) -> list[Mapped]:
        where, raw = self.locate(row)
        if isinstance(row, RowFault):
            return [unreadable(row.error, where, raw)]
        result = self._result(row.cells)
        events = [self._event(result)]
        replaced = _replaced_id(result.cells)
        if replaced and result.status in ("corrected", "withdrawn"):
            events.append(self._replaced(result, replaced))
        return [accepted(event, where, raw) for event in events]

    def _result(self, row: Mapping[str, str]) -> _Result:
        cells = _Cells({
            field: row[first] or (next((row[name] for name in others if row[name]), "") if others else "")
            for field, first, others in self._columns
        })  # fmt: skip
        statuses = [row[name] for name in self._layout.columns.get("status", ()) if row[name]]
        status, status_issues = _status(statuses, cells)
        judged = _judged(cells, self._policy, self._layout)
        days, date_issues = self._days(cells)
        born, born_issues = self._born(cells, days)
        who = patient(cells, born.day if born else None)
        processing, processing_issue = _processing(cells)
        facility, lab_issue = _facility(cells)
        issues = (*judged.issues, *status_issues, *date_issues, *born_issues, *who.issues, processing_issue, lab_issue)
        odd = (
            "header-by-names" if self._layout.by_names else "",
            "unknown-column" if self._layout.unknown else "",
            residence_issue(cells),
        )
        content = content_hash(*[f"{name}={cells[name]}" for name in self._fields if cells[name]], *statuses)
        told = tuple(dict.fromkeys(issue for issue in (*issues, *odd) if issue))
        return _Result(cells, who, status, judged, days, processing, facility, content, told)

    def _days(self, cells: _Cells) -> tuple[Mapping[str, Moment], tuple[str, ...]]:
        found = {name: at for name in _DATES if (at := moment(cells[name], self._zone)) is not None}
        return found, tuple("unreadable-date" for name in _DATES if cells[name] and name not in found)

    def _born(self, cells: _Cells, days: Mapping[str, Moment]) -> tuple[Moment | None, tuple[str, ...]]:
        """The day of birth; a year of two digits is the latest that the person can have been tested after."""
        tested = next((days[name].day for name in _VERSION if name in days), None)
        born = moment(cells["birth_date"], self._zone, not_after=tested)
        if born is None:
            return None, ("unreadable-birth-date",) if cells["birth_date"] else ()
        if tested is not None and born.day > tested:
            return None, ("born-after-test",)
        return born, ("two-digit-birth-year",) if born.short_year else ()

    def _event(self, result: _Result) -> LabResult:
        judged, value = result.judged, result.cells["result"]
        common = self._common(result, self._order(result), result.status, result.content)
        return LabResult(
            **common,
            meaning=judged.meaning,
            collected_on=_day(result, "collected"),
            resulted_on=_day(result, "resulted"),
            **_answers(result).fields(),
            result=_answered(value, judged.meaning) if value else None,
            issues=result.issues,
            collected_as_told=result.days["collected"].told if "collected" in result.days else None,
        )

    def _replaced(self, result: _Result, order: str) -> LabResult:
        """The result that a correction names as replaced: withdrawn, whatever it said and whenever it comes."""
        content = content_hash(result.content, "replaces")
        return LabResult(
            **self._common(result, order, "withdrawn", content), meaning="review", issues=("replaced-by-correction",)
        )

    def _common(self, result: _Result, order: str, status: LabStatus, content: str) -> dict[str, Any]:
        cells, code, stamp = result.cells, result.judged.loinc or result.cells["test_code"], self._stamp
        fact_key = stamp.fact_key(KIND, result.facility, order, code)
        specimen, person = cells["specimen_id"], result.patient.key
        collected, resulted = _day(result, "collected"), _day(result, "resulted")
        return {
            **stamp.fields(
                fact_key,
                source_person=stamp.person(f"{result.facility} {person[0]}", "^".join(person[1:])) if person else None,
                changed_at=result.changed_at,
                status_rank=RANK[status],
                content=content,
                occurred_on=collected or resulted,
                active=status != "withdrawn",
            ),
            "race_ethnicity": result.patient.race,
            "county_source": result.patient.county_source,
            "person": result.patient.block,
            "status": status,
            "processing": result.processing,
            "method": result.judged.method,
            "loinc": code_of(result.judged.loinc or ""),
            "observation_key": fact_key,
            "report_key": stamp.token("report", result.facility, order),
            "specimen_key": stamp.token("specimen", result.facility, specimen) if specimen else None,
            "test": coded_test((Code(cells["test_code"], LOINC),), result.judged.loinc) if cells["test_code"] else None,
        }

    def _order(self, result: _Result) -> str:
        """Order or result id, else the specimen, else person and time: the hub makes up no other."""
        cells = result.cells
        if order := cells["order_id"] or cells["specimen_id"]:
            return order
        when = cells["collected"] or cells["ordered"] or cells["resulted"]
        if not result.patient.key or not when:
            raise NotMapped("missing-key", field=self._layout.column("order_id"))
        return "^".join((*result.patient.key, when))


def _answered(value: str, meaning: str) -> Coded:
    """A number is a code of SNOMED CT, also where a spreadsheet wrote it with decimals."""
    code = value[:-2] if _AS_NUMBER.match(value) else value
    if not (code.isascii() and code.isdigit()):
        return coded_answer((), meaning, value)
    found = coded_answer((Code(code, SNOMED),), meaning)
    return found if code == value or found.code is None else found.model_copy(update={"original": value})


def _day(result: _Result, name: str) -> Any:
    return result.days[name].day if name in result.days else None


def _status(stated: list[str], cells: _Cells) -> tuple[LabStatus, tuple[str, ...]]:
    """The result's own status within those of observation and order; a final result that names the one it corrects is a correction.
    NotMapped when there is no result yet."""
    status, issue = csv_status(*(stated or [""]))
    if status is None:
        raise NotMapped("no-result-yet", "ignored")
    unsaid = status in ("preliminary", "final") and bool(cells["corrected_id"] or cells["correction_reason"])
    issues = issue, "correction-without-status" if unsaid else ""
    return "corrected" if status == "final" and real_id(cells["corrected_id"]) else status, tuple(filter(None, issues))


def _judged(cells: _Cells, policy: Policy, layout: Layout) -> Judged:
    """NotMapped for another disease, and where the row names no test at all."""
    told = cells["test_code"], cells["result"], cells["device"]
    found = (_judged_before if sum(map(len, told)) <= _MEMORABLE else _judge)(*told, policy)
    if isinstance(found, Unkept):
        if found.reason == "not-covid" and not cells["test_code"] and not cells["device"]:
            raise NotMapped("test-not-named", field=layout.column("test_code"))
        raise NotMapped(found.reason, "ignored")
    return found


def _judge(code: str, value: str, device: str, policy: Policy) -> Judged | Unkept:
    """A test whose code is missing, damaged, local or a panel's goes to review where anything else says SARS-CoV-2."""
    question = asked([Code(code, "LN", device)]) if code else Asked(None, None, "no-test-code", named(device))
    covid = is_covid_test([Code(code)])
    if _AS_NUMBER.match(value):
        value = value[:-2]
    coded = value.isascii() and value.isdigit()
    answer = Answer("coded", (Code(value, "SCT"),)) if coded else Answer("text", text=value)
    return judge(question, answer, covid_order=covid, policy=policy)


_judged_before = lru_cache(maxsize=4096)(_judge)  # a laboratory has few tests and fewer answers: 15 us each


def _facility(cells: _Cells) -> tuple[str, str]:
    """The laboratory: its CLIA number, else its name; else who reported."""
    for field in ("lab_clia", "lab_name", "reporter_clia", "reporter_name", "submitter"):
        if cells[field]:
            return " ".join(cells[field].upper().split()), ""
    return "", "no-laboratory"


def _processing(cells: _Cells) -> tuple[Processing, str]:
    """Production where the layout or the row says nothing; an unknown word is no production."""
    if not cells["processing"]:
        return "production", ""
    known = word("processing", cells["processing"])
    return (cast(Processing, known), "") if known else ("test", "unknown-processing")


def _answers(result: _Result) -> Answers:
    cells, answers = result.cells, Answers()
    for asks in _ASKED:
        answers.tell(asks, cells[asks])
    answers.tell("onset", "", on=_day(result, "onset"))
    answers.tell("residence", word("residence", cells["residence"]) or cells["residence"])
    answers.tell("age", cells["age"], unit=cells["age_unit"])
    return answers


def _replaced_id(cells: _Cells) -> str:
    """The other result that a row says it replaces."""
    named = real_id(cells["corrected_id"])
    return "" if named == cells["order_id"] else named
