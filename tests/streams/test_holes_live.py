"""The five holes through which stock Faust commits past lost work, each shown on stock Faust and closed in the hub's app.

Numbers as in the team's notes: H1 flush gives up after 0.1 s, H2 the offset steps over an unfinished event, H3 a failed send is
only logged, H4 an event whose agent raised is acknowledged, H5 so is one that cannot be decoded.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from hub.errors import EXIT_RETRY
from tests.streams.stage import Stage

pytestmark = [pytest.mark.live, pytest.mark.slow]

ONE_PARTITION = b"k"
"""Records of one key lie in one partition, one after the other."""


def alter(stage: Stage, topic: str, **config: str) -> None:
    """Set topic configuration, dots as double underscores."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    for name, value in config.items():
        resource.add_incremental_config(
            ConfigEntry(name.replace("__", "."), value, incremental_operation=AlterConfigOpType.SET)
        )
    admin = AdminClient({"bootstrap.servers": stage.bootstrap})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(120)


@contextmanager
def stock(stage: Stage, what: str) -> Iterator[subprocess.Popen[bytes]]:
    """Stock Faust with the stage's app id, source and output."""
    told = {
        "bootstrap": stage.bootstrap,
        "app_id": stage.settings.app_id,
        "source": stage.settings.source_topic,
        "output": stage.output_topic,
        "datadir": str(stage.directory / "stock"),
    }
    command = [sys.executable, "-c", f"from tests.streams.stock import {what}; {what}()"]
    environ = {**os.environ, "HUB_STOCK": json.dumps(told)}
    with (stage.directory / "stock.log").open("ab") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def until(holds: Callable[[], bool]) -> None:
    """Wait for it; the test's own deadline ends the wait."""
    while not holds():
        time.sleep(0.2)


def outputs(stage: Stage) -> list[tuple[bytes, bytes | None, int]]:
    return stage.read(stage.output_topic, 4)


def test_h1_stock_faust_commits_though_the_changelog_is_stuck(stage: Stage) -> None:
    stage.output_topic = "absent"
    stage.feed((b"k%d" % n, b"v") for n in range(50))
    with stock(stage, "count_in_a_table"):
        stage.until_committed()
        assert stage.changelog() == {}


def test_h1_the_hub_commits_nothing_while_a_record_is_stuck(stage: Stage) -> None:
    stage.output_topic, known = "absent", stage.output_topic
    stage.settings = replace(stage.settings, delivery_timeout_ms=3_000)
    stage.feed((b"k%d" % n, b"v") for n in range(50))
    worker = stage.start()
    assert worker.ends() == EXIT_RETRY
    assert stage.lag() == 50
    stage.output_topic = known
    stage.start()
    stage.until_committed()
    assert stage.counts() == stage.published() == stage.expected


def test_h2_stock_faust_commits_past_an_event_that_is_not_finished(stage: Stage) -> None:
    stage.feed([(ONE_PARTITION, b"hang"), *[(ONE_PARTITION, b"v")] * 20])
    with stock(stage, "hang_on_the_first"):
        stage.until_committed()


def test_h2_the_hub_never_commits_past_a_list_that_is_not_finished(stage: Stage) -> None:
    stage.output_topic = "absent"
    stage.settings = replace(stage.settings, list_records=1, delivery_timeout_ms=3_000)
    stage.feed([(ONE_PARTITION, b"v")] * 20)
    worker = stage.start()
    assert worker.ends() == EXIT_RETRY
    assert stage.lag() == 20
    assert stage.counts() == {ONE_PARTITION: 1}


def test_h3_stock_faust_commits_though_the_output_was_refused(stage: Stage) -> None:
    alter(stage, stage.output_topic, max__message__bytes="200")
    stage.feed([(ONE_PARTITION, b"x" * 500)] * 20)
    with stock(stage, "copy_to_the_output"):
        stage.until_committed()
    assert outputs(stage) == []


def test_h3_the_hub_commits_nothing_when_an_output_is_refused(stage: Stage) -> None:
    alter(stage, stage.output_topic, max__message__bytes="20")
    stage.feed([(ONE_PARTITION, b"v")] * 20)
    worker = stage.start()
    assert worker.ends() == EXIT_RETRY
    assert stage.lag() == 20


def test_h4_stock_faust_acknowledges_an_event_whose_agent_raised(stage: Stage) -> None:
    stage.feed([(ONE_PARTITION, b"v"), (ONE_PARTITION, b"poison"), (ONE_PARTITION, b"v")])
    with stock(stage, "copy_to_the_output"):
        stage.until_committed()
        until(lambda: [value for _, value, _ in outputs(stage)] == [b"v", b"v"])


def test_h4_the_hub_rejects_the_record_whose_fold_raises_and_folds_its_neighbours(stage: Stage) -> None:
    stage.feed([(b"a", b"v"), (b"bad", b"poison"), (b"b", b"v")] * 3)
    worker = stage.start()
    stage.until_committed()
    assert worker.until(lambda report: report["rejected"] == {"fold-raised": 3})
    del stage.expected[b"bad"]
    assert stage.counts() == stage.expected
    rejected = stage.read(stage.settings.rejected_topic, 1)
    assert [(key, json.loads(value or b"")["reason"]) for key, value, _ in rejected] == [(b"bad", "fold-raised")] * 3


def test_h5_stock_faust_acknowledges_a_record_that_cannot_be_decoded(stage: Stage) -> None:
    stage.feed([(ONE_PARTITION, b'{"n": 1}'), (ONE_PARTITION, b"\xff not json"), (ONE_PARTITION, b'{"n": 2}')])
    with stock(stage, "decode_and_copy"):
        stage.until_committed()
        until(lambda: len(outputs(stage)) == 2)


def test_h5_the_hub_rejects_a_record_that_cannot_be_decoded(stage: Stage) -> None:
    stage.feed([(ONE_PARTITION, b'{"n": 1}'), (ONE_PARTITION, b"\xff not json"), (ONE_PARTITION, b'{"n": 2}')])
    stage.start(json_only=True)
    stage.until_committed()
    assert stage.counts() == {ONE_PARTITION: 2}
    ((key, value, _),) = stage.read(stage.settings.rejected_topic, 1)
    assert key == ONE_PARTITION
    assert json.loads(value or b"")["offset"] == 1
