"""`hub run identify` as it runs in an installation: real topics, real schemas, a broker of its own, canaries in every field."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from hub.bus.cloud_events import cloud_events_headers
from hub.bus.consumer import read_to_end
from hub.bus.embedded import EmbeddedBroker
from hub.bus.lag import GroupLag
from hub.bus.producer import DurableProducer
from hub.bus.topics import DECISION_TOPIC, LINK_TOPIC, PERSON_TOPIC, REVIEW_TOPIC, TOPICS, Topic, intake_topic
from hub.domain.events import Event, PersonBlock, Sealed
from hub.identity.bus_ports import INTAKE_TOPICS, open_codec
from hub.identity.linker import Sighting
from hub.identity.lookup import Lookup
from hub.identity.worker import GROUP
from hub.ops.ports import free_port
from hub.privacy.secrets import make_secret
from hub.privacy.vault import Vault
from tests.fixtures_registry import running_registry
from tests.identity.fake_log import event_of, stay_of
from tests.identity.registries import registry_of
from tests.privacy.canary import CANARY_BLOCK, find_canaries

pytestmark = pytest.mark.live

REJECTED = "hub.stream.rejected.v1"
OTHER = PersonBlock(given_name="Otherwise", family_name="Somebody", birth_date=date(1988, 2, 3))
BROKEN = event_of("c", 1, None).model_copy(update={"person": Sealed(key_id="c", ciphertext=b"x" * 40)})
STORY: list[Event] = [
    event_of("lab", 1, CANARY_BLOCK, source="lab-elr-hl7v2"),
    stay_of("shelter", 1),
    event_of("shelter", 2, CANARY_BLOCK),
    BROKEN,
    event_of(None, 1, CANARY_BLOCK),
    event_of("iis", 1, CANARY_BLOCK, source="iis-cvrs"),
]


@dataclass
class Stack:
    """A broker, a registry and an instance directory; `start`s and ends identify."""

    directory: Path
    bootstrap: str
    registry_url: str
    port: int = 0
    logs: list[Path] = field(default_factory=list)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[bytes]:
        self.port = free_port()
        self.logs.append(self.directory.parent / f"identify-{len(self.logs)}.log")
        command = [sys.executable, "-m", "hub", "run", "identify", "--instance", str(self.directory)]
        environment = {**os.environ, "HUB_BOOTSTRAP": self.bootstrap, "HUB_REGISTRY_URL": self.registry_url}
        with self.logs[-1].open("wb") as log:
            process = subprocess.Popen([*command, "--port", str(self.port)], stderr=log, stdout=log, env=environment)
        self.running.append(process)
        return process

    def send(self, *events: Event, junk: bytes = b"") -> None:
        producer, now = DurableProducer(self.bootstrap), datetime.now(UTC)
        vault = Vault.from_files(self.directory / "keys.sqlite", self.directory / "secrets" / "kek")
        with open_codec(self.registry_url) as codec:
            for event in events:
                topic = intake_topic(type(event).kind)
                headers = cloud_events_headers(event_id=event.event_id, source="x", kind=topic, received_at=now)
                key = (event.source_person or event.fact_key).encode()
                producer.produce(topic, key, codec.encode(topic, vault.seal_person(event)), None, headers)
        if junk:
            producer.produce(INTAKE_TOPICS[0], b"junk", junk)
        producer.flush()
        producer.close()
        vault.close()

    def wait_until_read(self) -> None:
        lag = GroupLag(self.bootstrap, GROUP, INTAKE_TOPICS)
        pause = threading.Event()
        for _ in range(1_200):
            assert self.running[-1].poll() is None, self.logs[-1].read_text()
            if lag.records() == 0:
                lag.close()
                return
            pause.wait(0.1)
        raise AssertionError(self.logs[-1].read_text())

    def wait_until_ready(self) -> None:
        pause = threading.Event()
        for _ in range(1_200):
            assert self.running[-1].poll() is None, self.logs[-1].read_text()
            with contextlib.suppress(OSError):
                if self.page("/readyz")[0] == 200:
                    return
            pause.wait(0.1)
        raise AssertionError(self.logs[-1].read_text())

    def page(self, path: str) -> tuple[int, str]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


def _installed(instance: Path, broker: EmbeddedBroker, registry_url: str, topics: Sequence[Topic]) -> Stack:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    for future in admin.create_topics([NewTopic(each.name, each.partitions or 4, 1) for each in topics]).values():
        future.result()
    for name in ("kek", "hmac"):
        make_secret(instance / "secrets" / name)
    return Stack(instance, broker.bootstrap, registry_url)


@contextlib.contextmanager
def ending(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is gone afterwards, whatever the test found."""
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("identify")
    with EmbeddedBroker(home / "kafka") as broker, running_registry(broker.bootstrap) as registry:
        stack = _installed(home / "instance", broker, registry.url, TOPICS)
        yield stack
        for process in stack.running:
            process.kill()
            process.wait()


def test_identify_runs_is_killed_comes_back_and_nothing_personal_gets_out(stack: Stack) -> None:
    stack.send(*STORY[:2], junk=b"\0\0\0\0\1junk Brumblethwaite")
    killed = stack.start()
    stack.wait_until_read()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    stack.send(*STORY[2:])
    drained = stack.start()
    stack.wait_until_read()
    stack.send(event_of("iis", 2, OTHER, source="iis-cvrs"))  # in a batch of its own: in one, the newer alone may count
    stack.wait_until_read()
    assert stack.page("/readyz")[0] == stack.page("/livez")[0] == 200
    _, metrics = stack.page("/metrics")
    assert 'hub_link_decisions_total{grade="merge"} 1.0' in metrics
    assert 'reason="key-erased"' in metrics
    drained.send_signal(signal.SIGTERM)
    assert drained.wait(120) == 0, stack.logs[-1].read_text()

    with open_codec(stack.registry_url) as codec:
        said = {
            topic: [(record, codec.decode_dict(record.value)) for record in read_to_end(stack.bootstrap, topic)]
            for topic in (PERSON_TOPIC, LINK_TOPIC, DECISION_TOPIC, REJECTED)
        }
    kinds = sorted(kind for _, (kind, _) in said[PERSON_TOPIC])
    assert kinds == ["membership"] * 4 + ["person"] * 4 + ["shelter-stay"]
    assert {fields["reason"] for _, (_, fields) in said[REJECTED]} >= {"key-erased"}
    assert len(said[REJECTED]) == 2
    owners = {(record.key or b"").decode(): fields["person_key"] for record, (_, fields) in said[LINK_TOPIC]}
    assert owners["lab"] == owners["shelter"] != owners["iis"]

    haystacks: dict[str, bytes | str] = {f"log of {path.name}": path.read_bytes() for path in stack.logs}
    haystacks |= {path.name: path.read_bytes() for path in stack.directory.iterdir() if path.is_file()}
    haystacks |= {"metrics": metrics}
    for topic, records in said.items():
        haystacks[topic] = b"".join((r.key or b"") + (r.value or b"") + repr(r.headers).encode() for r, _ in records)
        haystacks[f"{topic} decoded"] = repr([fields for _, fields in records])
    assert {"identity.sqlite", "keys.sqlite"} <= set(haystacks)
    assert find_canaries(haystacks) == []
    for line in stack.logs[-1].read_text().splitlines():
        assert line.startswith("%") or json.loads(line)["role"] == "identify"  # %: librdkafka's own

    vault = Vault.from_files(stack.directory / "keys.sqlite", stack.directory / "secrets" / "kek")
    lookup = Lookup(stack.directory / "identity.sqlite", vault)
    assert lookup.local_ids(owners["lab"], "hmis-csv") == (CANARY_BLOCK.local_id,)
    lookup.close()
    vault.close()


def test_a_second_identify_stops_with_78_and_says_why(stack: Stack) -> None:
    first = stack.start()
    stack.wait_until_ready()  # it holds the lock by now; that nothing is left to read says nothing of that
    second = stack.start()
    assert second.wait(120) == 78
    assert "another identify works on" in stack.logs[-1].read_text()
    assert first.poll() is None
    first.terminate()
    assert first.wait(120) == 0


def test_where_a_topic_is_missing_the_registry_of_an_earlier_hub_stays_as_it_is(stack: Stack, tmp_path: Path) -> None:
    """An upgrade that forgot `hub topics apply`: the hub of before can still go on."""
    topics = [each for each in TOPICS if each.name != REVIEW_TOPIC]
    with EmbeddedBroker(tmp_path / "kafka") as broker:
        earlier = _installed(tmp_path / "instance", broker, stack.registry_url, topics)
        where, keys = earlier.directory / "identity.sqlite", earlier.directory / "keys.sqlite"
        with contextlib.closing(Vault.from_files(keys, earlier.directory / "secrets" / "kek")) as vault:
            with contextlib.closing(registry_of(where, vault)) as registry, registry.batch() as batch:
                batch.see([Sighting("one", "lab")])
            with ending(earlier.start()) as process:
                assert process.wait(120) == 78
            assert f"{REVIEW_TOPIC}; make them with `hub topics apply`" in earlier.logs[-1].read_text()
            with contextlib.closing(registry_of(where, vault)) as registry, registry.batch() as batch:
                assert batch.link_store.model() is None  # nobody was weighed


def test_without_its_secrets_identify_stops_with_78_and_names_the_file(stack: Stack) -> None:
    kek = stack.directory / "secrets" / "kek"
    kek.chmod(0o644)
    try:
        assert stack.start().wait(120) == 78
        assert "chmod 600" in stack.logs[-1].read_text()
    finally:
        kek.chmod(0o600)
