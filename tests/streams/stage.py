"""The stage of the live stream tests: topics of a test's own, worker processes, and the plain truth read back from the log."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from hub.bus.lag import watermarks
from hub.bus.producer import DurableProducer
from hub.streams.app import StreamSettings, changelog_config
from tests.streams.toy import environment, parse

PARTITIONS = 4
DEADLINE_S = 120.0


@dataclass
class Worker:
    """One worker process and its last report."""

    process: subprocess.Popen[bytes]
    progress: Path
    log: Path

    def report(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self.progress.read_text())
        except FileNotFoundError:
            return {}
        return found

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first report for which `holds`; fails when the process ends or the deadline passes."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            report = self.report()
            if report and holds(report):
                return report
            assert self.process.poll() is None, f"worker ended with {self.process.returncode}: {self.tail()}"
            time.sleep(0.05)
        raise AssertionError(f"waited in vain, last report {self.report()}, log {self.tail()}")

    def ends(self, within_s: float = 120.0) -> int:
        """Its exit code."""
        return self.process.wait(within_s)

    def send(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


@dataclass
class Stage:
    """Topics and workers of one test."""

    bootstrap: str
    directory: Path
    settings: StreamSettings
    output_topic: str
    workers: list[Worker] = field(default_factory=list)
    expected: Counter[bytes] = field(default_factory=Counter)
    sent: int = 0
    _producer: DurableProducer | None = None

    @property
    def producer(self) -> DurableProducer:
        if self._producer is None:
            self._producer = DurableProducer(self.bootstrap)
        return self._producer

    def feed(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Put records on the source topic and count them per key."""
        for key, value in records:
            self.producer.produce(self.settings.source_topic, key, value)
            self.expected[key] += 1
            self.sent += 1
        self.producer.flush()

    def start(self, name: str = "0", *, outputs: bool = True, code: str = "serve()", **extra: Any) -> Worker:
        """A worker process; the same name keeps its state directory and its membership."""
        settings = replace(self.settings, worker=name, state_dir=self.directory / f"state-{name}")
        progress = self.directory / f"progress-{name}-{uuid.uuid4().hex[:6]}.json"
        log = self.directory / f"worker-{name}.log"
        environ = environment(
            settings, progress=str(progress), output_topic=self.output_topic if outputs else None, **extra
        )
        command = [sys.executable, "-c", f"from tests.streams.toy import *; {code}"]
        with log.open("ab") as sink:
            process = subprocess.Popen(command, env=environ, stdout=sink, stderr=sink)
        worker = Worker(process, progress, log)
        self.workers.append(worker)
        return worker

    def wipe(self, name: str) -> None:
        """A worker's disk is gone."""
        shutil.rmtree(self.directory / f"state-{name}")

    def stop_all(self) -> None:
        for worker in self.workers:
            worker.send(signal.SIGCONT)
            worker.send(signal.SIGKILL)
            worker.process.wait()
        if self._producer is not None:
            self._producer.close()

    # the truth in the log

    def committed(self) -> dict[int, int]:
        """Committed offset of each source partition, 0 when there is none."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.settings.app_id})
        places = [TopicPartition(self.settings.source_topic, n) for n in range(self.settings.partitions)]
        found = {place.partition: max(0, place.offset) for place in consumer.committed(places, timeout=60)}
        consumer.close()
        return found

    def source_ends(self) -> dict[int, int]:
        return self.ends(self.settings.source_topic, self.settings.partitions)

    def lag(self) -> int:
        return sum(self.source_ends().values()) - sum(self.committed().values())

    def until_committed(self, deadline_s: float = DEADLINE_S) -> None:
        """Wait until the group has committed the whole source."""
        deadline = time.monotonic() + deadline_s
        while (lag := self.lag()) > 0:
            if time.monotonic() > deadline:
                raise AssertionError(f"lag {lag} stays; logs: {[worker.tail()[-800:] for worker in self.workers[-3:]]}")
            time.sleep(0.3)

    def ends(self, topic: str, partitions: int) -> dict[int, int]:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": uuid.uuid4().hex})
        found = {n: watermarks(consumer, TopicPartition(topic, n), DEADLINE_S)[1] for n in range(partitions)}
        consumer.close()
        return found

    def read(self, topic: str, partitions: int) -> list[tuple[bytes, bytes | None, int]]:
        """All records of a topic: key, value, partition."""
        ends = self.ends(topic, partitions)
        consumer = Consumer({
            "bootstrap.servers": self.bootstrap, "group.id": uuid.uuid4().hex, "enable.auto.commit": False,
        })  # fmt: skip
        consumer.assign([TopicPartition(topic, n, 0) for n, end in ends.items() if end])
        left = {n for n, end in ends.items() if end}
        found: list[tuple[bytes, bytes | None, int]] = []
        while left:
            for message in consumer.consume(5000, 0.2):
                assert message.error() is None
                found.append((message.key(), message.value(), message.partition()))
                if message.offset() >= ends[message.partition()] - 1:
                    left.discard(message.partition())
        consumer.close()
        return found

    def changelog(self) -> dict[bytes, bytes | None]:
        """The last value of each key in the changelog, as recovery would read it."""
        return {key: value for key, value, _ in self.read(self.settings.changelog_topic, self.settings.partitions)}

    def counts(self) -> Counter[bytes]:
        """Count of each key as the changelog has it."""
        return Counter({key: parse(value)[0] for key, value in self.changelog().items() if value is not None})

    def published(self) -> Counter[bytes]:
        """Count of each key as last published."""
        return Counter({key: parse(value)[0] for key, value, _ in self.read(self.output_topic, PARTITIONS)})


def build_stage(bootstrap: str, directory: Path, **settings: Any) -> Stage:
    """Fresh topics with names of their own."""
    name = uuid.uuid4().hex[:8]
    found = StreamSettings(
        bootstrap=bootstrap,
        app_id=f"test-{name}",
        source_topic=f"source-{name}",
        partitions=PARTITIONS,
        state_dir=directory,
        rejected_topic=f"rejected-{name}",
        **{"session_timeout_s": 6.0, "commit_interval_s": 0.5, "delivery_timeout_ms": 20_000, **settings},
    )
    stage = Stage(bootstrap, directory, found, f"output-{name}")
    create_topics(
        bootstrap,
        NewTopic(found.source_topic, PARTITIONS, 1),
        NewTopic(stage.output_topic, PARTITIONS, 1),
        NewTopic(found.rejected_topic, 1, 1),
        NewTopic(found.changelog_topic, PARTITIONS, 1, config=changelog_config(1)),
    )
    return stage


def create_topics(bootstrap: str, *topics: NewTopic) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics(list(topics)).values():
        future.result(60)
