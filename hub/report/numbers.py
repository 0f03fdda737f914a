"""How counts are written: exact, for the source itself; or rounded, for anybody else, so that no small group can be told.

Rounded: 1 to 10 is `under 11`, 11 to 14 are named as these (the nearest ten would stand below what is `under 11`); above, to the
nearest ten, each number for itself, so that no difference of two gives a small one back. Shares follow the rounded counts, and are
not told of fewer than 11. Months stand for days, and of fewer than 11 records or people not even these (threshold:
equity-identity.md, requirement 14).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

__all__ = ["SMALL", "Numbers", "Share"]

SMALL = 11
_LOWEST = 15
"""The first number above SMALL whose nearest ten is not below it."""


class Share(NamedTuple):
    """In words, and as a number from 0 to 1 for a bar (None: not to be drawn)."""

    words: str
    part: float | None


class Numbers:
    """Writes counts one way throughout a page."""

    def __init__(self, *, rounded: bool) -> None:
        self.rounded = rounded

    def count(self, n: int, *, exact: bool = True) -> str:
        """`about` where the number is an estimate."""
        if self.rounded and 0 < n < SMALL:
            return f"under {SMALL}"
        if self.rounded and SMALL <= n < _LOWEST:
            return f"{'' if exact else 'about '}{SMALL} to {_LOWEST - 1}"
        shown = _ten(n) if self.rounded else n
        return f"{'' if exact else 'about '}{shown:,}"

    def of(self, n: int, one: str, more: str, *, exact: bool = True) -> str:
        """`1 person`, `12 people`. Rounded always `more`: `under 11 person` would say that it is one."""
        return f"{self.count(n, exact=exact)} {one if n == 1 and not self.rounded else more}"

    def days(self, first: date, last: date, records: int, people: int) -> Iterator[str]:
        """When it happened. The first day of a span is that of somebody: rounded, months; nothing of fewer than 11 records or
        people (0 people: they are nobody's)."""
        if not self.rounded:
            yield f"happened {first.isoformat()} to {last.isoformat()}"
        elif records >= SMALL and not 0 < people < SMALL:
            months = sorted({f"{first:%Y-%m}", f"{last:%Y-%m}"})
            yield f"happened in {' to '.join(months)}"

    def share(self, part: int, whole: int) -> Share:
        """Never 0 % or 100 % unless it is none or all of them."""
        if whole == 0:
            return Share("–", None)
        if part in (0, whole) and not (self.rounded and whole < SMALL):
            return Share("100 %" if part else "0 %", float(bool(part)))
        if not self.rounded:
            return _written(part / whole)
        if whole < SMALL:
            return Share("too few", None)
        edge = SMALL / whole
        if part < SMALL:
            return Share(f"under {min(99, -(-100 * SMALL // whole))} %", edge / 2 if edge < 1 else None)
        if whole - part < SMALL:
            return Share(f"over {max(1, 100 - -(-100 * SMALL // whole))} %", 1 - edge / 2 if edge < 1 else None)
        return _written(min(0.99, _ten(part) / _ten(whole)))


def _written(part: float) -> Share:
    return Share(f"{min(99, max(1, round(100 * part)))} %", part)


def _ten(n: int) -> int:
    return (n + 5) // 10 * 10
