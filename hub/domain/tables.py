"""The code tables of the domain (tables/*.csv): what a code means is data with a source and a version, not code.

Each table is read once. A table that does not hold what its reader expects is a mistake of the installation and raises
ValueError at first use.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

__all__ = ["keyed", "rows"]


def rows(name: str, package: str = "hub.domain") -> list[dict[str, str]]:
    """All rows of a table of a package, in file order. Every row has a `source` and a `version`."""
    text = files(package).joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")
    found = list(csv.DictReader(text.splitlines()))
    if not all(row["source"] and row["version"] for row in found):
        raise ValueError(f"table {name}: a row without source or version")
    return found


@lru_cache(maxsize=64)
def keyed(name: str, key: str, value: str, package: str = "hub.domain") -> Mapping[str, str]:
    """One column of a table by another one."""
    return {row[key]: row[value] for row in rows(name, package)}
