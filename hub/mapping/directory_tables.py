"""HSDS as tables (CSV files of a folder) to the nested services that HSDS 3.0 has as JSON, so that both are read by one code.

Names of files as HSDS 3.0.0 and 2.0 have them, in the singular or plural. Only the columns that a service event needs are
taken: names, telephones and notes of staff stand in others. Source: openreferral/specification, HSDS 3.0.0
(social-standards.md §3.4); the names of 2.0 (`physical_address`, `regular_schedule`, `service_taxonomy`): unverified, from
memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hub.formats.delimited import RowFault, open_table
from hub.formats.errors import ParseError
from hub.mapping.lists_header import DELIMITERS
from hub.mapping.program import Mapped, Unit, ignored, unreadable

__all__ = ["TABLES", "Joined", "read_tables", "table_of"]

TABLES: Mapping[str, str] = {
    "service": "service", "services": "service", "organization": "organization", "organizations": "organization",
    "program": "program", "programs": "program", "location": "location", "locations": "location",
    "service_at_location": "service_at_location", "services_at_location": "service_at_location",
    "service_at_locations": "service_at_location", "services_at_locations": "service_at_location",
    "address": "address", "addresses": "address", "physical_address": "address", "physical_addresses": "address",
    "schedule": "schedule", "schedules": "schedule", "regular_schedule": "schedule", "regular_schedules": "schedule",
    "taxonomy_term": "term", "taxonomy_terms": "term", "taxonomy": "term", "attribute": "attribute", "attributes": "attribute",
    "service_taxonomy": "attribute", "service_taxonomies": "attribute", "services_taxonomy": "attribute",
    "language": "language", "languages": "language", "service_capacity": "capacity", "service_capacities": "capacity",
    "metadata": "metadata",
}  # fmt: skip
Cells = Mapping[str, str]


class Joined(NamedTuple):
    """A row of the table of services with all that belongs to it, as HSDS 3.0 nests it."""

    service: Mapping[str, Any]
    where: Mapping[str, str | int]


def table_of(file: str) -> str | None:
    """Which table a file of a unit is, by its name; None for another."""
    name = file.replace("\\", "/").rsplit("/", 1)[-1].casefold()
    return TABLES.get(name.removesuffix(".csv").replace("-", "_")) if name.endswith(".csv") else None


def read_tables(unit: Unit, files: Mapping[str, str]) -> Iterator[Joined | Mapped]:
    """Every service of the tables `files` (name → table), and an outcome for each row or file that cannot be read."""
    rows: dict[str, list[tuple[Cells, Mapping[str, str | int]]]] = defaultdict(list)
    for file, table in files.items():
        content = unit.files[file]
        try:
            opened = open_table(content if isinstance(content, bytes) else content(), delimiters=DELIMITERS)
            if table == "service" and "id" not in opened.names:
                raise ParseError("unknown-header", "row 1", "id")
        except ParseError as error:
            yield unreadable(error, {"file": file}, b"")
            continue
        for row in opened.rows():
            where: dict[str, str | int] = {"file": file, "row": row.number}
            if isinstance(row, RowFault):
                yield unreadable(row.error, where, b"")
            else:
                rows[table].append((row.cells, where))
    if not rows["service"]:  # a table of services that could not be read has its own outcome beside
        yield ignored("no-service", {"file": next(iter(files))}, b"")
    by = _Index({table: [cells for cells, _ in found] for table, found in rows.items()})
    for cells, at in rows["service"]:
        yield Joined(by.service(cells), at)


class _Index:
    """The other tables by the keys that services, places and terms are joined on."""

    def __init__(self, tables: Mapping[str, list[Cells]]) -> None:
        self._tables = tables
        self._indexed: dict[tuple[str, str], dict[str, list[Cells]]] = {}

    def service(self, cells: Cells) -> dict[str, Any]:
        own = cells.get("id", "")
        program = next(iter(self._of("program", "id", cells.get("program_id", ""))), {})
        return {
            **cells,
            "organization": {"id": cells.get("organization_id") or program.get("organization_id", "")},
            "service_at_locations": [self._place(each) for each in self._of("service_at_location", "service_id", own)],
            "schedules": self._of("schedule", "service_id", own),
            "languages": self._of("language", "service_id", own),
            "capacities": self._of("capacity", "service_id", own),
            "metadata": self._of("metadata", "resource_id", own),
            "attributes": [*self._terms("service_id", own), *self._terms("link_id", own)],
        }

    def _place(self, link: Cells) -> dict[str, Any]:
        number = link.get("location_id", "")
        known = next(iter(self._of("location", "id", number)), {"id": number})
        location = {
            **known,
            "addresses": self._of("address", "location_id", number),
            "schedules": self._of("schedule", "location_id", number),
        }
        return {
            "id": link.get("id", ""),
            "schedules": self._of("schedule", "service_at_location_id", link.get("id", "")),
            "location": location,
        }

    def _terms(self, key: str, own: str) -> list[dict[str, Any]]:
        found = []
        for link in self._of("attribute", key, own):
            number = link.get("taxonomy_term_id") or link.get("taxonomy_id", "")
            term = next(iter(self._of("term", "id", number)), {"code": number})
            found.append({"value": link.get("value", ""), "taxonomy_term": dict(term)})
        return found

    def _of(self, table: str, key: str, value: str) -> list[Cells]:
        if not value:
            return []
        index = self._indexed.get((table, key))
        if index is None:
            index = self._indexed[table, key] = defaultdict(list)
            for cells in self._tables.get(table, []):
                index[cells.get(key, "")].append(cells)
        return index.get(value, [])
