"""Numbers of rows, given out before they are written, since what is published carries them. Gap-free: a batch that is rolled back
takes its numbers back. (A sequence of PostgreSQL would not, and SQLite has none.)"""

from __future__ import annotations

from sqlalchemy import Connection, Table, bindparam, select, update

from hub.identity.schema import NUMBERING
from hub.identity.sql import write

__all__ = ["Numbering"]

_LOAD = select(NUMBERING.c.name, NUMBERING.c.last)
_STORE = update(NUMBERING).where(NUMBERING.c.name == bindparam("of")).values(last=bindparam("now"))


class Numbering:
    """For one transaction: one read at the first `take`, one write at the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last: dict[str, int] | None = None
        self._taken: set[str] = set()

    def take(self, table: Table, count: int) -> range:
        """The next numbers of a table."""
        if self._last is None:
            self._last = {row.name: row.last for row in self._connection.execute(_LOAD)}
        first = self._last[table.name] + 1
        if count:
            self._last[table.name] += count
            self._taken.add(table.name)
        return range(first, first + count)

    def store(self) -> None:
        """Keep what was taken, in the same transaction."""
        if self._taken and self._last is not None:
            told = [{"of": name, "now": self._last[name]} for name in sorted(self._taken)]
            write(self._connection, _STORE, told)
