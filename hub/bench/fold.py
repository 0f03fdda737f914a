"""One fold on the hub's app, stock Faust and Quix Streams: same broker, records, partitions and commit interval, in one run.

A measurement is the time from a worker's first fold until its group has committed the whole source; only then is its final
state read back from its changelog and compared with what it must be. Rates without that check are not reported as verified.
Stock Faust gets fewer records: it would take minutes. Quix Streams counts only (the toy) and lives in its own environment.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from hub.bench.engines import ENVIRONMENT, Told
from hub.bus.lag import watermarks
from hub.bus.producer import DurableProducer
from hub.errors import RetryError

PARTITIONS = 4
FEW_KEYS = 1_000
VALUE_BYTES = 200
DEADLINE_S = 300.0
_NO_COORDINATOR_YET = frozenset({  # a broker that begins to keep groups with this one
    KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
})  # fmt: skip
QUIX_PYTHON = Path(".venv-quix/bin/python")

Say = Callable[[str], None]


class Case(NamedTuple):
    """A fold and the spread of its keys: `unique` (each its own), `few` (1,000), `people` (five facts each)."""

    fold: str
    keys: str


class Target(NamedTuple):
    """The hub's rate over a peer's must be at least this, in each case of the fold."""

    fold: str
    peer: str
    ratio: float


CASES = (Case("toy", "unique"), Case("toy", "few"), Case("real", "people"))
TARGETS = (Target("toy", "stock", 8.0), Target("real", "stock", 4.0), Target("toy", "quix", 0.8))


def _committed(consumer: Consumer, places: list[TopicPartition]) -> int:
    """Records that the consumer's group has committed; 0 while nobody keeps it yet."""
    try:
        return sum(max(0, place.offset) for place in consumer.committed(places, timeout=20))
    except KafkaException as why:
        if why.args[0].code() not in _NO_COORDINATOR_YET:
            raise
        return 0


@dataclass(frozen=True)
class Measurement:
    """One engine on one case. `seconds` from the first fold to the last commit; `verified`: the final state is right."""

    fold: str
    keys: str
    engine: str
    records: int
    seconds: float
    per_second: float
    verified: bool


class Log:
    """The broker, as the bench uses it."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        self.producer = DurableProducer(bootstrap)

    def create(self, *topics: NewTopic) -> None:
        for future in self._admin.create_topics(list(topics)).values():
            future.result(30)

    def fill(self, topic: str, records: Iterable[tuple[bytes, bytes, int | None]]) -> None:
        for key, value, partition in records:
            self.producer.produce(topic, key, value, partition)
        self.producer.flush()

    def ends(self, topic: str) -> dict[int, int]:
        with self._consumer(uuid.uuid4().hex) as consumer:
            count = len(consumer.list_topics(topic, timeout=20).topics[topic].partitions)
            return {n: watermarks(consumer, TopicPartition(topic, n), 20)[1] for n in range(count)}

    def until_committed(self, group: str, topic: str, process: subprocess.Popen[bytes]) -> float:
        """The time at which `group` has committed all of `topic`; RetryError when its process ends or takes too long."""
        total, deadline = sum(self.ends(topic).values()), time.monotonic() + DEADLINE_S
        places = [TopicPartition(topic, n) for n in range(PARTITIONS)]
        with self._consumer(group) as consumer:
            while _committed(consumer, places) < total:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RetryError(f"bench-worker-ended-or-stalled exit={process.poll()}")
                time.sleep(0.02)
        return time.time()

    def read(self, topic: str) -> Iterator[tuple[bytes, bytes | None, int, int]]:
        """Key, value, partition, offset of all records."""
        ends = {n: end for n, end in self.ends(topic).items() if end}
        with self._consumer(uuid.uuid4().hex) as consumer:
            consumer.assign([TopicPartition(topic, n, 0) for n in ends])
            while ends:
                for message in consumer.consume(5_000, 0.2):
                    if message.error() is not None:
                        raise RetryError("bench-read-failed")
                    yield message.key(), message.value(), message.partition(), message.offset()
                    if message.offset() >= ends.get(message.partition(), 0) - 1:
                        ends.pop(message.partition(), None)

    @contextmanager
    def _consumer(self, group: str) -> Iterator[Consumer]:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "enable.auto.commit": False})
        try:
            yield consumer
        finally:
            consumer.close()


def run(
    bootstrap: str,
    directory: Path,
    *,
    records: int,
    stock_records: int,
    engines: tuple[str, ...],
    cases: tuple[Case, ...] = CASES,
    say: Say = lambda _: None,
) -> list[Measurement]:
    """All measurements, one after the other. RetryError when a worker fails."""
    log, found = Log(bootstrap), list[Measurement]()
    for case in cases:
        for engine in engines:
            if engine == "quix" and case.fold != "toy":
                continue
            count = stock_records if engine == "stock" else records if case.fold == "toy" else max(1, records // 3)
            say(f"{case.fold}, {case.keys} keys, {engine}: {count} records …")
            found.append(_measure(log, directory, case, engine, count))
            last = found[-1]
            say(f"  {last.per_second:,.0f} records/s, final state {'right' if last.verified else 'WRONG'}")
    return found


def ratios(found: list[Measurement]) -> list[dict[str, Any]]:
    """For each target: the lowest ratio over the cases measured, and whether it is reached."""
    answers = []
    for target in TARGETS:
        rates = {(m.keys, m.engine): m.per_second for m in found if m.fold == target.fold and m.verified}
        both = [key for key, engine in rates if engine == "hub" and (key, target.peer) in rates]
        lowest = min((rates[key, "hub"] / rates[key, target.peer] for key in both), default=None)
        answers.append({
            "fold": target.fold,
            "peer": target.peer,
            "target": target.ratio,
            "ratio": None if lowest is None else round(lowest, 2),
            "reached": lowest is not None and lowest >= target.ratio,
        })  # fmt: skip
    return answers


def _measure(log: Log, directory: Path, case: Case, engine: str, count: int) -> Measurement:
    name = f"bench-{case.fold}-{case.keys}-{engine}-{uuid.uuid4().hex[:6]}"
    own = directory / name
    own.mkdir(parents=True)
    about = Told(engine, case.fold, log.bootstrap, name, f"{name}-source", f"{name}-outputs", PARTITIONS, str(own))
    compacted = {"cleanup.policy": "compact"}
    topics = [NewTopic(about.source, PARTITIONS, 1), NewTopic(about.outputs, PARTITIONS, 1)]
    if engine != "quix":
        topics.append(NewTopic(f"{name}-rows-changelog", PARTITIONS, 1, config=compacted))
    log.create(*topics)
    log.fill(about.source, _source(case, count))
    with _worker(about, own) as process:
        end = log.until_committed(name, about.source, process)
        start = float((own / "first").read_text())
        verified = _settles(lambda: _is_right(log, about, case, count))
    seconds = max(end - start, 0.001)
    return Measurement(case.fold, case.keys, engine, count, round(seconds, 3), round(count / seconds, 1), verified)


def _source(case: Case, count: int) -> Iterator[tuple[bytes, bytes, int | None]]:
    if case.fold == "toy":
        keys = count if case.keys == "unique" else FEW_KEYS
        for number in range(count):
            yield b"key-%d" % (number % keys), b"%0*d" % (VALUE_BYTES, number), None
        return
    from hub.bench import real

    clock = real.tick()
    yield from ((b"~tick", clock, partition) for partition in range(PARTITIONS))
    yield from ((key, value, None) for key, value in real.records(count))


@contextmanager
def _worker(about: Told, own: Path) -> Iterator[subprocess.Popen[bytes]]:
    python, code = sys.executable, "from hub.bench.engines import serve; serve()"
    if about.engine == "quix":
        python = str(QUIX_PYTHON.absolute())
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import quix_fold; quix_fold.serve()"
    environ = {**os.environ, ENVIRONMENT: json.dumps(about._asdict())}
    with (own / "log").open("wb") as sink:
        process = subprocess.Popen([python, "-c", code], env=environ, stdout=sink, stderr=sink)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _settles(holds: Callable[[], bool], within_s: float = 20.0) -> bool:
    """Stock Faust commits before its changelog is out; give it time to arrive."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def _is_right(log: Log, about: Told, case: Case, count: int) -> bool:
    if case.fold == "toy":
        expected = Counter(key for key, _, _ in _source(case, count))
        return _counts(log, about) == expected
    from hub.bench import real

    rows = {key: value for key, value, _, _ in log.read(f"{about.group}-rows-changelog") if value is not None}
    return real.contents(rows) == real.contents(_folded_here(log, about))


def _counts(log: Log, about: Told) -> Counter[bytes]:
    if about.engine == "quix":
        topic = f"changelog__{about.group}--{about.source}--default"
        states = {key: value for key, value, _, _ in log.read(topic)}
        return Counter({key.split(b"|")[0]: int(value) for key, value in states.items() if value is not None})
    rows = {key: value for key, value, _, _ in log.read(f"{about.group}-rows-changelog")}
    return Counter({key: int(row.split()[0]) for key, row in rows.items() if row is not None})


def _folded_here(log: Log, about: Told) -> dict[bytes, bytes]:
    """The rows that one process without Kafka makes of the same records."""
    from hub.bench import real
    from hub.streams.processor import Record

    processor, rows = real.processor(about.outputs), dict[bytes, bytes]()
    waiting: dict[int, list[Record]] = {n: [] for n in range(PARTITIONS)}
    for key, value, partition, offset in log.read(about.source):
        waiting[partition].append(Record(key, value, offset, [], 0))
    for partition, found in waiting.items():
        list(processor.open(partition, []))
        mine: dict[bytes, bytes] = {}
        for first in range(0, len(found), 1_000):
            effects = processor.fold(partition, found[first : first + 1_000], mine.get)
            mine.update({key: row for key, row in effects.rows.items() if row is not None})
        rows.update(mine)
    return rows


def as_json(found: list[Measurement]) -> dict[str, Any]:
    """One object: every measurement and every ratio with its target."""
    return {"measurements": [asdict(m) for m in found], "ratios": ratios(found)}
