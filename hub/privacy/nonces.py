"""Nonces of AES-GCM: 96 random bits, each used once (NIST SP 800-38D, 8.2.2), drawn from the system many at a time.

A call of the system for each took as long as the sealing itself, and let other threads go first.
"""

from __future__ import annotations

import os

__all__ = ["SIZE", "nonce"]

SIZE = 12
_AT_ONCE = 256

_drawn: list[bytes] = []
os.register_at_fork(after_in_child=_drawn.clear)  # two processes never share one


def nonce() -> bytes:
    """12 bytes that no seal of this process, or of one it began as a copy of, has used. Any thread."""
    try:
        return _drawn.pop()
    except IndexError:
        bits = os.urandom(SIZE * _AT_ONCE)
        first, *others = (bits[at : at + SIZE] for at in range(0, len(bits), SIZE))
        _drawn.extend(others)
        return first
