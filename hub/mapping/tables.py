"""The dated code tables (tables/*.csv): what a code means is data with a source and a version, not code.

Each table is read once. A table that does not hold what its reader expects is a programming error and raises at
first use.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.domain import tables

__all__ = ["keyed", "rows"]


def rows(name: str) -> list[dict[str, str]]:
    """All rows of a table of this room, in file order."""
    return tables.rows(name, "hub.mapping")


def keyed(name: str, key: str, value: str) -> Mapping[str, str]:
    """One column of a table by another one."""
    return tables.keyed(name, key, value, "hub.mapping")
