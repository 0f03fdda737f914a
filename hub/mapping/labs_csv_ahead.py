"""Rows of laboratory CSV that belong together: single genes and the overall result of their order, near each other in a file.

A file is read in constant memory, so rows are looked for among some hundred before and behind; exports write an order's rows one
after the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from hub.domain.lab_report import role_of
from hub.domain.placeholders import real_id
from hub.formats.delimited import Row, RowFault
from hub.mapping.cells import unwrapped

__all__ = ["Ahead"]

_AHEAD = 200
"""So many rows are read ahead of one of a single gene, and so many of genes and overall results kept behind it."""
_MOST_BESIDE = 50
_MOST_BYTES = 4 * 1024 * 1024
_LABORATORY = ("lab_clia", "lab_name")
_PERSON = ("local_id", "family_name", "given_name", "birth_date")
_Key = tuple[str, ...]


class Ahead:
    """`columns`: by field the names of its columns, as the layout of the file has them."""

    def __init__(self, columns: Mapping[str, tuple[str, ...]]) -> None:
        self._columns = columns
        self._codes = columns.get("test_code", ())
        self._passed: deque[Row] = deque(maxlen=2 * _AHEAD)  # not yet in `_near`: most files ask for none
        self._near: dict[_Key, list[Row]] = {}
        self._kept: deque[tuple[Row, tuple[_Key, ...]]] = deque()

    def rows(self, rows: Iterable[Row | RowFault]) -> Iterator[Row | RowFault]:
        """All rows in their order; of each single gene those near it are known when it comes."""
        waiting: deque[Row | RowFault] = deque()
        size = 0
        for row in rows:
            role = self._role(row) if isinstance(row, Row) else ""
            if role and isinstance(row, Row):
                self._passed.append(row)
            if role != "target" and not waiting:
                yield row
                continue
            waiting.append(row)
            size += len(row.raw)
            while waiting and (len(waiting) > _AHEAD or size > _MOST_BYTES or not self._is_gene(waiting[0])):
                size -= len(waiting[0].raw)
                yield waiting.popleft()
        yield from waiting

    def beside(self, row: Row) -> Iterator[tuple[Row, bool]]:
        """Genes and overall results of the same order (True) or, of another one, of the same specimen or person and time."""
        while self._passed:
            self._keep(self._passed.popleft())
        told = {id(row)}
        for key in self._keys(row):
            for other in self._near.get(key, ())[:_MOST_BESIDE]:
                if id(other) not in told:
                    told.add(id(other))
                    yield other, key[0] == "order_id"

    def _role(self, row: Row) -> str:
        for name in self._codes:
            if code := row.cells[name]:
                return role_of(unwrapped(code))
        return ""

    def _is_gene(self, row: Row | RowFault) -> bool:
        return isinstance(row, Row) and self._role(row) == "target"

    def _keys(self, row: Row) -> tuple[_Key, ...]:
        """Of the order, of the specimen, of who was tested when; none of what the row does not tell."""
        laboratory = tuple(self._told(row, field) for field in _LABORATORY)
        named = ((field, real_id(self._told(row, field))) for field in ("order_id", "specimen_id"))
        keys = [(field, *laboratory, value) for field, value in named if value]
        person, taken = tuple(self._told(row, field) for field in _PERSON), self._told(row, "collected")
        if taken and any(person):
            keys.append(("collected", *laboratory, *person, taken))
        return tuple(keys)

    def _told(self, row: Row, field: str) -> str:
        return next((value for name in self._columns.get(field, ()) if (value := row.cells[name])), "")

    def _keep(self, row: Row) -> None:
        keys = self._keys(row)
        self._kept.append((row, keys))
        for key in keys:
            self._near.setdefault(key, []).append(row)
        if len(self._kept) > 2 * _AHEAD:
            old, keys = self._kept.popleft()
            for key in keys:
                rest = [other for other in self._near[key] if other is not old]
                if rest:
                    self._near[key] = rest
                else:
                    del self._near[key]
