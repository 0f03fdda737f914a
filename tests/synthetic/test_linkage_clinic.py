"""The clinic set: a registry and damaged, labelled records against it (equity-identity.md, requirement 18)."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.synthetic.linkage_clinic import CASES, ClinicSet, clinic_set
from hub.synthetic.linkage_clinic_kinds import KINDS, agreeing
from hub.synthetic.linkage_clinic_people import Fields


@pytest.fixture(scope="module")
def made() -> ClinicSet:
    return clinic_set(1000, 3)


def test_the_same_seed_gives_the_same_set_and_another_seed_another(made: ClinicSet) -> None:
    assert clinic_set(1000, 3) == made
    assert clinic_set(1000, 4) != made


def test_there_are_250_cases_and_more_of_three_labels_and_every_kind_as_often_as_told(made: ClinicSet) -> None:
    assert len(made.registry) >= 1000
    assert len(made.cases) >= 250
    assert Counter(case.kind for case in made.cases) == {kind.name: CASES[kind.label] for kind in KINDS}
    assert len({case.beside[0] for case in made.cases}) == len(made.cases)


def test_a_match_is_of_that_person_and_keeps_what_its_kind_asks_for(made: ClinicSet) -> None:
    registry = {record.record_id: record for record in made.registry}
    least = {kind.name: kind.least for kind in KINDS}
    for case in made.cases:
        if case.label == "match":
            (known,) = case.beside
            assert case.record.person == registry[known].person
            assert agreeing(dict(registry[known].fields), dict(case.record.fields)) >= least[case.kind]
        if case.label == "no-match":
            assert case.record.person not in {record.person for record in made.registry}


def test_twins_fathers_and_sons_stand_in_the_registry(made: ClinicSet) -> None:
    fields = [record.fields for record in made.registry]
    homes = Counter((one.get("address_line"), one["family_name"], one["birth_date"]) for one in fields)
    names = Counter((one.get("address_line"), one["family_name"], one["given_name"]) for one in fields)
    assert sum(count == 2 for (line, *_), count in homes.items() if line) >= 10
    assert sum(count == 2 for (line, *_), count in names.items() if line) >= 5


def _exact(one: Fields, other: Fields) -> bool:
    return all(one[column] == other.get(column) for column in ("given_name", "family_name", "birth_date"))


@pytest.mark.parametrize(
    ("rule", "most_found", "most_right"),
    [(_exact, 0.3, 1.0), (lambda one, other: agreeing(one, other) >= 3, 0.75, 0.95)],
)
def test_a_naive_rule_does_not_reach_it(
    made: ClinicSet, rule: Callable[[Fields, Fields], bool], most_found: float, most_right: float
) -> None:
    """Equal names and birth date find few; any three of five agreeing things find more, and unite strangers."""
    right = wrong = asked = 0
    for case in made.cases:
        found = {known.record_id for known in made.registry if rule(dict(known.fields), dict(case.record.fields))}
        expected = set(case.beside) if case.label == "match" else set()
        if case.label != "possible":
            asked += bool(expected)
            right += bool(expected) and found == expected
            wrong += bool(found - expected)
    assert right / asked < most_found
    assert right / (right + wrong) <= most_right


def test_files_have_a_row_for_every_label(made: ClinicSet, tmp_path: Path) -> None:
    made.write(tmp_path / "registry.csv", tmp_path / "clinic.csv", tmp_path / "pairs.csv")
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["right_id"] for row in rows} == {case.record.record_id for case in made.cases}
    assert {row["label"] for row in rows} == {"match", "no-match", "possible"}
    with (tmp_path / "registry.csv").open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == len(made.registry)


def test_a_registry_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        clinic_set(100, 3)
