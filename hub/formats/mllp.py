"""MLLP framing without sockets: feed it what arrived, get the frames that are complete.

A frame is 0x0B, the message, 0x1C 0x0D. Chunks may split anywhere and hold several frames. Between frames only blanks
are tolerated. After a closing fault the framer is dead: the rest of the stream cannot be trusted (to resynchronise
would read the tail of a too large frame as a new message), so the connection must be closed, and the sender, having
got no ack, sends again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["DEFAULT_MAX_FRAME", "FrameFault", "Framer", "frame"]

START = b"\x0b"
END = b"\x1c\x0d"
DEFAULT_MAX_FRAME = 4 * 1024 * 1024
"""Bytes; real ORU messages with an embedded PDF reach megabytes, python-hl7's 64 KiB is too little."""

_BLANKS = b"\r\n\t \x00"
_RESTART = START + b"MSH"
_END_BEGINS = END[:1]


@dataclass(frozen=True, slots=True)
class FrameFault:
    """What was wrong on the wire.

    `no-start`: bytes before a frame's 0x0B; `too-large`: more than `max_frame` bytes without an end; both close.
    `abandoned`: the sender gave a frame up half-way and began the message anew; the half was dropped, unacknowledged.
    """

    reason: Literal["no-start", "too-large", "abandoned"]
    close: bool


class Framer:
    """One per connection. `closed`: a closing fault was seen.

    `add` what arrived and `take` what is whole, one by one: so who works on frames decides how many it wants at a time.
    """

    def __init__(self, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self._max = max_frame
        self._buffer = bytearray()
        self._searched = 0  # the end marker is not in the buffer before this position: no byte is searched twice
        self._inside = False
        self._again: bytes | None = None  # the message that was begun anew in an abandoned frame
        self.closed = False

    @property
    def pending(self) -> int:
        """Bytes not taken. When `take` just gave None: of an unfinished frame; for long means a sender gone silent half-way."""
        return len(self._buffer) + (1 if self._inside else 0)

    @property
    def whole(self) -> bool:
        """Whether a whole frame waits to be taken."""
        return self._again is not None or END in self._buffer

    def add(self, chunk: bytes) -> None:
        """Keep what arrived; after a closing fault nothing is kept."""
        if not self.closed:
            self._buffer += chunk

    def take(self) -> bytes | FrameFault | None:
        """The next message (without framing bytes) or fault, in order; None until more arrives, or after a closing fault."""
        if self._again is not None:
            body, self._again = self._again, None
            return body
        if self.closed:
            return None
        if not self._inside:
            fault = self._open()
            if fault is not None or not self._inside:
                return fault
        return self._whole()

    def feed(self, chunk: bytes) -> list[bytes | FrameFault]:
        """`add`, and everything there is to `take`."""
        self.add(chunk)
        found: list[bytes | FrameFault] = []
        while (item := self.take()) is not None:
            found.append(item)
        return found

    def _open(self) -> FrameFault | None:
        if self._buffer and self._buffer[0] in _BLANKS:
            self._buffer = self._buffer.lstrip(_BLANKS)
        if not self._buffer:
            return None
        if self._buffer[:1] != START:
            return self._close("no-start")
        del self._buffer[:1]
        self._searched = 0
        self._inside = True
        return None

    def _whole(self) -> bytes | FrameFault | None:
        # a single byte is found ten times faster than two
        end = self._buffer.find(END, self._searched) if self._buffer.find(_END_BEGINS, self._searched) >= 0 else -1
        if max(end, 0) > self._max or (end < 0 and len(self._buffer) > self._max + 1):
            return self._close("too-large")
        if end < 0:
            self._searched = max(0, len(self._buffer) - 1)
            return None
        body = bytes(self._buffer[:end])
        del self._buffer[: end + len(END)]
        self._inside = False
        restart = body.rfind(_RESTART) if START in body else -1
        if restart < 0:
            return body
        self._again = body[restart + 1 :]
        return FrameFault("abandoned", close=False)

    def _close(self, reason: Literal["no-start", "too-large"]) -> FrameFault:
        self.closed = True
        self._inside = False
        self._buffer = bytearray()  # give the memory back
        return FrameFault(reason, close=True)


def frame(message: bytes) -> bytes:
    """Wrap one message for the wire."""
    return START + message + END
