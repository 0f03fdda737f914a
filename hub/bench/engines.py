"""The worker processes of `hub bench fold`: the hub's app and stock Faust, folding the same records with the same processor.

`HUB_BENCH` (JSON) tells a process what to be: engine, fold, bootstrap, topics, directory. It notes the time of its first fold
in `directory`/first.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hub.streams.processor import Effects, Output, Processor, Read, Record

ENVIRONMENT = "HUB_BENCH"
COMMIT_S = 1.0


class Told(NamedTuple):
    """What one measurement is about; file names and topics are its own."""

    engine: str
    fold: str
    bootstrap: str
    group: str
    source: str
    outputs: str
    partitions: int
    directory: str


def told() -> Told:
    """From the environment of this process."""
    return Told(**json.loads(os.environ[ENVIRONMENT]))


class Counting:
    """The toy: how many records each key has had. A row is `count last-offset`."""

    def open(self, _partition: int, _rows: Iterable[tuple[bytes, bytes]]) -> Iterable[Output]:
        return []

    def fold(self, _partition: int, records: Sequence[Record], read: Read) -> Effects:
        counts: dict[bytes, list[int]] = {}
        for record in records:
            key = record.key or b""
            row = counts.get(key)
            if row is None:
                before = read(key)
                row = counts[key] = [int(part) for part in before.split()] if before else [0, -1]
            if record.offset > row[1]:
                row[0] += 1
                row[1] = record.offset
        return Effects(rows={key: b"%d %d" % (count, last) for key, (count, last) in counts.items()})

    def close(self, _partition: int) -> None:
        return


class Timed:
    """A processor that notes when it folds first."""

    def __init__(self, inner: Processor, directory: str) -> None:
        self._inner, self._note = inner, note_first(directory)
        self.open, self.close = inner.open, inner.close

    def fold(self, partition: int, records: Sequence[Record], read: Read) -> Effects:
        self._note()
        return self._inner.fold(partition, records, read)


def note_first(directory: str) -> Callable[[], None]:
    """Writes the time of its first call to `directory`/first."""
    path, noted = Path(directory) / "first", False

    def note() -> None:
        nonlocal noted
        if not noted:
            noted = True
            path.write_text(repr(time.time()))

    return note


def processor_of(about: Told) -> Processor:
    """The processor both engines use."""
    if about.fold == "toy":
        return Counting()
    from hub.bench.real import processor

    return processor(about.outputs)


def serve() -> None:
    """Be the engine this process was told to be, until SIGTERM."""
    about = told()
    (_serve_hub if about.engine == "hub" else _serve_stock)(about)


def _serve_hub(about: Told) -> None:
    from hub.streams.app import StreamSettings
    from hub.streams.worker import run_worker

    settings = StreamSettings(
        bootstrap=about.bootstrap,
        app_id=about.group,
        source_topic=about.source,
        partitions=about.partitions,
        state_dir=Path(about.directory) / "state",
        rejected_topic=about.outputs,
        commit_interval_s=COMMIT_S,
    )
    run_worker(settings, Timed(processor_of(about), about.directory))


def _serve_stock(about: Told) -> None:
    """As Faust's documentation says: one event at a time, a RocksDB table, `await topic.send`."""
    import faust

    app = faust.App(
        about.group,
        broker=f"kafka://{about.bootstrap}",
        store="rocksdb://",
        datadir=str(Path(about.directory) / "state"),
        topic_partitions=about.partitions,
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=COMMIT_S,
        key_serializer="raw",
        value_serializer="raw",
    )
    table = app.Table("rows", key_type=bytes, value_type=bytes, partitions=about.partitions)
    outputs = app.topic(about.outputs, key_type=bytes, value_type=bytes)
    processor = Timed(processor_of(about), about.directory)
    for partition in range(about.partitions):
        list(processor.open(partition, []))

    @app.agent(app.topic(about.source, key_type=bytes, value_type=bytes))  # type: ignore[untyped-decorator]
    async def fold(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            record = Record(event.key, event.value, message.offset, [], int(message.timestamp * 1000))
            effects = processor.fold(message.partition, [record], table.get)
            for key, row in effects.rows.items():
                table[key] = row
            for output in effects.outputs:
                await outputs.send(key=output.key, value=output.value)

    sys.argv = ["stock", "worker", "-l", "error", "--without-web"]
    app.main()
