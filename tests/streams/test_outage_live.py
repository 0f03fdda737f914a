"""The broker dies under a working stream and comes back: a worker that is restarted on exit 70 ends with the whole truth."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hub.bus.embedded import EmbeddedBroker
from hub.errors import EXIT_RETRY
from tests.streams.stage import Stage, build_stage

pytestmark = [pytest.mark.live, pytest.mark.slow]


def supervise(stage: Stage, over: threading.Event, exits: list[int]) -> None:
    """What the supervisor does, without its back-off."""
    while not over.is_set():
        worker = stage.start(pause_s=0.02)
        while worker.process.poll() is None and not over.is_set():
            over.wait(0.1)
        if worker.process.returncode is not None:
            exits.append(worker.process.returncode)


def test_after_an_outage_of_the_broker_everything_is_counted_once(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "kafka")
    broker.start()
    stage = build_stage(broker.bootstrap, tmp_path, list_records=100, delivery_timeout_ms=5_000)
    stage.feed((b"k%d" % (n % 200), b"v") for n in range(10_000))
    over, exits = threading.Event(), list[int]()
    supervisor = threading.Thread(target=supervise, args=(stage, over, exits))
    supervisor.start()
    try:
        while not stage.workers or stage.workers[-1].report().get("records", 0) < 2_000:
            over.wait(0.1)
        broker.interrupt()
        over.wait(8)
        broker.stop()
        broker.start()
        stage.feed((b"k%d" % (n % 200), b"v") for n in range(1_000))
        stage.until_committed()
        assert stage.counts() == stage.published() == stage.expected
        assert set(exits) <= {EXIT_RETRY}
    finally:
        over.set()
        supervisor.join()
        stage.stop_all()
        broker.stop()
