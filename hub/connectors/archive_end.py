"""How large a zip's central directory says it is, before anybody reads it: the end record, and the zip64 one before it.

Source: PKWARE APPNOTE.TXT 6.3.10, 4.3.14–4.3.16. The end record is looked for where `zipfile` looks for it.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

__all__ = ["directory_bytes"]

_END, _LOCATOR, _END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_END_BYTES, _LOCATOR_BYTES, _END64_BYTES = 22, 20, 56
_COMMENT = 65_535
_LARGE = 0xFFFFFFFF


def directory_bytes(file: BinaryIO, size: int) -> int | None:
    """Bytes of the central directory of a file of `size` bytes; None when it has no end record."""
    length = min(size, _COMMENT + _END_BYTES)
    file.seek(size - length)
    tail = file.read(length)
    at = len(tail) - _END_BYTES
    if at < 0:
        return None
    if not (tail[at:].startswith(_END) and tail.endswith(b"\0\0")):
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < _END_BYTES:
            return None
    said = int(struct.unpack_from("<L", tail, at + 12)[0])
    large = _directory_bytes_64(file, size - length + at)
    return said if large is None else max(large, 0 if said == _LARGE else said)


def _directory_bytes_64(file: BinaryIO, end: int) -> int | None:
    """As the zip64 end record says it, where there is one before the end record at `end`."""
    at = end - _LOCATOR_BYTES - _END64_BYTES
    if at < 0:
        return None
    file.seek(at)
    records = file.read(_END64_BYTES + _LOCATOR_BYTES)
    if not (records.startswith(_END64) and records[_END64_BYTES:].startswith(_LOCATOR)):
        return None
    return int(struct.unpack_from("<Q", records, 40)[0])
