"""A stranger with confluent-kafka, two addresses and a topic name reads its alerts; it knows nothing of the hub."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient

from hub.bus.topics import LINK_TOPIC, NEED_TOPIC, delivery_topic
from hub.wiring_bus import ids_of
from tests.live.records import Made, export, night, result
from tests.live.town import HMIS, Town

pytestmark = [pytest.mark.live, pytest.mark.samples]

TOPIC = delivery_topic("isolation-support")
AGREED = {"support", "urgency", "until", "local_id"}
AS_OF = date(2021, 2, 6)
PEOPLE = [
    Made(300, "Rosamund", "Ashgrove", date(1958, 3, 4)),
    Made(301, "Silvester", "Blackwood", date(1969, 6, 15)),
    Made(302, "Thomasina", "Copperfield", date(1977, 9, 26)),
    Made(303, "Ulysses", "Danforth", date(1986, 12, 7)),
]
NOBODY_OF_THEIRS = Made(310, "Elsewhere", "Stranger")


@pytest.fixture(scope="module")
def stranger(shared_samples: Path) -> Path:
    """The check's own script, kept outside this repository."""
    script = shared_samples.parent / "checks" / "subscriber.py"
    if not script.is_file():
        pytest.skip(f"SKIPPED LOUDLY: no {script}; set HUB_SHARED to the folder that holds checks/")
    return script


def read_as(stranger: Path, town: Town) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """What the script prints: the standing alerts, and how many records it read; it is given the seconds that it needs for all."""
    status = subprocess.run(
        [sys.executable, "-m", "hub", "status", "--json", "--instance", str(town.instance)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(status.stdout)
    stand = len(town.records(TOPIC))
    for seconds in ("5", "15", "45"):
        ended = subprocess.run(
            [sys.executable, str(stranger), found["bootstrap"], found["registry"], TOPIC, seconds],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        *alerts, last = map(json.loads, ended.stdout.splitlines() or ["{}"])
        if last.get("read", 0) >= stand:
            break
    assert ended.returncode == 0, ended.stderr
    return alerts, last


def expected(town: Town) -> Counter[tuple[str, str, str, str]]:
    """The open needs of everyone whom the shelters know, by the number they have there."""
    ids = ids_of(town.settings)
    clients = {ids.source_person(HMIS, "PersonalID", local_id): local_id for local_id in _clients(town)}
    numbers: dict[str, list[str]] = {}
    for link in town.newest(LINK_TOPIC).values():
        if link["source_person"] in clients:
            numbers.setdefault(link["person_key"], []).append(clients[link["source_person"]])
    needs = [need for need in town.newest(NEED_TOPIC).values() if need["state"] == "open"]
    return Counter(
        (need["support"], need["urgency"], need["until"].isoformat(), min(numbers[need["person_key"]]))
        for need in needs
        if need["person_key"] in numbers
    )


def _clients(town: Town) -> set[str]:
    exports = [unit.payload for unit in town.sent if unit.connector == HMIS and isinstance(unit.payload, Mapping)]
    tables = [io.StringIO(files["Enrollment.csv"].decode()) for files in exports]
    return {row["PersonalID"] for table in tables for row in csv.DictReader(table)}


def shown(alerts: list[dict[str, Any]]) -> Counter[tuple[str, str, str, str]]:
    return Counter((a["support"], a["urgency"], a["until"], a["local_id"]) for a in alerts)


def test_a_stranger_reads_exactly_the_agreed_fields_until_somebody_has_helped(town: Town, stranger: Path) -> None:
    slept = [night(who, date(2021, 2, 1)) for who in PEOPLE]
    town.send([export("shelter-1", slept, clients=PEOPLE), *map(result, PEOPLE), result(NOBODY_OF_THEIRS)])
    town.tick(AS_OF)
    town.settle()
    town.observe()  # returns when deliveries have caught up
    alerts, last = read_as(stranger, town)
    assert {field for alert in alerts for field in alert} == AGREED
    assert shown(alerts) == expected(town)
    assert {who.client for who in PEOPLE} <= {alert["local_id"] for alert in alerts}
    assert NOBODY_OF_THEIRS.client not in {alert["local_id"] for alert in alerts}
    assert last["current"] == len(alerts)

    helped = PEOPLE[:2]
    town.send([export("shelter-2", slept, clients=PEOPLE, rooms=[(who, date(2021, 2, 5)) for who in helped])])
    town.settle()
    town.observe()
    later, last = read_as(stranger, town)
    assert shown(later) == expected(town) == shown([a for a in alerts if a["local_id"] not in _numbers(helped)])
    assert last["current"] == len(alerts) - len(helped)
    tombstones = [record.key for record in town.records(TOPIC) if record.value is None]
    assert len(tombstones) >= len(helped)


def test_its_contract_names_the_agreed_fields_and_no_other(town: Town) -> None:
    url = town.settings.require_registry_url()
    with SchemaRegistryClient({"url": url}) as registry:
        contract = json.loads(str(registry.get_latest_version(f"{TOPIC}-value").schema.schema_str))
    assert {field["name"] for field in contract["fields"]} == AGREED


def _numbers(people: list[Made]) -> set[str]:
    return {who.client for who in people}
