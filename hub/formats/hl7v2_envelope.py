"""What stands around and at the head of the messages of one unit: enough to answer them, without reading them whole.

`open_envelope(data)` gives the file and batch headers as sent and, of each message, its MSH. Messages are numbered as
`hl7v2.read` numbers them, pieces that are none included.

Source: HL7 v2.5.1 §2.10.3 (batch protocol), §2.15 (FHS, BHS).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from hub.formats.errors import ParseError
from hub.formats.hl7v2 import Limits, Message, starts

__all__ = ["Batch", "Envelope", "Head", "count_messages", "open_envelope"]

_BLANK = b" \t\r\n\x0b\x1c\x1a\x00"
_LINE_END = re.compile(rb"[\r\n]")
_LIMITS = Limits()


class Head(NamedTuple):
    """One message: `message` holds its MSH alone; None for a piece without a readable one."""

    number: int
    message: Message | None


class Batch(NamedTuple):
    """Messages under one BHS; `header` is None for those that came without."""

    header: bytes | None
    heads: tuple[Head, ...]


class Envelope(NamedTuple):
    """`file` is the FHS line as sent, None without one; `empty`: there is an envelope, and nothing in it."""

    file: bytes | None
    batches: tuple[Batch, ...]
    empty: bool = False

    @property
    def heads(self) -> tuple[Head, ...]:
        """Every message, in order."""
        if len(self.batches) == 1:
            return self.batches[0].heads
        return tuple(head for batch in self.batches for head in batch.heads)

    @property
    def bare(self) -> bool:
        """Nothing but messages: no FHS and no BHS."""
        return self.file is None and all(batch.header is None for batch in self.batches)


def count_messages(data: bytes, most: int) -> int:
    """How many messages there are at most; exact, but for stopping at `most` + 1, where that is more than `most`."""
    if (count := data.count(b"MSH")) <= most:  # a hundred times faster, and all but always enough
        return count
    count = 0
    data = data.removeprefix(b"\xef\xbb\xbf")
    if is_one(data):
        return 1  # to look for the five names by one expression takes 45 us
    for _, name in starts(data):
        count += name == b"MSH"
        if count > most:
            break
    return count


def open_envelope(data: bytes) -> Envelope:
    """The envelope of a unit; raises nothing. There is at least one head."""
    if len(data) <= _LIMITS.bytes and is_one(data):
        return Envelope(None, (Batch(None, (Head(1, _head(data.split(b"\r", 1)[0].split(b"\n", 1)[0], 1)),)),))
    file: bytes | None = None
    batches: list[tuple[bytes | None, list[Head]]] = []
    number = 0
    for name, line, stray, whole in _pieces(data):
        if name == b"FHS":
            file = file or line
        elif name == b"BHS":
            batches.append((line, []))
        if name == b"MSH" or stray:
            number += 1
            if not batches:
                batches.append((None, []))
            batches[-1][1].append(Head(number, _head(line, number) if name == b"MSH" and whole else None))
    empty = not number and (file is not None or bool(batches))
    if not number:
        batches = [*batches, (None, [Head(1, None)])]
    return Envelope(file, tuple(Batch(header, tuple(heads)) for header, heads in batches), empty)


def _pieces(data: bytes) -> Iterator[tuple[bytes, bytes, bool, bool]]:
    """Name, first line, whether something stands after it (or there is no name), whether it can be read."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield b"", b"", True, False
        return
    data = data.removeprefix(b"\xef\xbb\xbf")
    begins = [0] if is_one(data) else [at for at, _ in starts(data)]
    if data[: begins[0] if begins else len(data)].strip(_BLANK):
        yield b"", b"", True, False
    for start, end in zip(begins, [*begins[1:], len(data)], strict=False):
        line_end = _LINE_END.search(data, start, end)
        stop = line_end.start() if line_end else end
        yield (
            data[start : start + 3],
            data[start:stop],
            bool(data[stop:end].strip(_BLANK)),
            end - start <= _LIMITS.bytes,
        )


def is_one(data: bytes) -> bool:
    """A single message and nothing else, as nearly all are; False when that takes a closer look."""
    return (
        data.startswith(b"MSH|")
        and data.find(b"MSH", 4) < 0
        and b"FHS" not in data
        and b"BHS" not in data
        and b"BTS" not in data
        and b"FTS" not in data
    )


def _head(line: bytes, number: int) -> Message | None:
    try:
        return Message(line, number, _LIMITS)
    except ParseError:
        return None
