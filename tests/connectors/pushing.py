"""A push door on a real socket: front, door and intake loop in one event loop, with a bus that can be away. And raw senders."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx

from hub.connectors.doors import Around
from hub.connectors.front import Front, FrontLimits
from hub.connectors.front_tls import Tls
from hub.connectors.http_push import PushOptions
from hub.connectors.http_push_door import PushDoor
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.watch import Watch
from hub.errors import SecretGone
from tests.connectors import pretend
from tests.connectors.pulling import MemoryPositions
from tests.fakes import FakeBus

KEY = "a-made-up-key-of-a-made-up-sender"
WEBHOOK_KEY = "whsec_bWFkZS11cCBzZWNyZXQgb2YgYSBtYWRlLXVwIHNlbmRlcg=="
HEADERS = {"X-API-Key": KEY, "Content-Type": "text/plain"}


@dataclass
class Pushing:
    """What is running; `secrets` is what the secret files hold, read again by the door."""

    front: Front
    door: PushDoor
    bus: FakeBus
    secrets: dict[str, str]
    client: httpx.AsyncClient

    def events(self) -> list[bytes | None]:
        return pretend.values(self.bus.log, "event")

    async def push(
        self, body: bytes, path: str = "/push/pretend", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return await self.client.post(path, content=body, headers={**HEADERS, **(headers or {})})


@contextlib.asynccontextmanager
async def pushing(
    folder: Path,
    *,
    bus: FakeBus | None = None,
    read: Any = pretend.read,
    format_: str = "csv",
    limits: FrontLimits | None = None,
    tls: Tls | None = None,
    secrets: dict[str, str] | None = None,
    positions: MemoryPositions | None = None,
    **options: Any,
) -> AsyncIterator[Pushing]:
    """Runs until the block ends; then drains."""
    known = {"api-keys": KEY, "webhook-keys": WEBHOOK_KEY} if secrets is None else secrets
    front, watch, bus = Front(limits=limits or FrontLimits(), tls=tls), Watch("pretend"), bus or FakeBus()
    if not {"api_keys", "webhook_keys", "client_names"} & set(options):
        options.update(api_keys="api-keys", webhook_keys="webhook-keys")
    door = PushDoor(PushOptions(kind="http-push", **options), around(folder, front, watch, known, format_, positions))
    await door.open()
    packer = Packer(read, pretend.Agreed(), pretend.PretendPack())
    loop = asyncio.create_task(Intake(door, packer, bus, watch, first_pause_s=0.01, last_pause_s=0.05).run())
    while watch.state != "running":
        await asyncio.sleep(0)
    try:
        async with httpx.AsyncClient(base_url=front.url, timeout=120) as client:
            yield Pushing(front, door, bus, known, client)
        await door.stop_reading()
        bus.away = False
        await asyncio.wait_for(loop, 120)
    finally:
        await Raw.close_all()
        loop.cancel()
        await door.close()


def around(
    folder: Path,
    front: Front,
    watch: Watch,
    secrets: dict[str, str],
    format_: str,
    positions: MemoryPositions | None = None,
) -> Around:
    """What an installation hands to the door."""

    def secret(name: str) -> str:
        if name not in secrets:
            raise SecretGone(f"there is no secret {name}")
        return secrets[name]

    return Around(
        connector=watch.connector, watch=watch, host=front.host, port=0, inbox=folder / "inbox",
        answer=lambda message, receipt: b"", positions=positions or MemoryPositions(), spool=folder / "spool",
        secret=secret, front=front, format=format_,
    )  # fmt: skip


class Raw:
    """A sender that writes what it likes. `close_all` ends them all."""

    _open: ClassVar[list[Raw]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._open.append(self)

    @classmethod
    async def to(cls, front: Front) -> Raw:
        return cls(*await asyncio.open_connection(front.host, front.port))

    async def write(self, data: bytes) -> None:
        """Errors of a connection that the hub closed are none here."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, Any]]:
        """Status and JSON of one answer; (0, {}) when the connection was closed instead."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            body = await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0, {}
        return int(head.split(" ")[1]), json.loads(body)

    async def closed(self) -> bool:
        """Waits until the hub has closed the connection."""
        with contextlib.suppress(ConnectionError):
            await self.reader.read()
        return True

    def close(self) -> None:
        self.writer.close()

    @classmethod
    async def close_all(cls) -> None:
        while cls._open:
            sender = cls._open.pop()
            sender.writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await sender.writer.wait_closed()


def head(path: str = "/push/pretend", **headers: str) -> bytes:
    """The head of a POST with a key."""
    given = {"Host": "hub", **HEADERS, **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in given.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
