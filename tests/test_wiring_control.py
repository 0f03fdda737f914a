"""Wishes of operators: only the newest record counts, and yet none that was written down is lost."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.bench.real import NumberedSchemas
from hub.bus.codec import Codec
from hub.bus.consumer import Incoming
from hub.bus.control import CONTROL_TOPIC, REWOUND_STREAM
from hub.bus.position import LAST_RECORD_STREAM, POSITION_TOPIC
from hub.bus.topics import TOPICS
from hub.commands.connector_control import streams_of
from hub.config import Settings
from hub.connectors.door import Receipt
from hub.connectors.fleet import Fleet, Order
from hub.connectors.pull import ALL
from hub.domain.ids import Ids
from hub.ops import metrics
from hub.privacy.secrets import make_secret
from hub.privacy.vault import Vault
from hub.wiring_control import ControlLog, carry_out, is_due
from hub.wiring_positions import PositionLog
from hub.wiring_tending import Tending
from hub.wiring_workshop import Workshop
from tests.fakes import FakeBus


class Scene:
    """An operator's desk and a role over one broker in memory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make_secret(folder / "kek")
        vault = Vault.from_files(folder / "keys.sqlite", folder / "kek")
        codec = Codec(NumberedSchemas(), [each for each in TOPICS if each.name in (POSITION_TOPIC, CONTROL_TOPIC)])
        codec.open()
        self.bus = FakeBus()
        bus: Any = self.bus
        no_producer: Any = None
        workshop = Workshop(
            Settings(instance=folder, bootstrap="nowhere:1"), Ids(b"x" * 32), vault, codec, bus, no_producer
        )
        workshop.positions = PositionLog(lambda: self.read(POSITION_TOPIC), bus, codec, vault)
        self.workshop = workshop
        self.controls = ControlLog(self.workshop)
        monkeypatch.setattr("hub.wiring_control.latest_by_key", lambda _, topic: self.read(topic))

    def read(self, wanted: str) -> dict[bytes, Incoming]:
        found = {}
        for n, (topic, key, value, _partition, _headers) in enumerate(self.bus.log):
            if topic == wanted:
                assert key is not None
                found[key] = Incoming(topic, 0, n, key, value, (), 0)
        return found


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(tmp_path, monkeypatch)


def test_a_second_rewind_does_not_undo_the_first_that_nobody_carried_out_yet(scene: Scene) -> None:
    async def play() -> None:
        await scene.controls.ask("rows", rewind={"streams": {"a": None, "b": {"cursor": 1}}})
        control = await scene.controls.ask("rows", rewind={"streams": {"b": {"cursor": 2}}})
        assert scene.controls.target(control) == {"streams": {"a": None, "b": {"cursor": 2}}}

    asyncio.run(play())


def test_of_two_times_since_when_files_come_back_the_earlier_counts(scene: Scene) -> None:
    async def play() -> None:
        since = ["2026-11-02T00:00:00+00:00", "2026-11-01T23:00:00-06:00", "2026-11-03T00:00:00+00:00"]
        for each in since:
            control = await scene.controls.ask("drop", rewind={"files_since": each})
        assert scene.controls.target(control) == {"files_since": since[0]}
        control = await scene.controls.ask("drop", rewind={"files_since": None})
        control = await scene.controls.ask("drop", rewind={"files_since": since[0]})
        assert scene.controls.target(control) == {"files_since": None}

    asyncio.run(play())


def test_a_rewind_that_was_carried_out_is_not_asked_for_again(scene: Scene) -> None:
    async def play() -> None:
        first = await scene.controls.ask("rows", rewind={"streams": {"a": {"cursor": 1}}})
        await carry_out(scene.workshop, first, scene.controls.target(first))
        assert await scene.workshop.positions.load("rows", REWOUND_STREAM) == {"request": first.request}
        second = await scene.controls.ask("rows", rewind={"streams": {"b": {"cursor": 2}}})
        assert scene.controls.target(second) == {"streams": {"b": {"cursor": 2}}}

    asyncio.run(play())


def test_a_pause_keeps_the_rewind_that_is_waiting(scene: Scene) -> None:
    async def play() -> None:
        first = await scene.controls.ask("rows", rewind={"streams": {"a": None}})
        paused = await scene.controls.ask("rows", paused=True)
        assert (paused.paused, paused.rewind) == (True, first.rewind)
        assert not (await scene.controls.ask("rows", paused=False)).paused

    asyncio.run(play())


def test_a_rewind_that_was_refused_does_not_happen_at_a_later_start(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    async def play() -> None:
        control = await scene.controls.ask("drop", rewind={"files_since": None})
        assert await is_due(scene.workshop, control)
        tending = Tending(scene.workshop, Fleet())
        await tending._rewind("drop", Order(), control)
        assert tending._said["drop"] == "refused: files cannot be moved: No space left on device"
        assert not await is_due(scene.workshop, control)

    monkeypatch.setattr("hub.wiring_control.bring_back", full)
    asyncio.run(play())


LAST = "hub_connector_last_record_timestamp_seconds"


async def last_known(tending: Any, *, came: bool = False, ends: bool = True) -> str | None:
    """What the page of a role tells of the last record of `rows`, which is off, after two looks; `came`: between them."""
    ops: Any = SimpleNamespace(drop_ready=lambda _: None)
    tending._orders = SimpleNamespace(now=lambda: {"rows": Order(off="disabled")}, meant=lambda _: ())
    for look in range(2):
        await tending._look(ops)
        await tending._remembering
        if came and look == 0:
            tending._fleet.shown()[0].watch.settled("t", Receipt(events=Counter({"person": 1})))
    if ends:
        await tending.end()
    [entry] = tending.page()
    found: str | None = entry["last_record_at"]
    return found


@pytest.mark.parametrize("ends", [True, False])
def test_when_a_source_last_sent_is_known_after_a_restart_in_words_and_as_a_metric(scene: Scene, ends: bool) -> None:
    async def role(*, came: bool) -> str | None:
        """A process of its own: nothing of an earlier one is left but what stands on the bus."""
        metrics.CONNECTOR_LAST_RECORD.set(0.0, connector="rows")
        workshop = copy.copy(scene.workshop)
        positions = PositionLog(lambda: scene.read(POSITION_TOPIC), scene.bus, workshop.codec, workshop.vault)
        workshop.__dict__["positions"] = positions
        return await last_known(Tending(workshop, Fleet()), came=came, ends=ends)

    assert asyncio.run(role(came=False)) is None
    told = asyncio.run(role(came=True))
    assert told is not None
    assert asyncio.run(role(came=False)) == told
    metric = metrics.REGISTRY.get_sample_value(LAST, {"connector": "rows"})
    assert metric is not None
    assert datetime.fromtimestamp(metric, UTC).isoformat(timespec="seconds") == told


def test_a_role_that_ends_notes_also_what_came_in_the_last_seconds(scene: Scene) -> None:
    async def play() -> None:
        tending: Any = Tending(scene.workshop, Fleet())
        await last_known(tending, came=True, ends=False)
        watch = tending._fleet.shown()[0].watch
        watch.last_record_at += 20
        await tending.end()
        assert await scene.workshop.positions.load("rows", LAST_RECORD_STREAM) == {"at": watch.last_record_at}

    asyncio.run(play())


def test_a_last_record_is_no_stream_that_can_be_rewound(scene: Scene) -> None:
    async def play() -> None:
        await last_known(Tending(scene.workshop, Fleet()), came=True)
        connector: Any = SimpleNamespace(name="rows", door=None)
        assert await streams_of(scene.workshop, connector) == [ALL]

    asyncio.run(play())
