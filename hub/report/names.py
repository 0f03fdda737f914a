"""What the sender calls a field: segment, column or path. Of a mapping program by tables/source_fields.csv, of a declared map by
its own rules (handed in)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

__all__ = ["NOWHERE", "SenderNames"]

NOWHERE = "-"
"""In the table: the sender's format has no place for it, so nothing is asked of the sender."""


class SenderNames:
    """By kind of event (`*`: any) and field."""

    def __init__(self, names: Mapping[tuple[str, str], str]) -> None:
        self._names = dict(names)

    @classmethod
    def of_program(cls, program: str) -> SenderNames:
        """What the table says of a mapping program; of one that it does not know, nothing."""
        return cls(_table().get(program, {}))

    def name(self, kind: str, field: str) -> str:
        """Empty where it is not known, NOWHERE where the format has no place."""
        return self._names.get((kind, field)) or self._names.get(("*", field), "")


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Mapping[tuple[str, str], str]]:
    text = (files("hub.report") / "tables" / "source_fields.csv").read_text(encoding="utf-8")
    found: dict[str, dict[tuple[str, str], str]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["program"], {})[row["event"], row["field"]] = row["path"]
    return found
