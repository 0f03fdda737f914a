"""What the exports of one connector told, so that a row missing from a full refresh is noticed, and a consent taken back: one
SQLite file (0600).

Tokens, days and change times alone: no identifier, no value. Facts of one export are laid aside while it is read and merged in one
transaction at its end; a crash before leaves nothing, and an export read again ends as the first time. Lost, it costs withdrawals:
rows of exports told before its loss are not missed until they are told again.

That an export was read to its end does not say that what it told arrived: the broker may be away, and the file overwritten before
it is back. So a withdrawal is told again, under the same event id, by the next exports that have its project.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from hub.connectors.export_telling import ExportTelling
from hub.connectors.kept import private_folder
from hub.domain.absent_rows import Chosen, Scope

__all__ = ["ExportMemory", "Waiting", "memory_path"]

_SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS export (
  id TEXT PRIMARY KEY, made_at INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, projects TEXT NOT NULL,
  tables TEXT NOT NULL, most REAL NOT NULL, held TEXT NOT NULL DEFAULT '{}', accepted INTEGER NOT NULL DEFAULT 0,
  applied_by TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS choice (person TEXT PRIMARY KEY, given INTEGER, refused INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shape (
  id INTEGER PRIMARY KEY, told_in TEXT NOT NULL, project TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (told_in, project, text));
CREATE TABLE IF NOT EXISTS fact (
  row TEXT NOT NULL, fact TEXT NOT NULL, shape INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  day INTEGER NOT NULL, changed INTEGER NOT NULL, active INTEGER NOT NULL, told INTEGER NOT NULL, gone INTEGER,
  gone_changed INTEGER, stood INTEGER, deleted INTEGER, deleted_changed INTEGER, back INTEGER,
  PRIMARY KEY (row, fact)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gone_told (row TEXT, fact TEXT, export TEXT, PRIMARY KEY (row, fact, export)) WITHOUT ROWID;
"""
_SINCE_THEN = ("stood", "deleted", "deleted_changed", "back")
"""Columns that a file of before does not have."""
_BY_NAME = """
CREATE INDEX IF NOT EXISTS fact_not_there ON fact (iif(fact = '', row, fact)) WHERE gone IS NOT NULL OR deleted IS NOT NULL
"""


def memory_path(instance: Path, connector: str) -> Path:
    """Where it stands in an instance directory."""
    return instance / "exports" / f"{connector}.sqlite"


class Waiting(NamedTuple):
    """An export that is held. `absent`: by table, (absent, known) rows."""

    export: str
    made_at: int
    accepted: bool
    absent: Mapping[str, tuple[int, int]]


class ExportMemory:
    """Of one connector; the file is made with the first export. One reader at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def telling(self, scope: Scope) -> Iterator[ExportTelling]:
        with self._opened() as db:
            yield ExportTelling(db, scope)

    def choices(self) -> Mapping[str, Chosen]:
        if not self._path.exists():
            return {}
        with self._opened() as db:
            return {who: Chosen(*told) for who, *told in db.execute("SELECT person, given, refused FROM choice")}

    def chose(self, told: Mapping[str, Chosen]) -> None:
        if not told:
            return
        with self._opened() as db, db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO choice VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
                " given = coalesce(max(given, excluded.given), given, excluded.given),"
                " refused = coalesce(max(refused, excluded.refused), refused, excluded.refused)",
                [(who, *chosen) for who, chosen in told.items()],
            )

    def held(self) -> list[Waiting]:
        """Exports that somebody was asked about, or said are right and that no later export carried out yet; newest first."""
        if not self._path.exists():
            return []
        with self._opened() as db:
            asked = "SELECT id, made_at, accepted, held FROM export WHERE held != '{}' AND applied_by IS NULL ORDER BY made_at DESC"
            return [
                Waiting(
                    name,
                    made_at,
                    bool(accepted),
                    {table: (one, all_) for table, (one, all_) in json.loads(held).items()},
                )
                for name, made_at, accepted, held in db.execute(asked)
            ]

    def accept(self, export: str) -> bool:
        """What this held export lacks is really gone: it is withdrawn when the next export is read. False: no such one waits."""
        if not self._path.exists():
            return False
        with self._opened() as db, db:
            asked = "UPDATE export SET accepted = 1 WHERE id = ? AND held != '{}' AND applied_by IS NULL"
            return bool(db.execute(asked, (export,)).rowcount)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """A disk that is full, or a file that another holds, is no fault of what is read: it is read again (OSError)."""
        try:
            with closing(self._open()) as db:
                yield db
        except sqlite3.OperationalError as trouble:
            raise OSError(f"{self._path.name}: {trouble}") from trouble

    def _open(self) -> sqlite3.Connection:
        private_folder(self._path.parent)
        self._path.touch(0o600)
        db = sqlite3.connect(self._path, timeout=60, isolation_level=None, check_same_thread=False)
        db.executescript(_SCHEMA)
        if not _columns(db).issuperset(_SINCE_THEN):
            _bring_up_to_date(db)
        db.execute(_BY_NAME)
        return db


def _columns(db: sqlite3.Connection) -> set[str]:
    return {name for _, name, *_ in db.execute("PRAGMA table_info(fact)")}


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    """A file of before: what stood then still does, what was withdrawn had been deleted. All of it or nothing, once."""
    db.execute("BEGIN IMMEDIATE")
    there = _columns(db)  # another process may have been faster
    for name in _SINCE_THEN:
        if name not in there:
            db.execute(f"ALTER TABLE fact ADD COLUMN {name} INTEGER")
    if "stood" not in there:
        db.execute("UPDATE fact SET stood = told WHERE active")
        db.execute("UPDATE fact SET deleted = told, deleted_changed = changed WHERE NOT active")
    db.execute("COMMIT")
