"""Answers to the questions asked at order entry (AOE), whichever format brought them.

Unknown stays unknown, it is never read as no; of several answers to one question the first known one stands. Where a
person was tested is not where they live: `residence` is the answer to 75617-1 alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, cast

from hub.domain.events import YesNo
from hub.domain.tables import rows

__all__ = ["Answers", "age_in_years", "yes_no"]

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


@dataclass(slots=True)
class Answers:
    """What was asked of the person beside the test. `county` is as told: a FIPS code or a name. `onset_unread`: an onset was told
    that is no day; `unknown` is none."""

    onset: date | None = None
    symptomatic: YesNo = "unknown"
    congregate: YesNo = "unknown"
    hospitalized: YesNo = "unknown"
    icu: YesNo = "unknown"
    pregnant: YesNo = "unknown"
    employed_in_healthcare: YesNo = "unknown"
    first_test: YesNo = "unknown"
    residence: str | None = None
    age_years: int | None = None
    county: str = ""
    onset_unread: bool = False

    def tell(self, asks: str, value: str, *, on: date | None = None, unit: str = "") -> None:
        """One answer: `asks` as observations.csv names the question, `value` its code or word, `on` the day it names,
        `unit` of a number. Questions that the hub does not keep are passed over."""
        if name := _FIELDS.get(asks):
            if getattr(self, name) == "unknown":
                setattr(self, name, yes_no(asks, value))
        elif asks == "onset":
            self.onset = self.onset or on
            self.onset_unread = self.onset_unread or (on is None and any(char.isdigit() for char in value))
        elif asks == "residence":
            self.residence = self.residence or (value if value.isdigit() and len(value) in _SNOMED_DIGITS else None)
        elif asks == "age":
            self.age_years = self.age_years if self.age_years is not None else age_in_years(value, unit)
        elif asks == "county":
            self.county = self.county or value

    def fields(self) -> dict[str, Any]:
        """The fields of a lab-result event that these answers fill."""
        return {
            "onset_on": self.onset,
            "symptomatic": self.symptomatic,
            "congregate": self.congregate,
            "hospitalized": self.hospitalized,
            "icu": self.icu,
            "pregnant": self.pregnant,
            "employed_in_healthcare": self.employed_in_healthcare,
            "first_test": self.first_test,
            "residence": self.residence,
            "age_years": self.age_years,
        }


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
