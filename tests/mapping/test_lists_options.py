"""Options of list connectors: a mistyped one is told before anything is read, with what was probably meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from hub.commands.connector import connector
from hub.connectors.catalog import SHIPPED
from hub.connectors.installed import programs
from hub.errors import ConfigError
from hub.mapping.program import Optioned
from tests.mapping.reading import Reader

ROSTER = "shelter-roster-csv"
LISTS = ("case-line-list", "consent", "food-benefits", "food-pantry", "referral-csv", ROSTER)


def wrong(program: str, **options: Any) -> list[str]:
    found = programs()[program]
    assert isinstance(found, Optioned)
    return [f"{'.'.join(at)}: {why}" for at, why in found.wrong_options(options)]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"wordz": {}}, "wordz: wordz is no option; did you mean words?"),
        ({"condition": "any"}, "condition: condition is no option; there are columns, date_order, hashed, isolation_sites"),
        ({"words": {"stats": {"here": "present"}}}, "words.stats: stats is no field with words; did you mean status?"),
        ({"words": {"status": {"up": "lefft"}}}, "words.status.up: lefft is no word of the hub's; there are closed, empty, gone"),
        ({"words": {"status": "present"}}, "words.status: names labels, each with what it means"),
        ({"words": 3}, "words: names fields, each with what it holds"),
        ({"columns": {"nite": "Night"}}, "columns.nite: nite is no field; did you mean"),
        ({"hashed": True}, "hashed: names the schema of the filters, and the secrets"),
        ({"hashed": {"schema": "own", "secrets": {"1": "0" * 16}}}, "hashed.schema: is none of name-birth-1, name-birth-place-1"),
        ({"hashed": {"schema": "name-birth-1", "secrets": {}}}, "hashed.secrets: are one or two"),
        ({"hashed": {"schema": "name-birth-1", "secrets": dict.fromkeys("abc", "0" * 16)}}, "hashed.secrets: are one or two"),
        ({"hashed": {"schema": "name-birth-1", "secrets": {"a": "secret"}}}, "hashed.secrets.a: is a name such as 2026-11"),
        ({"date_order": "ymd"}, "date_order: is ymd: it is one of mdy, dmy"),
    ],
)  # fmt: skip
def test_a_mistyped_option_is_told_with_what_was_meant(options: dict[str, Any], told: str) -> None:
    (found,) = wrong(ROSTER, **options)
    assert found.startswith(told)


@pytest.mark.parametrize("name", LISTS)
def test_options_that_a_shipped_folder_shows_are_options(name: str) -> None:
    lines = (SHIPPED / name / "connector.yaml").read_text().splitlines()
    shown = [line[2:] for line in lines[lines.index("# options:") :] if line.startswith("#   ")]
    assert wrong(name, **yaml.safe_load("\n".join(shown))) == []


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("case-line-list", {"race": {"1": "White"}, "closed_reason": {"x": "Other", "y": "open"}}),
        ("referral-csv", {"outcome": {"Done": "helped"}, "category": {"Bed": "homelessness"}}),
        ("food-benefits", {"snap": {"07": True, "08": False}}),
    ],
)
def test_words_that_no_row_has_yet_but_the_program_knows_are_words(program: str, words: dict[str, Any]) -> None:
    assert wrong(program, words=words) == []


def test_nothing_is_read_under_a_mistyped_option(read: Reader) -> None:
    with pytest.raises(ConfigError, match=r"options\.words\.status\.upstairs: lefft is no word"):
        read(ROSTER, {"w.csv": "Shelter,Night,Guest ID,Bed\n"}, words={"status": {"upstairs": "lefft"}})


def test_yes_is_what_yaml_takes_for_truth(read: Reader) -> None:
    head = "Client ID,Program,SNAP Status,As Of"
    (event,) = read.events(
        "food-benefits", {"b.csv": f"{head}\nC-1,SNAP,07,2021-02-01\n"},
        columns={"status": "SNAP Status"}, words={"status": {"07": True}},
    )  # fmt: skip
    assert event.enrolled == "yes"


def test_lint_names_file_line_and_option(tmp_path: Path) -> None:
    folder = tmp_path / "connectors" / ROSTER
    folder.mkdir(parents=True)
    shipped = (SHIPPED / ROSTER / "connector.yaml").read_text()
    (folder / "connector.yaml").write_text(f"{shipped}options:\n  words:\n    status: {{upstairs: lefft}}\n")
    said = CliRunner().invoke(connector, ["lint", ROSTER, "--instance", str(tmp_path)])
    assert said.exit_code != 0
    line = len(shipped.splitlines()) + 3
    assert f"connector.yaml:{line}: options.words.status.upstairs: lefft is no word" in f"{said.output}{said.exception}"
