"""Dates and times as sources write them. Civil dates stay as written; times become UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

__all__ = [
    "as_told",
    "civil_date",
    "hl7_date",
    "hl7_time",
    "iso_time",
    "local_time",
    "month",
    "month_named",
    "named_day",
]

_HL7 = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d+)?([+-]\d{4})?$")
_MONTH = re.compile(r"(\d{4})-?(\d\d)$", re.ASCII)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_HL7_CLOCK = re.compile(r"([01]\d|2[0-3])([0-5]\d)?([0-5]\d)?(?:\.\d+)?(?:([+-]\d\d)(\d\d))?$", re.ASCII)
_ISO_CLOCK = re.compile(r"T((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$", re.ASCII)
_LONGEST_TIME = 24
_WHOLE = len("20210216134500-0600")
_FILE_DAY = re.compile(r"(?<!\d)(20\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")
_US = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})\b")


def hl7_time(text: str, zone: tzinfo) -> datetime | None:
    """HL7 v2 TS/DTM (4 to 24 characters) in UTC; `zone` where it has none; None when it is no time or only a year."""
    return _time_before(text, zone) if len(text) <= _LONGEST_TIME else _time(text, zone)


def _time(text: str, zone: tzinfo) -> datetime | None:
    if len(text) == _WHOLE and text[:14].isdigit() and text.isascii():
        # The form nearly all senders use, `20210216134500-0600`: 1 us in place of 6. Whatever it refuses is looked at below.
        try:
            return datetime.fromisoformat(f"{text[:8]}T{text[8:]}").astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    match = _HL7.match(text)
    if not match or not match.group(3):
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    offset = match.group(7)
    try:
        if offset:
            sign = -1 if offset[0] == "-" else 1
            zone = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:])))
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_time_before = lru_cache(maxsize=512)(_time)  # a report was often sent when it was made


def hl7_date(text: str) -> date | None:
    """The civil date of an HL7 v2 time, as written; None when it has no day or is no date (30 February)."""
    return _day(text[:8]) if len(text) >= 8 else None


@lru_cache(maxsize=8_192)  # the same few days over and over: ten of them in a laboratory message
def _day(digits: str) -> date | None:
    return civil_date(digits) if digits.isdigit() else None


def civil_date(text: str) -> date | None:
    """YYYY-MM-DD, YYYYMMDD, M/D/YYYY or MM-DD-YYYY, with or without a time behind it.

    The date as written, None else.
    """
    if not text:  # as most are in some columns: 1.3 us
        return None
    try:
        return date.fromisoformat(text[:10] if text[4:5] == "-" else text[:8])
    except ValueError:
        pass
    match = _US.match(text)
    if not match:
        return None
    month, day, year = map(int, match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month(text: str) -> date | None:
    """The first day of a month told without day, `2021-01` or `202101`; None for anything else."""
    match = _MONTH.match(text)
    try:
        return date(int(match[1]), int(match[2]), 1) if match else None
    except ValueError:
        return None


def month_named(word: str) -> int:
    """The number of a month called in English, in full or by its first three letters, in any case; 0 where it is none."""
    told = word.casefold()
    return next((number for number, name in enumerate(_MONTHS, 1) if told in (name, name[:3])), 0)


def as_told(text: str) -> str | None:
    """A date or time in ISO 8601 with the precision it was told in (month, day, hour, minute, second), and with its zone where it
    has one: HL7 v2 DTM, ISO 8601, else what `civil_date` and `month` read. None for anything else; without fractions of seconds."""
    if len(text) == _WHOLE and text[:14].isdigit() and text.isascii():
        try:  # the form nearly all senders of HL7 v2 use: a fifth of the time
            return datetime.fromisoformat(f"{text[:8]}T{text[8:]}").isoformat()
        except ValueError:
            pass
    day = civil_date(text)
    if day is None:
        first = month(text)
        return f"{first:%Y-%m}" if first is not None else None
    if text[4:5] == "-":
        clock = _ISO_CLOCK.match(text, 10)
        return f"{day}T{clock[1]}{clock[2] or ''}" if clock else str(day)
    told = _HL7_CLOCK.match(text, 8) if text[:8].isdigit() else None
    if told is None:
        return str(day)
    hour, minute, second, zone, minutes = told.groups()
    clock_time = ":".join(part for part in (hour, minute, second) if part)
    return f"{day}T{clock_time}{zone}:{minutes}" if zone else f"{day}T{clock_time}"


def iso_time(text: str, zone: tzinfo = UTC) -> datetime | None:
    """ISO 8601 time in UTC; a bare date is its midnight in `zone`; None when it is none."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def local_time(at: datetime | None, zone: tzinfo) -> datetime | None:
    """A time written without zone, in UTC."""
    if at is None:
        return None
    try:
        return at.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None


def named_day(file: str) -> datetime | None:
    """The day in a file's name, `supply_2021-02-15.csv` or `20210215_inventory.csv`; the last where there are several."""
    found = _FILE_DAY.findall(file.rpartition("/")[2])
    try:
        return datetime(*map(int, found[-1]), tzinfo=UTC) if found else None  # type: ignore[misc, arg-type]
    except ValueError:
        return None
