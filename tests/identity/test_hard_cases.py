"""Named hard cases with the shipped model (tests/corpora/identity/README.md): nobody is united with somebody else.

Requirement 20 of the identity chapter: a built suite of at least forty named cases, 0 false merges. That holds of thresholds for
the model's own 1,000,000 people, which an installation has unless it sets `identity_population`. With thresholds for fewer people
the cases of `UNITED_WRONGLY` are got wrong; the sets are exact, so that a case that gets better is taken off.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from itertools import combinations

import pytest

from hub.config import Settings
from hub.domain.linkage.clusters import Clustering, link_comparables
from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.model import for_population, shipped_model
from hub.identity.evaluation.labelled import Labelled
from hub.wiring_labelled import read_records
from tests.conftest import ROOT

FILE = ROOT / "tests" / "corpora" / "identity" / "hard_cases.csv"

_OF_100_000 = frozenset(
    {
        "common-vietnamese-name", "first-name-and-birthday-of-a-stranger", "name-and-town-alone", "name-and-year-alone",
        "rare-namesakes-born-a-day-apart", "room-mates", "stranger-called-as-the-middle-name",
    }
)  # fmt: skip
_OF_20_000 = _OF_100_000 | {
    "common-name-same-day", "cousin-with-the-others-name-in-the-middle", "first-name-unknown", "first-of-january-of-a-stranger",
    "initial-of-the-other-twin", "transliteration-of-different-people", "twin-whose-name-was-not-told",
    "twin-with-the-others-name-in-the-middle",
}  # fmt: skip
UNITED_WRONGLY: Mapping[int, frozenset[str]] = {1_000_000: frozenset(), 100_000: _OF_100_000, 20_000: _OF_20_000}
"""By the people whom the thresholds are for: the cases in which two people are united, each by itself."""
WITH_ANOTHER_CASE: Mapping[int, frozenset[str]] = {20_000: frozenset({"twins-with-shared-initials"})}
"""The cases of which somebody is united with somebody of another case, where all of them are one population."""


def _cases() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with FILE.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found[row["case"]].append(row)
    return found


CASES = _cases()
PERSONS = {row["record_id"]: (case, row["person"]) for case, rows in CASES.items() for row in rows}
RECORDS = {record.record_id: record for record in read_records(FILE, today=date(2026, 11, 23))}


def linked(records: list[Labelled], people: int) -> Clustering:
    model = for_population(shipped_model(), people)
    return link_comparables({record.record_id: comparable(record.block) for record in records}, model)


def united(found: Clustering) -> list[tuple[str, str]]:
    return [pair for person in found.people for pair in combinations(sorted(person), 2)]


def wrongly(found: Clustering) -> set[str]:
    """The cases of all who are united with another person."""
    wrong = [pair for pair in united(found) if PERSONS[pair[0]] != PERSONS[pair[1]]]
    return {PERSONS[record][0] for pair in wrong for record in pair}


def test_there_are_as_many_as_asked() -> None:
    assert len(CASES) >= 40


def test_r20_with_the_thresholds_of_an_installation_no_case_is_got_wrong() -> None:
    assert not UNITED_WRONGLY[Settings.model_fields["identity_population"].default]


@pytest.mark.parametrize("people", UNITED_WRONGLY)
@pytest.mark.parametrize("case", CASES)
def test_r20_nobody_is_united_with_somebody_else(case: str, people: int) -> None:
    found = linked([RECORDS[row["record_id"]] for row in CASES[case]], people)
    assert wrongly(found) == UNITED_WRONGLY[people] & {case}


@pytest.mark.parametrize("people", UNITED_WRONGLY)
def test_r20_nor_when_all_of_them_are_one_population(people: int) -> None:
    asked = UNITED_WRONGLY[people] | WITH_ANOTHER_CASE.get(people, frozenset())
    assert wrongly(linked(list(RECORDS.values()), people)) == asked


@pytest.mark.parametrize("people", UNITED_WRONGLY)
@pytest.mark.parametrize("case", [case for case, rows in CASES.items() if rows[0]["unite"] == "must"])
def test_who_must_be_united_is(case: str, people: int) -> None:
    rows = CASES[case]
    found = set(united(linked([RECORDS[row["record_id"]] for row in rows], people)))
    asked = {
        (min(pair), max(pair))
        for pair in combinations([row["record_id"] for row in rows], 2)
        if PERSONS[pair[0]] == PERSONS[pair[1]]
    }
    assert asked <= found
