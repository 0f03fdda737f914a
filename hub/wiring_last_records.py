"""When each source last sent something, over restarts of the role: a source that fell silent is told of also by a hub that was
started since, and one that never sent anything by since when the hub waits for it. Kept beside the positions, in a stream of its
own (hub.connector.position.v1)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from time import monotonic, time

from hub.bus.position import LAST_RECORD_STREAM
from hub.connectors.positions import PositionUnreadable
from hub.connectors.watch import Watch
from hub.errors import HubError
from hub.ops import metrics
from hub.wiring_positions import PositionLog

__all__ = ["NOTE_EVERY_S", "LastRecords"]

NOTE_EVERY_S = 30.0
"""A source that sends without pause costs two records a minute on a compacted topic. Who ends by a crash has forgotten as much at
most, and sources are expected to send every few minutes or more rarely."""


class LastRecords:
    """Of one process. `follow` again and again, `end` once at its end."""

    def __init__(self, positions: PositionLog) -> None:
        self._positions = positions
        self._noted: dict[str, float] = {}  # connector → what stands on the topic; 0 where nothing does
        self._noted_at: dict[str, float] = {}
        self._waits_since: dict[str, float] = {}

    async def follow(self, watches: Sequence[Watch]) -> None:
        """Tell each what is known of it from before this process, and note what came since. RetryError: the broker is away."""
        for watch in watches:
            await self._recall(watch)
            await self._wait(watch)
            if monotonic() - self._noted_at.get(watch.connector, -NOTE_EVERY_S) >= NOTE_EVERY_S:
                await self._note(watch)

    async def end(self, watches: Sequence[Watch]) -> None:
        """Note what was not noted yet. A broker that is away costs what came in the last seconds."""
        with contextlib.suppress(HubError):
            for watch in watches:
                if watch.connector in self._noted:
                    await self._note(watch)

    async def _recall(self, watch: Watch) -> None:
        if watch.connector in self._noted:
            return
        try:
            found = await self._positions.load(watch.connector, LAST_RECORD_STREAM)
        except PositionUnreadable:  # noted under another key: by another hub
            found = None
        at = float((found or {}).get("at", 0.0))
        self._noted[watch.connector] = at
        if at:
            watch.recall(at)
        elif since := float((found or {}).get("since", 0.0)):
            self._waits_for(watch.connector, since)

    async def _wait(self, watch: Watch) -> None:
        """Note since when a connector runs whose source has never sent anything."""
        if watch.state == "running" and watch.last_record_at is None and watch.connector not in self._waits_since:
            since = time()
            await self._positions.save(watch.connector, LAST_RECORD_STREAM, {"at": 0.0, "since": since})
            self._waits_for(watch.connector, since)

    def _waits_for(self, connector: str, since: float) -> None:
        self._waits_since[connector] = since
        metrics.CONNECTOR_WAITING_SINCE.set(since, connector=connector)

    async def _note(self, watch: Watch) -> None:
        at = watch.last_record_at
        if at is not None and at > self._noted[watch.connector]:
            await self._positions.save(watch.connector, LAST_RECORD_STREAM, {"at": at})
            self._noted[watch.connector], self._noted_at[watch.connector] = at, monotonic()
