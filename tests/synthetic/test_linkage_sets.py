"""The made-up records on which linkage is trained and measured."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from hub.synthetic.linkage_people import residents
from hub.synthetic.linkage_records import made_records
from hub.synthetic.linkage_second import other_records
from hub.synthetic.linkage_set import COLUMNS, LinkageSet
from hub.synthetic.linkage_slips import slip_date

GENERATORS = [made_records, other_records]


@pytest.mark.parametrize("generate", GENERATORS)
def test_the_same_seed_gives_the_same_records_and_another_seed_gives_others(
    generate: Callable[[int, int], LinkageSet],
) -> None:
    assert generate(300, 7) == generate(300, 7)
    assert generate(300, 7) != generate(300, 8)


@pytest.mark.parametrize("generate", GENERATORS)
def test_the_truth_is_every_pair_of_records_of_one_person(generate: Callable[[int, int], LinkageSet]) -> None:
    made = generate(300, 7)
    person = {record.record_id: record.person for record in made.records}
    truth = list(made.truth())
    assert len(person) == len(made.records)
    assert len(truth) == len(set(truth)) == sum(n * (n - 1) // 2 for n in Counter(person.values()).values())
    assert all(person[left] == person[right] and left < right for left, right in truth)


@pytest.mark.parametrize("generate", GENERATORS)
def test_files_have_the_columns_of_identity_evaluate_and_no_empty_fields_of_their_own(
    generate: Callable[[int, int], LinkageSet], tmp_path: Path
) -> None:
    made = generate(100, 3)
    made.write(tmp_path / "records.csv", tmp_path / "pairs.csv")
    with (tmp_path / "records.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        pairs = list(csv.DictReader(stream))
    assert [{column: value for column, value in row.items() if value and column != "record_id"} for row in rows] == [
        dict(record.fields) for record in made.records
    ]
    assert [(pair["left_id"], pair["right_id"]) for pair in pairs] == list(made.truth())
    assert set(rows[0]) == set(COLUMNS)


def test_households_hold_twins_namesakes_of_two_generations_and_siblings_a_year_apart() -> None:
    twins = year_apart = 0
    people = residents(4000, 5)
    for one, other in pairwise(people):
        if one.household != other.household:
            continue
        twins += one.born == other.born and one.given != other.given
        year_apart += one.family == other.family and 330 <= (other.born - one.born).days <= 430
    juniors = sum(person.suffix == "Jr" for person in people)
    assert min(twins, juniors, year_apart) >= 10


def test_strangers_share_the_address_of_a_shelter() -> None:
    at = Counter(person.address for person in residents(2000, 5) if person.housing == "sheltered")
    assert max(at.values()) > 5


def test_what_is_missing_differs_by_group_as_reported_for_people() -> None:
    """Miller 2017 (PMC5398181): missing SSNs cost Hispanic and Asian people more of their links than white people."""
    told: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for record in made_records(6000, 2).records:
        if record.fields["source"] in ("medicaid", "hmis"):
            asked[record.fields["race_ethnicity"]] += 1
            told[record.fields["race_ethnicity"]] += (
                len(record.fields.get("ssn", "")) >= 4 and record.fields["ssn"] != "999999999"
            )
    share = {group: told[group] / asked[group] for group in ("white", "hispanic", "asian")}
    assert share["hispanic"] < share["white"] - 0.1
    assert share["asian"] < share["white"] - 0.1


def test_a_slip_in_a_birth_date_of_a_leap_year_is_a_day_of_the_calendar() -> None:
    days = {slip_date(date(2000, 2, 29), Random(seed)) for seed in range(60)}
    assert date(1999, 2, 28) in days


def test_a_set_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="needs people"):
        made_records(0, 1)
