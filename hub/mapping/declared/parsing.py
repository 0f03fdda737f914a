"""Text as sources write it to values, strictly: what cannot be read is a reason code, never a guess.

Every parser takes trimmed, non-empty text and raises `BadValue(reason)`. Dates need a format: `iso`, `hl7`, `excel` or strptime.
Two-digit years are refused at load (1921 or 2021?). Phones: North American, ten digits. Places: hub.mapping.places.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.domain.vaccines import is_covid
from hub.mapping.dates import hl7_date, hl7_time
from hub.mapping.declared.model import Rule
from hub.mapping.places import county_fips, postal_code, state_code

__all__ = ["BadRule", "BadValue", "Parse", "parser"]

Value = str | int | bool | date | datetime
Parse = Callable[[str], Value]
_YES, _NO = ("yes", "y", "true", "t", "1"), ("no", "n", "false", "f", "0")
_INTEGER = re.compile(r"[+-]?\d{1,9}\Z", re.ASCII)
_NOT_DIGIT = re.compile(r"\D", re.ASCII)
_EXTENSION = re.compile(r"\s*(?:x|ext\.?|extension)\s*\d{1,6}\Z", re.IGNORECASE | re.ASCII)
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@]{2,}\Z")
_ADDRESS = re.compile(
    r"(?P<line>[^,]+(?:,[^,]+)??),\s*(?P<city>[^,]+),\s*(?P<state>[A-Za-z. ]+?)[ ,]+(?P<zip>\d{5}(?:-\d{4})?)\Z",
    re.ASCII,
)
_EARLIEST = 1850
_ANY_TIME = datetime(2021, 3, 9, 14, 5, 7, tzinfo=UTC)
_SERIAL = re.compile(r"\d{2,6}(\.\d{1,10})?\Z", re.ASCII)
_SERIALS_FROM = datetime(1899, 12, 30)


class BadValue(Exception):
    """Text that cannot be read; `reason` is a code such as `not-a-date`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadRule(Exception):
    """A rule that can never work; the text says why, `part` is the word of the rule that is wrong."""

    def __init__(self, part: str, why: str) -> None:
        super().__init__(why)
        self.part = part


def parser(kind: str, rule: Rule, zone: ZoneInfo, default_format: str | None) -> Parse:
    """The parser of a rule. `default_format` is what the source's standard prescribes (HL7: `hl7`), None: nothing."""
    if kind in ("date", "datetime"):
        return _dates(kind, rule, zone, default_format)
    if rule.format:
        raise BadRule("format", f"only dates and times have a format; this is read as {kind}")
    if kind in ("boolean", "yes-no"):
        return _words(kind, rule)
    return _PLAIN[kind]


def zone_of(name: str, part: str = "timezone") -> ZoneInfo:
    """The zone; BadRule for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadRule(part, f"{name} is no time zone; an example: America/New_York") from None


def _dates(kind: str, rule: Rule, zone: ZoneInfo, default_format: str | None) -> Parse:
    formats = rule.format or ((default_format,) if default_format else ())
    if not formats:
        raise BadRule("", f"a {kind} needs a format: `iso` for 2021-03-09, or strptime as '%m/%d/%Y' for 03/09/2021")
    for given in formats:
        if given not in ("iso", "hl7", "excel") and ("%" not in given or "%y" in given):
            raise BadRule("format", f"{given} is no format with a four-digit year: `iso`, `hl7`, or such as '%m/%d/%Y'")
        if given not in ("iso", "hl7", "excel") and not _can_match(given):
            raise BadRule(
                "format", f"no text fits {given}: a directive in it is unknown, stands twice, or the year is missing"
            )
    if rule.timezone:
        zone = zone_of(rule.timezone)
    readers = [_reader(kind, given, zone) for given in formats]

    def read(text: str) -> Value:
        for reader in readers:
            try:
                found = reader(text)
            except (ValueError, OverflowError):
                continue
            if found is not None and found.year >= _EARLIEST:
                return _civil(found, zone) if kind == "date" else _instant(found, zone)
        raise BadValue("not-a-date" if kind == "date" else "not-a-time")

    return read


def _can_match(given: str) -> bool:
    """Whether a time written in this strptime format can be read by it, with its year."""
    try:
        return datetime.strptime(_ANY_TIME.strftime(given), given).year == _ANY_TIME.year
    except (ValueError, re.error):
        return False


def _reader(kind: str, given: str, zone: ZoneInfo) -> Callable[[str], date | datetime | None]:
    if given == "iso":
        return lambda text: date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    if given == "hl7":
        return hl7_date if kind == "date" else lambda text: hl7_time(text, zone)
    if given == "excel":
        return _serial
    return lambda text: datetime.strptime(text, given)


def _serial(text: str) -> datetime | None:
    """Days since 1899-12-30, as spreadsheets count them in their 1900 system; the first ones are off by one there."""
    if not _SERIAL.match(text) or float(text) < 61:
        return None
    return _SERIALS_FROM + timedelta(days=float(text))


def _civil(found: date | datetime, zone: ZoneInfo) -> date:
    """The civil date: of an instant with a zone of its own, the day it was at the source."""
    if isinstance(found, datetime):
        try:
            return (found.astimezone(zone) if found.tzinfo else found).date()
        except OverflowError:  # beyond an end of the calendar there
            raise BadValue("not-a-date") from None
    return found


def _instant(found: date | datetime, zone: ZoneInfo) -> datetime:
    at = found if isinstance(found, datetime) else datetime(found.year, found.month, found.day)
    try:
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise BadValue("not-a-time") from None


def _words(kind: str, rule: Rule) -> Parse:
    yes = {word.casefold() for word in rule.yes_words or _YES}
    no = {word.casefold() for word in rule.no_words or _NO}
    if both := sorted(yes & no):
        raise BadRule("no_words", f"{', '.join(both)} cannot mean both yes and no")

    def read(text: str) -> Value:
        word = text.casefold()
        if word not in yes and word not in no:
            raise BadValue("not-yes-or-no")
        return word in yes if kind == "boolean" else "yes" if word in yes else "no"

    return read


def _integer(text: str) -> Value:
    if not _INTEGER.match(text):
        raise BadValue("not-an-integer")
    return int(text)


def _phone(text: str) -> Value:
    digits = _NOT_DIGIT.sub("", _EXTENSION.sub("", text))
    digits = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    if len(digits) != 10 or digits[0] in "01" or re.search(r"[A-Za-z]", _EXTENSION.sub("", text)):
        raise BadValue("not-a-phone")
    return digits


def _digits(text: str) -> Value:
    found = _NOT_DIGIT.sub("", text)
    if not found or re.search(r"[A-Za-z]", text):
        raise BadValue("not-digits")
    return found


def _email(text: str) -> Value:
    if not _EMAIL.match(text):
        raise BadValue("not-an-email")
    return text


def _found(look: Callable[[str], str | None], reason: str) -> Parse:
    def read(text: str) -> Value:
        value = look(text)
        if value is None:
            raise BadValue(reason)
        return value

    return read


def _of_address(part: str, then: Callable[[str], str | None]) -> Parse:
    """One part of `12 Oak St, Springfield, IL 62704` written in one field."""

    def read(text: str) -> Value:
        match = _ADDRESS.match(text)
        value = then(match[part].strip()) if match else None
        if value is None:
            raise BadValue("not-an-address")
        return value

    return read


def _of_name(part: int) -> Parse:
    """One half of `Okafor, Tom` written in one field. Without a comma, or with two, nobody can say which word is the family's."""

    def read(text: str) -> Value:
        halves = [half.strip() for half in text.split(",")]
        if len(halves) != 2 or not all(halves):
            raise BadValue("not-a-name")
        return halves[part]

    return read


_PLAIN: dict[str, Parse] = {
    "text": str,
    "integer": _integer,
    "digits": _digits,
    "phone": _phone,
    "email": _email,
    "postal-code": _found(lambda text: postal_code(text, None), "not-a-postal-code"),
    "state": _found(state_code, "not-a-state"),
    "county": _found(lambda text: county_fips(text, None), "not-a-county-code"),
    "address-line": _of_address("line", str),
    "address-city": _of_address("city", str),
    "address-state": _of_address("state", state_code),
    "address-postal-code": _of_address("zip", lambda text: postal_code(text, None)),
    "family-name": _of_name(0),
    "given-name": _of_name(1),
    "covid-vaccine": is_covid,
}
