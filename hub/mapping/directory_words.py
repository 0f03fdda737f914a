"""What a directory says of a service in codes: status, capacity, needs, days and hours, languages, ages.

Source: HSDS 3.0.0 service.status, schedule (RRULE of RFC 5545), attribute and taxonomy_term; capacity codes of HL7 SDOH
Clinical Care (social-standards.md §3.1, §3.4). `service_capacity` of HSDS 3.1 (available, maximum): unverified, from memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import cast, get_args

from hub.domain.need_words import NEED_CATEGORIES
from hub.domain.referral_events import Capacity, ServiceStatus
from hub.mapping.dates import civil_date
from hub.mapping.lists_values import plain_word, word_of
from hub.mapping.tables import rows
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["age", "capacity", "categories", "hours", "languages", "last_day", "status", "term_codes", "terms"]

_STATUS: tuple[str, ...] = get_args(ServiceStatus)
_CAPACITY: tuple[str, ...] = get_args(Capacity)
_TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}$")
_211 = re.compile(r"[A-Z]{1,2}(-\d{1,4}(\.\d{1,4}(-\d{1,3})?)?)?$")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{2,4})?$")
_DAY = re.compile(r"[+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU)$")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LONGEST = 200
_OLDEST = 130


def status(told: str) -> tuple[ServiceStatus, tuple[str, ...]]:
    """A status in any case, and an issue where a word is told that is none."""
    word = plain_word(told).replace(" ", "-").replace("_", "-")
    if word in _STATUS:
        return cast(ServiceStatus, word), ()
    return "unknown", ("unknown-service-status",) if word else ()


def capacity(service: Json) -> Capacity:
    """The last word on capacity: a code of its own, among the attributes, or units that are free."""
    told = [text(service.get("capacity"))]
    for attribute in listed(service.get("attributes")):
        told += [text(term.get("code")) for term in _terms(attribute)] + [text(attribute.get("value"))]
    found = [word for each in told if (word := plain_word(each).replace(" ", "-")) in _CAPACITY and word != "unknown"]
    if "no-capacity" in found:
        return "no-capacity"
    if found:
        return cast(Capacity, found[0])
    free = [
        text(unit.get("available"))
        for unit in (*listed(service.get("capacities")), *listed(service.get("service_capacities")))
    ]
    counted = [int(each) for each in free if each.isascii() and each.isdigit()]
    return ("capacity" if any(counted) else "no-capacity") if counted else "unknown"


def terms(service: Json) -> list[tuple[str, str]]:
    """(code, name) of every taxonomy term of a service."""
    found = [term for attribute in listed(service.get("attributes")) for term in _terms(attribute)]
    found += [*listed(service.get("taxonomy_terms")), *listed(service.get("service_taxonomy"))]
    return [
        (text(term.get("code")) or text(term.get("id")), text(term.get("name")) or text(term.get("term")))
        for term in found
    ]


def term_codes(told: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Codes as sent, less what has not the shape of one."""
    return tuple(sorted({code for code, _ in told if _TERM.match(code)}))


def categories(told: Iterable[tuple[str, str]], name: str) -> tuple[str, ...]:
    """Need categories by code (Gravity, 2-1-1), by the words of a term, else where the service is called exactly so."""
    terms_told = list(told)
    found = {category for code, _ in terms_told if (category := _by_code(code))}
    found |= {word for _, words in terms_told if (word := word_of("referral-csv", "category", words))}
    if not found and (word := word_of("referral-csv", "category", name)):
        found = {word}
    return tuple(sorted(found & NEED_CATEGORIES))


def hours(schedules: Sequence[Json]) -> str | None:
    """`MO,TU 09:00-17:00; SA 10:00-12:00`; None where no schedule tells days or hours."""
    told = dict.fromkeys(line for each in schedules if (line := _line(each)))
    joined = "; ".join(told)
    return joined if 0 < len(joined) <= _LONGEST else None


def last_day(schedules: Sequence[Json]) -> date | None:
    """The last day of the schedules; None where one of them goes on, or there is none."""
    days = [civil_date(text(each.get("valid_to")) or text(each.get("until"))) for each in schedules]
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


def languages(service: Json) -> tuple[str, ...]:
    codes = (text(each.get("code")) or text(each.get("language")) for each in listed(service.get("languages")))
    return tuple(sorted({code.lower() for code in codes if _LANGUAGE.match(code)}))


def age(value: object) -> tuple[int | None, tuple[str, ...]]:
    """Whole years; an issue where something else is told."""
    told = str(int(value)) if isinstance(value, float) and value.is_integer() else text(value)
    if told.isascii() and told.isdigit() and int(told[:4]) <= _OLDEST:
        return int(told), ()
    return None, ("unreadable-age",) if told else ()


def _terms(attribute: Json) -> list[Json]:
    term = attribute.get("taxonomy_term")
    return [term] if isinstance(term, dict) else []


def _line(schedule: Json) -> str:
    days = [day for each in text(schedule.get("byday")).upper().split(",") if _DAY.match(day := each.strip())]
    named = plain_word(text(schedule.get("weekday")) or text(schedule.get("day")))
    if not days and named in _WEEKDAYS:
        days = [_SHORT[_WEEKDAYS.index(named)]]
    opens, closes = _clock(schedule.get("opens_at")), _clock(schedule.get("closes_at"))
    return " ".join(part for part in (",".join(days), f"{opens}-{closes}" if opens and closes else "") if part)


def _clock(value: object) -> str:
    match = _CLOCK.match(text(value))
    return f"{int(match[1]):02}:{match[2]}" if match and int(match[1]) <= 24 else ""


def _by_code(code: str) -> str | None:
    """A Gravity category, or the longest beginning of a 2-1-1 code that the table has."""
    if code in NEED_CATEGORIES:
        return code
    if not _211.match(code):
        return None
    return next(
        (
            category
            for prefix, category in _prefixes()
            if code == prefix or code.startswith((f"{prefix}-", f"{prefix}."))
        ),
        None,
    )


@lru_cache(maxsize=1)
def _prefixes() -> list[tuple[str, str]]:
    found = [(row["code"], row["category"]) for row in rows("service_terms") if row["taxonomy"] == "211"]
    return sorted(found, key=lambda each: -len(each[0]))
