"""What a header of vaccine supply tells: by the names of its columns, in any order, case and spelling (tables/supply_columns.csv).

There is no one layout: exports of orders and shipments, weekly inventory and wastage reports and allocation files differ in which
counts they hold. Any header will do that says whose doses (PIN), of what (CVX, NDC or product), how many, and of which days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from hub.formats.errors import ParseError
from hub.mapping.tables import keyed

__all__ = ["COUNTS", "DELIMITERS", "PRODUCT", "STOCK", "TO_DATE", "Header", "header_of"]

DELIMITERS = ",|\t;"
FLOWS = ("allocated", "delivered", "administered", "wasted", "expired")
STOCK = "on_hand"
TO_DATE = tuple(f"{flow}_to_date" for flow in FLOWS)
COUNTS = (*FLOWS, STOCK, *TO_DATE)
"""Columns that count doses; `shipped` counts as delivered where the row says when it was delivered."""
PRODUCT = ("cvx", "ndc", "product")
_NUMBERS = ("shipment", "order")
_DAYS = ("week_from", "week_until", "period_from", "period_until", "as_of")


class Header(NamedTuple):
    """`columns`: by field, its columns as the header has them (lower case). `shipments`: delivered doses are told a shipment at a
    time. `unknown`: columns, as they are called, that the table does not know; they are not read."""

    columns: Mapping[str, tuple[str, ...]]
    shipments: bool
    unknown: tuple[str, ...]

    def column(self, *fields: str) -> str:
        """The column to name where one of these fields is at fault; empty when the header has none."""
        return next((names[0] for field in fields if (names := self.columns.get(field))), "")


def header_of(names: Sequence[str]) -> Header:
    """Raises ParseError: `unknown-header` where nothing of it speaks of supply, else `missing-column`; both name what would do."""
    known = _columns()
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        if field := known.get(_plain(name), ""):
            found[field] = (*found.get(field, ()), name.lower())
    counts = [field for field in (*COUNTS, "shipped") if field in found]
    if not counts or not ({"pin", *PRODUCT} & found.keys()):
        lacking = _missing(found, counts, shipments=False) + (
            [] if counts else [f"doses ({', '.join(FLOWS)} or {STOCK})"]
        )
        raise ParseError("unknown-header", "row 1", ", ".join(lacking))
    shipments = "delivered_on" in found and ("shipped" in found or "delivered" in found)
    if missing := _missing(found, counts, shipments):
        raise ParseError("missing-column", "row 1", ", ".join(missing))
    return Header(found, shipments, tuple(name for name in names if _plain(name) not in known))


def _missing(found: Mapping[str, tuple[str, ...]], counts: Sequence[str], shipments: bool) -> list[str]:
    missing = [] if "pin" in found else ["provider_pin"]
    if not any(field in found for field in PRODUCT):
        missing.append("cvx")
    if shipments and not any(field in found for field in _NUMBERS):
        missing.append("shipment_number")
    of_days = [count for count in counts if not (shipments and count in ("shipped", "delivered"))]
    if of_days == ["shipped"]:
        missing.append("delivery_date")
    elif of_days and not any(field in found for field in _DAYS):
        missing.append("period_end")
    return missing


@lru_cache(maxsize=1)
def _columns() -> Mapping[str, str]:
    return {_plain(column): field for column, field in keyed("supply_columns", "column", "field").items()}


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
