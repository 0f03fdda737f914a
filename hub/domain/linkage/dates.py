"""How two birth dates compare. A date on 1 January or marked approximate is weak: desks write it where they know the year."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from hub.domain.linkage.comparable import Comparable

__all__ = ["birth_date"]

_BY_A_SLIP = frozenset(factor * digit * 10**place for factor in (1, 9) for digit in range(1, 10) for place in range(8))
"""How far apart two numbers are of which one digit differs, or two neighbours are transposed (others are too)."""


def birth_date(one: Comparable, other: Comparable) -> str | None:
    """`exact`; `slip` (one digit changed, or two neighbours transposed, of YYYYMMDD); `swapped` (day and month); `two-parts` (two
    of year, month and day equal); `different`. Where one date is weak: `new-year` (both say 1 January of a year), `year-month`,
    `year`, `near-year` (a year apart), `different`."""
    left, right = one.birth_date, other.birth_date
    if left is None or right is None:
        return None
    if one.birth_weak or other.birth_weak:
        return _weak(left, right)
    if left == right:
        return "exact"
    year, month, day = left.year - right.year, left.month - right.month, left.day - right.day
    equal = (not year) + (not month) + (not day)
    if equal == 0:
        return "different"
    if abs(10_000 * year + 100 * month + day) in _BY_A_SLIP and _one_slip(left, right):
        return "slip"
    if not year and left.month == right.day and left.day == right.month:
        return "swapped"
    return "two-parts" if equal == 2 else "different"


def _one_slip(left: date, right: date) -> bool:
    return DamerauLevenshtein.distance(_digits(left), _digits(right), score_cutoff=1) <= 1


def _weak(left: date, right: date) -> str:
    if left.year != right.year:
        return "near-year" if abs(left.year - right.year) == 1 else "different"
    if left == right:
        return "new-year" if (left.month, left.day) == (1, 1) else "year-month"
    if left.month == right.month and left.month != 1:
        return "year-month"
    return "year"


@lru_cache(maxsize=65_536)
def _digits(day: date) -> str:
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"
