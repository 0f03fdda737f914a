"""One export being told to the memory of its connector (hub.connectors.export_memory): laid aside row by row, merged at its end.

`fact.told` is when the newest export was made that has the row, `stood` the newest that has it standing, `deleted` the newest that
has it deleted, `back` the newest that has it standing after that or after it was gone; `gone` the export for whose sake it was
withdrawn. The `…_changed` are the change times of what was told then.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from hub.domain.absent_rows import Ended, Gone, Held, Laid, Scope, Standing, Told, too_many

__all__ = ["TOLD_AGAIN", "ExportTelling"]

_ASIDE = """
CREATE TEMP TABLE new_row (row TEXT);
CREATE TEMP TABLE new_shape (id INTEGER PRIMARY KEY, told_in TEXT, project TEXT, text TEXT, known INTEGER);
CREATE TEMP TABLE new_fact (
  row TEXT, fact TEXT, shape INTEGER, first INTEGER, last INTEGER, day INTEGER, changed INTEGER, active INTEGER);
CREATE TEMP TABLE gone_now (row TEXT, fact TEXT, made_at INTEGER, PRIMARY KEY (row, fact)) WITHOUT ROWID;
"""
_MERGE = """
INSERT INTO fact (row, fact, shape, first, last, day, changed, active, told, stood, deleted, deleted_changed)
  SELECT n.row, n.fact, a.known, n.first, n.last, n.day, n.changed, n.active, :made_at,
    iif(n.active, :made_at, NULL), iif(n.active, NULL, :made_at), iif(n.active, NULL, n.changed) FROM new_fact n
  JOIN new_shape a ON a.id = n.shape
  WHERE true ORDER BY n.row, n.fact, n.rowid
ON CONFLICT (row, fact) DO UPDATE SET
  shape = iif(excluded.told >= told, excluded.shape, shape), first = iif(excluded.told >= told, excluded.first, first),
  last = iif(excluded.told >= told, excluded.last, last), day = iif(excluded.told >= told, excluded.day, day),
  active = iif((excluded.changed, excluded.told) >= (changed, told), excluded.active, active),
  changed = max(changed, excluded.changed), told = max(told, excluded.told),
  back = iif(excluded.active AND (gone <= excluded.told OR deleted < excluded.told), max(coalesce(back, 0), excluded.told), back),
  stood = coalesce(max(stood, excluded.stood), stood, excluded.stood),
  deleted = coalesce(max(deleted, excluded.deleted), deleted, excluded.deleted),
  deleted_changed = coalesce(max(deleted_changed, excluded.deleted_changed), deleted_changed, excluded.deleted_changed)
"""
_KNOWN_SHAPE = """
UPDATE new_shape AS a SET known = s.id FROM shape s WHERE (s.told_in, s.project, s.text) = (a.told_in, a.project, a.text)
"""
_SPOKEN_FOR = """
FROM fact f JOIN shape s ON s.id = f.shape
WHERE f.active AND f.first <= :last AND f.last >= :first AND s.told_in IN (SELECT value FROM json_each(:tables))
  AND s.project IN (SELECT value FROM json_each(:projects))
"""
_ABSENT = """
  AND f.told < :made_at AND (f.gone IS NULL OR f.gone <= f.stood OR f.gone = :made_at OR f.gone_changed < f.changed)
  AND NOT EXISTS (SELECT 1 FROM gone_now g WHERE g.row = f.row AND g.fact = f.fact)
"""
_OVERTAKEN = """
INSERT OR IGNORE INTO gone_now SELECT f.row, f.fact, f.deleted FROM fact f JOIN shape s ON s.id = f.shape
WHERE (f.gone IS NOT NULL OR f.deleted IS NOT NULL) AND f.deleted > f.stood
  AND EXISTS (SELECT 1 FROM new_fact n WHERE n.row = f.row AND n.fact = f.fact) AND s.told_in != 'end-of-stay'
  AND (f.changed > f.deleted_changed OR f.back IS NOT NULL)
  AND (f.gone IS NULL OR f.gone <= f.stood OR f.gone = f.deleted OR f.gone_changed < f.changed)
"""
"""A version sorts above the deletion that the newest export has of it (but for absent_rows.END_OF_STAY, which is no fact)."""
_NOT_THERE = """
SELECT iif(fact = '', row, fact), max(coalesce(gone_changed, 0), coalesce(deleted_changed, 0)) FROM fact
WHERE (gone IS NOT NULL OR deleted IS NOT NULL) AND coalesce(gone, 0) <= :made_at AND coalesce(deleted, -1) < :made_at
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
    " GROUP BY row, fact HAVING f.gone <= f.stood OR (count(*) > :again AND NOT max(export = :id)))",
    "INSERT OR IGNORE INTO gone_now SELECT DISTINCT row, fact, f.gone FROM gone_told JOIN fact f USING (row, fact)"
    " JOIN shape s ON s.id = f.shape WHERE s.project IN (SELECT value FROM json_each(:projects)) AND f.gone > f.stood",
    "INSERT OR IGNORE INTO gone_told SELECT row, fact, :id FROM gone_now",
)
"""Whatever is gone and was not told by so many exports yet, or by this one when it was read before."""
_AT_ONCE = 2_000
_KNOWN = 100_000
"""So many facts that are not there are known by heart, some 20 MB; where there are more, each is looked up. (Chosen.)"""
TOLD_AGAIN = 3
"""Exports, not days: while the broker is away none is read, so each of them is another chance to arrive. (Chosen.)"""


class ExportTelling:
    """See hub.domain.absent_rows.Telling."""

    def __init__(self, db: sqlite3.Connection, scope: Scope) -> None:
        self._db, self._scope = db, scope
        self._rows: list[tuple[str]] = []
        self._facts: list[Laid] = []
        self._shapes: list[tuple[int, str, str, str]] = []
        self._numbers = count(1)
        self._shape = lru_cache(maxsize=16_384)(self._new_shape)
        db.executescript(_ASIDE)
        self.withdrawn = self._withdrawn()

    def stands(self, row: str, fact: str) -> bool:
        asked = "SELECT 1 FROM fact WHERE row = ? AND fact = ? AND stood > ?"
        named = (row, fact if fact != row else "", self._scope.made_at)
        return self._db.execute(asked, named).fetchone() is not None

    def standing(self, row: str, fact: str) -> Standing | None:
        asked = "SELECT stood, deleted, changed FROM fact WHERE row = ? AND fact = ?"
        found = self._db.execute(asked, (row, fact if fact != row else "")).fetchone()
        return Standing(*found) if found else None

    def _withdrawn(self) -> Callable[[str], int | None]:
        """By heart where there are few, else by a look."""
        db, at = self._db, {"made_at": self._scope.made_at}
        known = dict(db.execute(f"{_NOT_THERE} LIMIT {_KNOWN + 1}", at).fetchall())
        if len(known) <= _KNOWN:
            return known.get
        asked = f"{_NOT_THERE} AND iif(fact = '', row, fact) = :name"

        def looked_up(name: str) -> int | None:
            return next((changed for _, changed in db.execute(asked, {**at, "name": name})), None)

        return looked_up

    def row(self, row: str) -> None:
        self._rows.append((row,))
        if len(self._rows) >= _AT_ONCE:
            self._flush()

    def fact(self, told: Told) -> None:
        row, fact, table, project, first, last, day, changed, active, text = told
        self.facts(
            [(row, fact if fact != row else "", self.shape(table, project, text), first, last, day, changed, active)]
        )

    def facts(self, told: Sequence[Laid]) -> None:
        self._facts += told
        if len(self._facts) >= _AT_ONCE:
            self._flush()

    def shape(self, table: str, project: str, text: str) -> int:
        return self._shape(table, project, text)

    def end(self, tables: frozenset[str]) -> Ended:
        self._flush()
        db, scope = self._db, self._scope
        about: dict[str, Any] = {
            "id": scope.export, "made_at": scope.made_at, "first": scope.first, "last": scope.last, "most": scope.most,
            "projects": json.dumps(scope.projects), "tables": json.dumps(sorted(tables)), "again": TOLD_AGAIN,
        }  # fmt: skip
        with db:  # commits, or undoes
            db.execute("BEGIN IMMEDIATE")
            self._merge(about)
            # Asked for each fact from here on. Had the merge an index, it would look up each row by it in place of sorting them.
            db.execute("CREATE INDEX temp.new_fact_row ON new_fact (row, fact)")
            db.execute(_OVERTAKEN)
            held = tuple(each for export in self._judges() for each in self._judge(export))
            for each in _NEWLY_GONE:
                db.execute(each)
            for each in _GONE_BEFORE:
                db.execute(each, about)
        return Ended(held, self._gone())

    def _merge(self, about: dict[str, Any]) -> None:
        db = self._db
        db.execute("INSERT OR IGNORE INTO shape (told_in, project, text) SELECT told_in, project, text FROM new_shape")
        db.execute(_KNOWN_SHAPE)  # once of each shape, not of each fact
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
        return {
            t: (missing, known[t]) for t, missing in absent.items() if too_many(t, missing, known[t], export["most"])
        }

    def _gone(self) -> Iterator[Gone]:
        asked = (
            "SELECT iif(f.fact = '', f.row, f.fact), s.told_in, f.day, f.gone_changed, g.made_at, s.text FROM gone_now g"
            " JOIN fact f ON f.row = g.row AND f.fact = g.fact JOIN shape s ON s.id = f.shape ORDER BY s.told_in, g.row, g.fact"
        )
        for found in self._db.execute(asked):
            yield Gone(*found)

    def _new_shape(self, table: str, project: str, text: str) -> int:
        """Its number. One that comes again long after has two: asking the database for each took a quarter of the time of a row."""
        number = next(self._numbers)
        self._shapes.append((number, table, project, text))
        return number

    def _flush(self) -> None:
        with self._db as db:
            db.execute("BEGIN")
            db.executemany("INSERT INTO new_shape VALUES (?, ?, ?, ?, NULL)", self._shapes)
            db.executemany("INSERT INTO new_row VALUES (?)", self._rows)
            db.executemany("INSERT INTO new_fact VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self._facts)
        self._shapes.clear()
        self._rows.clear()
        self._facts.clear()
