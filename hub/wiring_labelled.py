"""Reads the files of `hub identity evaluate`: records as CSV and the pairs of them that are one person.

Columns of records (any may be missing or empty but `record_id`): RECORD_COLUMNS, `birth_date_partial` (1: the source says that the
day is an estimate) and, to tell groups apart, those of GROUPED_BY.
Columns of pairs: see hub.wiring_labelled_truth. What a spreadsheet did to values is taken back: the leading zero of an SSN or
postal code, the `.0` of a number, dates in any of its forms. Of a birth date that is no day of the calendar (31 February, month 19)
the year is kept, and the month where it is one, as a partial date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from pathlib import Path

from hub.domain.events import PersonBlock
from hub.domain.linkage.model import LinkModel, read_model, shipped_model
from hub.identity.evaluation.labelled import GROUPED_BY, Labelled, LabelledSet, Unanswerable, closed
from hub.mapping.labs_csv_dates import moment
from hub.wiring_labelled_rows import cells_of
from hub.wiring_labelled_truth import read_truth

__all__ = ["RECORD_COLUMNS", "link_model", "read_labelled", "read_records"]

RECORD_COLUMNS = (
    "record_id", "source", "given_name", "middle_name", "family_name", "previous_family_name", "suffix", "birth_date", "sex", "ssn",
    "phone", "email", "address_line", "city", "state", "postal_code", "county", "race_ethnicity",
)  # fmt: skip
_AS_WRITTEN = (
    "given_name", "middle_name", "family_name", "previous_family_name", "suffix", "email", "address_line", "city", "state",
    "county",
)  # fmt: skip
_YES = frozenset({"1", "true", "yes", "y"})
_SEX = {
    "m": "M", "male": "M", "man": "M", "boy": "M", "f": "F", "female": "F", "woman": "F", "girl": "F", "x": "X",
    "nonbinary": "X", "non-binary": "X", "u": None, "unk": None, "unknown": None, "o": None, "other": None,
}  # fmt: skip
_FLOAT = re.compile(r"(\d+)\.0+$", re.ASCII)
_IN_PARTS = re.compile(r"(\d{4})(?:[-/]?(\d\d)(?:[-/]?\d\d)?)?$", re.ASCII)


def read_labelled(files: Sequence[Path], truth: Path, *, today: date) -> LabelledSet:
    """The records of one or two files in file order, and the closed truth about them.

    `today` bounds years of two digits. Raises `Unanswerable` where a file cannot be read, lacks a column, names a record twice, or
    the truth names a record that is not there.
    """
    records = [record for side, path in enumerate(files) for record in read_records(path, side, today=today)]
    keys = [record.key for record in records]
    sides = {record.key: record.side for record in records} if len(files) > 1 else None
    told = read_truth(truth, records, files)
    same = closed(keys, told.same, sides)
    place = {key: at for at, key in enumerate(keys)}
    possible = {(one, other) if place[one] < place[other] else (other, one) for one, other in told.possible}
    return LabelledSet(records, same, sides is not None, frozenset(possible) - same, told.kinds)


def read_records(path: Path, side: int = 0, *, today: date) -> list[Labelled]:
    """The records of one file, which is the `side`-th."""
    records: dict[str, Labelled] = {}
    first_seen: dict[str, int] = {}
    for number, cells in cells_of(path, required=("record_id",), known=(*RECORD_COLUMNS, *GROUPED_BY)):
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


def _block(cells: Mapping[str, str], today: date) -> PersonBlock:
    born, partial = _birth_date(cells.get("birth_date", ""), today)
    sex = cells.get("sex", "")
    return PersonBlock.model_validate({
        **{name: cells.get(name) or None for name in _AS_WRITTEN},
        "birth_date": born,
        "birth_date_partial": partial or cells.get("birth_date_partial", "").lower() in _YES,
        "sex": _SEX.get(sex.lower(), sex) or None,
        "phone": _whole(cells.get("phone", "")) or None,
        "ssn": _zero_back(_whole(cells.get("ssn", "")), 9) or None,
        "postal_code": _zero_back(_whole(cells.get("postal_code", "")), 5) or None,
    })  # fmt: skip


def _birth_date(text: str, today: date) -> tuple[date | None, bool]:
    """The date, and whether only a part of it was told."""
    text = _whole(text)
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


def _whole(digits: str) -> str:
    """Digits without the `.0` that a table program adds to a column of numbers with gaps."""
    found = _FLOAT.match(digits)
    return found[1] if found else digits


def _zero_back(text: str, whole: int) -> str:
    """Digits with the leading zero that a number in a spreadsheet loses. To lose more is rare; shorter numbers are of another
    kind (a register of another country)."""
    return f"0{text}" if len(text) == whole - 1 and text.isascii() and text.isdigit() else text
