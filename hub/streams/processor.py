"""What a processor is to the stream shell: pure decisions in, rows and outputs out.

The shell promises, for each list of records of one partition, this order: `fold` → rows written to the local store → the
changelog confirmed by the brokers → outputs produced → outputs confirmed → the list is done and its offsets may be committed.
So an id that was ever published is in a row that survives any crash. A list may be folded again after a crash or a rebalance:
`fold` must be idempotent and must produce the outputs again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

ROW_LIMIT_BYTES = 900_000
"""A larger row makes its record a stream rejection (`row-too-large`): brokers refuse records of about 1 MB."""

Read = Callable[[bytes], bytes | None]
"""The row of a key in this partition's table, None when there is none."""


class Record(NamedTuple):
    """One source record as it lies in its partition; timestamps in milliseconds since 1970, UTC."""

    key: bytes | None
    value: bytes | None
    offset: int
    headers: list[tuple[str, bytes]]
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Output:
    """One record to publish; `partition` None: by murmur2 of the key; `value` None: a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: list[tuple[str, bytes]] | None = None


@dataclass
class Effects:
    """What a list of records does: new rows by key (None deletes), outputs in order, and records refused with a reason code.

    A refused record goes bodiless to the stream-rejected topic (position and reason only); a processor that wants to keep the
    body sends it, encrypted, as an `Output` of its own.
    """

    rows: dict[bytes, bytes | None] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    rejected: list[tuple[Record, str]] = field(default_factory=list)


class Processor(Protocol):
    """The domain's side of a stream. No clock, randomness or I/O inside; all calls come from one thread, one at a time."""

    def open(self, partition: int, rows: Iterable[tuple[bytes, bytes]]) -> Iterable[Output]:
        """A partition was gained and its table recovered: rebuild what is derived from `rows` (this partition's rows only).

        The outputs are sent and confirmed before the first list of the partition is folded. Also called for a partition
        kept through a rebalance, after `close`.
        """
        ...

    def fold(self, partition: int, records: Sequence[Record], read: Read) -> Effects:
        """Fold a list that continues the partition without a hole. `read` sees the rows as written by all earlier lists.

        Raising is a bug: the shell then folds the records one by one and rejects each that raises (`fold-raised`). A fold
        must therefore leave nothing changed behind when it raises.
        """
        ...

    def close(self, partition: int) -> None:
        """The partition was lost, or the worker stops: forget what `open` and `fold` derived."""
        ...
