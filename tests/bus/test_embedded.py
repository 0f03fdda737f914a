"""The embedded broker as an operator meets it: starts, refuses, recovers, leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from hub.bus.embedded import EmbeddedBroker
from hub.errors import ConfigError, RetryError
from hub.ops.tether import started_at

pytestmark = pytest.mark.live


def _create(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(topic, 1, 1)]).values():
        future.result()


def _write(bootstrap: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    errors: list[object] = []
    producer.produce(topic, value, on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(120.0) == 0
    assert errors == [None]


def _read(bootstrap: str, topic: str) -> bytes:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    record = consumer.poll(120)
    consumer.close()
    assert record is not None
    assert record.error() is None
    value = record.value()
    assert isinstance(value, bytes)
    return value


def test_a_record_survives_a_kill_and_the_next_start_says_that_the_last_one_died(tmp_path: Path) -> None:
    said: list[str] = []
    killed = EmbeddedBroker(tmp_path / "kafka")
    killed.start()
    _create(killed.bootstrap, "kept")
    _write(killed.bootstrap, "kept", b"acknowledged")
    assert killed.pid
    os.kill(killed.pid, signal.SIGKILL)
    psutil.Process(killed.pid).wait(60)
    assert not killed.is_alive()
    with EmbeddedBroker(tmp_path / "kafka", progress=said.append) as again:
        assert _read(again.bootstrap, "kept") == b"acknowledged"
    assert any("ended without a word" in line for line in said)
    assert not (tmp_path / "kafka" / "broker.json").exists()


def test_a_second_broker_on_the_same_directory_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    note = {"pid": os.getpid(), "start": started_at(os.getpid()), "port": 1234}
    (tmp_path / "broker.json").write_text(json.dumps(note))
    with pytest.raises(ConfigError, match=f"pid {os.getpid()}, port 1234"):
        EmbeddedBroker(tmp_path).start()


def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigError, match="is taken by another program"):
            EmbeddedBroker(tmp_path, port=other.getsockname()[1]).start()


def test_topics_are_never_made_by_accident(broker: EmbeddedBroker) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "message.timeout.ms": 2000})
    errors: list[object] = []
    producer.produce("nobody-made-this", b"x", on_delivery=lambda error, _: errors.append(error))
    producer.flush(120.0)
    assert errors[0] is not None  # KafkaError cannot be compared with None


def test_a_broker_that_takes_too_long_is_ended_and_said_to_be_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.bus.embedded.START_SECONDS", 0.0)
    broker = EmbeddedBroker(tmp_path / "kafka")
    with pytest.raises(RetryError, match="no answer within 0 s; "):
        broker.start()
    assert not broker.is_alive()
