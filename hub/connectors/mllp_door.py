"""The MLLP door: HL7 v2 messages over TCP or TLS, answered when the broker has them and not before.

What a sender may rely on: one answer per frame, in the order of its frames; AA or CA only when every record of the message is
confirmed by the broker, AE/AR (CE/CR) when it is safe as a dead letter but wrong; a batch is answered message by message. No
answer and a closed connection mean "send it again".

What the hub relies on instead of trust: caps on frame, on the time a frame may take, on idleness, on connections (in total, by
address, how fast, and how they end), on unanswered messages and bytes of a connection (then the socket is not read, which the
sender feels as TCP back-pressure), on answers that are not taken. Senders take turns (hub.connectors.turns): none can fill the
queue of another.

After a framing fault (too large, no start, silent half-way, cut off) nothing more of that connection is believed: it is closed
without an answer, and a dead letter without body tells that something was lost on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from hub.connectors.door import Receipt
from hub.connectors.doors import Answer, Around, DoorKind
from hub.connectors.mllp_accept import accept
from hub.connectors.mllp_connection import Connection
from hub.connectors.mllp_delivery import MllpDelivery
from hub.connectors.mllp_gate import Allowance, Gate
from hub.connectors.mllp_host import BAD_ENDS
from hub.connectors.mllp_options import MllpOptions
from hub.connectors.mllp_tls import Renewing, why_no_tls
from hub.connectors.pace import Pace
from hub.connectors.turns import Turns
from hub.connectors.watch import Watch
from hub.errors import ConfigError

__all__ = ["KIND", "Answer", "MllpDoor"]

_BACKLOG = 128
_FAULTS_PER_S, _FAULTS_AT_ONCE = 1.0, 60.0  # dead letters without body; beyond, faults on the wire are counted only
_SEND_BUFFER = 64 * 1024  # bytes of answers that the kernel keeps for a sender who does not read them
_LINGER_NOT = struct.pack("ii", 1, 0)


class MllpDoor:
    """Listens on `host:port` (0: any free one; `port` says which) once opened. `renewing` gives the TLS context, None: plain."""

    def __init__(
        self,
        host: str,
        port: int,
        options: MllpOptions,
        answer: Answer,
        watch: Watch,
        renewing: Renewing | None = None,
    ) -> None:
        self.host, self.port = host, port
        self.options, self.watch = options, watch
        self._answer, self._renewing = answer, renewing
        self._turns: Turns[MllpDelivery] = Turns()
        self._pace = Pace()
        self._listening: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: dict[str, Connection] = {}
        self._count = 0

    async def open(self) -> None:
        """Bind and listen; ConfigError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._gate = Gate(
            connections=self.options.connections, per_address=self.options.connections_per_address,
            connects_per_s=self.options.connects_per_s,
            faults=self.options.faults_forgiven, now=loop.time,
        )  # fmt: skip
        self._faults = Allowance(_FAULTS_PER_S, _FAULTS_AT_ONCE, loop.time)
        try:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            self._listening = socket.create_server((self.host, self.port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise ConfigError(f"cannot listen for MLLP on {self.host}:{self.port}: {error.strerror or error}") from None
        self._listening.setblocking(False)
        self.port = int(self._listening.getsockname()[1])
        self._start(accept(self._listening, self._admit, lambda: self.watch.closed("not-accepted")))
        if self._renewing is not None:
            self._start(self._renew(self._renewing))
        self.watch.connections(0)
        self.watch.opened(host=self.host, port=self.port)

    async def __aiter__(self) -> AsyncIterator[MllpDelivery]:
        while (delivery := await self._turns.next()) is not None:
            yield delivery

    def at_hand(self, *, anew: bool) -> MllpDelivery | None:
        """The delivery whose turn it is, if one waits: asked for by a loop that takes no more than it works on."""
        return self._turns.now(anew=anew)

    def mixed(self) -> bool:
        """Whether some senders wait for each answer while others send ahead."""
        return self._pace.mixed(asyncio.get_running_loop().time())

    def sends_ahead(self, lane: str) -> bool:
        """Whether this connection does not wait for each answer."""
        return self._pace.ahead(lane)

    async def rest(self, seconds: float) -> None:
        """Between two turns of a long batch beside others who wait for each answer."""
        await self._turns.rest(seconds)

    def hold(self, seconds: float) -> None:
        """After a turn of those who send ahead beside others who wait for each answer: no other of them for so long."""
        if self._turns.ahead and self.mixed():
            self._turns.hold(seconds)

    async def stop_reading(self) -> None:
        """Accept no connection and read no further; what was read can still be answered."""
        await self._stop_accepting()
        for connection in list(self._connections.values()):
            connection.stop()
        self._turns.end()

    async def close(self) -> None:
        """Close every connection; what is unanswered stays unanswered."""
        await self._stop_accepting()
        for connection in list(self._connections.values()):
            connection.cut("stopped")
        await asyncio.sleep(0)  # asyncio tells of each cut in its next turn

    # what connections call

    def handed(self, delivery: MllpDelivery, unanswered: int) -> None:
        ahead = self._pace.heard(delivery.lane, unanswered, asyncio.get_running_loop().time())
        self._turns.put(delivery.sender, delivery.lane, delivery, ahead=ahead)

    def answered(self, lane: str) -> None:
        self._turns.answered(lane)

    def answer(self, message: bytes, receipt: Receipt) -> bytes | None:
        return self._answer(message, receipt)

    def heard(self, address: str, receipt: Receipt) -> None:
        if self._gate.heard(address, readable=not receipt.unreadable):
            self.watch.noticed("sender-slowed-down")

    def wait_s(self, address: str) -> float:
        return self._gate.wait_s(address)

    def taken(self, address: str) -> None:
        self._gate.taken(address)

    def may_tell(self) -> bool:
        return self._faults.take()

    def left(self, connection: Connection, reason: str) -> None:
        del self._connections[connection.lane]
        self._pace.left(connection.lane)
        no_message = reason == "by-sender" and not connection.messages and not connection.wordless
        self._gate.leave(connection.address, badly=reason in BAD_ENDS or no_message)
        self.watch.closed(reason)
        self.watch.connections(len(self._connections))

    # accepting

    def _admit(self, accepted: socket.socket, address: str) -> bool:
        why = self._gate.refuses(address)
        if why is None and self._gate.full and not self._make_room():
            why = "too-many-connections"
        if why is not None:
            self.watch.closed(why)
            with contextlib.suppress(OSError):
                accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            accepted.close()
            return False
        self._count += 1
        connection = Connection(self, f"connection-{self._count}", address)
        self._connections[connection.lane] = connection
        self._gate.enter(address)
        self.watch.connections(len(self._connections))
        self._start(self._connect(accepted, connection))
        return True

    def _make_room(self) -> bool:
        """Cut the connection that never sent a message and has been silent longest, if that is longer than a frame may take."""
        now = asyncio.get_running_loop().time()
        silent = [
            each
            for each in self._connections.values()
            if each.idle and not each.messages and now - each.quiet_since > self.options.frame_s
        ]
        if not silent:
            return False
        longest = min(silent, key=lambda each: each.quiet_since)
        longest.cut("made-room")
        return True

    async def _connect(self, accepted: socket.socket, connection: Connection) -> None:
        loop, tls = asyncio.get_running_loop(), self.options.tls
        accepted.setblocking(False)
        try:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            if self._renewing is None or tls is None:
                await loop.connect_accepted_socket(lambda: connection, accepted)
            else:
                await loop.connect_accepted_socket(
                    lambda: connection, accepted, ssl=self._renewing.context,
                    ssl_handshake_timeout=tls.handshake_s, ssl_shutdown_timeout=self.options.answer_s,
                )  # fmt: skip
        except (OSError, asyncio.CancelledError) as error:  # ssl.SSLError is an OSError
            why = "stopped" if isinstance(error, asyncio.CancelledError) else why_no_tls(error)
            if connection.made:
                connection.cut(why)
            else:
                self.left(connection, why)

    async def _stop_accepting(self) -> None:
        listening, self._listening = self._listening, None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if listening is not None:
            listening.close()

    async def _renew(self, renewing: Renewing) -> None:
        self.watch.certificate_expires(renewing.expires)
        assert self.options.tls is not None
        while True:
            await asyncio.sleep(self.options.tls.renew_s)
            try:
                renewed = await asyncio.to_thread(renewing.renew)
            except ConfigError as why:
                self.watch.noticed("certificate-not-renewed", why)
                continue
            if renewed:
                self.watch.noticed("certificate-renewed")
                self.watch.certificate_expires(renewing.expires)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _build(options: MllpOptions, around: Around) -> MllpDoor:
    renewing = Renewing(options.tls, around.secret) if options.tls is not None else None
    return MllpDoor(around.host, around.port, options, around.answer, around.watch, renewing)


KIND = DoorKind(MllpOptions, _build)
