"""`hub preview` says what each file held, where each refused record is, and what became of records of tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.commands.preview import preview
from tests.connectors.made_up_lab import NEGATIVE, message
from tests.mapping.made_up_lab_csv import standard


def run(path: Path, *options: str) -> Result:
    return CliRunner().invoke(preview, [str(path), "--as-of", "2021-03-02", *options], catch_exceptions=False)


def told(path: Path, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(path, "--json", *options).stdout)
    return found


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """Two folders with a file of one name each: two good messages, one of them a test; and one good row and two bad ones."""
    folder = tmp_path / "drop"
    for name in ("clinic", "city"):
        (folder / name).mkdir(parents=True)
    trial = message(2, NEGATIVE).replace(b"|P|2.5.1", b"|T|2.5.1")
    (folder / "clinic" / "feb.hl7").write_bytes(message(1) + trial)
    (folder / "city" / "feb.csv").write_text(standard({}) + "P9,Example\n" + "P8,Example\n")
    return folder


def test_each_file_is_counted(drop: Path) -> None:
    assert {each["file"]: (each["connector"], each["events"], each["rejected"]) for each in told(drop)["files"]} == {
        "drop/clinic/feb.hl7": ("lab-elr-hl7v2", {"lab-result": 2}, {}),
        "drop/city/feb.csv": ("lab-csv", {"lab-result": 1}, {"short-row": 2}),
    }
    assert "  drop/city/feb.csv (lab-csv): 1 lab-result, 2 rejected\n" in run(drop).stdout


def test_each_refused_record_is_told_by_file_place_and_reason_and_nothing_of_it(drop: Path) -> None:
    found = told(drop)
    assert found["refusals"] == [
        {"file": "drop/city/feb.csv", "place": "row 3", "reason": "short-row"},
        {"file": "drop/city/feb.csv", "place": "row 4", "reason": "short-row"},
    ]
    assert found["refusals_more"] == 0
    said = run(drop).stdout
    assert "  rejected: drop/city/feb.csv row 3: short-row\n" in said
    assert "Example" not in said
    assert "P9" not in json.dumps(found)


def test_records_of_tests_are_told_whether_they_count_or_not(drop: Path) -> None:
    without, with_them = told(drop), told(drop, "--include-test")
    assert without["tests"] == with_them["tests"] == {"lab-result test": 1}
    assert (without["tests_included"], with_them["tests_included"]) == (False, True)
    assert (without["people"], with_them["people"]) == (2, 3)
    assert "1  lab-result test records: start nothing and count nowhere (--include-test)" in run(drop).stdout
    assert "1  lab-result test records: counted as production, by --include-test" in run(drop, "--include-test").stdout
