"""Answers to the questions asked at order entry (AOE), whichever format brought them.

Unknown stays unknown, it is never read as no; of several answers to one question the first known one stands. Where a
person was tested is not where they live: `residence` is the answer to 75617-1 alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, cast

from hub.domain.events import YesNo
from hub.domain.tables import rows

__all__ = ["Answers", "Learnt", "age_in_years", "learnt", "yes_no"]

_FIELDS = {
    "symptomatic": "symptomatic", "congregate": "congregate", "hospitalized": "hospitalized", "icu": "icu", "pregnant": "pregnant",
    "healthcare-worker": "employed_in_healthcare", "first-test": "first_test",
}  # fmt: skip
_OLDEST = 130
_PER_YEAR = {
    "A": 1,
    "Y": 1,
    "YR": 1,
    "YEAR": 1,
    "YEARS": 1,
    "MO": 12,
    "MONTH": 12,
    "MONTHS": 12,
    "WK": 52,
    "D": 365,
    "DAY": 365,
    "DAYS": 365,
}
_SNOMED_DIGITS = range(6, 19)


_UNTOLD: Mapping[str, Any] = {
    "onset_on": None,
    "symptomatic": "unknown",
    "congregate": "unknown",
    "hospitalized": "unknown",
    "icu": "unknown",
    "pregnant": "unknown",
    "employed_in_healthcare": "unknown",
    "first_test": "unknown",
    "residence": None,
    "age_years": None,
}
"""The fields of a lab-result event that answers fill, of a person of whom nothing is told."""

_COUNTY, _UNREAD = "county", "onset-unread"

Learnt = tuple[str, Any]
"""A field of a lab-result event and what an answer says of it; or one of the two words above, which are no fields of it."""


class Answers:
    """What was asked of the person beside the test; of several answers to one question the first known one stands."""

    __slots__ = ("_beside", "_told")

    def __init__(self) -> None:
        self._told: dict[str, Any] = {}
        self._beside: dict[str, Any] = {}

    def tell(self, asks: str, value: str, *, on: date | None = None, unit: str = "") -> None:
        """One answer, as `learnt` reads it."""
        if told := learnt(asks, value, on=on, unit=unit):
            self.take(*told)

    def take(self, field: str, value: Any) -> None:
        """What one answer says."""
        (self._told if field in _UNTOLD else self._beside).setdefault(field, value)

    @property
    def county(self) -> str:
        """The county of residence as told: a FIPS code or a name."""
        return str(self._beside.get(_COUNTY, ""))

    @property
    def onset_unread(self) -> bool:
        """Whether an onset was told, and none that is a day; `unknown` is none."""
        return _UNREAD in self._beside and "onset_on" not in self._told

    @property
    def told(self) -> Mapping[str, Any]:
        """Those that something is told of; the others are at their defaults."""
        return self._told

    def fields(self) -> dict[str, Any]:
        """The fields of a lab-result event that these answers fill."""
        return {**_UNTOLD, **self._told}


def learnt(asks: str, value: str, *, on: date | None = None, unit: str = "") -> Learnt | None:
    """What one answer says; None where it says nothing. `asks` as observations.csv names the question, `value` its code or word,
    `on` the day it names, `unit` of a number. Questions that the hub does not keep are passed over."""
    if field := _FIELDS.get(asks):
        answer = yes_no(asks, value)
        return (field, answer) if answer != "unknown" else None
    if asks == "onset":
        unread = on is None and any(char.isdigit() for char in value)
        return (_UNREAD, True) if unread else ("onset_on", on) if on is not None else None
    if asks == "residence":
        return ("residence", value) if value.isdigit() and len(value) in _SNOMED_DIGITS else None
    if asks == "age":
        years = age_in_years(value, unit)
        return ("age_years", years) if years is not None else None
    return (_COUNTY, value) if asks == "county" and value else None


def yes_no(asks: str, value: str) -> YesNo:
    """Yes or no by tables/yes_no.csv, exact and case-free; anything else is unknown."""
    word = value.strip().upper()
    return _yes_no().get((asks, word)) or _yes_no().get(("", word), "unknown")


@lru_cache(maxsize=1)
def _yes_no() -> Mapping[tuple[str, str], YesNo]:
    return {(row["question"], row["code"]): cast(YesNo, row["answer"]) for row in rows("yes_no")}


def age_in_years(value: str, unit: str = "") -> int | None:
    """Whole years of an age as told (`24`, `18` months); None for what is no age. Without a unit it is years."""
    word = unit.strip().upper()
    if not (value.isascii() and value.isdigit() and len(value) <= 5) or (word and word not in _PER_YEAR):
        return None
    years = int(value) // _PER_YEAR.get(word, 1)
    return years if years <= _OLDEST else None
