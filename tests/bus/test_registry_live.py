"""The registry on a real broker, asked by confluent-kafka's own client and serializers."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from hub.bus.consumer import read_to_end
from hub.bus.registry_log import RegistryLog
from hub.errors import FatalError
from tests.fixtures_registry import RunningRegistry, running_registry

pytestmark = pytest.mark.live

R1 = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'
R2 = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"string","default":"-"}]}'
R3 = '{"type":"record","name":"R","fields":[{"name":"z","type":"int"}]}'


def new_topic(bootstrap: str) -> str:
    name = f"t-{uuid.uuid4().hex[:12]}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(120)
    return name


@contextlib.contextmanager
def connected(registry: RunningRegistry) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": registry.url}) as client:
        yield client


@pytest.fixture
def client(registry: RunningRegistry) -> Iterator[SchemaRegistryClient]:
    with connected(registry) as made:
        yield made


def test_the_client_registers_looks_up_and_asks(client: SchemaRegistryClient) -> None:
    subject = f"s-{uuid.uuid4().hex}"
    first = client.register_schema(subject, Schema(R1, "AVRO"))
    assert client.register_schema(subject, Schema(R1.replace(",", " , "), "AVRO")) == first
    assert client.test_compatibility(subject, Schema(R2, "AVRO"))
    assert not client.test_compatibility(subject, Schema(R3, "AVRO"))
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema(subject, Schema(R3, "AVRO"))
    assert (refused.value.http_status_code, refused.value.error_code) == (409, 409)
    second = client.register_schema(subject, Schema(R2, "AVRO"))
    assert client.get_versions(subject) == [1, 2]
    latest = client.get_latest_version(subject)
    assert (latest.schema_id, latest.version, latest.schema.schema_str) == (second, 2, R2)
    assert client.get_schema(first).schema_str == R1
    assert client.lookup_schema(subject, Schema(R2, "AVRO")).version == 2
    client.set_compatibility(subject, "NONE")
    assert client.get_compatibility(subject) == "NONE"
    assert client.register_schema(subject, Schema(R3, "AVRO")) not in (first, second)


def test_the_serializers_go_round(registry: RunningRegistry, client: SchemaRegistryClient) -> None:
    topic = f"t-{uuid.uuid4().hex}"
    context = SerializationContext(topic, MessageField.VALUE)
    written = AvroSerializer(client, R1)({"a": 7}, context)
    with connected(registry) as another:
        assert AvroDeserializer(another, R2)(written, context) == {"a": 7, "b": "-"}
    assert f"{topic}-value" in client.get_subjects()


def test_a_subscriber_that_knows_nothing_of_the_hub_reads(
    broker: Any, registry: RunningRegistry, client: SchemaRegistryClient
) -> None:
    shared = Path(os.environ.get("HUB_SHARED") or Path(__file__).parents[2].parent / "shared")
    script = shared / "checks" / "subscriber.py"
    if not script.exists():
        pytest.skip(f"SKIPPED LOUDLY: no {script}; set HUB_SHARED")
    topic = new_topic(broker.bootstrap)
    serialize, context = AvroSerializer(client, R1), SerializationContext(topic, MessageField.VALUE)
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for n in (1, 2, 3):
        producer.produce(topic, serialize({"a": n}, context), f"k{n % 2}".encode())
    assert producer.flush(120) == 0
    for seconds in ("8", "60"):  # it reads for as long as it is told, which a busy machine may need
        command = [sys.executable, str(script), broker.bootstrap, registry.url, topic, seconds]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        if '"read": 3' in done.stdout:
            break
    assert done.returncode == 0, done.stderr
    assert '{"read": 3, "current": 2}' in done.stdout


def test_a_restart_finds_everything_again(broker: Any) -> None:
    with running_registry(broker.bootstrap) as first, connected(first) as client:
        ids = [client.register_schema("s", Schema(R1, "AVRO")), client.register_schema("s", Schema(R2, "AVRO"))]
        client.set_compatibility("s", "FULL_TRANSITIVE")
    with running_registry(broker.bootstrap, first.topic) as second, connected(second) as client:
        assert [client.get_schema(each).schema_str for each in ids] == [R1, R2]
        assert client.get_compatibility("s") == "FULL_TRANSITIVE"
        assert client.register_schema("s", Schema(R2, "AVRO")) == ids[1]
        assert client.register_schema("t", Schema(R3, "AVRO")) == max(ids) + 1
    assert len(list(read_to_end(broker.bootstrap, first.topic))) == 4


def test_a_second_registry_fences_the_first(broker: Any) -> None:
    topic = f"registry-{uuid.uuid4().hex[:12]}"
    first, second = RegistryLog(broker.bootstrap, topic), RegistryLog(broker.bootstrap, topic)
    assert list(first.open()) == []
    first.append(b'{"n":1}', b"{}")
    assert [key for key, _ in second.open()] == [b'{"n":1}']
    with pytest.raises(FatalError):
        first.append(b'{"n":2}', b"{}")
    second.append(b'{"n":3}', b"{}")
    assert [record.key for record in read_to_end(broker.bootstrap, topic)] == [b'{"n":1}', b'{"n":3}']
