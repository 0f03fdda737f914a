"""The columns of a file's own header, found by the names that such columns usually have.

For the programs that know a table by the names of its columns, in any case and spelling (lists, laboratory CSV, vaccine supply):
one sender's `Guest` is what another calls `Guest ID`, and whoever is told about it must be told their own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from hub.formats.errors import ParseError
from hub.mapping.labs_csv_layouts import layout_of
from hub.mapping.lists_header import heading
from hub.mapping.supply_header import header_of
from hub.mapping.tables import rows

__all__ = ["by_field", "field_of"]

_LABORATORY, _SUPPLY = "lab-csv", "vaccine-supply"
_SEVERAL = frozenset({"race", "ethnicity"})
"""Fields of lists with a column for each answer."""


def field_of(program: str, column: str) -> str:
    """The field that a column of this name holds; empty where the program has no table of columns, or this is none of it."""
    return _fields(program).get(_plain(column), "")


def by_field(program: str, names: Sequence[str], options: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """By field, the columns of this header that hold it, as they are written there. Empty for a header of another kind. `options`:
    the connector's own, whose `columns` go before the table."""
    lower = {name.lower(): name for name in names}
    try:
        found = _by_field(program, names, options)
    except ParseError:
        return {}
    return {field: tuple(lower.get(name, name) for name in columns) for field, columns in found.items()}


def _by_field(program: str, names: Sequence[str], options: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    if program == _LABORATORY:
        return layout_of(names).columns
    if program == _SUPPLY:
        return header_of(names).columns
    header = heading(program, names, (), options, _SEVERAL)
    ticked = {field: tuple(name for name, _ in choices) for field, choices in header.choices.items()}
    return {field: (name,) for field, name in header.columns.items()} | ticked


@lru_cache(maxsize=16)
def _fields(program: str) -> Mapping[str, str]:
    if program == _LABORATORY:
        return {_plain(row["column"]): row["field"] for row in rows("lab_csv_columns") if row["field"]}
    if program == _SUPPLY:
        return {_plain(row["column"]): row["field"] for row in rows("supply_columns")}
    found: dict[str, str] = {}
    for row in rows("lists_columns"):
        if row["program"] == program:
            found.setdefault(_plain(row["column"]), row["field"])
    return found


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
