"""A source that never sent anything is told of as one that fell silent: Prometheus has its rule, the hub since when it waits."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.connectors.door import Receipt
from hub.connectors.watch import Watch
from hub.ops import metrics
from hub.wiring_last_records import LastRecords

ROOT = Path(__file__).resolve().parents[1]
DAY = 86_400.0


class Positions:
    """What stands on the topic, through restarts of the role."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Mapping[str, Any]] = {}

    async def load(self, connector: str, stream: str) -> Mapping[str, Any] | None:
        return self.kept.get((connector, stream))

    async def save(self, connector: str, stream: str, position: Mapping[str, Any]) -> None:
        self.kept[connector, stream] = position


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_600_000_000.0]
    monkeypatch.setattr("hub.wiring_last_records.time", lambda: now[0])
    return now


def fires(connector: str, at: float) -> bool:
    """SourceSilent as its rule says it, of one connector: a metric that is not there is no sample, and `or` takes the other one."""
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "hub-alerts.yml").read_text())["groups"]
    (expr,) = [rule["expr"] for group in groups for rule in group["rules"] if rule["alert"] == "SourceSilent"]
    found = {
        name: metrics.REGISTRY.get_sample_value(name, {"connector": connector}) for name in re.findall(r"hub_\w+", expr)
    }
    try:
        return bool(eval(expr, {"__builtins__": {}, "time": lambda: at}, found))
    except TypeError:  # nothing to reckon with
        return False


def test_silence_from_the_beginning_is_told_of_whenever_the_role_was_started(clock: list[float]) -> None:
    positions: Any = Positions()
    metrics.CONNECTOR_INTERVAL.set(7 * DAY, connector="never-sent")

    async def role() -> Watch:
        watch = Watch("never-sent")
        watch.enter("running")
        await LastRecords(positions).follow([watch])
        return watch

    began = clock[0]
    assert not fires("never-sent", began)
    for _ in range(3):
        watch = asyncio.run(role())
        clock[0] += 5 * DAY
    assert watch.last_record_at is None  # nobody says that it sent something
    assert not fires("never-sent", began + 14 * DAY)
    assert fires("never-sent", began + 14 * DAY + 1)


def test_a_source_that_sends_is_judged_by_what_it_sent(clock: list[float]) -> None:
    positions: Any = Positions()
    metrics.CONNECTOR_INTERVAL.set(DAY, connector="sent-late")
    watch = Watch("sent-late")
    watch.enter("running")

    async def play() -> None:
        records = LastRecords(positions)
        await records.follow([watch])
        watch.settled("t", Receipt(events=Counter({"person": 1})))
        await records.end([watch])

    asyncio.run(play())
    assert watch.last_record_at is not None
    assert [*positions.kept.values()] == [{"at": watch.last_record_at}]
    assert not fires("sent-late", watch.last_record_at + 2 * DAY - 1)
    assert fires("sent-late", watch.last_record_at + 2 * DAY + 1)


def test_of_a_connector_that_does_not_run_nothing_is_awaited(clock: list[float]) -> None:
    positions: Any = Positions()
    asyncio.run(LastRecords(positions).follow([Watch("at-rest")]))
    assert positions.kept == {}
    metrics.CONNECTOR_INTERVAL.set(DAY, connector="at-rest")
    assert not fires("at-rest", clock[0] + 100 * DAY)
