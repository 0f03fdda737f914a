"""From a socket to a real broker and back: a push is answered 2xx when the broker has it, which is killed half-way."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.bus.embedded import EmbeddedBroker
from hub.bus.topic_admin import apply_topics
from hub.bus.topics import TOPICS
from hub.privacy.agreements import EXAMPLES, intake_agreement
from hub.wiring_reading import catalogue, outcomes
from tests.connectors.pushing import KEY
from tests.connectors.test_intake_live import IDS, PARTITIONS, SOON_MS, TODAY, Hub, _until

pytestmark = pytest.mark.live

SARA = "sara-alert"
PERSON = "hub.intake.person.v1"
HEADERS = {"X-API-Key": KEY, "Content-Type": "application/fhir+json"}
CONNECTOR = """
name: sara-alert
title: Contact tracing, pushed
source: {sector: contact-tracing, format: fhir, standard: FHIR R4}
door: {kind: http-push, api_keys: api-keys}
program: sara-alert
emits: [person, case, exposure, lab-result]
"""


@pytest.fixture(scope="module")
def broker_to_kill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path_factory.mktemp("own") / "kafka") as own:
        apply_topics(own.bootstrap, TOPICS, partitions=PARTITIONS, replication=1, min_insync_replicas=1)
        yield own


@pytest.fixture
def hub(broker_to_kill: EmbeddedBroker, tmp_path: Path) -> Iterator[Hub]:
    """A hub whose only connector is one of contact tracing that is pushed to."""
    instance = tmp_path / "instance"
    made = Hub(instance, broker_to_kill, waits_ms=SOON_MS)
    folder, secrets = instance / "connectors" / SARA, instance / "secrets" / SARA
    for each in (folder, secrets):
        each.mkdir(parents=True)
    (folder / "connector.yaml").write_text(CONNECTOR)
    (secrets / "api-keys").write_text(KEY)
    (secrets / "api-keys").chmod(0o600)
    shutil.copy(EXAMPLES / f"{SARA}.yaml", instance / "agreements")
    made.chosen = [(catalogue(instance)[SARA], intake_agreement(instance / "agreements", SARA, TODAY))]
    made._began[PERSON] = made._ends(PERSON)
    with made:
        yield made


def patient(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Patient", "id": str(number), "meta": {"lastUpdated": "2021-01-05T10:00:00+00:00"},
        "name": [{"family": "Example", "given": [f"Person {number}"]}], "birthDate": "1980-01-01",
    }  # fmt: skip


def bundle(*numbers: int) -> bytes:
    entries = [{"resource": patient(n), "request": {"method": "PUT", "url": f"Patient/{n}"}} for n in numbers]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


def ids_of(hub: Hub, contents: list[bytes], tmp_path: Path) -> set[str]:
    """The ids of the persons in these bodies, read offline."""
    found: set[str] = set()
    ((connector, agreement),) = hub.chosen
    for n, content in enumerate(contents):
        path = tmp_path / f"{n}.json"
        path.write_bytes(content)
        events = [mapped.event for mapped in outcomes(connector, agreement, IDS, path)]
        found |= {event.event_id for event in events if event is not None and event.kind == "person"}
    return found


def test_what_was_answered_2xx_is_on_the_topic_and_nothing_else_through_a_kill_of_the_broker(
    hub: Hub, tmp_path: Path
) -> None:
    (door,) = (each.door for each in hub.connectors)
    client = httpx.Client(base_url=door._front.url, headers=HEADERS, timeout=60)  # type: ignore[attr-defined]
    path = f"/fhir/{SARA}"
    with client:
        first, second = bundle(1, 2, 3), json.dumps(patient(4)).encode()
        _until(lambda: client.post(path, content=first).status_code == 200)
        _until(lambda: client.put(f"{path}/Patient/4", content=second).status_code == 200)
        assert {fields["event_id"] for _, fields, _ in hub.read(PERSON)} == ids_of(hub, [first, second], tmp_path)

        assert hub.broker.pid is not None
        os.kill(hub.broker.pid, signal.SIGKILL)
        late = bundle(5, 6)
        for _ in range(3):
            refused = client.post(path, content=late)
            assert (refused.status_code, refused.json()["issue"][0]["code"]) == (503, "transient")
            assert int(refused.headers["retry-after"]) > 0
        assert hub.state(SARA) == "paused"

        _until(lambda: not hub.broker.is_alive())
        hub.broker.start()
        _until(lambda: hub.state(SARA) == "running")
        _until(lambda: client.post(path, content=late).status_code == 200)
    assert {fields["event_id"] for _, fields, _ in hub.read(PERSON)} == ids_of(hub, [first, second, late], tmp_path)
    assert hub.read("hub.intake.rejected.v1") == []
