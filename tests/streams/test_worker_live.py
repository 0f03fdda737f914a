"""One or two stream workers on the real broker: drain, recovery, standby, full queue, crashes at the worst point."""

from __future__ import annotations

import signal
import time
from collections import Counter
from dataclasses import replace

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from hub.errors import EXIT_CONFIG, EXIT_RETRY
from tests.streams.stage import PARTITIONS, Stage

pytestmark = pytest.mark.live


def some(count: int, keys: int = 100) -> list[tuple[bytes, bytes]]:
    return [(b"k%d" % (n % keys), b"v") for n in range(count)]


def test_a_terminated_worker_drains_commits_and_ends_with_0(stage: Stage) -> None:
    stage.settings = replace(stage.settings, commit_interval_s=600, list_records=50)
    stage.feed(some(2_000))
    worker = stage.start(pause_s=0.02)
    worker.until(lambda report: report["lists"] > 3)
    worker.send(signal.SIGTERM)
    assert worker.ends() == 0
    committed = sum(stage.committed().values())
    assert 0 < committed < 2_000
    assert sum(stage.counts().values()) == committed


def test_rows_and_outputs_agree_with_the_source(stage: Stage) -> None:
    stage.feed(some(5_000))
    stage.start()
    stage.until_committed()
    assert stage.counts() == stage.published() == stage.expected


def test_an_empty_store_is_recovered_from_the_changelog(stage: Stage) -> None:
    stage.feed(some(1_000))
    first = stage.start()
    stage.until_committed()
    first.send(signal.SIGTERM)
    assert first.ends() == 0
    stage.wipe("0")
    stage.feed(some(1_000))
    second = stage.start()
    stage.until_committed()
    assert second.until(lambda report: report["recovered_rows"] >= 100)
    assert stage.counts() == stage.expected


def test_a_store_that_missed_the_middle_recovers_the_rest(stage: Stage) -> None:
    stage.settings = replace(stage.settings, session_timeout_s=6.0)
    for name in ("0", "1", "0"):
        stage.feed(some(600))
        worker = stage.start(name)
        stage.until_committed()
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0
    assert stage.counts() == stage.published() == stage.expected


def test_a_worker_killed_between_its_rows_and_its_outputs_sends_the_outputs_after_its_restart(stage: Stage) -> None:
    stage.feed(some(500))
    assert stage.start(deadly=True).ends() == -signal.SIGKILL
    assert sum(stage.counts().values()) > 0
    assert stage.published() == Counter()
    assert stage.lag() == 500
    stage.start()
    stage.until_committed()
    assert stage.counts() == stage.published() == stage.expected


def test_a_worker_killed_between_its_rows_and_its_outputs_is_replaced_by_one_without_its_disk(stage: Stage) -> None:
    stage.feed(some(500))
    assert stage.start(deadly=True).ends() == -signal.SIGKILL
    stage.start("1")
    stage.until_committed()
    assert stage.counts() == stage.published() == stage.expected


def test_a_standby_takes_over_what_it_followed(stage: Stage) -> None:
    stage.settings = replace(stage.settings, standbys=1)
    workers = [stage.start("0"), stage.start("1")]
    for worker in workers:
        worker.until(lambda report: report["ready"] and len(report["active"]) == PARTITIONS // 2)
    stage.feed(some(4_000))
    stage.until_committed()
    before = workers[1].report()["recovered_rows"]
    stage.feed(some(4_000, keys=4_000))
    workers[1].until(lambda report: report["recovered_rows"] > before)
    stage.until_committed()
    workers[0].send(signal.SIGKILL)
    workers[1].until(lambda report: report["ready"] and len(report["active"]) == PARTITIONS)
    stage.feed(some(4_000))
    stage.until_committed()
    assert stage.counts() == stage.published() == stage.expected


def test_lists_that_were_fetched_and_dropped_are_fetched_again(stage: Stage) -> None:
    stage.settings = replace(stage.settings, list_records=40)
    stage.feed(some(4_000, keys=500))
    first = stage.start(drop_share=0.3)
    stage.until_committed()
    assert first.until(lambda report: report["holes"] > 0)
    assert stage.counts() == stage.published() == stage.expected
    first.send(signal.SIGTERM)
    assert first.ends() == 0
    stage.wipe("0")
    stage.feed(some(500, keys=500))
    second = stage.start(drop_share=0.3)
    stage.until_committed()
    assert second.until(lambda report: report["holes"] > 0 and report["recovered_rows"] >= 500)
    assert stage.counts() == stage.published() == stage.expected


def test_a_full_producer_queue_is_waited_for(stage: Stage) -> None:
    stage.settings = replace(stage.settings, queue_records=20)
    stage.feed(some(3_000, keys=3_000))
    stage.start()
    stage.until_committed()
    assert stage.counts() == stage.published() == stage.expected


def test_a_worker_frozen_past_its_session_ends_instead_of_writing(stage: Stage) -> None:
    worker = stage.start()
    worker.until(lambda report: report["ready"])
    worker.send(signal.SIGSTOP)
    time.sleep(stage.settings.session_timeout_s + 1)  # by its own clock it notices: the time is what is told
    worker.send(signal.SIGCONT)
    assert worker.ends() == EXIT_RETRY


def test_a_topic_with_other_partitions_is_a_configuration_error(stage: Stage) -> None:
    stage.settings = replace(stage.settings, partitions=PARTITIONS + 1)
    worker = stage.start()
    assert worker.ends() == EXIT_CONFIG
    assert "partitions-mismatch" in worker.tail()


def test_events_that_expired_unread_are_a_configuration_error(stage: Stage) -> None:
    stage.feed(some(100, keys=1))
    first = stage.start()
    stage.until_committed()
    first.send(signal.SIGTERM)
    assert first.ends() == 0
    stage.feed(some(100, keys=1))
    admin = AdminClient({"bootstrap.servers": stage.bootstrap})
    (used,) = [number for number, end in stage.source_ends().items() if end]
    place = TopicPartition(stage.settings.source_topic, used, 150)
    for future in admin.delete_records([place]).values():
        future.result(120)
    worker = stage.start()
    assert worker.ends() == EXIT_CONFIG
    assert "source-does-not-hold-committed-offset" in worker.tail()


def test_control_records_in_the_source_and_at_the_end_of_the_changelog_are_no_holes(stage: Stage) -> None:
    producer = Producer({
        "bootstrap.servers": stage.bootstrap, "transactional.id": stage.settings.app_id, "partitioner": "murmur2_random",
    })  # fmt: skip
    producer.init_transactions(20)
    for _ in range(5):
        producer.begin_transaction()
        for number in range(20):
            producer.produce(stage.settings.source_topic, b"v", b"k%d" % number)
            stage.expected[b"k%d" % number] += 1
        for number in range(PARTITIONS):
            producer.produce(stage.settings.changelog_topic, b"0 -1", b"z%d" % number, number)
        producer.commit_transaction(20)
    stage.start()
    stage.until_committed()
    stage.expected.update({b"z%d" % number: 0 for number in range(PARTITIONS)})
    assert stage.counts() == stage.expected
