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
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from hub.domain.events import Sealed
from hub.domain.identity import NEVER, Version
from hub.errors import ConfigError, RetryError
from hub.identity.linker import ACTOR, MODEL, Decided, Linker, Sighting, SourcePerson
from hub.identity.schema import SCHEMA, SCHEMA_VERSION
from hub.privacy.vault import Vault

__all__ = ["LOCAL_ID_PLACE", "Batch", "OutRecord", "OutboxRow", "Registry", "mint_person_key", "translated"]

OutRecord = tuple[str, bytes | None, bytes | None, int | None, list[tuple[str, bytes]] | None]
"""topic, key, value, partition (None: by key), headers: what a producer takes."""
_OUTBOX_KEY = "identity-outbox"
_OUTBOX_PLACE = ("identity.sqlite", "outbox")
LOCAL_ID_PLACE = ("identity.sqlite", "local-id")
_COLUMNS = "token, source, person_key, link_revision, match_key, block_version, local_id"
_LISTED = "(SELECT value FROM json_each(?))"


class OutboxRow(NamedTuple):
    """A record to publish, by its place in the outbox."""

    seq: int
    record: OutRecord


def mint_person_key() -> str:
    """A new person_key: 26 random base32 characters (130 bits), computed from nothing."""
    return base64.b32encode(os.urandom(17))[:26].decode("ascii").lower()


class Registry:
    """Opens (and makes) the file and holds its lock until `close`; `mint` makes person keys."""

    def __init__(self, path: Path, vault: Vault, mint: Callable[[], str] = mint_person_key) -> None:
        self._vault, self._mint = vault, mint
        self._lock = _only_worker(path)
        try:
            with translated(path):
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
                self._path, self._db = path, sqlite3.connect(path, isolation_level=None, timeout=10)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._check_version()
                self._db.executescript(SCHEMA)
            vault.ensure_keys([_OUTBOX_KEY])
        except BaseException:
            self._lock.close()
            raise

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
        return None if value is None else self._vault.open(Sealed(key_id=_OUTBOX_KEY, ciphertext=value), *_OUTBOX_PLACE)

    def _check_version(self) -> None:
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found not in (0, SCHEMA_VERSION):
            raise ConfigError(f"{self._path} was written by another version of the hub (schema {found})")
        self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION:d}")


class Batch:
    """One open transaction. `decisions`, `links` (created or moved source persons) and `memberships` (source person and
    the person_key to tell) say what changed; `rows` what was put into the outbox."""

    def __init__(self, db: sqlite3.Connection, vault: Vault, mint: Callable[[], str]) -> None:
        self._db, self._vault, self._mint = db, vault, mint
        self._linker: Linker | None = None
        self.decisions: list[tuple[int, Decided]] = []
        self.links: list[SourcePerson] = []
        self.memberships: list[tuple[SourcePerson, str]] = []
        self.rows: list[OutboxRow] = []

    def see(self, sightings: Sequence[Sighting]) -> dict[str, SourcePerson]:
        """Take the sightings in, once per batch; each source person as it stands after all of them."""
        rows = self._rows("token", {each.source_person for each in sightings})
        linker = self._linker = self._load(sightings, rows)
        first_local_ids: dict[str, str] = {}
        for each in sightings:
            row = linker.see(each)
            if each.local_id and row.local_id is None:
                first_local_ids.setdefault(row.token, each.local_id.strip())
        for token, local_id in first_local_ids.items():
            sealed = self._vault.seal(local_id.encode(), token, *LOCAL_ID_PLACE, token)
            linker.rows[token].local_id = sealed.ciphertext
            linker.changed.add(token)
        self._store_people(linker)
        self._store_decisions(linker.decisions)
        revised = linker.touched.keys() | {token for decided in linker.decisions for token in decided.moved}
        self.links = [linker.rows[token] for token in sorted(revised)]
        self.memberships = [
            (linker.rows[token], told) for token in sorted(linker.touched) for told in sorted(linker.touched[token])
        ]
        return linker.rows

    def put(self, records: Iterable[OutRecord]) -> None:
        """Put records into the outbox, in this order."""
        (last,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
        start = max(last, self.rows[-1].seq if self.rows else 0)
        self.rows.extend(OutboxRow(start + number, record) for number, record in enumerate(records, 1))

    def store(self) -> None:
        """Write the outbox; called at the end of the transaction."""
        self._db.executemany(
            "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    row.seq,
                    topic,
                    key,
                    partition,
                    self._sealed(value),
                    json.dumps([(k, v.decode()) for k, v in headers or ()]),
                )
                for row in self.rows
                for topic, key, value, partition, headers in [row.record]
            ],
        )

    def _load(self, sightings: Sequence[Sighting], rows: dict[str, SourcePerson]) -> Linker:
        """The part of the picture these sightings can touch: their groups and the groups they may join."""
        active = [each for each in sightings if _may_change(rows.get(each.source_person), each)]
        keys = {each.key for each in active if each.key is not None}
        moving = {rows[each.source_person].person_key for each in active if each.source_person in rows}
        joined = self._rows("match_key", keys)
        people = moving | {row.person_key for row in joined.values()}
        rows = self._rows("person_key", people) | joined | rows
        members: dict[str, set[str]] = {}
        for row in rows.values():
            members.setdefault(row.person_key, set()).add(row.token)
        by_match = {row.match_key: row.person_key for row in rows.values() if row.match_key is not None}
        query = f"SELECT person_key, seq FROM person WHERE person_key IN {_LISTED}"  # noqa: S608
        age = dict(self._db.execute(query, (json.dumps(list(people)),))) if people else {}
        return Linker(rows, members, by_match, age, self._mint)

    def _rows(self, column: str, values: set[str]) -> dict[str, SourcePerson]:
        if not values:
            return {}
        query = f"SELECT {_COLUMNS} FROM source_person WHERE {column} IN {_LISTED}"  # noqa: S608
        return {
            token: SourcePerson(token, source, person, revision, key, _version(version), local_id)
            for token, source, person, revision, key, version, local_id in self._db.execute(
                query, (json.dumps(list(values)),)
            )
        }

    def _store_people(self, linker: Linker) -> None:
        self._db.executemany("INSERT INTO person (person_key) VALUES (?)", [(key,) for key in linker.created])
        self._db.executemany(
            "UPDATE person SET merged_into = ? WHERE person_key = ?",
            [(kept, gone) for gone, kept in linker.merged.items()],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO source_person VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    row.token,
                    row.source,
                    row.person_key,
                    row.link_revision,
                    row.match_key,
                    _version_text(row.version),
                    row.local_id,
                )
                for row in (linker.rows[token] for token in sorted(linker.changed))
            ],
        )

    def _store_decisions(self, decisions: Sequence[Decided]) -> None:
        query = (
            "INSERT INTO decision (kind, person_key, evidence, model, actor, moved, before, after) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq"
        )
        for each in decisions:
            row = (
                each.kind,
                each.person_key,
                json.dumps(each.evidence),
                MODEL,
                ACTOR,
                json.dumps(each.moved),
                each.before,
                each.after,
            )
            (seq,) = self._db.execute(query, row).fetchone()
            self.decisions.append((seq, each))

    def _sealed(self, value: bytes | None) -> bytes | None:
        return None if value is None else self._vault.seal(value, _OUTBOX_KEY, *_OUTBOX_PLACE).ciphertext


def _may_change(row: SourcePerson | None, sighting: Sighting) -> bool:
    return row is None or row.is_moved_by(sighting)


def _version_text(version: Version) -> str | None:
    return None if version == NEVER else json.dumps([version[0].isoformat(), *version[1:]])


def _version(text: str | None) -> Version:
    if text is None:
        return NEVER
    at, rank, content, mapping = json.loads(text)
    return (datetime.fromisoformat(at), rank, content, mapping)


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
