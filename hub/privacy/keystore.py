"""Data keys at rest: one SQLite file, each key wrapped (AES-256-GCM) by the key-encryption key. Never in Kafka.

Several processes share the file: connectors create keys, identify reads them. A key is on disk (fsync) before `create` or
`commit` returns, so nothing need be published under a key that a crash forgets.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import ConfigError, RetryError
from hub.privacy.nonces import SIZE, nonce

__all__ = ["KeyStore"]

_KEY = 32
_CHUNK = 500  # below SQLite's limit of bound variables, in every build
_PAGES_KB = 16 * 1024
"""Of the file, in memory: as much as 150,000 keys take. A key stands anywhere in it, so of a larger one most are read from the
file: with the 2 MB that SQLite has unless told otherwise, new keys of 100,000 people took a half longer."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS data_key (key_id TEXT PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erased (seq INTEGER PRIMARY KEY AUTOINCREMENT, key_id TEXT NOT NULL, at TEXT);
CREATE TABLE IF NOT EXISTS kek_check (one INTEGER PRIMARY KEY CHECK (one = 1), wrapped BLOB NOT NULL);
"""


class KeyStore:
    """The key table. Not thread-safe by itself: `Vault` holds the lock."""

    def __init__(self, path: Path, kek: bytes) -> None:
        if len(kek) != _KEY:
            raise ConfigError("the key-encryption key must have 32 bytes")
        self._kek = AESGCM(kek)
        self._path = path
        with self._io(), ExitStack() as undo:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives -wal and -shm the same mode
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
            undo.callback(self._db.close)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA secure_delete=ON")
            self._db.execute(f"PRAGMA cache_size=-{_PAGES_KB}")
            self._db.executescript(_SCHEMA)
            self._say_when_erased()
            self._check_kek()
            self._seen = self._last_erasure()
            self._version = self._data_version()
            undo.pop_all()

    def close(self) -> None:
        self._db.close()

    def create(self, key_ids: Iterable[str]) -> dict[str, bytes]:
        """Keys for these ids, made where there was none, in one transaction, durable on return."""
        keys, made = self.begin_create(key_ids)
        if made:
            self.commit()
        return keys

    def begin_create(self, key_ids: Iterable[str]) -> tuple[dict[str, bytes], bool]:
        """Keys for these ids, and whether some had to be made: those are on disk only when `commit` returned, and until then no
        other process can make or erase a key, and nothing else may be asked of this store."""
        wanted = sorted(set(key_ids))
        with self._io():
            self._db.execute("BEGIN IMMEDIATE")
            with self._undone():
                found = self.read(wanted)
                missing = [key_id for key_id in wanted if key_id not in found]
                bits = os.urandom(_KEY * len(missing))  # a call of the system for each takes as long as to wrap it
                fresh = {key_id: bits[at * _KEY : (at + 1) * _KEY] for at, key_id in enumerate(missing)}
                rows = [(key_id, self._wrap(key_id, key)) for key_id, key in fresh.items()]
                self._db.executemany("INSERT INTO data_key VALUES (?, ?)", rows)
                if not fresh:
                    self._db.execute("COMMIT")
        return found | fresh, bool(fresh)

    def commit(self) -> None:
        """What `begin_create` made is durable on return; after RetryError or ConfigError it was never there. Any thread."""
        with self._io(), self._undone():
            self._db.execute("COMMIT")

    def rollback(self) -> None:
        """Forget what `begin_create` made."""
        with self._io(), suppress(sqlite3.OperationalError):  # some errors have rolled back already
            self._db.execute("ROLLBACK")

    def read(self, key_ids: Sequence[str]) -> dict[str, bytes]:
        """The keys there are among `key_ids`; an erased or unknown one is left out."""
        found: dict[str, bytes] = {}
        rest = iter(key_ids)
        with self._io():
            while chunk := list(islice(rest, _CHUNK)):
                query = f"SELECT key_id, wrapped FROM data_key WHERE key_id IN ({','.join('?' * len(chunk))})"  # noqa: S608
                for key_id, wrapped in self._db.execute(query, chunk):
                    found[key_id] = self._unwrap(key_id, wrapped)
        return found

    def erase(self, key_ids: Sequence[str]) -> int:
        """Delete keys for good and tell the other processes; how many there were.

        Deleted pages are overwritten and the write-ahead log is cut, so that no wrapped key stays in these files.
        Backups of the files are the operator's: they must expire.
        """
        with self._io():
            with self._transaction():
                rows = [(key_id,) for key_id in key_ids]
                count = self._db.executemany("DELETE FROM data_key WHERE key_id = ?", rows).rowcount
                now = datetime.now(UTC).isoformat()
                self._db.executemany("INSERT INTO erased (key_id, at) VALUES (?, ?)", [(*row, now) for row in rows])
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return count

    def newly_erased(self) -> list[str]:
        """Key ids erased by any process since the last call; costs a few microseconds when nothing was written."""
        with self._io():
            version = self._data_version()
            if version == self._version:
                return []
            self._version = version
            query = "SELECT seq, key_id FROM erased WHERE seq > ? ORDER BY seq"
            rows = self._db.execute(query, (self._seen,)).fetchall()
        if rows:
            self._seen = rows[-1][0]
        return [key_id for _, key_id in rows]

    def erasures(self, after: int, most: int) -> list[tuple[int, str, datetime | None]]:
        """Number, key id and time of the erasures with a higher number than `after`, at most so many, in order."""
        query = "SELECT seq, key_id, at FROM erased WHERE seq > ? ORDER BY seq LIMIT ?"
        with self._io():
            rows = self._db.execute(query, (after, most)).fetchall()
        return [(seq, key_id, datetime.fromisoformat(at) if at else None) for seq, key_id, at in rows]

    def _say_when_erased(self) -> None:
        """Files of an earlier hub do not say when: now, but for those who were told of since, and so have a key again."""
        if "at" in {row[1] for row in self._db.execute("PRAGMA table_info(erased)")}:
            return
        with self._transaction():
            if "at" not in {
                row[1] for row in self._db.execute("PRAGMA table_info(erased)")
            }:  # another process was first
                self._db.execute("ALTER TABLE erased ADD COLUMN at TEXT")
                gone = "key_id NOT IN (SELECT key_id FROM data_key)"
                self._db.execute(f"UPDATE erased SET at = ? WHERE {gone}", (datetime.now(UTC).isoformat(),))  # noqa: S608

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _last_erasure(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM erased").fetchone()[0])

    def _wrap(self, key_id: str, key: bytes) -> bytes:
        drawn = nonce()
        return drawn + self._kek.encrypt(drawn, key, key_id.encode())

    def _unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        try:
            return self._kek.decrypt(wrapped[:SIZE], wrapped[SIZE:], key_id.encode())
        except InvalidTag:
            hint = "the file is damaged or the key-encryption key is another one"
            raise ConfigError(f"a data key in {self._path} cannot be unwrapped: {hint}") from None

    def _check_kek(self) -> None:
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO kek_check VALUES (1, ?)", (self._wrap("kek-check", bytes(_KEY)),))
            wrapped = self._db.execute("SELECT wrapped FROM kek_check").fetchone()[0]
        self._unwrap("kek-check", wrapped)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        with self._undone():
            yield
            self._db.execute("COMMIT")

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """Whatever goes wrong in the block ends the open transaction: a COMMIT that failed for want of room leaves it open."""
        try:
            yield
        except BaseException:
            self.rollback()
            raise

    @contextmanager
    def _io(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise RetryError(f"the key file {self._path} did not answer: {error.sqlite_errorname}") from None
            raise ConfigError(f"the key file {self._path} is damaged: {error.sqlite_errorname}") from None
        except OSError as error:
            raise ConfigError(f"cannot open the key file {self._path}: {error.strerror}") from None
