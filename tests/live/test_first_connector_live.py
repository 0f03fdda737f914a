"""An export that the hub has never seen becomes events on a broker, without Python: new, edit, try, agree, send, tail, remap."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from hub.bus.topics import intake_topic
from hub.commands.tail import tail
from tests.connectors.made_up_exports import EXPORTS
from tests.live.doors import Doors

pytestmark = [pytest.mark.live, pytest.mark.slow]

Decisions = Mapping[str, Mapping[str, tuple[str, str]]]
"""By code table and value: target_code and status, as a steward fills them in."""
DECIDED: dict[str, Decisions] = {
    "food-bank": {
        "race": {"Hispanic": ("hispanic", "mapped"), "White": ("white", "mapped")}
    },  # one is left open, see below
    "shelter": {},
    "lab": {},
    "line-211": {
        "categories": {"88122-7": ("food-insecurity", "mapped"), "71802-3": ("homelessness", "mapped")},
        "needs": {"LA28397-0": ("yes", "mapped"), "LA31994-9": ("yes", "mapped")},
    },
    "lis": {"tests": {"COVPCR": ("94500-6", "mapped"), "COVAG": ("94558-4", "mapped")}},
    "clinic": {},
}


def _strike_influenza(document: dict[str, Any]) -> None:
    document["map"][0]["where"][0]["equals"].remove("FLUA")


def _leave(_document: dict[str, Any]) -> None:
    """The draft is right as it stands."""


EDITS: dict[str, Callable[[dict[str, Any]], None]] = {"lis": _strike_influenza}
GIVEN = {
    "food-bank": {"food-assistance": 3}, "shelter": {"shelter-stay": 3}, "lab": {"lab-result": 3}, "line-211": {"screening": 2},
    "lis": {"lab-result": 2}, "clinic": {"vaccination": 2},
}  # fmt: skip


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """Up and running before any of these connectors exists."""
    found = Doors(tmp_path_factory.mktemp("first"))
    found.agree("iis-cvrs")  # with nothing agreed at all the connectors would not run
    try:
        found.start()
        yield found
    finally:
        found.end()


def decide(table: Path, decisions: Mapping[str, tuple[str, str]]) -> None:
    """Fill rows in, as in a spreadsheet."""
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    for row in rows:
        if row["source_value"] in decisions:
            row["target_code"], row["status"] = decisions[row["source_value"]]
    with table.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def drafted(doors: Doors, name: str, scratch: Path) -> tuple[Path, Path]:
    """new, and the edits of somebody who knows the source; its folder and the export."""
    file, content = EXPORTS[name]
    export, folder = scratch / file, doors.instance / "connectors" / name
    export.write_bytes(content)
    assert doors.hub("new", name, "--from", export).exit_code == 0
    document = yaml.safe_load((folder / "connector.yaml").read_text())
    EDITS.get(name, _leave)(document)
    (folder / "connector.yaml").write_text(yaml.safe_dump(document))
    for table, decisions in DECIDED[name].items():
        decide(folder / "codes" / f"{table}.csv", decisions)
    doors.hurry(name)
    return folder, export


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_never_seen_before_becomes_events_on_a_broker(name: str, doors: Doors, tmp_path: Path) -> None:
    _, export = drafted(doors, name, tmp_path)
    tried = doors.hub("try", name, export, "--summary")
    assert (tried.exit_code, json.loads(tried.stdout)["events"]) == (0, GIVEN[name]), tried.output
    doors.agree(name)
    linted = doors.hub("lint", name)
    assert (linted.exit_code, "not granted" in linted.stdout) == (0, False), linted.output
    entry = doors.running(name)  # nothing was started anew
    if entry["door"] == "mllp":
        assert b"MSA|AA" in doors.spoken(entry["where"], export.read_bytes())
    else:
        doors.dropped(name, export.name, export.read_bytes())
    assert doors.on_topics(name) == (GIVEN[name], {})
    (kind,) = GIVEN[name]
    stand = len(doors.records(intake_topic(kind)))
    line = [intake_topic(kind), "--instance", str(doors.instance), "--count", str(stand)]
    shown = [json.loads(each) for each in CliRunner().invoke(tail, line, catch_exceptions=False).stdout.splitlines()]
    assert len([each for each in shown if each["value"]["source"] == name]) == GIVEN[name][kind]


def test_a_steward_decides_one_row_and_the_records_are_told_anew(doors: Doors) -> None:
    """After the food bank above, which left one of its words open."""
    name = "food-bank"
    counted = doors.hub("unmapped", name, "--json")
    assert [json.loads(line) for line in counted.stdout.splitlines()] == [
        {"kind": "race", "field": "race_ethnicity", "count": 1}
    ]
    told = doors.hub("unmapped", name, "--reveal", "--purpose", "the steward's list", "--json")
    assert json.loads(told.stdout)["value"] == "Prefer not to say"
    before = {event["fact_key"]: event for event in doors.events(name, "food-assistance")}
    decide(doors.instance / "connectors" / name / "codes" / "race.csv", {"Prefer not to say": ("", "declined")})
    remapped = json.loads(doors.hub("remap", name, "--json").stdout)
    assert (remapped["changed"], remapped["unchanged"]) == (1, 2)
    assert doors.hub("unmapped", name, "--json").stdout == ""
    after = doors.events(name, "food-assistance")
    assert len(after) == len(before) + 1
    newest = after[-1] if after[-1]["race_ethnicity"]["absence"] == "declined" else after[0]
    assert newest["fact_key"] in before
