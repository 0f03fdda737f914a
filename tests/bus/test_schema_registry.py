"""What each answer of a registry, and none, means to the hub."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from hub.bus.codec import Codec
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TALLY_TOPIC, Topic
from hub.domain.tallies import Tally
from hub.errors import ConfigError, Reject, RetryError
from tests.fixtures_registry import RunningRegistry

R1: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
R2: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": "z", "type": "int"}]}


def test_a_registry_that_is_away_is_tried_again_later() -> None:
    ids = SchemaIds("http://127.0.0.1:1", {"max.retries": 0})
    for ask in (lambda: ids.register("s", R1), lambda: ids.text(1), lambda: ids.set_level("s", "FULL")):
        with pytest.raises(RetryError, match="registry-away"):
            ask()
    ids.close()


@pytest.mark.live
def test_ids_are_the_same_for_everybody_and_found_again(registry: RunningRegistry) -> None:
    one, other, subject = SchemaIds(registry.url), SchemaIds(registry.url), f"s-{uuid.uuid4().hex}"
    known = one.register(subject, R1)
    assert other.register(subject, R1) == known
    assert json.loads(other.text(known)) == R1
    one.close()
    other.close()


@pytest.mark.live
def test_an_unknown_id_is_the_records_fault(registry: RunningRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = SchemaIds(registry.url)
    for _ in range(2):
        with pytest.raises(Reject, match="decode:unknown-schema"):
            ids.text(2**31 - 1)
    monkeypatch.setattr(ids._client, "get_schema", None)  # a third time nobody is asked
    with pytest.raises(Reject, match="decode:unknown-schema"):
        ids.text(2**31 - 1)
    ids.close()


@pytest.mark.live
def test_an_incompatible_contract_stops_the_process(registry: RunningRegistry) -> None:
    ids, subject = SchemaIds(registry.url), f"s-{uuid.uuid4().hex}"
    ids.register(subject, R1)
    with pytest.raises(ConfigError, match="409"):
        ids.register(subject, R2)
    with pytest.raises(ConfigError, match="42203"):
        ids.set_level(subject, "SOMETIMES")
    ids.close()


@pytest.mark.live
def test_two_processes_understand_each_other(registry: RunningRegistry) -> None:
    topic = Topic(TALLY_TOPIC, "k", (Tally,))
    writer, reader = (Codec(SchemaIds(registry.url), [topic]) for _ in range(2))
    writer.open()
    tally = Tally(stratum="a", partition=1, count=2, version=3)
    assert reader.decode(writer.encode(TALLY_TOPIC, tally)) == tally
    for codec in (writer, reader):
        codec.close()
