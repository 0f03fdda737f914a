"""What the header of a list tells: which column holds what, by its name in any case and spelling (tables/lists_columns.csv).

Shelters, pantries, benefit offices and tracers send lists that no standard describes: the names of their columns are all that
tells one layout from another. A connector's own setting `columns: {field: name of the column}` goes before the table.

A question with several answers is a column for each answer in REDCap: `race___1` in a raw export, `Race (choice=White)` in a
labelled one (unverified: from memory).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from hub.formats.errors import ParseError, Reason
from hub.mapping.tables import rows

__all__ = ["DELIMITERS", "Heading", "Needs", "heading"]

DELIMITERS = ",;|\t"
_CHOICE = re.compile(r"(.{1,200}?)(?:___(\w{1,100})|\s*\(choice=(.{1,200})\))")
Needs = Sequence[Sequence[str]]
"""Of each group at least one field must have a column. The first group is what tells this kind of list from any other."""


class Heading(NamedTuple):
    """`columns`: by field, its column as the header has it, in lower case. `unknown`: columns of no known field: they are
    never read, kept or forwarded (social-standards.md R1, R20). `choices`: by field, the columns of its answers and what each
    is."""

    columns: Mapping[str, str]
    unknown: tuple[str, ...]
    choices: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType({})

    @property
    def known(self) -> frozenset[str]:
        """Every column that holds a field, in lower case."""
        return frozenset(self.columns.values()) | {name for of in self.choices.values() for name, _ in of}

    def column(self, *fields: str) -> str:
        """The column to name where one of these fields is at fault; empty where there is none."""
        return next((self.columns[field] for field in fields if field in self.columns), "")


def heading(
    program: str, names: Sequence[str], needs: Needs, options: Mapping[str, Any], several: frozenset[str] = frozenset()
) -> Heading:
    """Raises ParseError: `unknown-header` for another kind of list, `missing-column` (R12: drift has a name); both name the fields
    that it lacks. `several`: fields that may have a column for each answer."""
    there = {name.lower() for name in names}
    found: dict[str, str] = {}
    configured = options.get("columns") or {}
    for field, name in configured.items():
        if str(name).strip().lower() not in there:
            raise ParseError("missing-column", "row 1", str(name))
        found[str(field)] = str(name).strip().lower()
    taken, plain = set(found.values()), {_plain(name): name.lower() for name in names}
    for spelling, field in _known(program):
        name = plain.get(spelling)
        if name is not None and name not in taken and field not in found:
            found[field] = name
            taken.add(name)
    if lacking := [" or ".join(group) for group in needs if not any(field in found for field in group)]:
        another = not any(field in found for field in needs[0]) or 2 * len(lacking) > len(needs)
        reason: Reason = "unknown-header" if another else "missing-column"
        raise ParseError(reason, "row 1", ", ".join(lacking))
    choices = _choices(program, names, several)
    taken |= {name for of in choices.values() for name, _ in of}
    return Heading(found, tuple(name for name in names if name.lower() not in taken), choices)


def _choices(program: str, names: Sequence[str], several: frozenset[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    fields = {spelling: field for spelling, field in _known(program) if field in several}
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for name in names if fields else ():
        match = _CHOICE.fullmatch(name.strip())
        field = fields.get(_plain(match[1])) if match else None
        if match and field is not None:
            found[field] = (*found.get(field, ()), (name.lower(), (match[2] or match[3]).strip()))
    return found


@lru_cache(maxsize=8)
def _known(program: str) -> tuple[tuple[str, str], ...]:
    """(spelling, field) in the order of the table: the first that is there is taken."""
    return tuple((_plain(row["column"]), row["field"]) for row in rows("lists_columns") if row["program"] == program)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
