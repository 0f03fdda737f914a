"""Dates and times as laboratories write them into CSV, several spellings in one column.

`1/20/1962`, `12/20/21 9:00`, `1/5/2022 1:30 PM`, `20240226`, `20240226214038`, `202204090129-0700`, `2024-02-26`,
`2024-02-26T21:40:38Z`, `20-Dec-2021`, `20DEC21 14:05`, `Dec 20, 2021`, and `44550`, a day as a spreadsheet counts them, of a result
none before 2000: `21045` is rather 14 February 2021 as YYDDD. Month before day, as the layouts say; what has no such date is none.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from hub.mapping.dates import as_told, hl7_date, hl7_time, iso_time, month_named

__all__ = ["SPREADSHEET_DATE", "Moment", "moment"]

SPREADSHEET_DATE = "spreadsheet-date"
"""The issue of a date told as the number of a day."""

_CLOCK = r"(?:,?[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)?$"
_US = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})" + _CLOCK)
_DAY_FIRST = re.compile(r"(\d{1,2})[- ]?([A-Za-z]{3,9})\.?,?[- ]?(\d{4}|\d{2})" + _CLOCK)
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? +(\d{1,2}),? +(\d{4})" + _CLOCK)
_SERIAL = re.compile(r"(\d{5})(?:\.(\d{1,12}))?$")
_DAY_ZERO, _LAST_SERIAL = date(1899, 12, 30), 73_050  # to the end of 2099
_FIRST_SERIAL, _FIRST_OF_BIRTH = 36_526, 10_000  # 1 January 2000; of births all of five digits, from 1927
_ISO = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?=$|[ T])")
_LONGEST = 40
_PIVOT = 69  # of two digits without anything to compare with: 69 to 99 are 19xx, as POSIX has it


class Moment(NamedTuple):
    """`day` as written, whatever the zone; `at` in UTC, midnight where no time was given; `short_year`: two digits; `told`: in ISO
    8601, as far as it was told; `serial`: told as the number of a day, which a file of an old Macintosh counts from 1904."""

    day: date
    at: datetime
    short_year: bool = False
    told: str | None = None
    serial: bool = False


def moment(text: str, zone: tzinfo, *, birth: bool = False, not_after: date | None = None) -> Moment | None:
    """A date with or without a time; `zone` where none is written. None when it is none.

    A year of two digits is the latest one not after `not_after` (dates of birth), else of 1969 to 2068. The number of a day
    before 2000 is one of a `birth` alone.
    """
    word = text.strip()
    if not word or len(word) > _LONGEST or not word.isascii():
        return None
    return _read(word, zone, not_after, _FIRST_OF_BIRTH) if birth else _read_before(word, zone, not_after)


def _read(word: str, zone: tzinfo, not_after: date | None, first: int = _FIRST_SERIAL) -> Moment | None:
    try:
        if serial := _SERIAL.match(word):
            return _numbered(serial, zone, first)
        if word[:8].isdigit():
            return _compact(word, zone)
        return _us(word, zone, not_after) or _iso(word, zone) or _named(word, zone, not_after)
    except (ValueError, OverflowError):
        return None


_read_before = lru_cache(maxsize=8192)(
    _read
)  # days recur, and a row has the same time in several columns; not days of birth


def _compact(word: str, zone: tzinfo) -> Moment | None:
    day, at = hl7_date(word), hl7_time(word, zone)
    return Moment(day, at, told=as_told(word)) if day is not None and at is not None else None


def _us(word: str, zone: tzinfo, not_after: date | None) -> Moment | None:
    match = _US.match(word)
    if match is None:
        return None
    return _civil(int(match.group(1)), int(match.group(2)), match, zone, not_after)


def _named(word: str, zone: tzinfo, not_after: date | None) -> Moment | None:
    """The name of the month whole or its first three letters, of September the first four too."""
    if match := _DAY_FIRST.match(word):
        day, name = match.group(1, 2)
    elif match := _MONTH_FIRST.match(word):
        name, day = match.group(1, 2)
    else:
        return None
    month = 9 if name.lower() == "sept" else month_named(name)
    return _civil(month, int(day), match, zone, not_after) if month else None


def _civil(month: int, day: int, match: re.Match[str], zone: tzinfo, not_after: date | None) -> Moment:
    """The year and the time of day are the groups 3 to 7. ValueError for no day of the calendar."""
    short = len(match.group(3)) == 2
    year = _year(int(match.group(3)), not_after) if short else int(match.group(3))
    hour = _hour(int(match.group(4) or 0), match.group(7))
    at = datetime(year, month, day, hour, int(match.group(5) or 0), int(match.group(6) or 0), tzinfo=zone)
    precision = "seconds" if match.group(6) else "minutes"
    told = at.replace(tzinfo=None).isoformat(timespec=precision) if match.group(4) else f"{at.date()}"
    return Moment(at.date(), at.astimezone(UTC), short, told)


def _numbered(serial: re.Match[str], zone: tzinfo, first: int) -> Moment | None:
    """The day of this number, and the time that its fraction tells, to the second. None for one before `first`."""
    days = int(serial[1])
    if not first <= days <= _LAST_SERIAL:
        return None
    day = _DAY_ZERO + timedelta(days=days)
    seconds = min(round(float(f"0.{serial[2] or 0}") * 86_400), 86_399)
    at = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(seconds=seconds)
    told = at.replace(tzinfo=None).isoformat(timespec="seconds") if seconds else f"{day}"
    return Moment(day, at.astimezone(UTC), told=told, serial=True)


def _year(digits: int, not_after: date | None) -> int:
    if not_after is None:
        return digits + (1900 if digits >= _PIVOT else 2000)
    century = not_after.year // 100 * 100
    return century + digits if century + digits <= not_after.year else century - 100 + digits


def _hour(hour: int, half: str | None) -> int:
    """The hour of the day; ValueError for 13 PM."""
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError
    return hour % 12 + (12 if half[0] in "Pp" else 0)


def _iso(word: str, zone: tzinfo) -> Moment | None:
    match = _ISO.match(word)
    if match is None:
        return None
    day = date(*map(int, match.groups()))
    clock = word[match.end() :].strip(" T")
    if clock[1:2] == ":":
        clock = "0" + clock
    told = f"{day}T{clock}" if clock else f"{day}"
    at = iso_time(told, zone)
    return Moment(day, at, told=as_told(told)) if at is not None else None
