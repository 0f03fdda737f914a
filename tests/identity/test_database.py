"""One worker, one connection, one round trip a question, and errors that say what to do and show nothing."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, event, insert, make_url, text

from hub.domain.events import PersonBlock
from hub.errors import ConfigError, RetryError
from hub.identity.database import Database, name_of, open_to_read, postgresql
from hub.identity.lookup import Lookup
from hub.identity.schema import PERSON
from hub.privacy.vault import Vault
from tests.domain.test_moved import STORIES
from tests.fixtures_postgres import Postgres
from tests.identity.conftest import Places
from tests.identity.plans import noted, tables_read_whole
from tests.identity.registries import registry_of
from tests.identity.test_registry import ANA, BEA, sight

AT_ONCE = 0.05  # seconds that a second worker waits for the first, which does not go


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with closing(Vault(tmp_path / "keys.sqlite", b"k" * 32)) as vault:
        yield vault


@pytest.fixture
def on_server(postgres: Postgres) -> URL:
    return make_url(postgres.url(postgres.database()))


def test_a_second_worker_is_refused(places: Places, tmp_path: Path) -> None:
    where = places.of(tmp_path)
    with closing(Database(where)), pytest.raises(ConfigError, match=r"another identify works on .*exactly one may"):
        Database(where, wait_s=AT_ONCE)
    Database(where).close()


def test_a_second_worker_is_refused_in_another_process_too(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "identity.sqlite"
    code = f"from pathlib import Path; from hub.identity.database import Database; Database(Path({str(path)!r}))"
    with closing(registry_of(path, vault)):
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ConfigError: another identify works" in ended.stderr


def test_on_a_server_others_may_have_the_same_lock_in_another_database(postgres: Postgres, on_server: URL) -> None:
    with closing(Database(on_server)), closing(Database(make_url(postgres.url(postgres.database())))):
        pass


def test_a_worker_that_lost_its_connection_lost_its_lock_and_never_writes_again(
    postgres: Postgres, on_server: URL, vault: Vault
) -> None:
    registry = registry_of(on_server, vault)
    assert on_server.database
    postgres.kill_backends(on_server.database)
    for _ in range(2):
        with pytest.raises(RetryError), registry.batch() as batch:
            batch.see([sight("a", 1, ANA)])
    with closing(registry_of(on_server, vault)) as next_one:  # the lock went with the connection
        assert next_one.clusters() == set()
        with pytest.raises(RetryError, match="lost"):
            registry.published(1)
    registry.close()


def test_a_connection_that_is_cut_within_a_batch_keeps_nothing_of_it(
    postgres: Postgres, on_server: URL, vault: Vault
) -> None:
    registry = registry_of(on_server, vault)
    with pytest.raises(RetryError, match="did not answer"), registry.batch() as batch:  # noqa: PT012
        batch.see([sight("a", 1, ANA)])
        batch.put([("t", b"k", b"v", None, None)])
        postgres.kill_backends(on_server.database or "")
    registry.close()
    with closing(registry_of(on_server, vault)) as again:
        assert again.clusters() == set()
        assert again.outbox() == []


def test_a_lookup_whose_server_went_away_is_to_be_tried_again(postgres: Postgres, on_server: URL, vault: Vault) -> None:
    registry_of(on_server, vault).close()
    with closing(Lookup(on_server, vault)) as lookup:
        assert lookup.current("nobody") is None
        postgres.kill_backends(on_server.database or "")
        with pytest.raises(RetryError):
            lookup.current("nobody")


def test_a_lookup_waits_for_tables_but_not_for_rights(postgres: Postgres, on_server: URL, vault: Vault) -> None:
    assert on_server.database
    with closing(Lookup(on_server, vault)) as lookup, pytest.raises(RetryError, match=r"no registry .* yet"):
        lookup.current("nobody")
    registry_of(on_server, vault).close()
    account = f"reader_{on_server.database}"
    postgres.execute(
        on_server.database,
        f"create role {account} login password 'reader'",
        f"grant usage on schema public to {account}",
    )
    reader = on_server.set(username=account, password="reader")
    with closing(Lookup(reader, vault)) as lookup, pytest.raises(ConfigError, match="let it in: 42501"):
        lookup.current("nobody")


def test_nothing_can_be_written_beside_the_worker(places: Places, tmp_path: Path) -> None:
    where = places.of(tmp_path)
    Database(where).close()
    engine = open_to_read(where)
    with engine.connect() as connection, pytest.raises(Exception, match=r"(?i)read-?only"):
        connection.execute(insert(PERSON), {"seq": 1, "person_key": "p"})
    engine.dispose()


def test_a_server_that_is_not_there_is_to_be_tried_again(on_server: URL) -> None:
    with pytest.raises(RetryError, match=r"postgresql://localhost/test_\w+ did not answer"):
        Database(on_server.set(port=1))


@pytest.mark.parametrize("change", [{"password": "other"}, {"database": "none"}, {"username": "nobody"}])
def test_a_server_that_does_not_let_it_in_is_a_matter_of_configuration(on_server: URL, change: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="does not let it in"):
        Database(on_server.set(**change))  # type: ignore[arg-type]


def test_an_account_without_rights_is_a_matter_of_configuration(postgres: Postgres, on_server: URL) -> None:
    assert on_server.database
    account = f"guest_{on_server.database}"
    postgres.execute(
        on_server.database, f"create role {account} login password 'guest'", "revoke all on schema public from public"
    )
    with pytest.raises(ConfigError, match="let it in"):
        Database(on_server.set(username=account, password="guest"))


def test_errors_show_no_value(places: Places, tmp_path: Path) -> None:
    with closing(Database(places.of(tmp_path))) as database:
        for _ in range(2):
            with pytest.raises(ConfigError) as why, database.transaction() as connection:  # noqa: PT012
                connection.execute(insert(PERSON), {"seq": 1, "person_key": "Zolaris"})
                connection.execute(insert(PERSON), {"seq": 2, "person_key": "Zolaris"})
            assert "Zolaris" not in str(why.value)
            assert why.value.__suppress_context__


def test_a_damaged_file_is_a_matter_of_configuration(tmp_path: Path) -> None:
    (path := tmp_path / "identity.sqlite").write_bytes(b"no database " * 999)
    with pytest.raises(ConfigError, match="damaged"):
        Database(path)


def test_a_file_in_no_folder_is_a_matter_of_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot lock"):
        Database(tmp_path / "none" / "identity.sqlite")


def test_a_busy_file_is_to_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.identity.database._BUSY_S", 0.01)
    path = tmp_path / "identity.sqlite"
    with closing(Database(path)) as database, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RetryError, match="SQLITE_BUSY"), database.transaction():
            pass


def test_a_file_is_its_owners_alone_and_safe_when_a_batch_ends(tmp_path: Path) -> None:
    path = tmp_path / "identity.sqlite"
    with closing(Database(path)) as database, database.transaction() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        connection.execute(insert(PERSON), {"seq": 1, "person_key": "p"})
        modes = {
            stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob("identity.sqlite*") if each.suffix != ".lock"
        }
        assert modes == {0o600}


def test_a_batch_asks_as_often_for_a_hundred_events_as_for_three_hundred(
    places: Places, tmp_path: Path, vault: Vault
) -> None:
    """Both of people whose blocks are too large, of which more is asked than of others, and no more for being larger."""
    counts: dict[int, list[int]] = {}
    for size in (100, 300):
        (folder := tmp_path / str(size)).mkdir()
        with closing(registry_of(places.of(folder), vault)) as registry:
            asked = list[str]()
            event.listen(registry.database.engine, "before_cursor_execute", _noting(asked))
            people = [
                PersonBlock(given_name="Ana", family_name=f"Zolaris{number}", birth_date=date(1980, 2, 3))
                for number in range(size)
            ]
            corrected = list(STORIES["corrected under the right patient"][0])
            for batch_of in _all_kinds_of_change(people):
                with registry.batch() as batch:
                    batch.see(batch_of)
                    batch.told_of_others(corrected * size)
                    batch.people({"somebody-else"})
                    batch.put([("t", b"k", b"v", None, None)] * size)
                counts.setdefault(size, []).append(len(asked))
                asked.clear()
    assert counts[100] == counts[300]
    assert max(counts[100]) <= 24


def test_no_question_of_a_batch_reads_a_whole_table(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "identity.sqlite"
    with closing(registry_of(path, vault)) as registry:
        with registry.batch() as first:
            first.see([])  # what is a service's is read whole, once
        asked = noted(registry.database.engine)
        for batch_of in _all_kinds_of_change([ANA, BEA]):
            with registry.batch() as batch:
                batch.see(batch_of)
                batch.told_of_others(STORIES["corrected under the right patient"][0])
                batch.put([("t", b"k", b"v", None, None)])
            registry.outbox()
            registry.published(batch.rows[-1].seq)
    asked = [each for each in asked if "LIMIT" not in each[0]]  # the outbox is read whole, and short
    assert len(asked) > 40
    assert tables_read_whole(path, asked) == []


def _noting(statements: list[str]) -> Callable[..., None]:
    return lambda *told: statements.append(told[2])


def _all_kinds_of_change(people: list[PersonBlock]) -> list[list[Any]]:
    """Batches: everybody is new; their stays are; these merge with them; and split off again."""
    return [
        [sight(f"a{number}", 1, block) for number, block in enumerate(people)],
        [sight(f"b{number}") for number, _ in enumerate(people)],
        [sight(f"b{number}", 1, block) for number, block in enumerate(people)],
        [sight(f"b{number}", 2, block.model_copy(update={"given_name": "Bea"})) for number, block in enumerate(people)],
    ]


def test_the_password_is_read_from_a_secret_file_and_never_named(tmp_path: Path) -> None:
    secret = tmp_path / "identity-database"
    assert postgresql("postgresql://hub@db.example/identity", secret).password is None
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    where = postgresql("postgresql://hub@db.example:5433/identity?sslmode=require", secret)
    assert (where.password, where.port, where.query["sslmode"]) == ("s3cret", 5433, "require")
    assert name_of(where) == "postgresql://db.example/identity"
    secret.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        postgresql("postgresql://hub@db.example/identity", secret)
