"""Every shared sample of contact tracing against a table judged by hand: events, rejected and ignored, and why.

`said`: of a case its status and whether it isolates, of an exposure its day or how it was closed, of a result its meaning.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from hub.commands.connector import connector
from hub.commands.preview import preview
from tests.conftest import SHOWN

pytestmark = pytest.mark.samples
FOLDERS = ("sara-alert", "sara-alert/api", "godata")


class Told(NamedTuple):
    outcome: str
    type: str
    said: str
    reason: str


def _table() -> dict[tuple[str, str], Counter[Told]]:
    found: dict[tuple[str, str], Counter[Told]] = {}
    with (Path(__file__).parent / "tracing_outcomes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            told = Told(*(row[name] for name in Told._fields))
            found.setdefault((row["file"], row["connector"]), Counter())[told] += int(row["count"])
    return found


TABLE = _table()


def _said(event: Mapping[str, Any], kind: str) -> str:
    if kind == "case":
        return f"{event['case_status']}{' isolating' if event['isolating'] else ''}"
    if kind == "exposure":
        if event["closed_on"]:
            return f"closed {event['closed_on']}: {event['closed_reason']}"
        return f"exposed {event['last_exposure_on']}"
    return str(event["meaning"]) if kind == "lab-result" else ""


def outcomes(path: Path, name: str, instance: Path) -> Counter[Told]:
    """What `hub connector try NAME FILE --json` says."""
    told = CliRunner().invoke(connector, ["try", "--instance", str(instance), name, str(path), "--json"])
    assert told.exit_code in (0, 1), told.output
    lines = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    return Counter(
        Told(line["outcome"], line["type"] or "", _said(line["event"] or {}, line["type"]) if line["event"] else "",
             line["reason"] or "")
        for line in lines
    )  # fmt: skip


@pytest.mark.parametrize(("file", "name"), TABLE, ids=lambda each: str(each))
def test_r41_each_tracing_sample_becomes_what_the_table_says(
    file: str, name: str, shared_samples: Path, tmp_path: Path
) -> None:
    assert outcomes(shared_samples / "health" / file, name, tmp_path / "no-instance") == TABLE[file, name]


def test_the_table_leaves_out_no_tracing_sample(shared_samples: Path) -> None:
    health = shared_samples / "health"
    there = {
        str(file.relative_to(health)) for folder in FOLDERS for file in (health / folder).iterdir() if file.is_file()
    }
    assert {file for file, _ in TABLE} == there


@pytest.mark.parametrize(("as_of", "isolated"), [("2020-08-15", 44), ("2021-02-01", 46)])
def test_an_outcome_before_the_onset_ends_nothing_and_each_case_isolates_once_it_began(
    as_of: str, isolated: int, shared_samples: Path
) -> None:
    """34 of the 56 cases have an outcome before their onset (samples' README)."""
    path = shared_samples / "health/godata/cases_clean.csv"
    told = CliRunner().invoke(preview, [str(path), "--as-of", as_of, "--json"])
    found = json.loads(told.stdout)
    assert found["people"] == 56
    assert sum(n for stratum, n in found["tallies"].items() if stratum.startswith("positive|")) == isolated


def test_a_folder_that_bears_the_name_of_a_connector_that_is_off_decides_nothing(shared_samples: Path) -> None:
    told = CliRunner().invoke(preview, [str(shared_samples / "health/godata"), "--as-of", "2021-02-01", "--json"])
    found = json.loads(told.stdout)
    assert found["events"] == {"case": 56}
    (nobodys,) = found["not_routed"]
    assert nobodys.startswith("lab_results_clean.csv: nothing in it is of a format the hub knows; a connector")


def test_the_tracing_table_is_printed(
    shared_samples: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rows = [f"\n{'file':<44}{'n':>4}  what `hub connector try` makes of it"]
    for file, name in TABLE:
        found = outcomes(shared_samples / "health" / file, name, tmp_path / "no-instance")
        for told, count in sorted(found.items()):
            rows.append(f"{file:<44}{count:>4}  {' · '.join(word for word in told if word)}")
    record_property(SHOWN, "\n".join(rows))
