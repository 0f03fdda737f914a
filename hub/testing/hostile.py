"""Files as they come when something went wrong on the way: made of a good one, or of nothing."""

from __future__ import annotations

__all__ = ["JUNK", "spoilt"]

JUNK: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b"\r\n\t \n",
    "binary": bytes(range(256)) * 40,
    "nuls": b"\x00" * 5_000,
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\x00\x01" * 500,
    "a zip": b"PK\x03\x04" + b"\x14\x00" * 500,
    "a page": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "wrong columns": b"a,b,c\n1,2,3\n",
    "deep": b"[" * 100_000,
    "one long line": b"x" * 2_000_000,
}
"""Contents of which nothing may become an event."""


def spoilt(good: bytes) -> dict[str, bytes]:
    """Variants of a good file. Whatever they give, it must be events or reasons, and never a `mapping-error`."""
    lines = good.splitlines(keepends=True)
    head, body = lines[:1], lines[1:]
    return {
        "truncated early": good[: len(good) // 30],
        "truncated half-way": good[: len(good) * 2 // 5],
        "truncated at the end": good[: len(good) * 97 // 100],
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "latin-1 letters": good.replace(b"a", b"\xe9"),
        "mixed line ends": b"".join(line.rstrip(b"\r\n") + (b"\n", b"\r\n")[n % 2] for n, line in enumerate(lines)),
        "wrong dates": good.replace(b"/20", b"/29").replace(b"-01-", b"-13-").replace(b"-02-", b"-31-"),
        "a huge field": b"".join([*head, body[0].rstrip(b"\r\n") + b"x" * 300_000 + b"\n" if body else b"", *body]),
        "duplicates": b"".join([*head, *body, *body]),
        "formula cells": good.replace(b",", b',=HYPERLINK("x")', 5),
        "nuls inside": b"".join([*head, *(line.replace(b"1", b"\x00", 1) for line in body)]),
    }
