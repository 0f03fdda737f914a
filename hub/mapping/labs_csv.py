"""Laboratory results in CSV: one row per analyte, in the layouts of tables/lab_csv_columns.csv, told by the header.

A result is known by (CLIA of the laboratory, else its name; order or result id; test code), its version by the day
released, else resulted. A row that names the result it corrects is a correction, whatever its status forgets to say, and
withdraws the one it names: chains of corrections end in the same state in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from hub.domain.events import Coded, LabResult, LabStatus, Processing
from hub.domain.ids import content_hash
from hub.domain.lab_answers import Answers
from hub.domain.lab_meaning import Code, Judged, Policy, policy_of
from hub.domain.lab_report import Finding, is_gene, together
from hub.domain.lab_status import RANK
from hub.domain.placeholders import real_id
from hub.formats.delimited import Row, RowFault, Table
from hub.formats.errors import ParseError
from hub.mapping.cells import ABSENT, unwrapped, written
from hub.mapping.codes import LOINC, SNOMED, code_of
from hub.mapping.lab_codes import coded_answer, coded_test
from hub.mapping.labs_csv_ahead import Ahead
from hub.mapping.labs_csv_dates import SPREADSHEET_DATE, Moment, moment
from hub.mapping.labs_csv_layouts import Layout, layout_of, open_lab_table
from hub.mapping.labs_csv_meaning import AS_NUMBER, Cells, judged, status
from hub.mapping.labs_csv_person import Patient, patient, residence_issue, word
from hub.mapping.program import Alone, Mapped, MappingContext, NotMapped, Unit, accepted, guarded, ignored, unreadable
from hub.mapping.stamp import Stamp
from hub.mapping.workbooks import delimited_text, sheets_not_read

__all__ = ["LabTables"]

KIND = LabResult.kind
_ASKED = ("symptomatic", "congregate", "hospitalized", "icu", "pregnant", "healthcare-worker", "first-test")
_DATES = ("collected", "resulted", "released", "ordered", "onset")
_NOT_VOID = frozenset({"no", "n", "false", "f", "0", "active", "0000-00-00"})
"""What stands in a column `Deleted` of a row that is not; anything else (yes, a tick, a day, a name) voids it."""
_NAMES = ("family_name", "given_name", "middle_name", "suffix")


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
                table = open_lab_table(delimited_text(content))
                layout = layout_of(table.names)
            except ParseError as error:
                yield unreadable(error, {"file": file}, b"")
                continue
            mapper, head, empty = _Mapper(file, layout, stamp, policy, context), table.header(), True
            for mapped in guarded(mapper.ahead.rows(table.rows()), mapper.map_row, mapper.locate, KIND):
                empty = False
                yield mapped._replace(head=head, unread=layout.unknown)
            if empty:
                yield ignored("no-rows", {"file": file}, b"", KIND)
            yield from sheets_not_read(file, content, _opened)


def _opened(head: bytes) -> Table:
    """The first rows of a table of results. ParseError for any other."""
    table = open_lab_table(head)
    layout_of(table.names)
    return table


class _Result(NamedTuple):
    """A row understood, before it is an event."""

    cells: Cells
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
        self._zone, self._today = context.zone, context.today()
        self._columns = [(field, names[0], names[1:]) for field, names in layout.columns.items()]
        self._fields = sorted(layout.columns)
        self._names = frozenset(name for field in _NAMES for name in layout.columns.get(field, ()))
        self.ahead = Ahead(layout.columns)

    def locate(self, row: Row | RowFault) -> tuple[Mapping[str, str | int], bytes]:
        return {"file": self._file, "row": row.number}, row.raw

    def map_row(self, row: Row | RowFault) -> list[Mapped]:
        where, raw = self.locate(row)
        if isinstance(row, RowFault):
            return [unreadable(row.error, where, raw)]
        result = self._result(row)
        if is_gene(result.judged):
            result, raw = self._among(row, result)
        events = [self._event(result)]
        replaced = _replaced_id(result.cells)
        if replaced and result.status in ("corrected", "withdrawn"):
            events.append(self._replaced(result, replaced))
        return [accepted(event, where, raw) for event in events]

    def _among(self, row: Row, result: _Result) -> tuple[_Result, bytes]:
        """A single gene that was detected among the results of its order, and the rows that say so together."""
        findings, rows = [Finding(result.judged, "1", "1", RANK[result.status])], [row]
        for other, same_order in self.ahead.beside(row):
            cells = self._cells(other)
            try:
                meant, state = judged(cells, self._policy, self._layout), status(self._statuses(other.cells), cells)[0]
            except NotMapped:
                continue
            if not _same_day(result.days.get("collected"), moment(cells["collected"], self._zone)):
                continue  # of another specimen
            findings.append(Finding(meant, "1" if same_order else "2", "1", RANK[state]))
            rows.append(other)
        decided = together(findings)[0]
        if decided is None or decided == result.judged:
            return result, row.raw
        content = content_hash(result.content, "overall", decided.meaning)
        issues = (*decided.issues, *(issue for issue in result.issues if issue not in decided.issues))
        raw = b"".join(each.raw if each.raw.endswith((b"\n", b"\r")) else each.raw + b"\n" for each in rows)
        return result._replace(judged=decided, content=content, issues=issues), raw

    def _cells(self, row: Row) -> Cells:
        told = row.cells
        if b'="' in row.raw or not ABSENT.isdisjoint(told.values()):
            told = {name: unwrapped(cell) if name in self._names else written(cell) for name, cell in told.items()}
        return Cells({
            field: told[first] or (next((told[name] for name in others if told[name]), "") if others else "")
            for field, first, others in self._columns
        })  # fmt: skip

    def _statuses(self, row: Mapping[str, str]) -> list[str]:
        """What the columns of the status say; of a row that a column voids, that it is cancelled, whatever these say still."""
        voided = (written(row[name]).casefold() for name in self._layout.columns.get("void", ()))
        if any(word and word not in _NOT_VOID for word in voided):
            return ["X"]
        return [told for name in self._layout.columns.get("status", ()) if (told := written(row[name]))]

    def _result(self, row: Row) -> _Result:
        cells, statuses = self._cells(row), self._statuses(row.cells)
        state, status_issues = status(statuses, cells)
        meant = judged(cells, self._policy, self._layout)
        days, date_issues = self._days(cells)
        born, born_issues = self._born(cells, days)
        who = patient(cells, born.day if born else None)
        processing, processing_issue = _processing(cells)
        facility, lab_issue = _facility(cells)
        issues = (*meant.issues, *status_issues, *date_issues, *born_issues, *who.issues, processing_issue, lab_issue)
        odd = (
            "header-by-names" if self._layout.by_names else "",
            "unknown-column" if self._layout.unknown else "",
            residence_issue(cells),
        )
        content = content_hash(*[f"{name}={cells[name]}" for name in self._fields if cells[name]], *statuses)
        told = tuple(dict.fromkeys(issue for issue in (*issues, *odd) if issue))
        return _Result(cells, who, state, meant, days, processing, facility, content, told)

    def _days(self, cells: Cells) -> tuple[Mapping[str, Moment], tuple[str, ...]]:
        found = {name: at for name in _DATES if (at := moment(cells[name], self._zone)) is not None}
        odd = ["unreadable-date" for name in _DATES if cells[name] and name not in found]
        for name in [name for name, at in found.items() if at.day > self._today]:
            odd.append("date-in-the-future")
            del found[name]
        return found, (*odd, *(SPREADSHEET_DATE for at in found.values() if at.serial))

    def _born(self, cells: Cells, days: Mapping[str, Moment]) -> tuple[Moment | None, tuple[str, ...]]:
        """The day of birth; a year of two digits is the latest that the person can have been tested after."""
        tested = next((days[name].day for name in _VERSION if name in days), None)
        born = moment(cells["birth_date"], self._zone, birth=True, not_after=tested)
        if born is None:
            return None, ("unreadable-birth-date",) if cells["birth_date"] else ()
        if born.day > (self._today if tested is None else min(tested, self._today)):
            return None, ("born-after-test",)
        odd = ("two-digit-birth-year" if born.short_year else "", SPREADSHEET_DATE if born.serial else "")
        return born, tuple(filter(None, odd))

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
    code = value[:-2] if AS_NUMBER.match(value) else value
    if not (code.isascii() and code.isdigit()):
        return coded_answer((), meaning, value)
    found = coded_answer((Code(code, SNOMED),), meaning)
    return found if code == value or found.code is None else found.model_copy(update={"original": value})


def _day(result: _Result, name: str) -> Any:
    return result.days[name].day if name in result.days else None


def _facility(cells: Cells) -> tuple[str, str]:
    """The laboratory: its CLIA number, else its name; else who reported."""
    for field in ("lab_clia", "lab_name", "reporter_clia", "reporter_name", "submitter"):
        if cells[field]:
            return " ".join(cells[field].upper().split()), ""
    return "", "no-laboratory"


def _processing(cells: Cells) -> tuple[Processing, str]:
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


def _same_day(one: Moment | None, other: Moment | None) -> bool:
    """As far as both are told."""
    return one is None or other is None or one.day == other.day


def _replaced_id(cells: Cells) -> str:
    """The other result that a row says it replaces."""
    named = real_id(cells["corrected_id"])
    return "" if named == cells["order_id"] else named
