"""A toy processor and the worker processes of the live tests: counts records per key, guarded by the last offset in the row.

A row is `count last-offset`, an output the same under the same key. `HUB_TOY` (JSON) tells a worker process what to be.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.errors import Reject
from hub.streams.app import StreamSettings
from hub.streams.metrics import StreamMetrics
from hub.streams.processor import Effects, Output, Record
from hub.streams.transport import HubConsumerThread
from hub.streams.worker import run_worker


class Deadly(list[Output]):
    """Outputs that kill their process (-9) when they are about to leave: the rows are written, nothing is committed."""

    looks = 0

    def __iter__(self) -> Iterator[Output]:
        self.looks += 1
        if self.looks == 2:  # the first look weighs them
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__iter__()


@dataclass
class Counting:
    """Counts per key. `poison`: a value whose fold raises (`unfit`: a Reject); `huge`: one whose row is too large; `gone`: one that
    deletes its row."""

    output_topic: str | None = None
    poison: bytes = b"poison"
    huge: bytes = b"huge"
    gone: bytes = b"gone"
    json_only: bool = False
    deadly: bool = False
    pause_s: float = 0.0
    opened: dict[int, dict[bytes, bytes]] = field(default_factory=dict)
    folded: list[tuple[int, int, int]] = field(default_factory=list)  # partition, first and last offset

    def open(self, partition: int, rows: Iterable[tuple[bytes, bytes]]) -> Iterable[Output]:
        self.opened[partition] = dict(rows)
        return []

    def fold(self, partition: int, records: Sequence[Record], read: Callable[[bytes], bytes | None]) -> Effects:
        effects = Effects()
        touched: dict[bytes, tuple[int, int]] = {}
        for record in records:
            key = record.key or b""
            if record.value == self.poison:
                raise ValueError("poison")
            if record.value == b"unfit":
                raise Reject("not-encodable", "encode")
            if self.json_only:
                json.loads(record.value or b"")
            count, last = touched.get(key) or parse(read(key))
            if record.offset > last:
                count, last = count + 1, record.offset
            touched[key] = (count, last)
            if record.value == self.huge:
                effects.rows[b"huge"] = b"x" * 1_000_000
            if record.value == self.gone:
                effects.rows[b"tombstone-" + key] = None
        for key, (count, last) in touched.items():
            row = b"%d %d" % (count, last)
            effects.rows[key] = row
            if self.output_topic:
                effects.outputs.append(Output(self.output_topic, key, row))
        if self.pause_s:
            time.sleep(self.pause_s)
        self.folded.append((partition, records[0].offset, records[-1].offset))
        if self.deadly:
            effects.outputs = Deadly(effects.outputs)
        return effects

    def close(self, partition: int) -> None:
        self.opened.pop(partition, None)


def parse(row: bytes | None) -> tuple[int, int]:
    """(count, last offset) of a row."""
    if row is None:
        return 0, -1
    count, last = row.split()
    return int(count), int(last)


def environment(settings: StreamSettings, **extra: Any) -> dict[str, str]:
    """The environment of a worker process."""
    fields = {
        name: getattr(settings, name)
        for name in (
            "bootstrap", "app_id", "source_topic", "partitions", "worker", "rejected_topic", "standbys",
            "session_timeout_s", "commit_interval_s", "list_records", "list_bytes", "delivery_timeout_ms",
            "queue_records", "linger_ms", "drain_s",
        )
    }  # fmt: skip
    fields["state_dir"] = str(settings.state_dir)
    fields["overrides"] = dict(settings.overrides)
    return {**os.environ, "HUB_TOY": json.dumps({"settings": fields, **extra})}


def serve() -> None:
    """A worker process as HUB_TOY says; writes its metrics to `progress` every 0.1 s."""
    told = json.loads(os.environ["HUB_TOY"])
    fields = told["settings"]
    fields["state_dir"] = Path(fields["state_dir"])
    if told.get("drop_share"):
        drop_fetched(told["drop_share"])
    processor = Counting(
        output_topic=told.get("output_topic"),
        pause_s=told.get("pause_s", 0.0),
        json_only=told.get("json_only", False),
        deadly=told.get("deadly", False),
    )
    run_worker(StreamSettings(**fields), processor, on_start=lambda metrics: _report(metrics, told.get("progress")))


def drop_fetched(share: float) -> None:
    """Lose what was fetched now and then, as a fetch that is cancelled around a rebalance does."""
    dice, fetch = random.Random(1), HubConsumerThread.fetch

    async def lossy(self: HubConsumerThread, wanted: dict[Any, int], wait_s: float) -> dict[Any, Any]:
        found = await fetch(self, wanted, wait_s)
        return {tp: fetched for tp, fetched in found.items() if dice.random() > share}

    HubConsumerThread.fetch = lossy  # type: ignore[method-assign]


def _report(metrics: StreamMetrics, path: str | None) -> None:
    if path is not None:
        threading.Thread(target=_write, args=(metrics, Path(path)), daemon=True).start()


def _write(metrics: StreamMetrics, path: Path) -> None:
    while True:
        state = {
            "lists": metrics.lists,
            "records": metrics.records,
            "rows": metrics.rows,
            "outputs": metrics.outputs,
            "rejected": dict(metrics.rejected),
            "active": sorted(metrics.active),
            "finished": metrics.finished,
            "holes": metrics.holes,
            "stale": metrics.stale,
            "rebalances": metrics.rebalances,
            "recovered_rows": metrics.recovered_rows,
            "commits": metrics.commits,
            "ready": metrics.ready,
        }
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(state))
        fresh.replace(path)
        time.sleep(0.1)
