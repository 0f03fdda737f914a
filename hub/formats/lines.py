"""A byte stream to lines, in constant memory.

LF, CRLF or lone CR, UTF-16 (with a byte order mark or without) turned into UTF-8, over-long lines cut off, without the ^Z with
which DOS ended a file.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import deque
from typing import Protocol

__all__ = ["BLOCK", "Lines", "Source", "TooLong", "decode"]

BLOCK = 65_536
"""Bytes that are read ahead; no line among them is longer."""
_ORDINARY = bytes(byte for byte in range(0x20, 0x7F) if byte != ord('"')) + b"\r\n"
_PADDED = (b"\n ", b" \n")
_HIGH = bytes(range(0x80, 0x100))
_BLANK = re.compile(
    rb"\xc2[\x80-\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80|\xef\xbb\xbf"
)
"""In UTF-8: what Unicode counts as white space beyond ASCII, other controls, and a byte order mark."""
_DOS_END = b"\x1a"
"""^Z: CP/M and DOS told by it where a text ends, and programs of then still write it. Only the last line ends without an LF."""


class Source(Protocol):
    """What is read: any binary file object, seekable or not."""

    def read(self, size: int = -1, /) -> bytes: ...
    def readline(self, size: int = -1, /) -> bytes: ...


class TooLong(bytes):
    """The beginning of a line over the cap; the rest of the line was skipped."""


class Lines:
    """Lines with their ends, one at a time, and a way to give lines back. `ready`: those that come next."""

    def __init__(self, source: bytes | Source, cap: int) -> None:
        self._source: Source = io.BytesIO(source) if isinstance(source, bytes) else source
        self._cap = cap
        self.ready: deque[bytes] = deque()
        self._tail = self._source.read(4)  # to look for a byte order mark; begins the next line
        if (codec := _utf16(self._tail)) is not None:
            self._from_utf16(codec)
        while self._tail.startswith(codecs.BOM_UTF8):  # files saved by two programs have two
            self._tail = self._tail[len(codecs.BOM_UTF8) :] + self._source.read(len(codecs.BOM_UTF8))

    def give_back(self, lines: list[bytes]) -> None:
        """These lines come again, in this order, before what follows them."""
        self.ready.extendleft(reversed(lines))

    def next_line(self) -> bytes | None:
        """The next line; None at the end of the stream; `TooLong` in place of a line over the cap."""
        if not self.ready and not self._tail:
            self._read_ahead()
        if self.ready:
            return self.ready.popleft()
        line = self._raw_line()
        if line.endswith(_DOS_END) and len(line) <= self._cap:
            line = line.rstrip(_DOS_END)
        if _lone_return(line):
            return self._at_returns(line)
        if len(line) > self._cap and not line.endswith(b"\n"):
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = self._source.readline(self._cap)
            return TooLong(line[: self._cap])
        return line or None

    def plain(self, delimiter: bytes) -> tuple[list[bytes], list[str]] | None:
        """The next lines, as they came and without their ends, where nothing in them has to be looked at closely: printable ASCII
        without quotes, no blanks around what stands between delimiters, and beyond ASCII in UTF-8 nothing that is blank. Whether
        that is so is asked of a block at once. None: ask for the next line."""
        if self.ready or self._tail:
            return None
        self._read_ahead()
        lines = list(self.ready)
        texts = _plain_texts(b"".join(lines), delimiter)
        if texts is None:
            return None
        self.ready.clear()
        return lines, texts

    def _raw_line(self) -> bytes:
        tail, self._tail = self._tail, b""
        if b"\n" in tail:
            line, _, self._tail = tail.partition(b"\n")
            return line + b"\n"
        return tail + self._source.readline(max(0, self._cap + 1 - len(tail)))

    def _read_ahead(self) -> None:
        """The whole lines of the next block, which are as good as all lines; what is left of it begins the next line."""
        chunk = self._source.read(min(BLOCK, self._cap))
        end = chunk.rfind(b"\n") + 1
        block, self._tail = chunk[:end], chunk[end:]
        if block.count(b"\r") == block.count(b"\r\n"):
            self.ready.extend(block.splitlines(keepends=True))
            return
        for line in io.BytesIO(block):
            self.ready.extend(line.splitlines(keepends=True) if _lone_return(line) else (line,))

    def _at_returns(self, line: bytes) -> bytes:
        parts = line.splitlines(keepends=True)
        if not parts[-1].endswith((b"\r", b"\n")):
            self._tail = parts.pop()
        self.ready.extend(parts)
        return self.ready.popleft()

    def _from_utf16(self, codec: str) -> None:
        data = self._tail.removeprefix(codecs.BOM_UTF16_LE).removeprefix(codecs.BOM_UTF16_BE) + self._source.read()
        self._source, self._tail = io.BytesIO(data.decode(codec, errors="replace").encode()), b""


def _utf16(start: bytes) -> str | None:
    """The codec of a text that begins so: by its byte order mark, or by two letters of ASCII with a NUL each, as programs write it
    that leave the mark out. None: it is no UTF-16."""
    if start.startswith(codecs.BOM_UTF16_LE) or (start[1::2] == b"\0\0" and all(start[::2])):
        return "utf-16-le"
    if start.startswith(codecs.BOM_UTF16_BE) or (start[::2] == b"\0\0" and all(start[1::2])):
        return "utf-16-be"
    return None


def _plain_texts(block: bytes, delimiter: bytes) -> list[str] | None:
    """The lines of a block of whole lines without their ends, if they are plain."""
    rest = block.translate(None, _ORDINARY + delimiter)
    if not block or (rest and (rest.translate(None, _HIGH) or _BLANK.search(rest))):
        return None
    padded = (b" " + delimiter, delimiter + b" ", *_PADDED)
    if block[:1] == b" " or any(map(block.__contains__, padded)):
        return None
    returns = block.count(b"\r")
    if returns and (b" \r" in block or not (returns == block.count(b"\n") == block.count(b"\r\n"))):
        return None
    try:
        return block.decode().split("\r\n" if returns else "\n")[:-1]
    except UnicodeDecodeError:
        return None


def _lone_return(line: bytes) -> bool:
    """Whether a return that is no line end of CRLF stands within."""
    return b"\r" in line and not line.endswith(b"\r\n") and b"\r" in line[:-1]


def decode(raw: bytes) -> tuple[str, str]:
    """Text and codec: UTF-8, else Windows-1252 (what old exporters write without saying so)."""
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace"), "cp1252"
