"""What a refusal asks of the sender, in words for the sender's own IT (tables/partner_words.csv).

What it asks of the hub's operator stands in hub/redrive/reasons.csv.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

__all__ = ["partner_words"]

_ELSE = "Look at the records at the places named, and send them again once they are mended."


def partner_words(reason: str) -> str:
    """Of a reason code, with or without the field behind it; a general sentence for a code without a row."""
    return _table().get(reason.partition(".")[0], _ELSE)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, str]:
    text = (files("hub.report") / "tables" / "partner_words.csv").read_text(encoding="utf-8")
    return {row["reason"]: row["ask"] for row in csv.DictReader(text.splitlines())}
