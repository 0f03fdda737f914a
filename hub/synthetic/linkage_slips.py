"""Slips of the hand in one value: a letter or digit dropped, doubled, changed or swapped with the next. Deterministic by
the generator that is handed in."""

from __future__ import annotations

from datetime import date
from random import Random

__all__ = ["slip_date", "slip_digits", "slip_letters"]

_LETTERS = "aeioulnrstmdcpbhgk"


def slip_letters(text: str, rng: Random) -> str:
    """One slip in a name of three letters and more; shorter ones stay."""
    if len(text) < 3:
        return text
    at = rng.randrange(1, len(text) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    if kind == 2:
        return text[:at] + rng.choice(_LETTERS) + text[at + 1 :]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def slip_digits(digits: str, rng: Random) -> str:
    """One digit changed, or two neighbours swapped."""
    at = rng.randrange(len(digits) - 1)
    if rng.random() < 0.4:
        return digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    return digits[:at] + rng.choice("0123456789") + digits[at + 1 :]


def slip_date(day: date, rng: Random) -> date:
    """Day and month swapped where a calendar has that day; else a day, a month or a year a little off."""
    if rng.random() < 0.3 and day.day <= 12:
        return date(day.year, day.day, day.month)
    kind = rng.randrange(4)
    if kind == 0:
        leap = (day.month, day.day) == (2, 29)
        return day.replace(year=day.year + rng.choice((-10, -1, 1)), day=28 if leap else day.day)
    if kind == 1:
        return day.replace(month=rng.randint(1, 12), day=min(day.day, 28))
    return day.replace(day=min(28, max(1, day.day + rng.choice((-10, -1, 1, 10)))))
