"""A linkage set: records of made-up people as several sources wrote them, and who each of them truly is.

The columns are those that `hub identity evaluate` reads and three more: `birth_date_partial` (`1`: the source says that the
day is an estimate); `origin` and `housing`, which no linkage may look at, to count errors by group.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

__all__ = ["COLUMNS", "LinkageSet", "MadeRecord"]

COLUMNS = (
    "record_id", "source", "given_name", "middle_name", "family_name", "previous_family_name", "suffix", "birth_date", "sex", "ssn",
    "phone", "email", "address_line", "city", "state", "postal_code", "county", "race_ethnicity",
    "birth_date_partial", "origin", "housing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MadeRecord:
    """One record: `fields` by column name (absent: the source does not say), and the truth of it."""

    record_id: str
    fields: Mapping[str, str]
    person: str
    household: str

    def row(self) -> list[str]:
        """The record as a row under `COLUMNS`; missing values are empty."""
        return [self.record_id, *(self.fields.get(column, "") for column in COLUMNS[1:])]


@dataclass(frozen=True, slots=True)
class LinkageSet:
    """Records in the order in which they arrive."""

    records: tuple[MadeRecord, ...]

    def truth(self) -> Iterator[tuple[str, str]]:
        """Every pair of records of one person, each pair once, the smaller id left."""
        of: dict[str, list[str]] = {}
        for record in self.records:
            of.setdefault(record.person, []).append(record.record_id)
        for ids in of.values():
            yield from combinations(sorted(ids), 2)

    def write(self, records: Path, pairs: Path) -> None:
        """Writes both files that `hub identity evaluate --records … --truth …` reads."""
        with records.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            writer.writerows(record.row() for record in self.records)
        with pairs.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(("left_id", "right_id"))
            writer.writerows(self.truth())
