"""What an alert sees of dead letters: how many are open, and how old the oldest is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from hub.bus.dead_letter import REDRIVEN_TOPIC, REJECTED_TOPIC, Redriven
from hub.ops.metrics import REGISTRY
from hub.redrive.standing import Open, Standing
from hub.wiring_letters import take_in
from tests.connectors.made_up_lab import message
from tests.redrive.desk import AT, Installation
from tests.redrive.test_desk import run
from tests.redrive.test_letters import rejected

LAB = "lab-elr-hl7v2"


def shown(name: str, connector: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"connector": connector})


def mark(letter: str, result: Literal["event", "ignored", "rejected"], hours: int) -> Redriven:
    return Redriven(
        letter=letter, connector="c", result=result, reason=None, events=(), redriven_at=AT + timedelta(hours=hours),
        hub_version="0", mapping_version=1,
    )  # fmt: skip


def test_open_letters_are_counted_and_aged_until_something_came_of_them() -> None:
    standing = Standing()
    for number in range(3):
        standing.take(str(number), rejected(connector="open-ones", hours=number))
    standing.take("", mark("0", "event", 5))
    standing.take("", mark("1", "rejected", 5))
    standing.show(AT + timedelta(hours=6))
    assert shown("hub_dlq_open", "open-ones") == 2
    assert shown("hub_dlq_oldest_age_seconds", "open-ones") == 5 * 3600
    assert standing.open == {"open-ones": Open(2, AT + timedelta(hours=2))}
    standing.take("", mark("1", "ignored", 6))
    standing.take("", mark("2", "event", 6))
    standing.show(AT + timedelta(hours=7))
    assert shown("hub_dlq_open", "open-ones") == 0
    assert shown("hub_dlq_oldest_age_seconds", "open-ones") == 0
    assert standing.open == {}
    standing.take("2", rejected(connector="open-ones", hours=9))
    standing.show(AT + timedelta(hours=10))
    assert shown("hub_dlq_open", "open-ones") == 1, "refused again since"


def test_what_stands_on_the_topics_is_what_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Installation(tmp_path, monkeypatch, LAB)
    for n in (1, 2):
        site.letter(LAB, message(n), f"message {n}")
    site.letter(LAB, message(3).replace(b"PID|", b"PIX|"), "message 3")
    run(site.desk())
    before = REGISTRY.get_sample_value("hub_dlq_redriven_total", {"result": "event"}) or 0
    standing = Standing()
    for topic in (REDRIVEN_TOPIC, REJECTED_TOPIC):
        take_in(site.log().read("", topic), site.codec(), standing)
    standing.show(datetime.now(UTC))
    assert shown("hub_dlq_open", LAB) == 1
    assert REGISTRY.get_sample_value("hub_dlq_redriven_total", {"result": "event"}) == before + 2
