"""`hub topics`, `hub schemas` and `hub tail` as a person at a terminal meets them."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.bus.codec import Codec
from hub.bus.producer import DurableProducer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import Topic
from hub.commands.schemas import schemas
from hub.commands.tail import tail
from hub.commands.topics import topics
from hub.domain.tallies import Tally
from hub.errors import ConfigError
from tests.fixtures_registry import RunningRegistry


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_the_table_is_listed_for_people_and_machines(tmp_path: Path) -> None:
    found = rows(CliRunner().invoke(topics, ["list", "--instance", str(tmp_path), "--json"]))
    assert {"hub.person.event.v1", "hub.registry.schema.v1"} <= {row["topic"] for row in found}
    assert next(row for row in found if row["topic"] == "hub.equity.tally.v1")["partitions"] == 1
    plain = CliRunner().invoke(topics, ["list", "--instance", str(tmp_path)])
    assert len(plain.output.splitlines()) == len(found)


def test_the_contracts_are_listed_and_hold() -> None:
    found = rows(CliRunner().invoke(schemas, ["list", "--json"]))
    assert {"hub.SupportNeed", "hub.PersonLabResult"} <= {row["record"] for row in found}
    assert CliRunner().invoke(schemas, ["check"]).exit_code == 0


def test_a_contract_that_differs_ends_with_1_and_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "schemas" / "avro"
    folder.mkdir(parents=True)
    monkeypatch.setattr("hub.commands.schemas.schema_folder", lambda: folder)
    refused = CliRunner().invoke(schemas, ["check"])
    assert refused.exit_code == 1
    assert "tally.v1.avsc: missing" in refused.output
    assert CliRunner().invoke(schemas, ["check", "--write"]).exit_code == 0
    assert (folder / "tally.v1.avsc").exists()


@pytest.fixture
def installation(
    broker: Any, registry: RunningRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Topic, Path]:
    """An installation with one topic of its own on the session's broker."""
    topic = Topic(f"tail-{uuid.uuid4().hex[:10]}", "k", (Tally,))
    monkeypatch.setenv("HUB_BOOTSTRAP", broker.bootstrap)
    monkeypatch.setenv("HUB_REGISTRY_URL", registry.url)
    for module in ("topics", "tail"):
        monkeypatch.setattr(f"hub.commands.{module}.all_topics", lambda _: [topic])
    return topic, tmp_path


@pytest.mark.live
def test_topics_are_applied_and_what_stands_on_them_is_shown(
    broker: Any, registry: RunningRegistry, installation: tuple[Topic, Path]
) -> None:
    topic, instance = installation
    apply = ["apply", "--instance", str(instance), "--json"]
    created, subjects = rows(CliRunner().invoke(topics, apply))
    assert (created["did"], created["partitions"], subjects) == ("created", 4, {"subjects": 1})
    assert rows(CliRunner().invoke(topics, apply))[0]["did"] == "verified"

    codec = Codec(SchemaIds(registry.url), [topic])
    codec.open()
    producer = DurableProducer(broker.bootstrap)
    producer.produce(topic.name, b"k", codec.encode(topic.name, Tally(stratum="a", partition=1, count=2, version=3)))
    producer.produce(topic.name, b"k", b"junk")
    producer.produce(topic.name, b"k", None)
    producer.flush()
    producer.close()
    codec.close()
    shown = rows(CliRunner().invoke(tail, [topic.name, "--instance", str(instance), "--count", "3"]))
    assert [row["value"] for row in shown] == [
        {"kind": "tally", "stratum": "a", "partition": 1, "count": 2, "version": 3, "rule": None},
        {"unreadable": "bad-magic", "bytes": 4},
        None,
    ]
    assert [row["offset"] for row in shown] == [0, 1, 2]


@pytest.mark.live
def test_a_topic_that_is_not_there_is_said_so(installation: tuple[Topic, Path]) -> None:
    _, instance = installation
    asked = CliRunner().invoke(tail, ["no-such-topic", "--instance", str(instance), "--seconds", "30"])
    assert isinstance(asked.exception, ConfigError)
