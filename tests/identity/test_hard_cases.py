"""Named hard cases with the shipped model (tests/corpora/identity/README.md): nobody is united with somebody else.

Requirement 20 of the identity chapter: a built suite of at least forty named cases, 0 false merges.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from itertools import combinations

import pytest

from hub.domain.linkage.clusters import Clustering, link_comparables
from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.model import shipped_model
from hub.identity.evaluation.labelled import Labelled
from hub.wiring_labelled import read_records
from tests.conftest import ROOT

FILE = ROOT / "tests" / "corpora" / "identity" / "hard_cases.csv"


def _cases() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with FILE.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found[row["case"]].append(row)
    return found


CASES = _cases()
PERSONS = {row["record_id"]: (case, row["person"]) for case, rows in CASES.items() for row in rows}
RECORDS = {record.record_id: record for record in read_records(FILE, today=date(2026, 11, 23))}


def linked(records: list[Labelled]) -> Clustering:
    return link_comparables({record.record_id: comparable(record.block) for record in records}, shipped_model())


def united(found: Clustering) -> list[tuple[str, str]]:
    return [pair for person in found.people for pair in combinations(sorted(person), 2)]


def test_there_are_as_many_as_asked() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("case", CASES)
def test_r20_nobody_is_united_with_somebody_else(case: str) -> None:
    found = linked([RECORDS[row["record_id"]] for row in CASES[case]])
    assert not [pair for pair in united(found) if PERSONS[pair[0]] != PERSONS[pair[1]]]


def test_r20_nor_when_all_of_them_are_one_population() -> None:
    assert not [pair for pair in united(linked(list(RECORDS.values()))) if PERSONS[pair[0]] != PERSONS[pair[1]]]


@pytest.mark.parametrize("case", [case for case, rows in CASES.items() if rows[0]["unite"] == "must"])
def test_who_must_be_united_is(case: str) -> None:
    rows = CASES[case]
    found = set(united(linked([RECORDS[row["record_id"]] for row in rows])))
    asked = {
        (min(pair), max(pair))
        for pair in combinations([row["record_id"] for row in rows], 2)
        if PERSONS[pair[0]] == PERSONS[pair[1]]
    }
    assert asked <= found
