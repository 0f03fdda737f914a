"""Which connectors of an installation start, and what is said of those that do not."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.config import Settings
from hub.connectors.catalog import SHIPPED
from hub.connectors.file_drop import FileDropDoor
from hub.connectors.mllp_door import MllpDoor
from hub.connectors.pull import PullDoor
from hub.domain.ids import Ids
from hub.errors import ConfigError
from hub.privacy.agreements import EXAMPLES
from hub.wiring_intake import allowed, build, intake_topics, require_topics

TODAY = date(2026, 1, 1)


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    (tmp_path / "agreements").mkdir()
    return tmp_path


def agree(instance: Path, *names: str) -> None:
    for name in names:
        shutil.copy(EXAMPLES / f"{name}.yaml", instance / "agreements")


def names(instance: Path, today: date = TODAY) -> list[str]:
    return [connector.name for connector, _ in allowed(instance, today)]


def test_without_any_agreement_nothing_starts_and_the_file_to_write_is_named(instance: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        allowed(instance, TODAY)
    assert str(instance / "agreements" / "hmis-csv.yaml") in str(refused.value)
    assert str(EXAMPLES / "hmis-csv.yaml") in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_connector_without_agreement_does_not_start_and_its_neighbours_do(instance: Path) -> None:
    agree(instance, "hmis-csv", "sara-alert")
    assert names(instance) == ["hmis-csv", "sara-alert"]


def test_a_broken_or_expired_agreement_keeps_its_connector_out(instance: Path) -> None:
    agree(instance, "hmis-csv", "sara-alert")
    (instance / "agreements" / "sara-alert.yaml").write_text("kind: intake\n")
    assert names(instance) == ["hmis-csv"]
    with pytest.raises(ConfigError, match="not today"):
        names(instance, date(2040, 1, 1))


def test_a_broken_own_connector_stays_off_and_its_neighbours_start(instance: Path) -> None:
    agree(instance, "hmis-csv", "iis-cvrs")
    own = instance / "connectors" / "iis-cvrs"
    own.mkdir(parents=True)
    (own / "connector.yaml").write_text("name: [")
    assert names(instance) == ["hmis-csv"]


def test_with_only_broken_connectors_the_mistake_is_the_reason(instance: Path) -> None:
    for path in SHIPPED.glob("*/connector.yaml"):
        own = instance / "connectors" / path.parent.name
        own.mkdir(parents=True)
        (own / "connector.yaml").write_text("title: 7\n")
    with pytest.raises(ConfigError, match=r"no connector can start: .*connector\.yaml:1: "):
        allowed(instance, TODAY)


def test_a_connector_that_is_switched_off_is_not_asked_for_an_agreement(instance: Path) -> None:
    agree(instance, "hmis-csv", "iis-cvrs")
    own = instance / "connectors" / "iis-cvrs"
    own.mkdir(parents=True)
    (own / "connector.yaml").write_text((SHIPPED / "iis-cvrs" / "connector.yaml").read_text() + "enabled: false\n")
    assert names(instance) == ["hmis-csv"]


def test_each_connector_gets_the_door_it_declares(instance: Path) -> None:
    agree(instance, "hmis-csv", "lab-elr-hl7v2")
    nothing: Any = None
    built = build(Settings(instance=instance), allowed(instance, TODAY), Ids(b"x" * 32), nothing, nothing, nothing)
    doors = {each.watch.connector: each.door for each in built}
    assert isinstance(doors["lab-elr-hl7v2"], MllpDoor)
    folder = doors["hmis-csv"]
    assert isinstance(folder, FileDropDoor)
    assert folder.inbox == instance / "inbox" / "hmis-csv"


def test_topics_that_are_missing_are_named_with_the_verb_that_makes_them(instance: Path) -> None:
    agree(instance, "iis-cvrs")
    topics = intake_topics(allowed(instance, TODAY))
    assert [topic.name for topic in topics] == [
        "hub.intake.raw.v1",
        "hub.intake.vaccination.v1",
        "hub.intake.rejected.v1",
    ]

    class Bare:
        def partitions(self, topic: str) -> int:
            return 0 if "rejected" in topic else 4

    with pytest.raises(ConfigError, match=r"hub\.intake\.rejected\.v1; make them with `hub topics apply`"):
        require_topics(Bare(), topics)  # type: ignore[arg-type]


def test_a_door_that_fetches_gets_its_positions_and_their_topic(instance: Path) -> None:
    agree(instance, "iis-cvrs")
    own = instance / "connectors" / "iis-cvrs"
    own.mkdir(parents=True)
    text = (SHIPPED / "iis-cvrs" / "connector.yaml").read_text()
    door = "kind: http-poll\n  url: https://registry.example.org/doses\n"
    (own / "connector.yaml").write_text(text.replace("kind: file-drop\n  unit: file\n", door))
    chosen, settings = allowed(instance, TODAY), Settings(instance=instance)
    unused: Any = None
    [built] = build(settings, chosen, Ids(b"x" * 32), unused, unused, unused)
    assert isinstance(built.door, PullDoor)
    assert "hub.connector.position.v1" in [topic.name for topic in intake_topics(chosen)]
