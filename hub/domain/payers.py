"""Who pays: payer class and Medicaid out of a plan's code or word (tables/payers.csv).

Exact and case-free, but for the Source of Payment Typology, whose codes are hierarchical: `2111` is a kind of `2`. `MA` and `MC`
are Medicaid to one standard and Medicare to another: they are in no row and stay unknown. Nothing is inferred from who does not
pay.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, cast

from hub.domain.events import PayerClass, YesNo
from hub.domain.tables import rows

__all__ = ["UNKNOWN_PAYER", "Payer", "payer_of", "typology_code"]

_TYPOLOGY = "Source of Payment Typology"
_LONGEST = 6  # digits: no code of the typology is longer


class Payer(NamedTuple):
    """`code` is the row of the table, None where none fits."""

    payer_class: PayerClass
    medicaid: YesNo
    code: str | None


UNKNOWN_PAYER = Payer("unknown", "unknown", None)


def payer_of(*codes: str) -> Payer:
    """What the first of these codes or words that the table knows stands for."""
    for code in codes:
        if found := _table().get(code.strip().upper()):
            return found
    return UNKNOWN_PAYER


def typology_code(code: str) -> str:
    """The row of the table that a code of the Source of Payment Typology is a kind of: its longest beginning that is one. Empty for
    what is no such code, and where no row says what it is."""
    digits = code.strip()
    if len(digits) > _LONGEST or not (digits.isascii() and digits.isdigit()):
        return ""
    return next((digits[:n] for n in range(len(digits), 0, -1) if digits[:n] in _typology()), "")


@lru_cache(maxsize=1)
def _typology() -> frozenset[str]:
    return frozenset(row["code"] for row in rows("payers") if row["source"].startswith(_TYPOLOGY))


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Payer]:
    return {
        row["code"]: Payer(cast(PayerClass, row["payer_class"]), cast(YesNo, row["medicaid"]), row["code"])
        for row in rows("payers")
    }
