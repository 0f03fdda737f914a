"""Cells of a supply file: counts of doses, the days they are of, the product.

Nothing is guessed: a count is a whole number of doses or a reason; a product is a code of the tables, or one of the exact words of
tables/supply_products.csv where no code is sent.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from hub.domain.vaccines import is_covid, judge, ndc_11
from hub.mapping.codes import cvx_code
from hub.mapping.program import NotMapped
from hub.mapping.tables import keyed

__all__ = ["LONGEST_D", "MOST_DOSES", "Product", "Span", "count", "product", "span"]

MOST_DOSES = 1_000_000
"""No site handles more doses of a product in a period: a slip of the keys, or another site's total."""
LONGEST_D = 366
_EARLIEST = date(2000, 1, 1)
_ABSENT = frozenset({"", "-", "--", "n/a", "na", "nr", "null", "none", "not reported"})
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.0+)?$|\d{1,15}(?:\.0+)?$")
_NEGATIVE = re.compile(r"-\s*[\d.,]+$|\([\d.,]+\)$")


class Product(NamedTuple):
    """`key`: what tells it from other products of the site."""

    key: str
    cvx: str | None
    ndc: str | None
    covid: bool
    issues: tuple[str, ...]


class Span(NamedTuple):
    """Days that a count is of, both included."""

    first: date
    last: date


def count(text: str, field: str) -> int | None:
    """Doses; None where nothing was told. NotMapped: `negative-count`, `not-a-count`, `count-too-large`."""
    word = text.strip()
    if word.casefold() in _ABSENT:
        return None
    if _NEGATIVE.match(word):
        raise NotMapped("negative-count", field=field)
    if not word.isascii() or not _COUNT.match(word):
        raise NotMapped("not-a-count", field=field)
    doses = int(word.partition(".")[0].replace(",", ""))
    if doses > MOST_DOSES:
        raise NotMapped("count-too-large", field=field)
    return doses


def product(cvx: str, ndc: str, word: str, field: str) -> Product:
    """The product of a row; one that no table has is kept, as `unknown-product`, and is no COVID-19 vaccine. NotMapped
    (`missing-product`) where the row names none."""
    cvx, word = cvx.removesuffix(".0"), " ".join(word.casefold().split())
    if cvx or ndc:
        code = ndc_11(ndc)
        found = judge(cvx, ndc)
        issues = found.issues or (() if found.cvx or code else ("unknown-product",))
        known = cvx_code(found.cvx or "")
        return Product(known or code or f"{cvx} {ndc}", known, code or None, found.covid, issues)
    if not word:
        raise NotMapped("missing-product", field=field)
    named = keyed("supply_products", "word", "cvx").get(word)
    if named is None:
        return Product(word, None, None, False, ("unknown-product",))
    return Product(named, named, None, is_covid(named), ("product-by-name",))


def span(first: date | None, last: date | None, field: str) -> Span:
    """The days from `first` to `last`. NotMapped: `missing-period`, `bad-period` (ends before it begins, is longer than a year, or
    lies in another century)."""
    if first is None or last is None:
        raise NotMapped("missing-period", field=field)
    if not _EARLIEST <= first <= last or last - first > timedelta(days=LONGEST_D):
        raise NotMapped("bad-period", field=field)
    return Span(first, last)
