"""The AA of a message whose header differs from an earlier one in time (MSH-7) and number (MSH-10) only, as most of a feed do.

It is what hub.formats.hl7v2_ack made of the earlier, with the new times and numbers: to read each header anew took half the time of
an answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from hub.formats.errors import ParseError
from hub.formats.hl7v2 import Limits, Message
from hub.formats.hl7v2_ack import ack

__all__ = ["Accepting", "accepting"]

_LONGEST = 512  # bytes of a header that is remembered
_NUMBER, _TIME = b"-_.", b"0123456789+-."
"""What MSH-10 may hold beside letters and digits, and MSH-7 at all: nothing that a charset or a separator could read otherwise."""
_AT, _OURS, _THEIRS = "AT7AT7AT7AT7", "OURS10OURS10OURS", "THEIRS10THEIRS10"
_LIMITS = Limits()


class Accepting(NamedTuple):
    """The answer around what is new in each; `around` None: its sender wants none."""

    around: tuple[bytes, ...] | None
    number: bytes

    def said(self, at: str, control_id: str) -> bytes | None:
        """`at`: the HL7 timestamp of now; `control_id`: our own MSH-10."""
        if self.around is None:
            return None
        first, second, third, last = self.around
        return b"%b%b%b%b%b%b%b" % (first, at.encode(), second, control_id.encode(), third, self.number, last)


def accepting(message: bytes) -> Accepting | None:
    """What accepts this single message (hl7v2_envelope.is_one); None where its header has to be read for that."""
    line = message[: max(0, message.find(b"\r", 0, _LONGEST))]
    fields = line.split(b"|", 10)
    if len(fields) < 11 or b"\n" in line:
        return None
    time, number = fields[6], fields[9]
    if time.strip(_TIME) or not number.translate(None, _NUMBER).isalnum():
        return None
    fields[6], fields[9] = b"", _THEIRS.encode()
    found = _around(b"|".join(fields))
    return None if found is None else Accepting(found or None, number)


@lru_cache(maxsize=256)
def _around(line: bytes) -> tuple[bytes, ...] | None:
    """The four parts; none where no answer is wanted; None where this cannot be told so."""
    try:
        answer = ack(Message(line, 1, _LIMITS), "AA", at=_AT, control_id=_OURS)
    except ParseError:
        return None
    if answer is None:
        return ()
    parts = [answer]
    for mark in (_AT, _OURS, _THEIRS):
        before, *after = parts.pop().split(mark.encode())
        if len(after) != 1:
            return None
        parts += (before, *after)
    return tuple(parts)
