"""The store of positions as doors see it, over hub.connector.position.v1: read whole once, then written through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from hub.bus.codec import Codec
from hub.bus.consumer import Incoming, latest_by_key
from hub.bus.position import POSITION_TOPIC, Position, position_key
from hub.connectors.intake import Publisher
from hub.connectors.packing import Outgoing
from hub.connectors.positions import PositionUnreadable
from hub.errors import Reject
from hub.privacy.vault import Vault

__all__ = ["BusPositions", "PositionLog"]


class PositionLog:
    """The topic of one process. `read` gives its latest record per key (blocking)."""

    def __init__(
        self,
        read: Callable[[], Mapping[bytes, Incoming]],
        publisher: Publisher,
        codec: Codec,
        vault: Vault,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._read, self._publisher, self._codec, self._vault, self._now = read, publisher, codec, vault, now
        self._known: dict[bytes, bytes] | None = None
        self._reading = asyncio.Lock()

    @classmethod
    def of(cls, bootstrap: Callable[[], str], publisher: Publisher, codec: Codec, vault: Vault) -> PositionLog:
        """Over a broker, asked for when the first door looks."""
        return cls(lambda: latest_by_key(bootstrap(), POSITION_TOPIC), publisher, codec, vault)

    def of_connector(self, connector: str) -> BusPositions:
        return BusPositions(self, connector)

    async def streams(self, connector: str) -> list[str]:
        """Every stream of a connector that has a position. RetryError when the broker is away."""
        known = await self._all()
        prefix = position_key(connector, "")
        return sorted(key.removeprefix(prefix).decode() for key in known if key.startswith(prefix))

    async def forget(self, connector: str, stream: str) -> None:
        """Return once the brokers know that there is no position any more; what cannot be opened can be forgotten."""
        key = position_key(connector, stream)
        confirmation = await self._publisher.send([(POSITION_TOPIC, key, None, None, None)])
        await confirmation.delivered()
        await self._learn(key, None)

    async def refresh(self) -> None:
        """Another process may have moved positions: read them anew when they are asked for next."""
        async with self._reading:
            self._known = None

    async def _learn(self, key: bytes, value: bytes | None) -> None:
        async with self._reading:  # not between what was read and its being known
            if self._known is None:
                return
            if value is None:
                self._known.pop(key, None)
            else:
                self._known[key] = value

    async def _all(self) -> dict[bytes, bytes]:
        async with self._reading:
            if self._known is None:
                latest = await asyncio.to_thread(self._read)
                self._known = {key: each.value for key, each in latest.items() if each.value is not None}
        return self._known

    async def load(self, connector: str, stream: str) -> dict[str, Any] | None:
        """RetryError when the broker is away; PositionUnreadable when it cannot be opened (another key, another hub)."""
        value = (await self._all()).get(position_key(connector, stream))
        if value is None:
            return None
        try:
            record = self._codec.decode(value)
            assert isinstance(record, Position)
            found = json.loads(self._vault.open(record.position, POSITION_TOPIC, connector, stream))
        except (Reject, AssertionError, ValueError):
            raise PositionUnreadable from None
        assert isinstance(found, dict)
        return found

    async def save(self, connector: str, stream: str, position: Mapping[str, Any]) -> None:
        """Return once the brokers have it; only then does `load` say so."""
        key_id = f"position-{connector}"
        clear = json.dumps(dict(position)).encode()
        await asyncio.to_thread(self._vault.ensure_keys, [key_id])
        sealed = self._vault.seal(clear, key_id, POSITION_TOPIC, connector, stream)
        record = Position(connector=connector, stream=stream, moved_at=self._now(), position=sealed)
        key, value = position_key(connector, stream), self._codec.encode(POSITION_TOPIC, record)
        outgoing: Outgoing = (POSITION_TOPIC, key, value, None, None)
        confirmation = await self._publisher.send([outgoing])
        await confirmation.delivered()
        await self._learn(key, value)


class BusPositions:
    """Those of one connector (hub.connectors.positions.Positions)."""

    def __init__(self, log: PositionLog, connector: str) -> None:
        self._log, self._connector = log, connector

    async def load(self, stream: str) -> Mapping[str, Any] | None:
        return await self._log.load(self._connector, stream)

    async def save(self, stream: str, position: Mapping[str, Any]) -> None:
        await self._log.save(self._connector, stream, position)
