"""Redrive on a real broker and registry: published once, marked, audited, counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hub.bus.cloud_events import event_id_of
from hub.bus.consumer import read_to_end
from hub.bus.embedded import EmbeddedBroker
from hub.bus.topic_admin import apply_topics
from hub.bus.topics import TOPICS
from hub.config import Settings
from hub.connectors.door import Problem, Unit
from hub.domain.disclosure import first_break
from hub.ops.metrics import REGISTRY
from hub.privacy.agreements import EXAMPLES
from hub.privacy.secrets import make_secret
from hub.redrive.drive import Pace, judge, redrive
from hub.redrive.standing import Open
from hub.wiring_letters import follow_letters
from hub.wiring_outgoing import SealedPack
from hub.wiring_rejected import opened
from tests.connectors.made_up_lab import message
from tests.fixtures_registry import RunningRegistry, running_registry

pytestmark = pytest.mark.live
LAB = "lab-elr-hl7v2"


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """The real topic names are used here, and others use them on the session's broker."""
    with EmbeddedBroker(tmp_path_factory.mktemp("redrive") / "kafka") as broker:
        yield broker


@pytest.fixture(scope="module")
def own_registry(own_broker: EmbeddedBroker) -> Iterator[RunningRegistry]:
    with running_registry(own_broker.bootstrap) as registry:
        yield registry


@pytest.fixture
def settings(tmp_path: Path, own_broker: EmbeddedBroker, own_registry: RunningRegistry) -> Settings:
    for name in ("kek", "hmac"):
        make_secret(tmp_path / "secrets" / name)
    (tmp_path / "agreements").mkdir()
    text = (EXAMPLES / f"{LAB}.yaml").read_text(encoding="utf-8")
    (tmp_path / "agreements" / f"{LAB}.yaml").write_text(text, encoding="utf-8")
    apply_topics(own_broker.bootstrap, TOPICS, partitions=2, replication=1, min_insync_replicas=1)
    return Settings(instance=tmp_path, bootstrap=own_broker.bootstrap, registry_url=own_registry.url)


def test_a_letter_is_redriven_once_on_a_real_broker(settings: Settings) -> None:
    with opened(settings) as desk:
        pack = SealedPack(LAB, desk._codec, desk._vault)
        out = [
            pack.dead_letter(
                Problem("mapping-error", "map", f"message {n}", f"{settings.instance}"), message(n), Unit("u", b"")
            )
            for n in range(3)
        ]
        desk.publish(out)
        mine = {event_id_of(headers or ()) for *_, headers in out}
        letters = [letter for letter in desk.letters() if letter.id in mine]
        assert len(letters) == 3
        ids = {event.event_id for letter in letters for event in judge(letter, desk.again).events}
        first = [new for _, new in redrive(letters, desk.again, desk.published(ids, [LAB]), desk, Pace(100))]
        second = [new for _, new in redrive(letters, desk.again, desk.published(ids, [LAB]), desk, Pace(100))]
        assert (first, second) == ([1, 1, 1], [0, 0, 0])
        told = [event_id_of(r.headers) for r in read_to_end(settings.require_bootstrap(), "hub.intake.lab-result.v1")]
        assert sorted(each for each in told if each in ids) == sorted(ids)
        assert not any(letter.open for letter in desk.letters() if letter.id in mine)
        desk.trail.write("redrive", purpose="test", subject=LAB, detail="")
        desk.trail.write("redrive-done", purpose="test", subject=LAB, detail="")
        assert first_break(desk.entries()) is None


def test_open_letters_are_counted_from_the_topics(settings: Settings) -> None:
    with opened(settings) as desk:
        pack = SealedPack("counted-live", desk._codec, desk._vault)
        desk.publish(
            [pack.dead_letter(Problem("no-patient", "map", "message 1"), b"x", Unit(str(settings.instance), b""))]
        )

    told: list[int] = []

    def tell(found: Mapping[str, Open]) -> None:
        told.extend(each.letters for name, each in found.items() if name == "counted-live")

    async def counted() -> float:
        following = asyncio.create_task(follow_letters(settings, tell))
        try:
            for _ in range(600):
                found = REGISTRY.get_sample_value("hub_dlq_open", {"connector": "counted-live"})
                if found and told:
                    assert told[-1] == found
                    return found
                await asyncio.sleep(0.1)
        finally:
            following.cancel()
        raise AssertionError("never counted")

    assert asyncio.run(counted()) >= 1
