"""A file as the pieces that a spoiler may take apart: what stands before the records, the records, what stands after them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Cut", "cut"]


class Cut(NamedTuple):
    """`head` + all `records` + `tail` are the file; a file that cannot be cut is one record."""

    head: bytes
    records: tuple[bytes, ...]
    tail: bytes = b""

    def joined(self, records: tuple[bytes, ...] | None = None) -> bytes:
        """The file with these records in place of its own."""
        return self.head + b"".join(self.records if records is None else records) + self.tail


def cut(good: bytes, format_: str) -> Cut:
    """By what the source's format says about records; an unknown format is not cut."""
    if format_ == "hl7v2":
        return _messages(good)
    if format_ in ("csv", "hmis-csv"):
        return _rows(good)
    lines = good.splitlines(keepends=True)
    if len(lines) > 1 and all(
        line.strip().startswith(b"{") and line.strip().endswith(b"}") for line in lines if line.strip()
    ):
        return Cut(b"", tuple(_ended(line) for line in lines))
    return Cut(b"", (good,))


def _rows(good: bytes) -> Cut:
    """A row may span lines while its quotes are open."""
    lines = [_ended(line) for line in good.splitlines(keepends=True)]
    rows: list[bytes] = []
    for line in lines[1:]:
        if rows and rows[-1].count(b'"') % 2:
            rows[-1] += line
        else:
            rows.append(line)
    return Cut(b"".join(lines[:1]), tuple(rows))


def _messages(good: bytes) -> Cut:
    """Lines end in CR, LF or both; a batch's header and trailer are no records."""
    head, tail, messages = b"", b"", list[bytes]()
    for line in good.splitlines(keepends=True):
        bare = line.lstrip(b"\x0b\xef\xbb\xbf")
        if bare.startswith((b"BTS", b"FTS")):
            tail += line
        elif bare.startswith(b"MSH"):
            messages.append(line)
        elif messages:
            messages[-1] += line
        else:
            head += line
    return Cut(head, tuple(messages), tail)


def _ended(line: bytes) -> bytes:
    return line if line.endswith((b"\n", b"\r")) else line + b"\n"
