"""Where a registry may stand: tests that take `places` run on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from hub.identity.database import Where, open_to_read
from hub.identity.schema import METADATA
from tests.fixtures_postgres import Postgres


class Places:
    """One kind of database. `postgres` is None for SQLite."""

    def __init__(self, postgres: Postgres | None) -> None:
        self._postgres = postgres
        self._databases: dict[Path, str] = {}

    def of(self, folder: Path) -> Where:
        """The registry of a folder: empty at first, the same one each time."""
        if self._postgres is None:
            return folder / "identity.sqlite"
        if folder not in self._databases:
            self._databases[folder] = self._postgres.database()
        return make_url(self._postgres.url(self._databases[folder]))

    def emptied(self, folder: Path) -> Where:
        """The registry of a folder that was never used; on PostgreSQL one for all of them, emptied: to make one takes long."""
        if self._postgres is None:
            return self.of(folder)
        where = self.of(Path("scratch"))
        self._postgres.execute(self._databases[Path("scratch")], "drop schema public cascade", "create schema public")
        return where

    def examples(self, sqlite: int, postgresql: int) -> int:
        """One number or the other: a server takes its time, so fewer examples are tried on it."""
        return sqlite if self._postgres is None else postgresql

    def held(self, folder: Path) -> bytes:
        """All that a registry holds, with the files beside it."""
        held = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
        if self._postgres is not None:
            engine = open_to_read(self.of(folder))
            with engine.connect() as connection:
                for table in METADATA.sorted_tables:
                    for row in connection.execute(select(table)):
                        held += b"|".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
            engine.dispose()
        return held


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest) -> Places:
    return Places(request.getfixturevalue("postgres") if request.param == "postgresql" else None)
