"""Readers and writers of one schema, compiled to straight Python: about four times as fast as walking the schema.

For contracts of ours only: records of plain types, dates, times, arrays, and unions of null and one type, not recursive
(`is_bounded` schemas). Anything else gives None, and the codec falls back to fastavro, whose results these equal
(tests/bus/test_avro_compile.py compares them on every contract).

A reader raises whatever Python does on junk, or gives a position that is not the end: both mean undecodable. A writer
trusts types that pydantic has checked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from struct import Struct
from typing import Any

from hub.bus.avro_types import AvroType

Read = Callable[[bytes, int], tuple[dict[str, Any], int]]
"""(bytes, position) → (fields, position after them)."""
Write = Callable[[bytes, dict[str, Any]], bytes]
"""(head, fields) → head and body."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DOUBLE = Struct("<d")
_LONG_BYTES = 10


class _Unsupported(Exception):
    pass


def compiled_reader(schema: AvroType) -> Read | None:
    """A reader of values written with `schema`; None where it holds something that is not done here."""
    source = _Source("def read(b, i):")
    try:
        source.read(schema, "value", 1)
    except _Unsupported:
        return None
    source.line(1, "return value, i")
    made: Read = source.made("read")
    return made


def compiled_writer(schema: AvroType) -> Write | None:
    """A writer of values of `schema`; None where it holds something that is not done here."""
    source = _Source("def write(head, value):", "    parts = [head]", "    w = parts.append")
    try:
        source.write(schema, "value", 1)
    except _Unsupported:
        return None
    source.line(1, "return b''.join(parts)")
    made: Write = source.made("write")
    return made


def _long(b: bytes, i: int) -> tuple[int, int]:
    """A zigzag varint at `i`: (value, position after it)."""
    value, shift = 0, 0
    for end in range(i, i + _LONG_BYTES):
        byte = b[end]
        value |= (byte & 127) << shift
        if byte < 128:
            return (value >> 1) ^ -(value & 1), end + 1
        shift += 7
    raise ValueError


def _size(b: bytes, i: int) -> tuple[int, int]:
    size, i = _long(b, i)
    if size < 0:
        raise ValueError
    return size, i


def _count(b: bytes, i: int) -> tuple[int, int]:
    """Items of an array's next block; a negative count is followed by the block's bytes."""
    items, i = _long(b, i)
    if items < 0:
        _, i = _size(b, i)
    return abs(items), i


def varint(value: int) -> bytes:
    """A zigzag varint; OverflowError beyond 64 bits."""
    if not -(2**63) <= value < 2**63:
        raise OverflowError
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _time(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_SHORT = tuple(varint(n) for n in range(64))
_NAMES = {
    "long_": _long, "size_": _size, "count_": _count, "varint": varint, "time_": _time, "micros": micros,
    "SHORT": _SHORT, "day": date.fromordinal, "double": _DOUBLE.unpack_from, "pack": _DOUBLE.pack,
}  # fmt: skip


class _Source:
    """Lines of one function; every value has a variable of its own."""

    def __init__(self, *head: str) -> None:
        self._lines = list(head)
        self._numbers = count()

    def line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)

    def made(self, name: str) -> Any:
        """The function. What is run holds only names made here and field names as quoted texts."""
        space: dict[str, Any] = dict(_NAMES)
        exec("\n".join(self._lines), space)  # noqa: S102
        return space[name]

    def _fresh(self) -> str:
        return f"v{next(self._numbers)}"

    def read(self, kind: AvroType, target: str, depth: int) -> None:
        """Lines that read a value of `kind` at `i` into `target`, and move `i`."""
        if kind.kind == "record":
            names = []
            for each in kind.fields:
                names.append((each.name, self._fresh()))
                self.read(each.type, names[-1][1], depth)
            self.line(depth, f"{target} = {{{', '.join(f'{name!r}: {value}' for name, value in names)}}}")
        elif kind.kind == "union":
            self._read_optional(kind, target, depth)
        elif kind.kind == "array":
            self._read_array(kind, target, depth)
        elif kind.kind in ("string", "bytes"):
            self.line(depth, "n = b[i]")
            self.line(depth, "if n & 129: n, i = size_(b, i); n += i")
            self.line(depth, "else: i += 1; n = i + (n >> 1)")
            self.line(depth, f"{target} = b[i:n]" + (".decode()" if kind.kind == "string" else "") + "; i = n")
        elif kind.kind in ("int", "long"):
            self._read_number(kind, target, depth)
        elif kind.kind == "boolean":
            self.line(depth, f"{target} = (False, True)[b[i]]; i += 1")
        elif kind.kind == "double":
            self.line(depth, f"{target} = double(b, i)[0]; i += 8")
        else:
            raise _Unsupported

    def _read_number(self, kind: AvroType, target: str, depth: int) -> None:
        as_is = {None: "{}", "date": f"day({{}} + {_EPOCH_DAY})", "timestamp-micros": "time_({})"}
        logical = kind.extra.get("logicalType")
        if logical not in as_is:
            raise _Unsupported
        self.line(depth, "n = b[i]")
        self.line(depth, "if n > 127: n, i = long_(b, i)")
        self.line(depth, "else: n = (n >> 1) ^ -(n & 1); i += 1")
        self.line(depth, f"{target} = {as_is[logical].format('n')}")

    def _read_optional(self, kind: AvroType, target: str, depth: int) -> None:
        self.line(depth, "n = b[i]; i += 1")
        self.line(depth, f"if not n: {target} = None")
        self.line(depth, "elif n == 2:")
        self.read(_not_null(kind), target, depth + 1)
        self.line(depth, "else: raise ValueError")

    def _read_array(self, kind: AvroType, target: str, depth: int) -> None:
        left, item = self._fresh(), self._fresh()
        self.line(depth, f"{target} = []")
        self.line(depth, f"{left}, i = count_(b, i)")
        self.line(depth, f"while {left}:")
        self.line(depth + 1, f"for _ in range({left}):")
        self.read(kind.element(), item, depth + 2)
        self.line(depth + 2, f"{target}.append({item})")
        self.line(depth + 1, f"{left}, i = count_(b, i)")

    def write(self, kind: AvroType, value: str, depth: int) -> None:
        """Lines that append the bytes of the expression `value`, which is of `kind`."""
        if kind.kind == "record":
            for each in kind.fields:
                name = self._fresh()
                self.line(depth, f"{name} = {value}[{each.name!r}]")
                self.write(each.type, name, depth)
        elif kind.kind == "union":
            self.line(depth, f"if {value} is None: w(b'\\0')")
            self.line(depth, "else:")
            self.line(depth + 1, "w(b'\\2')")
            self.write(_not_null(kind), value, depth + 1)
        elif kind.kind == "array":
            self._write_array(kind, value, depth)
        elif kind.kind in ("string", "bytes"):
            self.line(depth, f"e = {value}" + (".encode()" if kind.kind == "string" else ""))
            self.line(depth, "n = len(e)")
            self.line(depth, "w(SHORT[n] if n < 64 else varint(n)); w(e)")
        elif kind.kind in ("int", "long"):
            self._write_number(kind, value, depth)
        elif kind.kind == "boolean":
            self.line(depth, f"w(b'\\1' if {value} else b'\\0')")
        elif kind.kind == "double":
            self.line(depth, f"w(pack({value}))")
        else:
            raise _Unsupported

    def _write_number(self, kind: AvroType, value: str, depth: int) -> None:
        as_is = {None: "{}", "date": f"{{}}.toordinal() - {_EPOCH_DAY}", "timestamp-micros": "micros({})"}
        logical = kind.extra.get("logicalType")
        if logical not in as_is:
            raise _Unsupported
        self.line(depth, f"n = {as_is[logical].format(value)}")
        self.line(depth, "w(SHORT[n] if 0 <= n < 64 else varint(n))")

    def _write_array(self, kind: AvroType, value: str, depth: int) -> None:
        item = self._fresh()
        self.line(depth, f"if {value}:")
        self.line(depth + 1, f"w(varint(len({value})))")
        self.line(depth + 1, f"for {item} in {value}:")
        self.write(kind.element(), item, depth + 2)
        self.line(depth, "w(b'\\0')")


def _not_null(kind: AvroType) -> AvroType:
    """The other type of a union of null and one type."""
    kinds = [branch.kind for branch in kind.branches]
    if len(kinds) != 2 or kinds[0] != "null" or kinds[1] == "null":
        raise _Unsupported
    return kind.branches[1]
