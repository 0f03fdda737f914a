"""Reads the files of `hub identity evaluate`: records as CSV and the pairs of them that are one person.

Columns of records (any may be missing or empty but `record_id`): RECORD_COLUMNS, `birth_date_partial` (1: the source says that the
day is an estimate) and, to tell groups apart, those of GROUPED_BY.
Columns of pairs: `left_id`, `right_id`. What a spreadsheet did to values is taken back: the leading zero of an SSN or postal
code, dates in any of its forms. Of a birth date that is no day of the calendar (31 February, month 19) the year is kept, and
the month where it is one, as a partial date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date
from pathlib import Path

from hub.domain.events import PersonBlock
from hub.domain.linkage.model import LinkModel, read_model, shipped_model
from hub.formats.delimited import RowFault, Table, open_table
from hub.formats.errors import ParseError
from hub.identity.evaluation.labelled import GROUPED_BY, Labelled, LabelledSet, Unanswerable, closed
from hub.mapping.labs_csv_dates import moment
from hub.suggest import did_you_mean

__all__ = ["RECORD_COLUMNS", "link_model", "read_labelled", "read_records"]

RECORD_COLUMNS = (
    "record_id", "source", "given_name", "middle_name", "family_name", "previous_family_name", "suffix", "birth_date", "sex", "ssn",
    "phone", "email", "address_line", "city", "state", "postal_code", "county", "race_ethnicity",
)  # fmt: skip
_DELIMITERS = ",;|\t"
_AS_WRITTEN = (
    "given_name", "middle_name", "family_name", "previous_family_name", "suffix", "phone", "email", "address_line", "city", "state",
    "county",
)  # fmt: skip
_YES = frozenset({"1", "true", "yes", "y"})
_SEX = {"m": "M", "male": "M", "f": "F", "female": "F", "u": None, "unknown": None}
_IN_PARTS = re.compile(r"(\d{4})(?:[-/]?(\d\d)(?:[-/]?\d\d)?)?$", re.ASCII)


def read_labelled(files: Sequence[Path], truth: Path, *, today: date) -> LabelledSet:
    """The records of one or two files in file order, and the closed truth about them.

    `today` bounds years of two digits. Raises `Unanswerable` where a file cannot be read, lacks a column, names a record twice, or
    the truth names a record that is not there.
    """
    records = [record for side, path in enumerate(files) for record in read_records(path, side, today=today)]
    keys = [record.key for record in records]
    sides = {record.key: record.side for record in records} if len(files) > 1 else None
    return LabelledSet(records, closed(keys, _pairs(truth, records, files), sides), two_files=sides is not None)


def read_records(path: Path, side: int = 0, *, today: date) -> list[Labelled]:
    """The records of one file, which is the `side`-th."""
    records: dict[str, Labelled] = {}
    first_seen: dict[str, int] = {}
    for number, cells in _rows(path, required=("record_id",), known=(*RECORD_COLUMNS, *GROUPED_BY)):
        record_id = cells["record_id"]
        if not record_id:
            raise Unanswerable(f"{path.name} row {number}: no record_id")
        if record_id in records:
            raise Unanswerable(f"{path.name} row {number}: the record_id of row {first_seen[record_id]} again")
        first_seen[record_id] = number
        records[record_id] = Labelled(
            key=f"{'ab'[side]}:{record_id}",
            record_id=record_id,
            side=side,
            source=cells.get("source") or path.stem,
            block=_block(cells, today),
            groups={name: cells[name] for name in GROUPED_BY if cells.get(name)},
        )
    return list(records.values())


def link_model(path: Path | None) -> LinkModel:
    """The model of this file, or the shipped one. Raises `Unanswerable`."""
    if path is None:
        return shipped_model()
    try:
        return read_model(json.loads(path.read_bytes()))
    except OSError as why:
        raise Unanswerable(f"{path.name}: {why.strerror}") from None
    except ValueError as why:
        raise Unanswerable(f"{path.name} is no model: {why}") from None


def _pairs(truth: Path, records: Sequence[Labelled], files: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """The pairs told, by key. Of two files a pair may name the second's record first, where that leaves no doubt."""
    known = [{record.record_id: record.key for record in records if record.side == side} for side in range(len(files))]
    left, right = known[0], known[-1]
    for number, cells in _rows(truth, required=("left_id", "right_id"), known=()):
        one, other = cells["left_id"], cells["right_id"]
        if not (one in left and other in right) and one in right and other in left:
            one, other = other, one
        for column, told, ids, file in (("left_id", one, left, files[0]), ("right_id", other, right, files[-1])):
            if told not in ids:
                raise Unanswerable(f"{truth.name} row {number}: {column} names no record of {file.name}")
        yield left[one], right[other]


def _rows(path: Path, *, required: Sequence[str], known: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and cells of every row. `known`: of a file that has none of these columns but the required, the text says so."""
    try:
        with path.open("rb") as stream:
            table = open_table(stream, delimiters=_DELIMITERS)
            _require(table, required, known, path)
            for row in table.rows():
                if isinstance(row, RowFault):
                    if row.error.reason == "empty-row":
                        continue
                    raise Unanswerable(f"{path.name}: {row.error}")
                yield row.number, row.cells
    except ParseError as why:
        raise Unanswerable(f"{path.name}: {why}") from None
    except OSError as why:
        raise Unanswerable(f"{path.name}: {why.strerror}") from None


def _require(table: Table, required: Sequence[str], known: Sequence[str], path: Path) -> None:
    for name in required:
        if name not in table.names:
            raise Unanswerable(f"{path.name} has no column {name}; {_meant(name, table.names, (*required, *known))}")
    if known and not (set(table.names) & set(known)) - set(required):
        raise Unanswerable(f"{path.name} has nothing to compare: of its columns none is {', '.join(known[1:])}")


def _meant(name: str, columns: Sequence[str], known: Sequence[str]) -> str:
    """What the first line holds, as far as it is known to be no value: in a file without header it is a person. (What is nearly the
    name of our column is one.)"""
    if near := did_you_mean(name, columns):
        return near
    there = [column for column in columns if column in known]
    told = f"its first line has {', '.join(there)}" if there else "its first line names no column that is known here"
    others = len(columns) - len(there)
    return f"{told} and {others} other(s)" if there and others else told


def _block(cells: Mapping[str, str], today: date) -> PersonBlock:
    born, partial = _birth_date(cells.get("birth_date", ""), today)
    sex = cells.get("sex", "")
    return PersonBlock.model_validate({
        **{name: cells.get(name) or None for name in _AS_WRITTEN},
        "birth_date": born,
        "birth_date_partial": partial or cells.get("birth_date_partial", "").lower() in _YES,
        "sex": _SEX.get(sex.lower(), sex) or None,
        "ssn": _zero_back(cells.get("ssn", ""), 9) or None,
        "postal_code": _zero_back(cells.get("postal_code", ""), 5) or None,
    })  # fmt: skip


def _birth_date(text: str, today: date) -> tuple[date | None, bool]:
    """The date, and whether only a part of it was told."""
    if not text:
        return None, False
    parts = _IN_PARTS.match(text)
    if parts is None or len(text) >= len("19620120"):
        told = moment(text, UTC, birth=True, not_after=today)
        if told is not None:
            return told.day, False
    if parts is None or not int(parts[1]):
        return None, False
    month = int(parts[2] or 0)
    return date(int(parts[1]), month if 1 <= month <= 12 else 1, 1), True


def _zero_back(text: str, whole: int) -> str:
    """Digits with the leading zero that a number in a spreadsheet loses. To lose more is rare; shorter numbers are of another
    kind (a register of another country)."""
    return f"0{text}" if len(text) == whole - 1 and text.isascii() and text.isdigit() else text
