"""Which rows of an SQL poll the next round meets again, those within its overlap: only what is new, or differs, is delivered.

A row is known by a hash of all that it says. What was forgotten (`MOST` are remembered) is delivered again, under the same ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from hub.connectors.sql_values import table

__all__ = ["MOST", "Seen"]

MOST = 1_000
"""Rows that a position remembers: some 25 kB of it."""


class Seen:
    """Of one round. `known` is what the position that it began at remembers."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = set(known)
        self._met: dict[str, Any] = {}  # hash → cursor, in the order of the source

    def fresh(self, rows: Iterable[dict[str, Any]], cursor: str) -> list[dict[str, Any]]:
        """Those of the next rows that were not delivered as they are now."""
        marked = [(_mark(row), row) for row in rows]
        self._met.update((mark, row[cursor]) for mark, row in marked)
        for mark in list(self._met)[:-MOST]:
            del self._met[mark]
        return [row for mark, row in marked if mark not in self._known]

    def kept(self, begin: Any, *, whole: bool) -> list[str]:
        """What the position after these rows remembers, when the next round begins at the cursor `begin`. `whole`: the round is at
        its end; before, what was known may still come."""
        met = [mark for mark, cursor in self._met.items() if cursor >= begin]
        return [*([] if whole else sorted(self._known.difference(met))), *met][-MOST:]


def _mark(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(table([dict(row)])).hexdigest()[:20]
