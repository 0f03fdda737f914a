"""The MLLP door under the intake loop, with a bus that is a fake, and senders on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

from hub.connectors.door import Receipt
from hub.connectors.mllp_door import MllpDoor
from hub.connectors.mllp_options import MllpOptions
from hub.connectors.mllp_tls import Renewing
from hub.connectors.watch import Watch
from hub.formats.mllp import frame
from hub.ops import metrics
from tests.connectors.pretend import intake
from tests.fakes import FakeBus

END = b"\x1c\x0d"


def answer(message: bytes, receipt: Receipt) -> bytes | None:
    if message.startswith(b"unanswerable"):
        raise ZeroDivisionError
    if message.startswith(b"quiet"):
        return None
    code = b"AR" if receipt.unreadable else b"AE" if receipt.rejected else b"AA"
    return code + b" " + message.splitlines()[0] if message else code


class Sender:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> bytes:
        """One answer without its framing; empty when the hub closed the connection instead."""
        try:
            return (await self.reader.readuntil(END))[1 : -len(END)]
        except (asyncio.IncompleteReadError, OSError):  # ssl.SSLError is one
            return b""

    async def ask(self, message: bytes) -> bytes:
        await self.send(frame(message))
        return await self.answer()


class Hub:
    def __init__(self, bus: FakeBus, door: MllpDoor, running: asyncio.Task[None]) -> None:
        self.bus, self.door, self.running = bus, door, running
        self.senders: list[Sender] = []

    async def sender(self, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Sender:
        """A connection from `address` (any of 127.0.0.0/8; only Linux has more than one)."""
        local = (address if sys.platform == "linux" else "127.0.0.1", 0)
        name = "hub.example.org" if tls is not None else None
        pair = await asyncio.open_connection(
            "127.0.0.1", self.door.port, local_addr=local, ssl=tls, server_hostname=name
        )
        sender = Sender(*pair)
        self.senders.append(sender)
        return sender

    async def turned_away(self, address: str = "127.0.0.1") -> bool:
        """Whether a connection from `address` is closed at once: the sender may hear of it before it knows that it was made."""
        try:
            return await (await self.sender(address)).answer() == b""
        except ConnectionError:
            return True

    async def leave(self) -> None:
        for sender in self.senders:
            sender.writer.close()
            with contextlib.suppress(OSError):
                await sender.writer.wait_closed()


@contextlib.asynccontextmanager
async def hub(
    bus: FakeBus | None = None, secret: Callable[[str], str] | None = None, **options: Any
) -> AsyncIterator[Hub]:
    bus = bus or FakeBus()
    watch = Watch("pretend")
    chosen = MllpOptions(**options)
    renewing = Renewing(chosen.tls, secret) if chosen.tls is not None and secret is not None else None
    door = MllpDoor("127.0.0.1", 0, chosen, answer, watch, renewing)
    await door.open()
    running = asyncio.create_task(intake(door, bus, first_pause_s=0.01).run())
    it = Hub(bus, door, running)
    try:
        yield it
        await door.stop_reading()
        if not bus.away:
            await asyncio.wait_for(running, 120)
    finally:
        running.cancel()
        await it.leave()
        await door.close()
        await asyncio.gather(running, return_exceptions=True)


def scenario(play: Callable[[Hub], Any], **options: Any) -> FakeBus:
    bus = options.pop("bus", None) or FakeBus()

    async def run() -> None:
        async with asyncio.timeout(240), hub(bus, **options) as it:
            await play(it)

    asyncio.run(run())
    return bus


def closed(reason: str) -> float:
    """How many connections ended for this reason so far."""
    labels = {"connector": "pretend", "reason": reason}
    return metrics.REGISTRY.get_sample_value("hub_door_closed_total", labels) or 0.0


async def until_closed(reason: str, count: float) -> None:
    """Return once `count` connections ended for this reason."""
    while closed(reason) < count:
        await asyncio.sleep(0.002)
