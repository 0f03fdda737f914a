"""What every shared CSV sample of laboratories becomes: a table, so that a change of mapping shows as a change here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from hub.domain.events import LabResult
from hub.routing import route
from tests.mapping.made_up_lab_csv import state
from tests.mapping.reading import Reader, counted

pytestmark = pytest.mark.samples

FOLDER = "health/prime-reportstream/csv"


class Expected(NamedTuple):
    """`said`: how many facts of each meaning and status; `flags`: facts that start isolation, all sent for production."""

    file: str
    said: dict[str, int]
    flags: int = 0


TABLE = [
    Expected("ReportStream-StandardCSV-ExampleData-20220509.csv",
             {"positive final": 1, "negative final": 1, "invalid corrected": 1, "not-covid final": 2}, flags=1),
    Expected("SR-UPLOAD.csv", {"not-covid final": 4, "negative final": 1}),
    Expected("SR_CP_02262024.csv", {"positive final": 1}, flags=1),
    Expected("ca_test_file.csv",
             {"inconclusive corrected": 3, "positive corrected": 1, "negative corrected": 1, "review withdrawn": 5},
             flags=1),
    Expected("duplicate.csv", {"positive corrected": 1, "review withdrawn": 1}, flags=1),
    Expected("vt_test_file.csv",
             {"negative corrected": 4, "inconclusive corrected": 1, "review withdrawn": 5}),
]  # fmt: skip


@pytest.mark.parametrize("expected", TABLE, ids=[row.file for row in TABLE])
def test_the_table_says_what_becomes_of_each_file(expected: Expected, read: Reader, shared_samples: Path) -> None:
    found = read("lab-csv", {expected.file: (shared_samples / FOLDER / expected.file).read_bytes()})
    assert (counted(found)["rejected"], counted(found)["ignored"]) == ({}, {})
    facts = {m.event.fact_key: m.event for m in found if isinstance(m.event, LabResult)}
    said = dict(Counter(f"{event.meaning} {event.status}" for event in facts.values()))
    print(f"{expected.file:<52} {said}")  # noqa: T201
    assert said == expected.said
    assert {event.processing for event in facts.values()} == {"production"}
    standing = [event for event in facts.values() if event.meaning == "positive" and event.active]
    assert len(standing) == expected.flags


def test_every_file_of_the_folder_is_in_the_table_and_finds_its_connector(shared_samples: Path) -> None:
    routed = list(route(shared_samples / FOLDER, ("lab-csv",)))
    assert {unit.path.name for unit in routed} == {row.file for row in TABLE}
    assert {unit.connector for unit in routed} == {"lab-csv"}


def test_of_the_samples_only_these_say_anything_odd(read: Reader, shared_samples: Path) -> None:
    odd = {
        row.file: sorted({
            issue
            for mapped in read("lab-csv", {row.file: (shared_samples / FOLDER / row.file).read_bytes()})
            if isinstance(mapped.event, LabResult)
            for issue in mapped.event.issues
        })
        for row in TABLE
    }  # fmt: skip
    assert odd == {
        "ReportStream-StandardCSV-ExampleData-20220509.csv": ["status-missing"],
        "SR-UPLOAD.csv": ["status-missing", "unknown-county"],
        "SR_CP_02262024.csv": [],
        "ca_test_file.csv": [
            "correction-without-status",
            "replaced-by-correction",
            "state-accented",
            "zip-not-in-state",
        ],
        "duplicate.csv": ["replaced-by-correction", "unknown-county", "zip-not-in-state"],
        "vt_test_file.csv": ["correction-without-status", "replaced-by-correction"],
    }


@pytest.mark.parametrize("row", TABLE, ids=[row.file for row in TABLE])
def test_r20_r41_shuffled_and_sent_twice_the_rows_end_in_the_same_state(
    row: Expected, read: Reader, shared_samples: Path
) -> None:
    head, *lines = (shared_samples / FOLDER / row.file).read_bytes().splitlines(keepends=True)
    lines = [line.rstrip() + b"\n" for line in lines]

    def end(order: list[bytes]) -> dict[str, tuple[str, str, bool]]:
        return state(read.events("lab-csv", {row.file: head + b"".join(order)}))

    told = end(lines)
    assert told == end(lines[::-1]) == end(lines + lines) == end(sorted(lines))
