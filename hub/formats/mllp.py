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


@dataclass(frozen=True, slots=True)
class FrameFault:
    """What was wrong on the wire.

    `no-start`: bytes before a frame's 0x0B; `too-large`: more than `max_frame` bytes without an end; both close.
    `abandoned`: the sender gave a frame up half-way and began the message anew; the half was dropped, unacknowledged.
    """

    reason: Literal["no-start", "too-large", "abandoned"]
    close: bool


class Framer:
    """One per connection. `closed`: a closing fault was seen; `pending`: how many bytes of a frame are waiting."""

    def __init__(self, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self._max = max_frame
        self._buffer = bytearray()
        self._searched = 0  # the end marker is not in the buffer before this position: no byte is searched twice
        self._inside = False
        self.closed = False

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame; more than 0 for long means a sender that went silent half-way."""
        return len(self._buffer) + (1 if self._inside else 0)

    def feed(self, chunk: bytes) -> list[bytes | FrameFault]:
        """Take what arrived; return complete messages (without framing bytes) and faults, in order.

        After a closing fault nothing more is returned.
        """
        found: list[bytes | FrameFault] = []
        if self.closed:
            return found
        self._buffer += chunk
        while not self.closed and (self._inside or self._open(found)):
            if not self._take(found):
                break
        return found

    def _open(self, found: list[bytes | FrameFault]) -> bool:
        if self._buffer and self._buffer[0] in _BLANKS:
            self._buffer = self._buffer.lstrip(_BLANKS)
        if not self._buffer:
            return False
        if self._buffer[:1] != START:
            self._close("no-start", found)
            return False
        del self._buffer[:1]
        self._searched = 0
        self._inside = True
        return True

    def _take(self, found: list[bytes | FrameFault]) -> bool:
        end = self._buffer.find(END, self._searched)
        if max(end, 0) > self._max or (end < 0 and len(self._buffer) > self._max + 1):
            self._close("too-large", found)
            return False
        if end < 0:
            self._searched = max(0, len(self._buffer) - 1)
            return False
        body = bytes(self._buffer[:end])
        del self._buffer[: end + len(END)]
        self._inside = False
        restart = body.rfind(_RESTART)
        if restart >= 0:
            found.append(FrameFault("abandoned", close=False))
            body = body[restart + 1 :]
        found.append(body)
        return True

    def _close(self, reason: Literal["no-start", "too-large"], found: list[bytes | FrameFault]) -> None:
        self.closed = True
        self._buffer.clear()
        found.append(FrameFault(reason, close=True))


def frame(message: bytes) -> bytes:
    """Wrap one message for the wire."""
    return START + message + END
