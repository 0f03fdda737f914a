"""What an earlier or later version of the hub left behind, and whether the steps lead to the tables that the code works with."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from hub.errors import ConfigError
from hub.identity.batch import LOCAL_ID_PLACE, OUTBOX_KEY, OUTBOX_PLACE
from hub.identity.database import Database
from hub.identity.lookup import Lookup
from hub.identity.moves import version_text
from hub.identity.schema import DECISION, METADATA, OUTBOX, PERSON, SOURCE_PERSON, TOLD
from hub.identity.upgrade import HEAD
from hub.privacy.vault import Vault
from tests.fixtures_postgres import Postgres
from tests.identity.conftest import Places
from tests.identity.registries import registry_of
from tests.identity.test_registry import ANA, BEA, at, sight

OLD = """
CREATE TABLE IF NOT EXISTS person (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    person_key  TEXT NOT NULL UNIQUE,
    merged_into TEXT
);
CREATE TABLE IF NOT EXISTS source_person (
    token         TEXT PRIMARY KEY,
    source        TEXT NOT NULL,
    person_key    TEXT NOT NULL,
    link_revision INTEGER NOT NULL,
    match_key     TEXT,
    block_version TEXT,
    local_id      BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS source_person_by_person ON source_person (person_key);
CREATE INDEX IF NOT EXISTS source_person_by_match ON source_person (match_key) WHERE match_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS decision (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL CHECK (kind IN ('create', 'link', 'merge', 'split')),
    person_key TEXT NOT NULL,
    evidence   TEXT NOT NULL,
    model      TEXT NOT NULL,
    actor      TEXT NOT NULL,
    moved      TEXT NOT NULL,
    before     TEXT,
    after      TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS told (
    fact_key      TEXT NOT NULL,
    source_person TEXT NOT NULL,
    took          TEXT,
    PRIMARY KEY (fact_key, source_person)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    topic     TEXT NOT NULL,
    key       BLOB,
    partition INTEGER,
    value     BLOB,
    headers   TEXT NOT NULL
);
"""
"""The tables as the hub made them until its registry's steps were numbered."""


def _old_file(path: Path, vault: Vault) -> dict[str, list[tuple[object, ...]]]:
    """A registry as it was left: two people, one of them merged away, a fact that moved, a record to publish, two published."""
    vault.ensure_keys([OUTBOX_KEY])
    local_id = vault.seal(b"mrn-7", "a", *LOCAL_ID_PLACE, "a").ciphertext
    (value,) = vault.seal_many([b"v"], OUTBOX_KEY, *OUTBOX_PLACE)
    key = "k" * 26
    rows: dict[str, list[tuple[object, ...]]] = {
        "person": [(1, "person1", None), (2, "person2", "person1")],
        "source_person": [
            ("a", "s", "person1", 1, key, version_text(at(1)), local_id),
            ("b", "s", "person1", 2, key, version_text(at(2)), None),
        ],
        "decision": [
            (1, "create", "person1", '["first-seen"]', "exact-1", "identify", '["a"]', None, "person1"),
            (2, "create", "person2", '["first-seen"]', "exact-1", "identify", '["b"]', None, "person2"),
            (
                3,
                "merge",
                "person1",
                '["equal-name-and-birth-date"]',
                "exact-1",
                "identify",
                '["b"]',
                "person2",
                "person1",
            ),
        ],
        "told": [("fact", "a", json.dumps([version_text(at(1)), "event"])), ("fact", "b", None)],
        "outbox": [(7, "t", b"k", 3, value, '[["ce_id", "1"]]')],
    }
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OLD)
        with db:
            for table, values in rows.items():
                db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(values[0]))})", values)
            db.execute("INSERT INTO outbox VALUES (9, 't', NULL, NULL, NULL, '[]')")
            db.execute("DELETE FROM outbox WHERE seq = 9")
        db.execute("PRAGMA user_version = 1")
    return rows


def test_a_file_from_before_the_steps_is_taken_over_whole_and_goes_on(tmp_path: Path) -> None:
    path, numbers = tmp_path / "identity.sqlite", iter(range(3, 9))
    with closing(Vault(tmp_path / "keys.sqlite", b"k" * 32)) as vault:
        rows = _old_file(path, vault)
        with closing(registry_of(path, vault, lambda: f"person{next(numbers)}")) as registry:
            with registry.database.transaction() as connection:
                for table in (PERSON, SOURCE_PERSON, DECISION, TOLD, OUTBOX):
                    kept = [tuple(row) for row in connection.execute(select(table))]
                    if (
                        table is SOURCE_PERSON
                    ):  # but for the keyed hash of name and birth date; which block told is not known
                        assert kept == [(*row[:4], *row[5:], False) for row in rows[table.name]]
                    else:
                        assert kept == rows[table.name]
            assert registry.clusters() == {frozenset("ab")}
            ((seq, record),) = registry.outbox()
            assert (seq, record) == (7, ("t", b"k", b"v", 3, [("ce_id", b"1")]))
            with registry.batch() as batch:
                found = batch.see([sight("c", 1, BEA)])
                batch.put([("t", b"k", b"v", None, None)])
            assert found["c"].person_key == "person3"
            assert [row.seq for row in batch.rows] == [10]
            assert [seq for seq, _ in batch.decisions] == [4]
        with closing(Lookup(path, vault)) as lookup:
            assert lookup.current("person2") == "person1"
            assert lookup.local_ids("person1", "s") == ("mrn-7",)
        with closing(registry_of(path, vault)) as again:
            assert again.clusters() == {frozenset("ab"), frozenset("c")}


def test_the_hub_from_before_the_steps_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "identity.sqlite"
    Database(path).close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] not in (0, 1)  # which is all that it worked on


def test_a_file_whose_first_start_was_cut_short_is_completed(tmp_path: Path) -> None:
    """The old code counted before it made the tables, each by itself."""
    path = tmp_path / "identity.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OLD.partition("CREATE INDEX")[0])
        db.execute("PRAGMA user_version = 1")
    with closing(Vault(tmp_path / "keys.sqlite", b"k" * 32)) as vault, closing(registry_of(path, vault)) as registry:
        with registry.batch() as batch:
            batch.see([sight("a", 1, ANA)])
            batch.put([("t", b"k", b"v", None, None)])
        assert registry.clusters() == {frozenset("a")}
        assert [row.seq for row in registry.outbox()] == [1]
        with registry.database.transaction() as connection:
            indices = {each["name"] for each in inspect(connection).get_indexes("source_person")}
        assert indices == {"source_person_by_person"}


def test_a_takeover_that_is_cut_short_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "identity.sqlite"
    with closing(Vault(tmp_path / "keys.sqlite", b"k" * 32)) as vault:
        _old_file(path, vault)
    before = _dump(path)
    with monkeypatch.context() as patch:
        patch.setattr("alembic.command.upgrade", _upgraded_and_then_killed())
        with pytest.raises(ZeroDivisionError):
            Database(path)
    assert _dump(path) == before
    Database(path).close()


def _upgraded_and_then_killed() -> Callable[[Config, str], None]:
    upgrade = command.upgrade

    def upgraded(config: Config, revision: str) -> None:
        upgrade(config, revision)
        raise ZeroDivisionError

    return upgraded


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [*db.iterdump(), str(db.execute("PRAGMA user_version").fetchone())]


def test_tables_made_by_the_steps_are_the_tables_of_the_code(places: Places, tmp_path: Path) -> None:
    with closing(Database(places.of(tmp_path))) as database, database.transaction() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == HEAD
        if connection.dialect.name == "sqlite":  # which compares neither of these by itself
            sql = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
            made = {name for name, told in sql if "WITHOUT ROWID" in told}
            assert made == {
                table.name
                for table in METADATA.tables.values()
                if table.dialect_options["sqlite"]["with_rowid"] is False
            }


def test_the_newest_step_is_the_one_that_the_code_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", "hub.identity:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_registry_of_a_newer_hub_is_not_touched(places: Places, tmp_path: Path) -> None:
    where = places.of(tmp_path)
    with closing(Database(where)) as database, database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"another version of the hub .*9999"):
        Database(where)


def test_a_file_of_a_newer_layout_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "identity.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(ConfigError, match="another version"):
        Database(path)


def test_somebody_elses_tables_are_not_touched(postgres: Postgres, places: Places, tmp_path: Path) -> None:
    where = places.of(tmp_path)
    if isinstance(where, Path):
        with closing(sqlite3.connect(where)) as db:
            db.execute("CREATE TABLE person (name TEXT)")
    else:
        postgres.execute(where.database or "", "create table person (name text)")
    with pytest.raises(ConfigError, match="somebody else's database: it has a table person"):
        Database(where)


def test_an_installed_copy_has_the_steps(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(root / name, source)
    shutil.copytree(root / "hub", source / "hub", ignore=shutil.ignore_patterns("__pycache__", "samples", "expected"))
    built, installed = tmp_path / "built", tmp_path / "installed"
    _run(
        source,
        "-c",
        "from setuptools import setup; setup()",
        "-q",
        "build",
        "--build-base",
        str(built),
        "install_lib",
        "--skip-build",
        "-d",
        str(installed),
    )
    code = (
        "import hub, sys; from pathlib import Path; from hub.identity.database import Database\n"
        f"assert hub.__file__.startswith({str(installed)!r}), hub.__file__\n"
        f"Database(Path({str(tmp_path / 'identity.sqlite')!r})).close()"
    )
    _run(tmp_path, "-c", code, PYTHONPATH=str(installed))
    assert (tmp_path / "identity.sqlite").exists()


def _run(folder: Path, *arguments: str, **environment: str) -> None:
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
