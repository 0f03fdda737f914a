"""What the sender calls a field: segment, column or path. Of a mapping program by tables/source_fields.csv, of a declared map by
its own rules (handed in).

A path of the table: places between `, else ` are taken in turn, the first that holds something; those between commas belong
together. Of a program that reads FHIR and lists, the FHIR paths stand before `; `, the columns behind it. Columns are named as they
are usually called: what a file of its own calls them says its header (hub.wiring_names).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

__all__ = ["NOWHERE", "SETTING", "SenderNames", "alternatives", "halves"]

NOWHERE = "-"
"""In the table: the sender's format has no place for it, so nothing is asked of the sender."""
SETTING = "options."
"""A name that begins so is a setting of connector.yaml: the hub's people fill it, and nothing is asked of the sender."""


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

    def is_theirs(self, kind: str, field: str) -> bool:
        """Whether the sender calls it so; else `name` is one that would do, for something that their files do not have."""
        return self.name(kind, field) not in ("", NOWHERE)


def alternatives(path: str) -> list[list[str]]:
    """The places of a path that are taken in turn, each with those that belong together."""
    return [part.split(", ") for part in path.split(", else ")]


def halves(path: str) -> tuple[str, str]:
    """(paths of FHIR, columns) of a path of the table; the first is empty where the program reads no FHIR beside its tables."""
    fhir, _, columns = path.rpartition("; ")
    return fhir, columns


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Mapping[tuple[str, str], str]]:
    text = (files("hub.report") / "tables" / "source_fields.csv").read_text(encoding="utf-8")
    found: dict[str, dict[tuple[str, str], str]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["program"], {})[row["event"], row["field"]] = row["path"]
    return found
