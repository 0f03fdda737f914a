"""The code tables of the domain (tables/*.csv): what a code means is data with a source and a version, not code.

Each table is read once. A table that does not hold what its reader expects is a mistake of the installation and raises
ValueError at first use. An installation may put tables of its own in place of these (`replace`, before anything is read).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

__all__ = ["PACKAGES", "document", "keyed", "replace", "rows", "rows_of", "text"]

PACKAGES = ("hub.domain", "hub.mapping")
"""Whose tables an installation may replace; no two have a table of one name."""

_own: dict[str, str] = {}
_read: set[str] = set()


def replace(own: Mapping[str, str]) -> None:
    """From now on these texts (CSV, by table) are read in place of the tables of that name. Once in a process, before any is read:
    ValueError where one of them was, or others were replaced before."""
    if own == _own:
        return
    if _own or _read & own.keys():
        raise ValueError(f"read already: {', '.join(sorted(_read & own.keys()) or sorted(_own))}")
    _own.update(own)


def text(name: str, package: str = "hub.domain") -> str:
    """A table as it is read: the installation's own, else the package's."""
    if package in PACKAGES:
        _read.add(name)
        if name in _own:
            return _own[name]
    return files(package).joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")


def document(name: str, package: str = "hub.domain") -> str:
    """The text of a file beside the tables that is no table: its name with the ending, as `link_model.json`."""
    return files(package).joinpath("tables", name).read_text(encoding="utf-8")


def rows(name: str, package: str = "hub.domain") -> list[dict[str, str]]:
    """All rows of a table of a package, in file order. Every row has a `source` and a `version`."""
    return rows_of(name, text(name, package))


def rows_of(name: str, csv_text: str) -> list[dict[str, str]]:
    """All rows of a table's text; ValueError where one names no source or version."""
    found = list(csv.DictReader(csv_text.splitlines()))
    if not all(row.get("source") and row.get("version") for row in found):
        raise ValueError(f"table {name}: a row without source or version")
    return found


@lru_cache(maxsize=64)
def keyed(name: str, key: str, value: str, package: str = "hub.domain") -> Mapping[str, str]:
    """One column of a table by another one."""
    return {row[key]: row[value] for row in rows(name, package)}
