"""A draft lets no record stand of which a column says that it is none any more."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from hub.commands.connector import connector
from hub.connectors.drafting import draft

HEADER, ROW = "Member No,Surname,Pickup Date,Food", "Sample,02/15/2021,Box"


def tried(tmp_path: Path, column: str, *said: str) -> tuple[dict[str, Any], list[Any]]:
    """The draft of a list with this column, and what it makes of its rows: whether each stands; None where it is left out."""
    rows = "".join(f"M{number},{ROW},{value}\n" for number, value in enumerate(said))
    sample = tmp_path / "visits.csv"
    sample.write_text(f"{HEADER},{column}\n{rows}")
    instance = ("--instance", str(tmp_path / "instance"))
    runner = CliRunner()
    assert runner.invoke(connector, ["new", "visits", "--from", str(sample), *instance]).exit_code == 0
    told = runner.invoke(connector, ["try", "visits", str(sample), "--json", *instance])
    found = [json.loads(line) for line in told.stdout.splitlines()]
    made = draft("visits", sample, date(2021, 3, 1))
    document: dict[str, Any] = yaml.safe_load(made.files["connector.yaml"])
    assert any(column in line for line in made.todo)  # people must say whether it is so
    return document, [one["event"]["active"] if one["outcome"] == "event" else None for one in found]


@pytest.mark.parametrize("column", ["Voided", "Is Deleted", "Cancelled", "No Show"])
@pytest.mark.parametrize("said", [("", "x"), ("No", "Yes"), ("0", "1"), ("FALSE", "TRUE"), ("N", "Voided by staff")])
def test_what_a_column_voids_is_withdrawn(column: str, said: tuple[str, str], tmp_path: Path) -> None:
    assert tried(tmp_path, column, *said)[1] == [True, False]


def test_a_sample_of_which_nothing_is_void_says_how_the_next_one_will(tmp_path: Path) -> None:
    document, stands = tried(tmp_path, "Deleted", "", "")
    assert stands == [True, True]
    assert document["map"][0]["active"]["from"] == "Deleted"


def test_what_has_a_day_of_its_deletion_is_left_out(tmp_path: Path) -> None:
    assert tried(tmp_path, "Date Deleted", "", "02/16/2021")[1] == [True, None]


@pytest.mark.parametrize("written", ["15.02.2021 20:15", "2/15/2021 8:15 PM", "15-Feb-2021"])
def test_times_as_systems_write_them_are_dates(written: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(f"{HEADER},Updated\nM1,{ROW},{written}\n")
    document = yaml.safe_load(draft("s", tmp_path / "s.csv", date(2021, 3, 1)).files["connector.yaml"])
    assert document["map"][0]["changed_at"]["from"] == "Updated"
