"""What a reported vaccine is: CVX and NDC codes to products, out of dated tables; and which dates a dose cannot have.

Tables: cvx.csv (`covid`: yes, no, no-dose, fictitious), ndc.csv, vaccine_groups.csv. Nothing is guessed from a vaccine's text.
Requirements 21 and 23 of health-standards.md §8.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from hub.domain.tables import rows

__all__ = [
    "COVID",
    "PARTIAL_DATE",
    "UNSPECIFIED",
    "Group",
    "Judged",
    "Product",
    "covid_group",
    "date_fault",
    "family",
    "is_covid",
    "judge",
    "month_fault",
    "ndc_11",
    "product",
]

COVID = "covid-19"
PARTIAL_DATE = "partial-date"
"""The issue of a dose of which only the month is told: it has no day, and is historical."""
UNSPECIFIED = "unspecified"
_MEMORABLE = 40  # characters: what a hostile source writes is not kept in memory
_LONGEST_CVX = 6  # with the zeros that spreadsheets and fixed-width files put before three digits
_NDC = re.compile(r"(\d{4,5})-(\d{3,4})-(\d{1,2})$")


class Product(NamedTuple):
    """A row of cvx.csv. `family`: whose series it belongs to; empty for other vaccines. Dates: authorized from, until; None where
    not known."""

    cvx: str
    covid: str
    family: str
    valid_from: date | None
    valid_until: date | None


class Judged(NamedTuple):
    """`cvx`: as the table writes it, else as sent, else the one of the NDC; `covid`: counts as a COVID-19 vaccine; `no_dose`: the
    code itself says that none was given (CVX 998)."""

    cvx: str | None
    covid: bool
    family: str
    no_dose: bool
    issues: tuple[str, ...]


class Group(NamedTuple):
    """`first_dose_on`: no dose was given earlier; `same_dose_d`: reports so many days apart may speak of one dose."""

    first_dose_on: date
    same_dose_d: int


def product(cvx: str) -> Product | None:
    """The product of a CVX code, with or without leading zeros; None for a code that the table does not have."""
    return _products().get(cvx) or (_products().get(cvx.lstrip("0").zfill(2)) if len(cvx) < _LONGEST_CVX else None)


def family(cvx: str) -> str:
    """Whose series a COVID-19 vaccine belongs to; `unspecified` for a code that the table does not have, or none."""
    known = product(cvx) if cvx else None
    return (known.family if known is not None else "") or UNSPECIFIED


def is_covid(cvx: str | None) -> bool:
    """True for a COVID-19 vaccine that exists."""
    known = product(cvx) if cvx else None
    return known is not None and known.covid == "yes"


def ndc_11(ndc: str) -> str:
    """An NDC as 5-4-2 with hyphens, out of its short forms or eleven digits; empty for anything else."""
    if len(ndc) == 11 and ndc.isascii() and ndc.isdigit():
        return f"{ndc[:5]}-{ndc[5:9]}-{ndc[9:]}"
    parts = _NDC.match(ndc)
    return "-".join(part.zfill(size) for part, size in zip(parts.groups(), (5, 4, 2), strict=True)) if parts else ""


def judge(cvx: str, ndc: str, covid_told: bool = False, given_on: date | None = None) -> Judged:
    """A vaccine by its codes (empty where not sent). CVX before NDC. `covid_told`: a code system says that it is a COVID-19
    vaccine although neither code is known (CVX of the vaccine type). Without any known code it is no COVID-19 vaccine, and a
    person must look (`unknown-product`)."""
    if len(cvx) + len(ndc) > _MEMORABLE:
        return _judge(cvx, ndc, covid_told, given_on)
    return _judge_before(cvx, ndc, covid_told, given_on)


def _judge(cvx: str, ndc: str, covid_told: bool, given_on: date | None) -> Judged:
    from_cvx = product(cvx) if cvx else None
    told, from_ndc = _from_ndc(ndc_11(ndc)) if ndc else ("", None)
    known = from_cvx or from_ndc
    if known is None and not told:
        if covid_told:
            return Judged(cvx or None, True, UNSPECIFIED, False, ("unknown-covid-product",))
        return Judged(cvx or None, False, "", False, ("unknown-product",) if cvx or ndc else ())
    covid = known.covid if known is not None else told
    issues = []
    if covid == "fictitious":
        issues.append("unknown-product")
    if from_cvx is not None and told and (told == "yes") != (from_cvx.covid == "yes") and covid != "no-dose":
        issues.append("product-conflict")
    if known is not None and given_on is not None and _not_in_use(known, given_on):
        issues.append("product-not-in-use")
    code = known.cvx if known is not None and (from_cvx is not None or not cvx) else cvx or None
    return Judged(code, covid == "yes", known.family if known is not None else "", covid == "no-dose", tuple(issues))


_judge_before = lru_cache(maxsize=4_096)(_judge)  # a season has few products and days: a look-up in place of five


def date_fault(given_on: date | None, born: date | None, latest: date, *, covid_dose: bool) -> str | None:
    """Why a date of a dose cannot be (a reason code), else None. `latest`: the day of the report, or today; `covid_dose`: it would
    count as one."""
    if given_on is None:
        return "bad-date"
    if born is not None and given_on < born:
        return "dose-before-birth"
    if given_on > latest:
        return "dose-in-the-future"
    if covid_dose and given_on < covid_group().first_dose_on:
        return "dose-before-first-vaccine"
    return None


def month_fault(first: date, born: date | None, latest: date, *, covid_dose: bool) -> str | None:
    """`date_fault` of a dose of which only the month is told (`first`: its first day): none of its days can be."""
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return date_fault(max(first, min(last, latest)), born, latest, covid_dose=covid_dose)


@lru_cache(maxsize=1)
def covid_group() -> Group:
    """What holds for all COVID-19 vaccines."""
    (row,) = [row for row in rows("vaccine_groups") if row["group"] == COVID]
    return Group(date.fromisoformat(row["first_dose_on"]), int(row["same_dose_d"]))


def _not_in_use(known: Product, given_on: date) -> bool:
    return (known.valid_from is not None and given_on < known.valid_from) or (
        known.valid_until is not None and given_on > known.valid_until
    )


def _from_ndc(ndc: str) -> tuple[str, Product | None]:
    """What ndc.csv says of it (`covid`) and the product of its CVX; empty and None for an NDC that it does not have."""
    found = _ndcs().get(ndc)
    if found is None:
        return "", None
    cvx, covid = found
    known = product(cvx) if cvx and covid in ("yes", "no-dose") else None
    return covid, known


@lru_cache(maxsize=1)
def _products() -> Mapping[str, Product]:
    return {
        row["cvx"]: Product(row["cvx"], row["covid"], row["family"], _day(row["valid_from"]), _day(row["valid_until"]))
        for row in rows("cvx")
    }


@lru_cache(maxsize=1)
def _ndcs() -> Mapping[str, tuple[str, str]]:
    return {row["ndc"]: (row["cvx"], row["covid"]) for row in rows("ndc")}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
