"""The real path from a socket or a folder to a real broker, which is stopped and started again half-way."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from hub.bus.codec import Codec
from hub.bus.embedded import EmbeddedBroker
from hub.bus.producer import DurableProducer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topic_admin import apply_topics
from hub.bus.topics import TOPICS
from hub.config import Settings
from hub.connectors.catalog import SHIPPED
from hub.connectors.fleet import Fleet, Order, Running, Version
from hub.connectors.watch import Watch
from hub.domain.events import LabResult, PersonBlock, Sealed
from hub.domain.ids import Ids
from hub.privacy.agreements import EXAMPLES, intake_agreement
from hub.privacy.vault import Vault
from hub.wiring_outgoing import BusPublisher
from hub.wiring_reading import catalogue, outcomes
from hub.wiring_workshop import Workshop
from tests.connectors.made_up_lab import LabSender, message

pytestmark = pytest.mark.live

IDS = Ids(b"made-up secret of the live intake tests.")
TODAY = date(2026, 1, 1)
LAB = "lab-elr-hl7v2"
PARTITIONS = 4
TOPICS_READ = ("hub.intake.lab-result.v1", "hub.intake.vaccination.v1", "hub.intake.rejected.v1", "hub.intake.raw.v1")


class LocalIds(SchemaIds):
    """Schema ids without a registry: this test stops the broker that a registry would live on."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def register(self, subject: str, schema: dict[str, Any]) -> int:
        number = self._known.setdefault(subject, len(self._known) + 1)
        self._texts[number] = json.dumps(schema)
        return number

    def text(self, schema_id: int) -> str:
        return self._texts[schema_id]


SOON_MS = 6_000
"""How long a hub waits for a broker that a test stops. Its senders send again, on a busy machine also where nobody stopped it."""


class Hub:
    """Connectors running in a thread, as in their process; the test's own thread holds the broker and the senders."""

    def __init__(self, instance: Path, broker: EmbeddedBroker, *more: str, waits_ms: int = 100_000) -> None:
        self.instance, self.broker, self._waits_ms = instance, broker, waits_ms
        agreements = instance / "agreements"
        agreements.mkdir(parents=True)
        names = (LAB, "iis-cvrs", *more)
        for name in names:
            shutil.copy(EXAMPLES / f"{name}.yaml", agreements)
        fast = (SHIPPED / "iis-cvrs" / "connector.yaml").read_text()
        own = instance / "connectors" / "iis-cvrs"
        own.mkdir(parents=True)
        (own / "connector.yaml").write_text(fast.replace("unit: file", "unit: file\n  poll_s: 0.05\n  stable_s: 0.1"))
        self.vault = Vault(instance / "keys.sqlite", b"k" * 32)
        self.codec = Codec(LocalIds(), TOPICS)
        self.codec.open()
        connectors = catalogue(instance)
        self.chosen = [(connectors[name], intake_agreement(agreements, name, TODAY)) for name in names]
        self.connectors: list[Running] = []
        self._began = {topic: self._ends(topic) for topic in TOPICS_READ}
        self._failure: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="connectors")

    @property
    def port(self) -> int:
        return self.port_of(LAB)

    def port_of(self, connector: str) -> int:
        door: Any = next(each for each in self.connectors if each.watch.connector == connector).door
        return int(door.port)

    def state(self, connector: str) -> str:
        return next(each for each in self.connectors if each.watch.connector == connector).watch.state

    def __enter__(self) -> Hub:
        self._thread.start()
        assert self._ready.wait(120)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(120)
        self.vault.close()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:
            self._failure = failure
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        producer = DurableProducer(self.broker.bootstrap, delivery_timeout_ms=self._waits_ms, linger_ms=1)
        settings = Settings(instance=self.instance)
        workshop = Workshop(settings, IDS, self.vault, self.codec, BusPublisher(producer), producer)
        fleet = Fleet(drain_s=5)
        serving = asyncio.create_task(fleet.run(self._stop))
        for connector, agreement in self.chosen:

            async def make(watch: Watch, connector: Any = connector, agreement: Any = agreement) -> Running:
                self.connectors.append(workshop.make(connector, agreement, watch))
                return self.connectors[-1]

            await fleet.apply(connector.name, Order((Version("1", make),)))
        while not all(each.watch.state == "running" for each in self.connectors):
            await asyncio.sleep(0.01)
        self._ready.set()
        await serving
        producer.close()

    def read(self, topic: str) -> list[tuple[bytes, dict[str, Any], dict[str, bytes]]]:
        """What this hub wrote to a topic: key, fields, headers."""
        found: list[tuple[bytes, dict[str, Any], dict[str, bytes]]] = []
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(topic, n, offset) for n, offset in enumerate(self._began[topic])])
            ended: set[int] = set()
            while len(ended) < PARTITIONS:
                record = consumer.poll(120)
                assert record is not None
                if record.error():
                    ended.add(record.partition())
                else:
                    _, fields = self.codec.decode_dict(record.value())
                    found.append((record.key(), fields, dict(record.headers())))
        finally:
            consumer.close()
        return found

    def _ends(self, topic: str) -> list[int]:
        consumer = self._consumer()
        found: list[int] = []

        def answered() -> bool:
            try:
                found[:] = [
                    consumer.get_watermark_offsets(TopicPartition(topic, n), timeout=60)[1] for n in range(PARTITIONS)
                ]
            except KafkaException:  # a topic made a moment ago has no leader yet
                return False
            return True

        try:
            _until(answered)
            return found
        finally:
            consumer.close()

    def _consumer(self) -> Any:
        return Consumer({
            "bootstrap.servers": self.broker.bootstrap, "group.id": "reader", "enable.partition.eof": True,
            "enable.auto.commit": False, "auto.offset.reset": "earliest",
        })  # fmt: skip


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """A broker that these tests may stop: the session's is everybody's."""
    with EmbeddedBroker(tmp_path_factory.mktemp("own") / "kafka") as own:
        apply_topics(own.bootstrap, TOPICS, partitions=PARTITIONS, replication=1, min_insync_replicas=1)
        yield own


@pytest.fixture
def hub(own_broker: EmbeddedBroker, tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path / "instance", own_broker, waits_ms=SOON_MS) as running:
        yield running


def expected(hub: Hub, contents: list[bytes], tmp_path: Path) -> list[LabResult]:
    """What the messages say, read offline under the same ids and agreement."""
    found: list[LabResult] = []
    connector, agreement = next((c, a) for c, a in hub.chosen if c.name == LAB)
    for n, content in enumerate(contents):
        path = tmp_path / f"{n}.hl7"
        path.write_bytes(content)
        for mapped in outcomes(connector, agreement, IDS, path):
            assert isinstance(mapped.event, LabResult)
            found.append(mapped.event)
    return found


def test_200_results_through_an_outage_of_the_broker_are_all_there_exactly_by_id(hub: Hub, tmp_path: Path) -> None:
    contents = [message(n) for n in range(200)]
    events = expected(hub, contents, tmp_path)
    sender = LabSender(hub.port)
    for n in range(80):
        assert sender.send(n, contents[n]) == "AA"
    hub.broker.stop()
    with pytest.raises(AssertionError, match="no answer"):
        sender.send(80, contents[80], attempts=2)
    assert len(sender.answers) == 80
    hub.broker.start()
    for n in range(80, 200):
        assert sender.send(n, contents[n]) == "AA"
    sender.close()

    found = hub.read("hub.intake.lab-result.v1")
    assert {fields["event_id"] for _, fields, _ in found} == {event.event_id for event in events}
    assert len(events) == 200
    assert hub.read("hub.intake.rejected.v1") == []
    by_id = {event.event_id: event for event in events}
    for key, fields, headers in found:
        event = by_id[fields["event_id"]]
        assert key.decode() == event.source_person
        assert headers["ce_id"].decode() == event.event_id
        sealed = Sealed(**fields["person"])
        opened = hub.vault.open_person(event.model_copy(update={"person": sealed}))
        assert isinstance(opened, PersonBlock)
        assert opened == event.person


def test_what_cannot_be_read_is_answered_kept_and_harms_nobody(hub: Hub) -> None:
    sender = LabSender(hub.port)
    assert sender.send(0, message(0)) == "AA"
    assert sender.send(1, b"\x89\x00\x01 binary junk") == "AR"
    assert sender.send(2, b"") == "AR"
    assert sender.send(3, message(3).replace(b"PID|", b"XXX|")) == "AE"
    assert sender.send(4, message(4).replace(b"|2.5.1", b"|9.9")) == "AR"
    assert sender.send(5, message(5).replace(b"ORU^R01", b"ADT^A01")) == "AA"
    assert sender.send(6, message(6)) == "AA"
    sender.close()
    assert len({fields["event_id"] for _, fields, _ in hub.read("hub.intake.lab-result.v1")}) == 2
    rejected = [fields for _, fields, _ in hub.read("hub.intake.rejected.v1")]
    told = {(letter["reason"], letter["content_hash"]) for letter in rejected}
    assert sorted(reason for reason, _ in told) == ["empty", "no-msh", "no-patient", "unsupported-version"]
    kept = next(letter for letter in rejected if letter["reason"] == "no-patient")
    sealed = Sealed(**kept["original"])
    assert hub.vault.open(sealed, "hub.intake.rejected.v1", "original") == message(3).replace(b"PID|", b"XXX|")


def test_a_file_dropped_while_the_broker_is_away_is_taken_when_it_is_back(hub: Hub, shared_samples: Path) -> None:
    inbox = hub.instance / "inbox" / "iis-cvrs"
    hub.broker.stop()
    shutil.copy(shared_samples / "health/cdc-iis-open-tools/CVRS_testgood.txt", inbox / "doses.txt.part")
    (inbox / "doses.txt.part").rename(inbox / "doses.txt")
    _until(lambda: hub.state("iis-cvrs") == "paused")
    assert (inbox / "doses.txt").exists()
    hub.broker.start()
    _until(lambda: (inbox / "done" / "doses.txt.receipt.json").exists() and not (inbox / "doses.txt").exists())
    found = hub.read("hub.intake.vaccination.v1")
    assert len({fields["event_id"] for _, fields, _ in found}) == 33
    raw = hub.read("hub.intake.raw.v1")
    assert {key for key, _, _ in raw} == {b"iis-cvrs"}


def _until(holds: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(2_400):
        if holds():
            return
        waiting.wait(0.05)
    raise AssertionError("it did not happen in 120 s")
