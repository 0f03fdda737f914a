"""Clients of the MLLP door that behave badly, each kind from an address of its own. Run in a process of their own.

Linux takes any address of 127.0.0.0/8 as its own; elsewhere all of them share the honest client's address. They share the
processor with what they attack, as clients of other machines would not: so their process gives way to others (`nice` 10), and who
was refused waits a moment, as a network makes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from hub.formats.mllp import frame

__all__ = ["KINDS", "Attack", "attack"]

_NICE = 10
_PAUSE_S = 0.02  # after a connection was refused
_BEGIN_S = 0.5  # until each has connected
_END = b"\x1c\x0d"


class Attack(NamedTuple):
    """Where, by whom (kind → how many at once), and valid messages for those who flood with them."""

    host: str
    port: int
    clients: dict[str, int]
    messages: Sequence[bytes]
    seconds: float


class _Target:
    def __init__(self, attack: Attack, address: str) -> None:
        self._attack, self._address = attack, address
        self.messages = attack.messages
        self._open: list[asyncio.StreamWriter] = []

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        local = (self._address, 0) if self._address else None
        pair = await asyncio.open_connection(self._attack.host, self._attack.port, local_addr=local)
        self._open = [*(each for each in self._open if not each.is_closing()), pair[1]]
        return pair

    def leave(self) -> None:
        """Hang up: what lies in the kernel's buffers would be worked on for long."""
        for writer in self._open:
            writer.transport.abort()


async def _slowloris(target: _Target, tally: Counter[str]) -> None:
    """A frame that never ends, a byte at a time."""
    _, writer = await target.open()
    writer.write(b"\x0bMSH|^~\\&|")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        tally["bytes"] += 1
        await asyncio.sleep(0.2)


async def _silent(target: _Target, tally: Counter[str]) -> None:
    """Connects and says nothing."""
    reader, _ = await target.open()
    tally["connections"] += 1
    await reader.read()


async def _garbage(target: _Target, tally: Counter[str]) -> None:
    """64 KB of anything, again and again."""
    reader, writer = await target.open()
    tally["connections"] += 1
    writer.write(random.Random(tally["connections"]).randbytes(65_536))
    await writer.drain()
    await reader.read()


async def _oversize(target: _Target, tally: Counter[str]) -> None:
    """A frame without end, as fast as it is taken."""
    _, writer = await target.open()
    writer.write(b"\x0bMSH|")
    tally["connections"] += 1
    while not writer.is_closing():
        writer.write(b"y" * 65_536)
        await writer.drain()


async def _greedy(target: _Target, tally: Counter[str]) -> None:
    """Valid messages as fast as the door takes them; reads its answers."""
    reader, writer = await target.open()

    async def read() -> None:
        while chunk := await reader.read(65_536):
            tally["answers"] += chunk.count(_END)

    reading = asyncio.create_task(read())
    try:
        while not reading.done():
            for message in target.messages:
                writer.write(frame(message))
                await writer.drain()
    finally:
        reading.cancel()


async def _empty(target: _Target, tally: Counter[str]) -> None:
    """Empty frames as fast as the door takes them."""
    reader, writer = await target.open()
    flood = frame(b"") * 1_000

    async def read() -> None:
        while chunk := await reader.read(65_536):
            tally["answers"] += chunk.count(_END)

    reading = asyncio.create_task(read())
    try:
        while not reading.done():
            writer.write(flood)
            await writer.drain()
    finally:
        reading.cancel()


async def _deaf(target: _Target, tally: Counter[str]) -> None:
    """Valid messages as fast as the door takes them; never reads an answer."""
    reader, writer = await target.open()
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    tally["connections"] += 1
    while not writer.is_closing():
        for message in target.messages:
            writer.write(frame(message))
            await writer.drain()


async def _storm(target: _Target, tally: Counter[str]) -> None:
    """Connects and hangs up, as fast as it can."""
    _, writer = await target.open()
    tally["connections"] += 1
    writer.transport.abort()


async def _batches(target: _Target, tally: Counter[str]) -> None:
    """Batches of 200 messages in a frame."""
    reader, writer = await target.open()
    batch = b"BHS|^~\\&|X\r" + b"".join(target.messages[:200]) + b"BTS|200\r"
    while True:
        writer.write(frame(batch))
        await writer.drain()
        await reader.readuntil(_END)
        tally["answers"] += 1


KINDS: dict[str, Callable[[_Target, Counter[str]], Awaitable[None]]] = {
    "slowloris": _slowloris, "silent": _silent, "garbage": _garbage, "oversize": _oversize, "greedy": _greedy,
    "empty": _empty, "deaf": _deaf, "storm": _storm, "batches": _batches,
}  # fmt: skip


def attack(asked: Connection) -> None:
    """Process target: for each Attack that is asked for, say True once all are at work, and what they did, by kind, when its time
    is over; until it is killed. It gives way to others on the processor."""
    os.nice(_NICE)
    while True:
        plan = asked.recv()
        asked.send(asyncio.run(_attack(plan, lambda: asked.send(True))))


async def _attack(plan: Attack, begun: Callable[[], None]) -> dict[str, dict[str, int]]:
    tallies = {kind: Counter[str]() for kind in plan.clients}
    tasks, targets = [], []
    for number, (kind, count) in enumerate(plan.clients.items(), start=2):
        address = f"127.0.0.{number}" if plan.host == "127.0.0.1" and os.uname().sysname == "Linux" else ""
        target = _Target(plan, address)
        targets.append(target)
        tasks += [asyncio.create_task(_again(KINDS[kind], target, tallies[kind])) for _ in range(count)]
    await asyncio.sleep(_BEGIN_S)
    begun()
    await asyncio.sleep(plan.seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for target in targets:
        target.leave()
    await asyncio.sleep(0)  # asyncio closes in its next turn
    return {kind: dict(tally) for kind, tally in tallies.items()}


async def _again(
    kind: Callable[[_Target, Counter[str]], Awaitable[None]], target: _Target, tally: Counter[str]
) -> None:
    while True:
        try:
            await kind(target, tally)
        except (OSError, asyncio.IncompleteReadError):
            tally["refused"] += 1
            with contextlib.suppress(OSError):
                await asyncio.sleep(_PAUSE_S)
