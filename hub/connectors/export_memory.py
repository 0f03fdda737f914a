"""What the exports of one connector told, so that a row missing from a full refresh is noticed, and a consent taken back: one
SQLite file (0600).

Tokens, days and change times alone: no identifier, no value. Facts of one export are laid aside while it is read and merged in one
transaction at its end; a crash before leaves nothing, and an export read again ends as the first time. Lost, it costs withdrawals:
rows of exports told before its loss are not missed until they are told again.

That an export was read to its end does not say that what it told arrived: the broker may be away, and the file overwritten before
it is back. So a withdrawal is told again, under the same event id, by the next `TOLD_AGAIN` exports that have its project.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from hub.connectors.kept import private_folder
from hub.domain.absent_rows import Chosen, Ended, Gone, Held, Scope, Told, too_many

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
  gone_changed INTEGER, PRIMARY KEY (row, fact)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fact_gone ON fact (gone) WHERE gone IS NOT NULL;
CREATE TABLE IF NOT EXISTS gone_told (row TEXT, fact TEXT, export TEXT, PRIMARY KEY (row, fact, export)) WITHOUT ROWID;
"""
_ASIDE = """
CREATE TEMP TABLE new_row (row TEXT);
CREATE TEMP TABLE new_shape (id INTEGER PRIMARY KEY, told_in TEXT, project TEXT, text TEXT, UNIQUE (told_in, project, text));
CREATE TEMP TABLE new_fact (
  row TEXT, fact TEXT, shape INTEGER, first INTEGER, last INTEGER, day INTEGER, changed INTEGER, active INTEGER);
CREATE TEMP TABLE gone_now (row TEXT, fact TEXT, made_at INTEGER, PRIMARY KEY (row, fact)) WITHOUT ROWID;
"""
_MERGE = """
INSERT INTO fact (row, fact, shape, first, last, day, changed, active, told)
  SELECT n.row, n.fact, s.id, n.first, n.last, n.day, n.changed, n.active, :made_at FROM new_fact n
  JOIN new_shape a ON a.id = n.shape JOIN shape s ON (s.told_in, s.project, s.text) = (a.told_in, a.project, a.text)
  WHERE true ORDER BY n.row, n.fact
ON CONFLICT (row, fact) DO UPDATE SET
  shape = iif(excluded.told >= told, excluded.shape, shape), first = iif(excluded.told >= told, excluded.first, first),
  last = iif(excluded.told >= told, excluded.last, last), day = iif(excluded.told >= told, excluded.day, day),
  active = iif((excluded.changed, excluded.told) >= (changed, told), excluded.active, active),
  changed = max(changed, excluded.changed), told = max(told, excluded.told)
"""
_SPOKEN_FOR = """
FROM fact f JOIN shape s ON s.id = f.shape
WHERE f.active AND f.first <= :last AND f.last >= :first AND s.told_in IN (SELECT value FROM json_each(:tables))
  AND s.project IN (SELECT value FROM json_each(:projects))
"""
_ABSENT = """
  AND f.told < :made_at AND (f.gone IS NULL OR f.gone <= f.told OR f.gone = :made_at OR f.gone_changed < f.changed)
  AND NOT EXISTS (SELECT 1 FROM gone_now g WHERE g.row = f.row AND g.fact = f.fact)
"""
_OF_THIS = " AND EXISTS (SELECT 1 FROM new_fact n WHERE n.row = f.row AND n.fact = f.fact)"
_NEWLY_GONE = (
    "DELETE FROM gone_told WHERE (row, fact) IN (SELECT g.row, g.fact FROM gone_now g JOIN fact f USING (row, fact)"
    " WHERE f.gone IS NOT g.made_at OR f.gone_changed != f.changed)",
    "UPDATE fact SET gone = g.made_at, gone_changed = changed FROM gone_now g WHERE g.row = fact.row AND g.fact = fact.fact",
)
_GONE_BEFORE = (
    "DELETE FROM gone_told WHERE (row, fact) IN (SELECT row, fact FROM gone_told JOIN fact f USING (row, fact)"
    " JOIN shape s ON s.id = f.shape WHERE s.project IN (SELECT value FROM json_each(:projects))"
    " GROUP BY row, fact HAVING f.gone <= f.told OR (count(*) > :again AND NOT max(export = :id)))",
    "INSERT OR IGNORE INTO gone_now SELECT DISTINCT row, fact, f.gone FROM gone_told JOIN fact f USING (row, fact)"
    " JOIN shape s ON s.id = f.shape WHERE s.project IN (SELECT value FROM json_each(:projects)) AND f.gone > f.told",
    "INSERT OR IGNORE INTO gone_told SELECT row, fact, :id FROM gone_now",
)
"""Whatever is gone and was not told by so many exports yet, or by this one when it was read before."""
_AT_ONCE = 2_000
TOLD_AGAIN = 3
"""Exports, not days: while the broker is away none is read, so each of them is another chance to arrive. (Chosen.)"""


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

    def restored(self, made_at: int) -> Mapping[str, int]:
        if not self._path.exists():
            return {}
        with self._opened() as db:
            asked = "SELECT row, fact, gone_changed FROM fact WHERE gone IS NOT NULL AND gone <= ?"
            return {fact or row: changed for row, fact, changed in db.execute(asked, (made_at,))}

    @contextmanager
    def telling(self, scope: Scope) -> Iterator[_Telling]:
        with self._opened() as db:
            yield _Telling(db, scope)

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
        return db


class _Telling:
    """See hub.domain.absent_rows.Telling."""

    def __init__(self, db: sqlite3.Connection, scope: Scope) -> None:
        self._db, self._scope = db, scope
        self._rows: list[tuple[str]] = []
        self._facts: list[tuple[object, ...]] = []
        self._shape = lru_cache(maxsize=16_384)(self._new_shape)
        db.executescript(_ASIDE)

    def row(self, row: str) -> None:
        self._rows.append((row,))
        if len(self._rows) >= _AT_ONCE:
            self._flush()

    def fact(self, told: Told) -> None:
        shape = self._shape(told.table, told.project, told.shape)
        fact = told.fact if told.fact != told.row else ""
        self._facts.append((told.row, fact, shape, told.first, told.last, told.day, told.changed, int(told.active)))
        if len(self._facts) >= _AT_ONCE:
            self._flush()

    def end(self, tables: frozenset[str]) -> Ended:
        self._flush()
        db, scope = self._db, self._scope
        db.execute("CREATE INDEX temp.new_fact_row ON new_fact (row, fact)")  # _OF_THIS asks it for each fact
        about: dict[str, Any] = {
            "id": scope.export, "made_at": scope.made_at, "first": scope.first, "last": scope.last, "most": scope.most,
            "projects": json.dumps(scope.projects), "tables": json.dumps(sorted(tables)), "again": TOLD_AGAIN,
        }  # fmt: skip
        with db:  # commits, or undoes
            db.execute("BEGIN IMMEDIATE")
            self._merge(about)
            held = tuple(each for export in self._judges() for each in self._judge(export))
            for each in _NEWLY_GONE:
                db.execute(each)
            for each in _GONE_BEFORE:
                db.execute(each, about)
        return Ended(held, self._gone())

    def _merge(self, about: dict[str, Any]) -> None:
        db = self._db
        db.execute("INSERT OR IGNORE INTO shape (told_in, project, text) SELECT told_in, project, text FROM new_shape")
        db.execute(_MERGE, about)
        db.execute(
            "UPDATE fact SET told = max(told, :made_at) WHERE row IN (SELECT row FROM new_row)",
            {"made_at": about["made_at"]},
        )
        db.execute(
            "INSERT INTO export (id, made_at, first, last, projects, tables, most)"
            " VALUES (:id, :made_at, :first, :last, :projects, :tables, :most) ON CONFLICT (id) DO UPDATE SET"
            " made_at = :made_at, first = :first, last = :last, projects = :projects, tables = :tables, most = :most",
            about,
        )

    def _judges(self) -> list[dict[str, Any]]:
        """Those that somebody said are right; this export; newer ones, that speak for what it told; and those that are held, which
        may lack less by now. Newest first."""
        names = ("id", "made_at", "first", "last", "projects", "tables", "most", "accepted", "was_held", "pending")
        asked = (
            "SELECT id, made_at, first, last, projects, tables, most, accepted, held != '{}',"
            " accepted AND (applied_by IS NULL OR applied_by = :id) AS pending FROM export"
            " WHERE tables != '[]' AND (id = :id OR made_at > :at OR (held != '{}' AND NOT accepted) OR pending)"
            " ORDER BY pending DESC, made_at DESC, id"
        )
        there = self._db.execute(asked, {"id": self._scope.export, "at": self._scope.made_at})
        return [dict(zip(names, each, strict=True)) for each in there.fetchall()]

    def _judge(self, export: dict[str, Any]) -> Iterator[Held]:
        """Lay aside what this export lacks, unless it lacks too much."""
        db, name = self._db, self._scope.export
        whole = export["id"] == name or export["pending"] or (export["was_held"] and not export["accepted"])
        which = _SPOKEN_FOR if whole else _SPOKEN_FOR + _OF_THIS
        if export["pending"]:
            db.execute("UPDATE export SET applied_by = ? WHERE id = ?", (name, export["id"]))
        elif not export["accepted"]:
            over = self._over(export, which)
            if over or whole:
                db.execute("UPDATE export SET held = ? WHERE id = ?", (json.dumps(over), export["id"]))
            if over:
                if export["id"] == name or not export["was_held"]:
                    yield from (Held(export["id"], table, *counts) for table, counts in sorted(over.items()))
                return
        db.execute(f"INSERT OR IGNORE INTO gone_now SELECT f.row, f.fact, :made_at {which}{_ABSENT}", export)

    def _over(self, export: dict[str, Any], which: str) -> dict[str, tuple[int, int]]:
        """Tables of which more rows are absent than it may lack: how many, of how many known."""
        count = f"SELECT s.told_in, count(DISTINCT f.row) {which}"
        absent = dict(self._db.execute(f"{count}{_ABSENT} GROUP BY 1", export).fetchall())
        there = (
            dict(self._db.execute(f"{count} AND f.told >= :made_at GROUP BY 1", export).fetchall()) if absent else {}
        )
        known = {table: missing + there.get(table, 0) for table, missing in absent.items()}
        return {t: (missing, known[t]) for t, missing in absent.items() if too_many(missing, known[t], export["most"])}

    def _gone(self) -> Iterator[Gone]:
        asked = (
            "SELECT iif(f.fact = '', f.row, f.fact), s.told_in, f.day, f.gone_changed, g.made_at, s.text FROM gone_now g"
            " JOIN fact f ON f.row = g.row AND f.fact = g.fact JOIN shape s ON s.id = f.shape ORDER BY s.told_in, g.row, g.fact"
        )
        for found in self._db.execute(asked):
            yield Gone(*found)

    def _new_shape(self, table: str, project: str, text: str) -> int:
        asked = "INSERT INTO new_shape (told_in, project, text) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET text = text RETURNING id"
        (found,) = self._db.execute(asked, (table, project, text)).fetchone()
        assert isinstance(found, int)
        return found

    def _flush(self) -> None:
        with self._db as db:
            db.execute("BEGIN")
            db.executemany("INSERT INTO new_row VALUES (?)", self._rows)
            db.executemany("INSERT INTO new_fact VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self._facts)
        self._rows.clear()
        self._facts.clear()
