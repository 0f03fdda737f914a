from __future__ import annotations

import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from hub.identity.worker import STEPS
from hub.privacy.vault import Vault
from tests.identity import live
from tests.identity.fake_log import PERSON_TOPIC
from tests.identity.test_worker import STORY, Site

pytestmark = pytest.mark.live


def make_topics(bootstrap: str, prefix: str) -> None:
    names = [f"{prefix}.{name}" for name in ("intake", *live.OUT)]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    made = admin.create_topics([NewTopic(name, 4, 1) for name in names])
    for future in made.values():
        future.result()


def outcome(bootstrap: str, prefix: str, directory: Path) -> Site:
    """What stands on the live topics, in the form that the fake log's checks read."""
    site = Site(directory, STORY)
    site.log.committed = len(STORY)
    names = {"person": PERSON_TOPIC, "link": "hub.identity.link.v1", "decision": "hub.identity.decision.v1"}
    for name, topic in names.items():
        site.log.out[topic] = [(key, fields) for _, key, fields in live.said(bootstrap, f"{prefix}.{name}")]
    return site


@pytest.fixture
def prefix(broker: Any) -> str:
    name = f"identify-{uuid4().hex[:8]}"
    make_topics(broker.bootstrap, name)
    return name


@pytest.mark.parametrize("moment", STEPS)
def test_kill_9_between_any_two_steps_loses_nothing_and_mixes_up_nobody(
    broker: Any, prefix: str, tmp_path: Path, moment: str
) -> None:
    vault = Vault(tmp_path / "keys.sqlite", live.KEK)
    live.send(broker.bootstrap, f"{prefix}.intake", STORY, vault)
    assert live.run(broker.bootstrap, prefix, tmp_path, moment, visit=0) == -signal.SIGKILL
    assert live.run(broker.bootstrap, prefix, tmp_path) == 0
    site = outcome(broker.bootstrap, prefix, tmp_path)
    site.check()
    letters = live.said(broker.bootstrap, f"{prefix}.rejected")
    assert {fields["reason"] for _, _, fields in letters} == {"bad-bytes"}


def test_a_merge_and_a_split_tell_two_people_on_two_partitions(broker: Any, prefix: str, tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys.sqlite", live.KEK)
    # In batches of their own: the stay before its client, the client, another name, and the name of before.
    for part in (STORY[:2], STORY[2:5], STORY[5:8], STORY[8:]):
        live.send(broker.bootstrap, f"{prefix}.intake", part, vault)
        assert live.run(broker.bootstrap, prefix, tmp_path) == 0
    outcome(broker.bootstrap, prefix, tmp_path).check()
    moves: dict[tuple[str, int], set[tuple[int, str]]] = {}
    for partition, key, fields in live.said(broker.bootstrap, f"{prefix}.person"):
        if fields["kind"] == "membership":
            moves.setdefault((fields["source_person"], fields["revision"]), set()).add((partition, key))
    assert {source_person for source_person, _ in moves} >= {"shelter", "iis"}
    assert all(len({key for _, key in told}) >= 2 for told in moves.values())
