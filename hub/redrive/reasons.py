"""What each reason code means and what to do about it: reasons.csv, one row a code."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["NEEDS_ITS_FILE", "NO_ORIGINAL", "Reason", "reasons"]

NEEDS_ITS_FILE = "needs-its-file"
"""One record is not enough to read it again: its file must be delivered again."""
NO_ORIGINAL = "no-original"
"""The letter holds nothing to read again."""


class Reason(NamedTuple):
    """Both in words for an operator."""

    means: str
    do: str


@lru_cache(maxsize=1)
def reasons() -> Mapping[str, Reason]:
    """By reason code."""
    text = (files("hub.redrive") / "reasons.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {row["reason"]: Reason(row["means"], row["do"]) for row in csv.DictReader(text.splitlines())}
    )
