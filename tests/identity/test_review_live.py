"""From the queue to one person, to two again, and to the same after a rebuild: a real broker, identify killed between any two steps
(equity-identity.md, requirement 27)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import date
from itertools import cycle
from typing import Any

import pytest
from click.testing import CliRunner
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from hub.bus.consumer import read_to_end
from hub.bus.lag import GroupLag
from hub.bus.topics import DECISION_TOPIC, REVIEW_TOPIC
from hub.commands.audit import audit
from hub.commands.identity import identity
from hub.config import load_settings
from hub.domain.events import PersonBlock
from hub.identity.bus_ports import READ_TOPICS, open_codec
from hub.identity.role import open_review_desk
from hub.identity.worker import GROUP, STEPS
from hub.ops.ports import free_port
from tests.identity import reviewed_live
from tests.identity.fake_log import event_of
from tests.identity.reviewed import BRUNA, OTTO
from tests.identity.test_role_live import Stack, stack

__all__ = ["stack"]

pytestmark = pytest.mark.live

ONE, OTHER, THIRD = "a" * 26, "b" * 26, "c" * 26
CYD = PersonBlock(given_name="Cyd", family_name="Quenby", birth_date=date(1955, 5, 6), local_id="mrn-9")


class Site:
    """An installation whose identify is killed and started again; the command line beside it."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.directory = stack, stack.directory

    def start(self) -> subprocess.Popen[bytes]:
        self.stack.port = free_port()
        self.stack.logs.append(self.directory.parent / f"reviewed-{len(self.stack.logs)}.log")
        line = reviewed_live.command(self.directory, self.stack.port)
        environment = {**os.environ, "HUB_BOOTSTRAP": self.stack.bootstrap, "HUB_REGISTRY_URL": self.stack.registry_url}
        with self.stack.logs[-1].open("wb") as log:
            process = subprocess.Popen(line, stderr=log, stdout=log, env=environment)
        self.stack.running.append(process)
        return process

    def stop(self) -> None:
        self.stack.running[-1].terminate()
        assert self.stack.running[-1].wait(120) == 0, self.stack.logs[-1].read_text()

    def until(self, true: Callable[[], bool]) -> None:
        """Wait until it is so, while identify runs."""
        pause = threading.Event()
        for _ in range(1_200):
            assert self.stack.running[-1].poll() is None, self.stack.logs[-1].read_text()
            if true():
                return
            pause.wait(0.1)
        raise AssertionError(self.stack.logs[-1].read_text())

    def until_read(self) -> None:
        with closing(GroupLag(self.stack.bootstrap, GROUP, READ_TOPICS)) as lag:
            self.until(lambda: lag.records() == 0)

    def together(self) -> bool:
        with open_review_desk(load_settings(self.directory)) as desk:
            return desk.standing(ONE, OTHER).together

    def review(self, *line: str) -> str:
        ended = CliRunner().invoke(identity, ["review", *line, "--instance", str(self.directory)])
        assert ended.exit_code == 0, (ended.output, ended.exception)
        return ended.output

    def moves(self) -> list[dict[str, Any]]:
        """What reviewers brought about, each once."""
        with open_codec(self.stack.registry_url) as codec:
            told = [codec.decode_dict(record.value)[1] for record in read_to_end(self.stack.bootstrap, DECISION_TOPIC)]
        return list({each["decision"]: each for each in told if each["actor"] == "reviewer"}.values())

    def begin_anew(self) -> None:
        """An empty registry, and all topics read again: what docs/identity-registry.md tells an operator to do."""
        for path in self.directory.glob("identity.sqlite*"):
            path.unlink()
        admin, pause = AdminClient({"bootstrap.servers": self.stack.bootstrap}), threading.Event()
        for _ in range(600):
            try:
                admin.delete_consumer_groups([GROUP])[GROUP].result()
                return
            except KafkaException:  # its only member is forgotten when its session ends
                pause.wait(0.1)
        raise AssertionError("the group still has a member")


@pytest.fixture
def site(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("HUB_BOOTSTRAP", stack.bootstrap)
    monkeypatch.setenv("HUB_REGISTRY_URL", stack.registry_url)
    stack.send(event_of(ONE, 1, BRUNA), event_of(OTHER, 1, OTTO), event_of(THIRD, 1, CYD))
    return Site(stack)


def test_r27_decided_killed_at_every_step_decided_otherwise_and_rebuilt(site: Site) -> None:
    site.start()
    site.until_read()
    (row,) = [json.loads(line) for line in site.review("list", "--json").splitlines()]
    assert (row["left"], row["right"]) == (ONE, OTHER)
    assert not site.together()

    for step, verdict in zip(STEPS, cycle(["same", "different"]), strict=False):
        (site.directory / "kill-at").write_text(step)
        reason = "records-compared"
        line = ("decide", ONE, OTHER, verdict, "--reason", reason, "--actor", "r.lopez", "--overrule")
        assert verdict in site.review(*line)
        assert site.stack.running[-1].wait(120) == -signal.SIGKILL, site.stack.logs[-1].read_text()
        site.start()
        site.until_read()
        assert site.together() is (verdict == "same")
    assert [each["grade"] for each in site.moves()] == ["merge", "split"] * (len(STEPS) // 2)
    assert site.review("list") == "nobody waits\n"

    site.review("decide", OTHER, ONE, "same", "--reason", "person-confirmed", "--actor", "m.chan", "--overrule")
    site.until_read()
    assert site.together()
    *_, last = [json.loads(line) for line in site.review("log", "--json").splitlines()]
    told = {
        name: last[name] for name in ("number", "left", "right", "verdict", "reason", "actor", "stands", "taken_in")
    }
    assert told == {
        "number": len(STEPS) + 1, "left": ONE, "right": OTHER, "verdict": "same", "reason": "person-confirmed",
        "actor": "m.chan", "stands": True, "taken_in": True,
    }  # fmt: skip

    shown = site.review("show", ONE, OTHER, "--reveal", "--purpose", "identity-review")
    assert "brumhilda" in shown
    assert "mrn-7" in shown
    assert "536417702" not in shown
    entries = CliRunner().invoke(audit, ["list", "--instance", str(site.directory)]).output
    assert "identity-review" in entries
    assert "brumhilda" not in entries.casefold()

    site.stop()
    site.begin_anew()
    site.start()
    site.until_read()
    assert site.together()
    site.stop()
    told_of = [record.value or b"" for record in read_to_end(site.stack.bootstrap, REVIEW_TOPIC)]
    for held in [*told_of, *(log.read_bytes() for log in site.stack.logs)]:
        assert b"olaris" not in held
