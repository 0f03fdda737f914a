"""The registry of people: who is who, and the outbox of what must be said about it, in one SQLite file.

    with registry.batch() as batch:          # one transaction
        links = batch.see(sightings)         # source_person -> SourcePerson, as of the end of the batch
        batch.put(records)                   # what must be published because of it
    ...publish batch.rows, wait for the reports...
    registry.published(batch.rows[-1].seq)

Exactly one worker: a second one on the same file is a ConfigError. I/O trouble is a RetryError and rolls the batch back.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path

from hub.domain.events import Sealed
from hub.errors import ConfigError, RetryError
from hub.identity.batch import OUTBOX_KEY, OUTBOX_PLACE, Batch, OutboxRow
from hub.identity.schema import SCHEMA, SCHEMA_VERSION
from hub.privacy.vault import Vault

__all__ = ["Registry", "mint_person_key", "translated"]


def mint_person_key() -> str:
    """A new person_key: 26 random base32 characters (130 bits), computed from nothing."""
    return base64.b32encode(os.urandom(17))[:26].decode("ascii").lower()


class Registry:
    """Opens (and makes) the file and holds its lock until `close`; `mint` makes person keys."""

    def __init__(self, path: Path, vault: Vault, mint: Callable[[], str] = mint_person_key) -> None:
        self._vault, self._mint = vault, mint
        self._lock = _only_worker(path)
        with ExitStack() as undo:
            undo.callback(self._lock.close)
            with translated(path):
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
                self._path, self._db = path, sqlite3.connect(path, isolation_level=None, timeout=10)
                undo.callback(self._db.close)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._check_version()
                self._db.executescript(SCHEMA)
            vault.ensure_keys([OUTBOX_KEY])
            undo.pop_all()

    def close(self) -> None:
        """Let another worker take the file."""
        self._db.close()
        self._lock.close()

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """One transaction: all of it is kept when the block ends well, none of it otherwise."""
        with translated(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                batch = Batch(self._db, self._vault, self._mint)
                yield batch
                batch.store()
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def outbox(self, limit: int = 5_000) -> list[OutboxRow]:
        """The oldest records that are not known to be published, in order."""
        query = "SELECT seq, topic, key, partition, value, headers FROM outbox ORDER BY seq LIMIT ?"
        with translated(self._path):
            found = self._db.execute(query, (limit,)).fetchall()
        return [
            OutboxRow(seq, (topic, key, self._opened(value), partition, _headers(headers)))
            for seq, topic, key, partition, value, headers in found
        ]

    def published(self, last: int) -> None:
        """All records up to this place in the outbox are confirmed: forget them."""
        with translated(self._path):
            self._db.execute("DELETE FROM outbox WHERE seq <= ?", (last,))

    def clusters(self) -> set[frozenset[str]]:
        """The people as they stand, each a set of source persons: to be compared with `hub.domain.identity.clusters`."""
        with translated(self._path):
            query = "SELECT json_group_array(token) FROM source_person GROUP BY person_key"
            return {frozenset(json.loads(tokens)) for (tokens,) in self._db.execute(query)}

    def _opened(self, value: bytes | None) -> bytes | None:
        return None if value is None else self._vault.open(Sealed(key_id=OUTBOX_KEY, ciphertext=value), *OUTBOX_PLACE)

    def _check_version(self) -> None:
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found not in (0, SCHEMA_VERSION):
            raise ConfigError(f"{self._path} was written by another version of the hub (schema {found})")
        self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION:d}")


def _headers(text: str) -> list[tuple[str, bytes]] | None:
    return [(name, value.encode()) for name, value in json.loads(text)] or None


def _only_worker(path: Path) -> FileIO:
    """Hold DIR/identity.sqlite.lock as long as this process lives; the kernel lets go even after kill -9."""
    try:
        handle = FileIO(path.with_name(path.name + ".lock"), "a")  # not inherited by children
    except OSError as error:
        raise ConfigError(f"cannot lock {path}: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise ConfigError(
            f"another identify works on {path}: SQLite means exactly one; stop it, or use PostgreSQL"
        ) from None
    return handle


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ours: a busy or full disk may pass (RetryError), a damaged file will not (ConfigError)."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise RetryError(f"the registry {path} did not answer: {error.sqlite_errorname}") from None
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"the registry {path} is damaged: {error.sqlite_errorname}") from None
