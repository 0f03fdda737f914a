"""Faust's consumer, delivering each fetched list as one event, without a hole, and committing only what is finished.

Stock Faust delivers record by record and infers from acknowledgements what may be committed (holes H1, H2 of its reference);
here the ledger knows. A list of a changelog goes to the table at once; recovery and standbys are told how far it reached.
"""

# ruff: noqa: ARG002 (signatures are Faust's)

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from hub.errors import FatalError
from hub.streams.halt import halt
from hub.streams.ledger import Hole, SourceList
from hub.streams.transport import Fetched, HubConsumerThread

FETCH_WAIT_S = 1.0
BUSY_WAIT_S = 0.02
LOST_POSITION_S = 10.0


class HubConsumer(driver.Consumer):  # type: ignore[misc]
    """One event per list; see the module."""

    _thread: HubConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._changelog_next: dict[Any, int] = {}
        self._lost_since: float | None = None

    def _new_consumer_thread(self) -> HubConsumerThread:
        return HubConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def is_frozen(self) -> bool:
        """See HubConsumerThread."""
        return self._thread.is_frozen()

    # positions

    def stop_flow(self) -> None:
        """A rebalance or the end begins: positions are unknown from now on."""
        self.app.ledger.suspend()
        self._changelog_next.clear()
        super().stop_flow()

    async def perform_seek(self) -> None:
        """Read each source partition from its committed offset."""
        epoch = self.app.ledger.epoch
        tps = {tp for tp in self.assignment() if self.app.is_source(tp)}
        try:
            places = await self._thread.call_thread(self._thread.locate, tps) if tps else {}
        except Exception as failure:
            if epoch == self.app.ledger.epoch and not self.app.should_stop:
                halt(failure)
            raise
        if epoch != self.app.ledger.epoch:
            return
        for tp, offset in places.items():
            self.app.ledger.place(TP(tp.topic, tp.partition), offset)
            self.app.metrics.finished[tp.partition] = offset
        self.app.metrics.ready = True

    async def seek(self, partition: TP, offset: int) -> None:
        """Refused: the committed offset alone says where a source is read from."""
        raise FatalError("seek-refused")

    async def seek_wait(self, partitions: dict[TP, int]) -> None:
        """Recovery's seek of changelog partitions."""
        await super().seek_wait(partitions)
        for tp, offset in partitions.items():
            self._changelog_next[TP(tp.topic, tp.partition)] = offset

    # fetching

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                await self._drain_once()
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        except ConsumerStoppedError as failure:
            if not self.app.should_stop:
                halt(failure)
        except Exception as failure:
            halt(failure)

    async def _drain_once(self) -> None:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
            return
        wanted, all_placed = self._wanted()
        if not wanted:
            await asyncio.sleep(BUSY_WAIT_S if self.app.ledger.places() else 0.1)
            return
        epoch = self.app.ledger.epoch
        fetched = await self._thread.fetch(wanted, FETCH_WAIT_S if all_placed else BUSY_WAIT_S)
        for tp, found in fetched.items():
            if not self.flow_active or epoch != self.app.ledger.epoch:
                return
            tp = TP(tp.topic, tp.partition)
            if self.app.is_source(tp):
                await self._deliver_list(tp, found)
            else:
                await self._deliver_changelog(tp, found)

    def _wanted(self) -> tuple[dict[Any, int], bool]:
        """What to fetch now: active partitions of known position with room, by position; and whether that is all of them."""
        active = self._get_active_partitions()
        ledger = self.app.ledger
        wanted: dict[Any, int] = {}
        for tp in active:
            position = ledger.position(tp) if self.app.is_source(tp) else self._changelog_next.get(tp)
            if position is not None and (ledger.has_room(tp) or not self.app.is_source(tp)):
                wanted[tp] = position
        lost = not self.app.rebalancing and any(self.app.is_source(tp) and ledger.position(tp) is None for tp in active)
        self._watch_lost_positions(lost)
        return wanted, len(wanted) == len(active)

    def _watch_lost_positions(self, lost: bool) -> None:
        now = time.monotonic()
        if not lost:
            self._lost_since = None
        elif self._lost_since is None:
            self._lost_since = now
        elif now - self._lost_since > LOST_POSITION_S:
            halt("position-unknown")

    # delivering

    async def _deliver_list(self, tp: TP, found: Fetched) -> None:
        if found.expired:
            halt(FatalError(f"source-expired-unread partition={tp.partition} wanted={found.start} first={found.end}"))
        if found.log_end is not None:
            self.app.metrics.ends[tp.partition] = found.log_end
        accepted = self.app.ledger.accept(tp, found.start, found.end, found.records)
        if isinstance(accepted, Hole):
            self.app.metrics.holes += 1
            await self._go_back(tp, accepted)
        elif accepted is not None:
            await self.wait_first(self.callback(self._as_message(tp, accepted)), self.suspend_flow.wait())

    async def _go_back(self, tp: TP, hole: Hole) -> None:
        reached = await self._thread.call_thread(self._thread.go_to, tp, hole.wanted)
        if reached != hole.wanted and self.app.ledger.position(tp) == hole.wanted:
            halt(FatalError(f"source-expired-unread partition={tp.partition} wanted={hole.wanted} first={reached}"))

    def _as_message(self, tp: TP, found: SourceList) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            found.end - 1,
            found.records[-1].timestamp_ms / 1000 if found.records else 0.0,
            0,
            [],
            None,
            found,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _deliver_changelog(self, tp: TP, found: Fetched) -> None:
        wanted = self._changelog_next.get(tp)
        if wanted is None or found.end <= wanted or tp not in self._get_active_partitions():
            return
        if found.start > wanted:
            self.app.metrics.holes += 1
            reached = await self._thread.call_thread(self._thread.go_to, tp, wanted)
            if self._changelog_next.get(tp) == wanted:
                self._changelog_next[tp] = reached
            return
        self.app.table.replay(tp.partition, [record for record in found.records if record.offset >= wanted], found.end)
        self._changelog_next[tp] = found.end
        await self.wait_first(self.callback(self._read_up_to(tp, found.end - 1)), self.suspend_flow.wait())

    def _read_up_to(self, tp: TP, offset: int) -> ConsumerMessage:
        """Tells Faust's recovery how far the table is, also where the cleaner took the last records away: no key, no row."""
        return ConsumerMessage(
            tp.topic, tp.partition, offset, 0.0, 0, [], None, b"", None, 0, 0, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    # acknowledging and committing

    def track_message(self, message: Any) -> None:
        """Not needed: the ledger and the pipeline know what is under way."""

    def ack(self, message: Any) -> bool:
        """Faust is done with an event; says nothing about its effects."""
        message.acked = True
        return True

    def on_buffer_full(self, tp: TP) -> None:
        """Not needed: room is counted per partition before fetching."""

    def on_buffer_drop(self, tp: TP) -> None:
        """See `on_buffer_full`."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Not needed: metrics show progress."""

    def verify_recovery_event_path(self, now: float, tp: TP) -> None:
        """See `verify_event_path`."""

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit the end of the last finished list of each partition still held."""
        held = self.assignment()
        offsets = {place: end for place, end in self.app.ledger.committable().items() if place in held}
        if not offsets:
            return False
        if not await self._thread.commit(offsets):
            return False
        self.app.ledger.committed(offsets)
        self.app.metrics.commits += 1
        self.app.metrics.last_commit = time.monotonic()
        return True

    async def wait_empty(self) -> None:
        """Drain: lists in the fold finish (or the process halts), then commit."""
        await self.app.pipeline.drain()
        for _ in range(3):
            if not self.app.ledger.committable() or await self.commit():
                break

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Before the group forms anew: finish and commit what is in the fold, drop what is queued, close all partitions."""
        self.app.metrics.rebalances += 1
        self.app.metrics.ready = False
        if self.app.should_stop:
            self.stop_flow()
            await self.wait_empty()
        else:
            await super().on_partitions_revoked(revoked)
        await self.app.pipeline.lose()
        self.app.ledger.forget()


class HubTransport(driver.Transport):  # type: ignore[misc]
    """aiokafka for the group, the hub's consumer for the lists."""

    Consumer = HubConsumer
