"""For tests of who closes what: every connection to SQLite that is made, and which of them is open."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

__all__ = ["Connections"]


class Connections:
    """Every connection that was made, and which of them is open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = self.made = list[sqlite3.Connection]()
        closed = self.closed = list[sqlite3.Connection]()
        self.before: Callable[[], None] = lambda: None
        connect = sqlite3.connect

        class Watched(sqlite3.Connection):
            def close(self) -> None:
                super().close()
                closed.append(self)

        def watched(*args: Any, **options: Any) -> sqlite3.Connection:
            self.before()
            made.append(connect(*args, factory=Watched, **options))
            return made[-1]

        monkeypatch.setattr(sqlite3, "connect", watched)

    def all_closed(self) -> bool:
        return {id(each) for each in self.made} == {id(each) for each in self.closed}
