"""The MLLP door: HL7 v2 messages over TCP, answered when the broker has them and not before.

What a sender may rely on: one answer per message, in the order of its messages; AA or CA only when every record of the message is
confirmed by the broker, AE/AR (CE/CR) when it is safe as a dead letter but wrong. No answer and a closed connection mean "send it
again". What the hub relies on instead of trust: caps on frame, on the time a frame may take, on idleness, on connections, and on
unanswered messages per connection (then the socket is not read, which the sender feels as TCP back-pressure).

After a framing fault (too large, no start, silent half-way, cut off) nothing more of that connection is believed: it is closed
without an answer, and a dead letter without body tells that something was lost on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from hub.connectors.door import Receipt, Unit
from hub.connectors.doors import Answer, Around, DoorKind, DoorOptions
from hub.connectors.watch import Watch
from hub.errors import ConfigError
from hub.formats.mllp import FrameFault, Framer, frame

__all__ = ["KIND", "Answer", "MllpDoor", "MllpOptions"]

_READ_BYTES = 65_536
_WAITING = 64  # messages between the sockets and the intake loop


class MllpOptions(DoorOptions):
    """Section `door` of a connector with `kind: mllp`. The port is the installation's business: settings.json, `ports`."""

    max_frame_bytes: int = Field(default=1024 * 1024, ge=1_024, le=3_500_000)  # a record of the broker holds 4 MB
    idle_s: float = Field(default=300.0, gt=0)  # senders keep a connection open between batches
    frame_s: float = Field(default=30.0, gt=0)  # from a frame's first byte to its last
    answer_s: float = Field(default=10.0, gt=0)  # for the sender to take our answer
    connections: int = Field(default=64, ge=1)
    unanswered: int = Field(default=32, ge=1)  # messages of one connection

    @property
    def shape(self) -> Literal["bytes", "file", "folder"]:
        return "bytes"


class MllpDoor:
    """Listens on `host:port` (0: any free one; `port` says which) once opened."""

    def __init__(self, host: str, port: int, options: MllpOptions, answer: Answer, watch: Watch) -> None:
        self.host, self.port = host, port
        self.options, self.answer, self.watch = options, answer, watch
        self._queue: asyncio.Queue[_MllpDelivery | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(_WAITING)
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self._count = 0

    async def open(self) -> None:
        """Bind and listen; ConfigError when the port is taken."""
        try:
            self._server = await asyncio.start_server(self._accepted, self.host, self.port, limit=_READ_BYTES)
        except OSError as error:
            raise ConfigError(f"cannot listen for MLLP on {self.host}:{self.port}: {error.strerror or error}") from None
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.watch.opened(host=self.host, port=self.port)

    async def __aiter__(self) -> AsyncIterator[_MllpDelivery]:
        while (delivery := await self._queue.get()) is not None:
            self._room.release()
            yield delivery

    async def stop_reading(self) -> None:
        """Accept no connection and read no further; what was read can still be answered."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections.values():
            connection.stop.set()
        self._queue.put_nowait(None)

    async def close(self) -> None:
        """Close every connection; what is unanswered stays unanswered."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._connections)
        for connection in self._connections.values():
            connection.drop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def deliver(self, delivery: _MllpDelivery) -> None:
        """Hand on one message; waits while the intake loop is behind."""
        await self._room.acquire()
        self._queue.put_nowait(delivery)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self.options.connections:
            self.watch.noticed("too-many-connections")
            writer.transport.abort()
            return
        self._count += 1
        connection = _Connection(self, f"connection-{self._count}", reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = connection
        try:
            await connection.serve()
        except asyncio.CancelledError:
            connection.drop()
        finally:
            del self._connections[task]


class _Connection:
    """One sender. Reads frames and delivers them until it ends, then waits for the answers that are due."""

    def __init__(self, door: MllpDoor, lane: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.door, self.lane = door, lane
        self._reader, self._writer = reader, writer
        self._framer = Framer(door.options.max_frame_bytes)
        self._due = asyncio.Semaphore(door.options.unanswered)
        self._unanswered = 0
        self._all_answered = asyncio.Event()
        self._all_answered.set()
        self.stop = asyncio.Event()

    async def serve(self) -> None:
        try:
            await self._read_frames()
            await self._all_answered.wait()
        finally:
            self._writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await asyncio.wait_for(self._writer.wait_closed(), self.door.options.answer_s)

    async def _read_frames(self) -> None:
        loop = asyncio.get_running_loop()
        frame_began: float | None = None
        while not self._framer.closed and not self._writer.is_closing():
            limit_s = self.door.options.idle_s
            if frame_began is not None:
                limit_s = frame_began + self.door.options.frame_s - loop.time()
            chunk = await self._chunk(limit_s)
            if chunk is None or not chunk:
                if frame_began is not None and not self.stop.is_set():
                    await self._deliver(b"", "frame-timeout" if chunk is None else "frame-truncated", close=True)
                elif chunk is None and self._unanswered and not self.stop.is_set():
                    continue  # not idle: it waits for us
                return
            for item in self._framer.feed(chunk):
                if isinstance(item, FrameFault):
                    await self._deliver(b"", f"frame-{item.reason}", close=item.close)
                else:
                    await self._deliver(item, None, close=False)
            if not self._framer.pending:
                frame_began = None
            elif frame_began is None:
                frame_began = loop.time()

    async def _chunk(self, limit_s: float) -> bytes | None:
        """What arrived; empty at the end of the stream, None when `limit_s` passed or reading must stop."""
        reading = asyncio.ensure_future(self._reader.read(_READ_BYTES))
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({reading, stopping}, timeout=max(limit_s, 0), return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else None
        except ConnectionError:
            return b""
        finally:
            for waiting in (reading, stopping):
                waiting.cancel()

    async def _deliver(self, message: bytes, fault: str | None, *, close: bool) -> None:
        await self._due.acquire()
        self._unanswered += 1
        self._all_answered.clear()
        await self.door.deliver(_MllpDelivery(self, message, fault, close))

    async def say(self, answer: bytes | None) -> None:
        """Send an answer (None: none was asked for). A sender that does not take it in time is dropped."""
        if answer is None or self._writer.is_closing():
            return
        self._writer.write(frame(answer))
        try:
            await asyncio.wait_for(self._writer.drain(), self.door.options.answer_s)
        except (ConnectionError, TimeoutError):
            self.door.watch.noticed("answer-not-taken")
            self.drop()

    def drop(self) -> None:
        """Close at once: the sender hears nothing and sends again."""
        self.stop.set()
        self._writer.transport.abort()

    def settled(self) -> None:
        """One more delivery was answered for."""
        self._due.release()
        self._unanswered -= 1
        if not self._unanswered:
            self._all_answered.set()


@dataclass
class _MllpDelivery:
    connection: _Connection
    message: bytes
    fault: str | None
    close: bool

    @property
    def unit(self) -> Unit:
        return Unit(f"message-{hashlib.sha256(self.message).hexdigest()[:12]}", self.message)

    @property
    def lane(self) -> str:
        return self.connection.lane

    async def ack(self, receipt: Receipt) -> None:
        try:
            if self.close:
                self.connection.drop()
            elif self.fault is None:
                await self.connection.say(self.connection.door.answer(self.message, receipt))
        except Exception:  # no answer could be built: the sender must not wait for one
            self.connection.drop()
            raise
        finally:
            self.connection.settled()

    async def refuse(self, why: str) -> None:  # noqa: ARG002 - every refusal looks the same to a sender: no answer, closed
        self.connection.drop()
        self.connection.settled()


def _build(options: MllpOptions, around: Around) -> MllpDoor:
    return MllpDoor(around.host, around.port, options, around.answer, around.watch)


KIND = DoorKind(MllpOptions, _build)
