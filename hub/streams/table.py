"""The table of a stream: Faust recovers and replicates it, the pipeline reads and writes it a list at a time.

A list's rows reach RocksDB only after the changelog confirmed them, in one WriteBatch together with the changelog offset. So the
local store is never ahead of the changelog: what a crash leaves is a prefix of the log, and recovery is the rest of it.
"""

# ruff: noqa: ARG002 (signatures are Faust's)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rocksdict
from faust.stores.rocksdb import RocksDBOptions, Store
from faust.tables.table import Table
from faust.types import TP

from hub.streams.halt import halt
from hub.streams.processor import Record


@dataclass(frozen=True)
class StoreSettings:
    """RocksDB memory and file limits. Cache: shared by all partitions of a worker; buffers: per partition."""

    block_cache_bytes: int = 64 * 1024 * 1024
    write_buffer_bytes: int = 16 * 1024 * 1024
    write_buffers: int = 3
    max_open_files: int = 256
    bloom_bits: int = 10


class _Options(RocksDBOptions):  # type: ignore[misc]
    def __init__(self, settings: StoreSettings) -> None:
        super().__init__(use_rocksdict=True)
        self._settings = settings
        self._cache = rocksdict.Cache(settings.block_cache_bytes)

    def as_options(self) -> Any:
        settings = self._settings
        blocks = rocksdict.BlockBasedOptions()
        blocks.set_bloom_filter(settings.bloom_bits, block_based=False)
        blocks.set_block_cache(self._cache)
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_max_open_files(settings.max_open_files)
        options.set_write_buffer_size(settings.write_buffer_bytes)
        options.set_max_write_buffer_number(settings.write_buffers)
        options.set_keep_log_file_num(2)
        options.set_max_log_file_size(1024 * 1024)
        options.set_block_based_table_factory(blocks)
        return options

    def open(self, path: Any, *, read_only: bool = False) -> Any:
        return rocksdict.Rdict(str(path), options=self.as_options())


class HubStore(Store):  # type: ignore[misc]
    """Faust's rocksdict store with whole lists as single writes and stores that are closed, not left to the collector."""

    def __init__(self, *args: Any, settings: StoreSettings, **kwargs: Any) -> None:
        super().__init__(*args, driver="rocksdict", **kwargs)
        self.rocksdb_options = _Options(settings)

    def read(self, partition: int, key: bytes) -> bytes | None:
        """The row of `key`, None when there is none."""
        row: bytes | None = self._db_for_partition(partition).get(key)
        return row

    def rows(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """All rows of a partition, in key order."""
        yield from self._visible_items(self._db_for_partition(partition))

    def write(self, partition: int, rows: Mapping[bytes, bytes | None], offset: int) -> None:
        """Write (None: delete) `rows`, confirmed up to changelog `offset`, at once or not at all."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in rows.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(self.offset_key, b"%d" % offset)
        self._db_for_partition(partition).write(batch)

    def apply_changelog_batch(self, batch: Iterable[Any], to_key: Any = None, to_value: Any = None) -> None:
        """Nothing: the rows came by `HubTable.replay`; Faust's events only say how far."""

    def revoke_partitions(self, table: Any, tps: set[TP]) -> None:
        """Close the stores of lost partitions."""
        for tp in tps:
            if tp.topic in table.changelog_topic.topics:
                self._close(tp.partition)

    async def stop(self) -> None:
        """Close all stores."""
        for partition in list(self._dbs):
            self._close(partition)

    def _close(self, partition: int) -> None:
        db = self._dbs.pop(partition, None)
        if db is not None:
            db.close()


class HubTable(Table):  # type: ignore[misc]
    """A table that only the pipeline writes."""

    def __init__(self, *args: Any, settings: StoreSettings | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settings = settings or StoreSettings()

    def _new_store(self) -> HubStore:
        return HubStore(
            "rocksdb://",
            self.app,
            self,
            table_name=self.name,
            key_type=bytes,
            key_serializer="raw",
            value_type=bytes,
            value_serializer="raw",
            loop=self.loop,
            settings=self._settings,
        )

    def on_key_set(self, key: Any, value: Any) -> None:
        raise RuntimeError("rows are written by the pipeline only")

    def on_key_del(self, key: Any) -> None:
        raise RuntimeError("rows are written by the pipeline only")

    def persisted_offset(self, tp: TP) -> int:
        """The store's own offset; -1 for an empty store, so that no offset of an earlier life of the partition is trusted."""
        offset = super().persisted_offset(tp)
        return -1 if offset is None else int(offset)

    def replay(self, partition: int, records: Sequence[Record], end: int) -> None:
        """Recovery and standby: rows of the changelog up to position `end`; what fails ends the process."""
        try:
            self.data.write(
                partition, {record.key: record.value for record in records if record.key is not None}, end - 1
            )
        except Exception as failure:
            halt(failure)
        self.app.metrics.recovered_rows += len(records)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Recovered: open the active partitions before the first list."""
        await super().on_recovery_completed(active_tps, standby_tps)
        await self.app.pipeline.gain(sorted(tp.partition for tp in active_tps))
