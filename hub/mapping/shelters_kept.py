"""What is kept of an HMIS row beside its event: its position, and its original without free text and without what no year knows.

Free text (where somebody sleeps, what they call themselves) leaves before anything is kept, and so does every column that none of
the three years has: such columns are counted and go nowhere. Of somebody who is fleeing the columns that say where leave too. A row
that is no row cannot be told apart so: nothing of it is kept where its table has free text or unknown columns, or where it may be a
victim service provider's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Set

from hub.formats.delimited import Row, RowFault, Table
from hub.mapping.shelters_hashed import holds_clear_text
from hub.mapping.shelters_lists import columns_of

__all__ = ["Kept"]

Where = Mapping[str, str | int]


class Kept:
    """Of one table. `unknown`: its columns that no year has. `fleeing`: PersonalIDs. `whole_rows` false: of broken rows nothing may
    be kept. `hashed_only`: nor of rows with a clear name or SSN."""

    def __init__(
        self, name: str, table: Table, fleeing: Set[str], *, whole_rows: bool, hashed_only: bool = False
    ) -> None:
        told = columns_of(name)
        self.file = f"{name}.csv"
        self._names = table.names
        self.unknown = tuple(column for column in table.names if column not in told.known)
        self._dropped = frozenset(table.names).intersection((*told.text, *self.unknown))
        self._looked_at = tuple(self._dropped)
        self._places = frozenset(table.names).intersection(told.places) if fleeing else frozenset()
        self._fleeing = fleeing
        self._hashed_only = hashed_only
        self._broken = whole_rows and not self._dropped

    @property
    def hides_places(self) -> bool:
        """Whether the table has columns that leave the rows of those who are fleeing."""
        return bool(self._places)

    def dropped(self, name: str) -> bool:
        """Whether what stands in this column leaves a row."""
        return name in self._dropped

    def of(self, row: Row | RowFault) -> tuple[Where, bytes]:
        """The position of a row, and its original as it may be kept."""
        where: Where = {"file": self.file, "row": row.number}
        if isinstance(row, RowFault):
            return where, row.raw if self._broken else b""
        cells = row.cells
        if self._hashed_only and holds_clear_text(cells):
            return where, b""
        if self._places and cells.get("personalid") in self._fleeing:
            return where, self._without(cells, self._dropped | self._places)
        for name in self._looked_at:
            if cells[name]:
                return where, self._without(cells, self._dropped)
        return where, row.raw

    def _without(self, cells: Mapping[str, str], dropped: Set[str]) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerow("" if name in dropped else cells[name] for name in self._names)
        return out.getvalue().encode()
