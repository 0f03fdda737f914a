"""An export that lacks too much, held until somebody says that it is right: as an operator meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.commands.connector import connector
from hub.connectors.export_memory import ExportMemory, memory_path
from tests.mapping.test_shelters_absent import export, gone, guests, read


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


@pytest.fixture
def memory(instance: Path) -> ExportMemory:
    memory = ExportMemory(memory_path(instance, "hmis-csv"))
    read(memory, export(guests(*range(1, 9)), "2021-01-20"))
    read(memory, export(guests(1), "2021-01-21"))
    return memory


def call(instance: Path, *given: str) -> Result:
    return CliRunner().invoke(
        connector, ["absent", "hmis-csv", "--instance", str(instance), *given], catch_exceptions=False
    )


def listed(instance: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in call(instance, "--json").output.splitlines()]


def test_it_says_which_export_lacks_what_and_how_to_accept_it(instance: Path, memory: ExportMemory) -> None:
    (waiting,) = memory.held()
    (line,) = call(instance).output.splitlines()
    assert line == (
        f"{waiting.export} made 2021-01-21 23:00 UTC lacks 21 of 24 rows of Services: right? --accept {waiting.export}"
    )
    assert listed(instance) == [
        {"export": waiting.export, "made_at": "2021-01-21T23:00:00+00:00", "accepted": False,
         "tables": {"Services": {"absent": 21, "known": 24}}}
    ]  # fmt: skip


def test_what_was_accepted_goes_with_the_next_export_and_is_listed_until_then(
    instance: Path, memory: ExportMemory
) -> None:
    (waiting,) = memory.held()
    assert "withdrawn with the next export" in call(instance, "--accept", waiting.export).output
    assert [each["accepted"] for each in listed(instance)] == [True]
    assert len(gone(read(memory, export(guests(1), "2021-01-22")))) == 7 * 5
    assert call(instance).output == "no export lacks more rows than may be withdrawn without asking\n"


def test_an_export_that_nobody_was_asked_about_cannot_be_accepted(instance: Path, memory: ExportMemory) -> None:
    found = CliRunner().invoke(connector, ["absent", "hmis-csv", "--instance", str(instance), "--accept", "nonsense"])
    assert found.exit_code != 0
    assert len(memory.held()) == 1
