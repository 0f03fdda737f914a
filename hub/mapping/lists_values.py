"""Values of a list's row: days in the order that the sender's system is set to, words by table or by the connector's settings.

Days: `2021-02-15`, `2021/02/15`, `20210215`, and with the name of the month `15-Feb-2021`, `15FEB2021`, `Feb 15, 2021` (as SAS and
Epi-X write), whatever the setting; else three numbers between `-`, `/` or `.` in the order of `date_order` (`mdy`, the default, or
`dmy`: Link2Feed makes it a setting of the network, social-standards.md §2). A year has four digits: 02/03/21 is refused rather than
guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache

from hub.mapping.dates import iso_time, month_named
from hub.mapping.tables import rows

__all__ = ["NOTHING", "ORDERS", "UNNAMED", "day_of", "plain_word", "time_of", "word_of"]

ORDERS = ("mdy", "dmy")
UNNAMED = frozenset(
    {"anonymous", "anon", "walk-in", "walk in", "unknown", "unk", "refused", "prefer not to answer", "not given"}
)
"""What is written of somebody who was there and whom nobody names; any case."""
NOTHING = UNNAMED | {"", "-", "--", "?", "n/a", "na", "none", "null", "not provided", "didn't ask", "don't know"}
"""What is written where a name, an id or a day was not given; any case."""

_DAY = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?![\d/.-])", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?!\d)", re.ASCII)
_DAY_NAMED = re.compile(r"(\d{1,2})[- ]?([A-Za-z]{3,9})[-, ]{0,2}(\d{4})(?!\d)", re.ASCII)
_NAMED_DAY = re.compile(r"([A-Za-z]{3,9})\.?[- ]{1,2}(\d{1,2}),? {1,2}(\d{4})(?!\d)", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*(?:([AaPp])\.?[Mm]\.?)?\Z", re.ASCII)
_LONGEST = 40


def day_of(text: str, order: str) -> date | None:
    """The civil day as written, whatever time stands behind it; None when it is none."""
    return _day_and_rest(text, order)[0]


@lru_cache(maxsize=8192)
def _day_and_rest(text: str, order: str) -> tuple[date | None, str]:
    """The day, and what is written behind it."""
    if len(text) > _LONGEST:
        return None, ""
    parts: tuple[str | int, ...]
    match = _DAY.match(text)
    if match is None:
        match, parts = _by_name(text)
        if match is None:
            match = _COMPACT.match(text)
            parts = match.groups() if match else ()
    elif len(match[1]) == 4:
        parts = (match[1], match[3], match[4])
    elif len(match[4]) == 4 and len(match[1]) < 3:
        parts = (match[4], match[1], match[3]) if order == "mdy" else (match[4], match[3], match[1])
    else:
        return None, ""
    try:
        return (date(*map(int, parts)), text[match.end() :]) if match else (None, "")
    except ValueError:
        return None, ""


def _by_name(text: str) -> tuple[re.Match[str] | None, tuple[str | int, ...]]:
    """A day whose month is named in English, in full or by three letters."""
    if (match := _DAY_NAMED.match(text)) is not None:
        day, name, year = match.groups()
    elif (match := _NAMED_DAY.match(text)) is not None:
        name, day, year = match.groups()
    else:
        return None, ()
    return match, (year, month_named(name), day)


def time_of(text: str, order: str, zone: tzinfo) -> datetime | None:
    """A time in UTC; midnight where a day stands alone, `zone` where none is written. None when it is none."""
    day, rest = _day_and_rest(text, order)
    if day is None:
        return None
    if text[4:5] == "-" and (at := iso_time(text, zone)) is not None:
        return at
    clock = rest.lstrip(" T:,").strip()
    match = _CLOCK.match(clock)
    if match is None:
        return None if clock else _utc(day, time(), zone)
    hour, half = int(match[1]), match[4]
    try:
        if half is not None:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if half in "Pp" else 0)
        return _utc(day, time(hour, int(match[2]), int(match[3] or 0)), zone)
    except ValueError:
        return None


def _utc(day: date, clock: time, zone: tzinfo) -> datetime | None:
    try:
        return datetime.combine(day, clock, zone).astimezone(UTC)
    except OverflowError:
        return None


def plain_word(text: str) -> str:
    """A label without case, with single blanks, and with the apostrophe of a keyboard: word processors write another."""
    return " ".join(text.replace("\u2019", "'").casefold().split())


def word_of(program: str, field: str, text: str) -> str | None:
    """What a label of this field stands for (tables/lists_words.csv), in any case, and with an underscore where people write a
    blank or a hyphen, as databases do; None where no row decides it."""
    label = plain_word(text)
    spellings = (label, label.replace("_", " "), label.replace("_", "-")) if "_" in label else (label,)
    return next((found for each in spellings if (found := _words().get((program, field, each))) is not None), None)


@lru_cache(maxsize=1)
def _words() -> Mapping[tuple[str, str, str], str]:
    return {(row["program"], row["field"], row["word"]): row["code"] for row in rows("lists_words")}
