"""Rows of an HMIS table that share one key: which of them stands, and which are set aside or apart (social-standards.md R3, R4).

The same key for two people: none of them is taken, since nobody can tell whose it is (`duplicate-key`). The same key for one
person: the row that was changed last stands, of rows changed at one time the first; the others are counted, as `repeated-row`
where they say the same, else as `older-version`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from hub.formats.delimited import Row
from hub.formats.hmis import Export
from hub.mapping.same_person import two_people
from hub.mapping.shelters_lists import coded_rows

__all__ = ["KEYS", "OLDER", "REPEATED", "SHARED", "Verdicts", "verdicts"]

Cells = Mapping[str, str]
Verdicts = Mapping[int, str]
"""By row number: why this row is not the one that stands."""

OLDER, REPEATED, SHARED = "older-version", "repeated-row", "duplicate-key"

KEYS: Mapping[str, str] = MappingProxyType({
    "Client": "personalid", "CurrentLivingSituation": "currentlivingsitid", "Enrollment": "enrollmentid", "Exit": "exitid",
    "HMISParticipation": "hmisparticipationid", "HealthAndDV": "healthanddvid", "IncomeBenefits": "incomebenefitsid",
    "Event": "eventid", "Inventory": "inventoryid",
    "Organization": "organizationid", "Project": "projectid", "Services": "servicesid",
})  # fmt: skip
"""Primary keys of the tables that are read: HUD HMIS CSV Format Specifications."""

_IDENTIFIERS = ("firstname", "lastname", "dob", "ssn")


class _Copy(NamedTuple):
    number: int
    changed_at: datetime | None
    content: str
    cells: Cells


def verdicts(
    export: Export, name: str, changed_at: Callable[[Cells], datetime | None], content: Callable[[Cells], str]
) -> Verdicts:
    """The rows of a table that do not stand; {} where no key stands twice, as is usual. Raises ParseError when its header cannot be
    read."""
    key = KEYS[name]
    candidates = export.repeated(name, key)
    if not candidates:
        return {}
    copies: dict[str, list[_Copy]] = {}
    for row in coded_rows(export.table(name)):
        if isinstance(row, Row) and (found := row.cells.get(key, "")) and found in candidates:
            copies.setdefault(found, []).append(_Copy(row.number, changed_at(row.cells), content(row.cells), row.cells))
    same = _same_client if name == "Client" else _same_person
    return {number: why for each in copies.values() if len(each) > 1 for number, why in _judged(each, same)}


def _judged(copies: Sequence[_Copy], same: Callable[[Cells, Cells], bool]) -> Iterator[tuple[int, str]]:
    first, *others = copies
    if not all(same(first.cells, other.cells) for other in others):
        yield from ((copy.number, SHARED) for copy in copies)
        return
    standing = first
    for other in others:
        if _later(other.changed_at, standing.changed_at):
            standing = other
    for copy in copies:
        if copy is not standing:
            yield copy.number, REPEATED if copy.content == standing.content else OLDER


def _later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)


def _same_person(one: Cells, other: Cells) -> bool:
    return one.get("personalid", "") == other.get("personalid", "")


def _same_client(one: Cells, other: Cells) -> bool:
    """Two rows of one PersonalID, by who they say it is."""
    return not two_people(one, other, _IDENTIFIERS)
