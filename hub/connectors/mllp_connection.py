"""One sender's connection to the MLLP door: bytes to frames to deliveries, and the answers back.

It is read only while it may have more unanswered (messages and bytes), so a sender feels back-pressure and nothing piles up
here. Every wait has an end: for a frame to become whole, for the sender to take its answers, for the next message. The clock of a
half frame stands still while we do not read. Why a connection ended is counted, by the reasons below.
"""

from __future__ import annotations

import asyncio
from typing import cast

from hub.connectors.door import Receipt
from hub.connectors.mllp_delivery import SENDER_NOT_ALLOWED, TOO_MANY_MESSAGES, TOO_MANY_SEGMENTS, MllpDelivery
from hub.connectors.mllp_host import Host
from hub.connectors.mllp_senders import MllpSender, certificate_names, may_send, of_certificate
from hub.formats.hl7v2_envelope import count_messages
from hub.formats.mllp import FrameFault, Framer, frame

__all__ = ["Connection"]

_WRITE_BUFFER = 64 * 1024
_ONE_MESSAGE = 16 * 1024  # bytes: what is longer takes as long as several, and counts so
_HEAD = len(b"MSH")  # no message is shorter
_TLS_HELLO = b"\x16\x03"


class Connection(asyncio.Protocol):
    """`lane` names it among the connections of the door; `sender` (certificate, else address) is whose turn it takes."""

    def __init__(self, host: Host, lane: str, address: str) -> None:
        self.host, self.lane, self.sender = host, lane, address
        self.address = address
        self.messages = 0
        self._options = host.options
        self._framer = Framer(self._options.max_frame_bytes)
        self._loop = asyncio.get_running_loop()
        self.quiet_since = self._loop.time()
        self._transport: asyncio.Transport | None = None
        self._entries: tuple[MllpSender, ...] = ()
        self._reason = ""  # why it ends, once that is known
        self._unanswered = 0
        self._unanswered_bytes = 0
        self._reading = True
        self._at_end = False  # the sender sends no more, or we take no more
        self._gone = False
        self._left = False
        self.wordless = True  # no byte came: someone looks whether the port is open
        self._half_since: float | None = None
        self._clogged_since: float | None = None
        self._slowed: asyncio.TimerHandle | None = None  # until then no message is taken
        self._timer: asyncio.TimerHandle | None = None
        self._said: list[bytes] = []  # answers that go out together, in the loop's next turn

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        if self._reason:  # cut while it was shaking hands
            self.cut(self._reason)
            return
        self.quiet_since = self._loop.time()
        names = certificate_names(transport.get_extra_info("peercert"))
        if names:
            self.sender = "certificate " + min(names)
        if self._options.senders:
            self._entries = of_certificate(self._options.senders, names)
            if not self._entries:
                self.cut("sender-unknown")
        self._watch_time()

    def data_received(self, data: bytes) -> None:
        if self._at_end:  # it still sends, and is not listened to any more
            return
        if self.wordless:
            self.wordless = False
            if data.startswith(_TLS_HELLO):
                self._reason = "tls-at-plain-port"
        self.quiet_since = self._loop.time()
        self._framer.add(data)
        self._advance()

    def eof_received(self) -> bool:
        """A sender may close its half and still wait for answers; TLS knows no halves."""
        self._at_end = True
        self._advance()
        return self._transport is not None and self._transport.get_extra_info("sslcontext") is None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it ended, it ended
        self._gone = self._at_end = True
        self._clogged_since = None
        self._hurry()
        if self._framer.whole:  # nobody can be answered for them: they come again
            self._framer = Framer(1)
        self._advance()

    def pause_writing(self) -> None:
        self._clogged_since = self._loop.time()
        self._watch_time()

    def resume_writing(self) -> None:
        self._clogged_since = None
        self._advance()

    # what the door calls

    @property
    def made(self) -> bool:
        """The connection (with TLS: its handshake) is complete."""
        return self._transport is not None

    @property
    def idle(self) -> bool:
        """It is open, nothing is owed to it, and nothing has begun to arrive."""
        return self.made and not self._at_end and not self._unanswered and self._half_since is None

    def stop(self) -> None:
        """Read no more; close when all is answered. A half frame is forgotten: it was never promised."""
        self._at_end = True
        self._hurry()
        self._framer = Framer(self._options.max_frame_bytes)
        self._half_since = None
        self._reason = self._reason or "stopped"
        self._advance()

    def cut(self, reason: str) -> None:
        """Close at once: the sender hears nothing and sends again."""
        self._reason = reason
        self._at_end = True
        self._framer = Framer(1)
        self._half_since = None
        if self._transport is not None:
            self._transport.abort()

    def say(self, answer: bytes | None) -> None:
        """Send an answer (None: none was asked for). Those to messages that were confirmed together go out together: a call of the
        kernel for each took a sixth of the loop's time."""
        if answer is not None:
            if not self._said:
                self._loop.call_soon(self._write)
            self._said.append(frame(answer))

    def _write(self) -> None:
        said, self._said = self._said, []
        if said and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(said))

    def heard(self, receipt: Receipt) -> None:
        """What became of a message that was answered: after many of which nothing could be read, the next waits."""
        self.host.heard(self.address, receipt)

    def _hurry(self) -> None:
        if self._slowed is not None:
            self._slowed.cancel()
            self._slowed = None

    def _go_on(self) -> None:
        self._slowed = None
        self._advance()

    def settled(self, size: int) -> None:
        """One more delivery of `size` bytes was answered for."""
        self.host.answered(self.lane)
        self._unanswered -= 1
        self._unanswered_bytes -= size
        self.quiet_since = self._loop.time()
        if self._at_end or not self._reading or self._framer.pending or not self._has_room():
            self._advance()
        elif not self._unanswered:  # else there is nothing to do: all that came was taken, and it is read on
            self._watch_time()

    # reading

    def _advance(self) -> None:
        """Take the frames there is room for; then read on, wait, or close."""
        while self._has_room() and not self._must_wait() and (item := self._framer.take()) is not None:
            self._take(item)
        room = self._has_room()
        if room and self._framer.pending and not self._at_end:
            self._half_since = self._half_since if self._half_since is not None else self._loop.time()
        else:
            self._half_since = None
        if room and self._at_end:
            self._end()
        elif self._transport is not None and not self._gone:
            self._read(room and not self._at_end)
        self._watch_time()

    def _has_room(self) -> bool:
        options = self._options
        return (
            self._unanswered < options.unanswered
            and self._unanswered_bytes < options.max_frame_bytes
            and self._clogged_since is None
            and self._slowed is None
        )

    def _must_wait(self) -> bool:
        """Whether a message is there and the turn of its address has not come: then we go on when it has."""
        wait_s = self.host.wait_s(self.address)
        if not wait_s or not self._framer.whole:
            return False
        self._slowed = self._loop.call_later(wait_s, self._go_on)
        return True

    def _read(self, on: bool) -> None:
        assert self._transport is not None
        if on and not self._reading:
            self._transport.resume_reading()
        elif not on and self._reading:
            self._transport.pause_reading()
        self._reading = on

    def _take(self, item: bytes | FrameFault) -> None:
        self._half_since = None
        if isinstance(item, FrameFault):
            if item.close:
                self._at_end = True
                self._reason = self._reason or f"frame-{item.reason}"
            if self.host.may_tell():
                self._hand(b"", f"frame-{item.reason}")
            return
        self.messages += 1
        self.host.taken(self.address)
        if not item.strip() and not self.host.may_tell():
            self._at_end, self._reason = True, "frame-empty"
            self._framer = Framer(1)
            return
        self._hand(item, self._fault(item))

    def _fault(self, message: bytes) -> str | None:
        """What is wrong with a whole frame, as far as that is seen without reading it: cheap, for this is the event loop."""
        segments, messages = self._options.segments_per_frame, self._options.messages_per_frame
        # what is shorter has no room for so many, and is not counted through
        if len(message) > segments and message.count(b"\r") + message.count(b"\n") > segments:
            return TOO_MANY_SEGMENTS
        if len(message) > messages * _HEAD and count_messages(message, messages) > messages:
            return TOO_MANY_MESSAGES
        return SENDER_NOT_ALLOWED if self._entries and not may_send(self._entries, message) else None

    def _hand(self, message: bytes, fault: str | None) -> None:
        self._unanswered += 1
        self._unanswered_bytes += len(message)
        self.host.handed(MllpDelivery(self, message, fault), self._unanswered + len(message) // _ONE_MESSAGE)

    def _end(self) -> None:
        """Nothing more comes. What is half is told of; when all is answered, the connection is closed."""
        if self._framer.pending:
            self._reason = self._reason or "frame-truncated"
            self._framer = Framer(1)
            if self.host.may_tell():
                self._hand(b"", self._reason)
        if self._unanswered:
            return
        if self._gone and not self._left:
            self._left = True
            self.host.left(self, self._reason or "by-sender")
        elif self._transport is not None and not self._transport.is_closing():
            self.quiet_since = self._loop.time()
            self._write()
            self._transport.close()  # after it took what was written, or `answer_s`

    # time

    def _watch_time(self) -> None:
        """One timer per connection, set to the nearest limit."""
        limit = self._next_limit()
        if self._timer is not None:
            if limit is not None and self._timer.when() <= limit[0]:
                return  # it looks again when it fires
            self._timer.cancel()
            self._timer = None
        if limit is not None:
            self._timer = self._loop.call_at(limit[0], self._time_passed)

    def _next_limit(self) -> tuple[float, str] | None:
        if self._gone:
            return None
        options = self._options
        if self._clogged_since is not None:
            return self._clogged_since + options.answer_s, "answer-not-taken"
        if self._half_since is not None:
            return self._half_since + options.frame_s, "frame-timeout"
        if self._transport is not None and self._transport.is_closing():
            return self.quiet_since + options.answer_s, "answer-not-taken"  # what was written last is not taken
        return None if self._unanswered else (self.quiet_since + options.idle_s, "idle")

    def _time_passed(self) -> None:
        self._timer = None
        limit = self._next_limit()
        if limit is not None and limit[0] <= self._loop.time() + 0.001:
            self._overdue(limit[1])
        else:
            self._watch_time()

    def _overdue(self, reason: str) -> None:
        if reason != "frame-timeout":
            self.cut(reason)
            return
        self._reason, self._at_end, self._half_since = reason, True, None
        self._advance()
