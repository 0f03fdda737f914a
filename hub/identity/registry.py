"""The registry of people: who is who, and the outbox of what must be said about it, in one database.

    with registry.batch() as batch:          # one transaction
        links = batch.see(sightings)         # source_person -> SourcePerson, as of the end of the batch
        batch.put(records)                   # what must be published because of it
    ...publish batch.rows, wait for the reports...
    registry.published(batch.rows[-1].seq)

SQLite (a file) or PostgreSQL, the same tables. Exactly one worker: a second one on the same database is a ConfigError. I/O trouble
is a RetryError and rolls the batch back.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import bindparam, delete, select

from hub.domain.events import Sealed
from hub.identity.batch import OUTBOX_KEY, OUTBOX_PLACE, Batch, OutboxRow
from hub.identity.database import Database, Where
from hub.identity.linking import Linking
from hub.identity.schema import OUTBOX, SOURCE_PERSON
from hub.privacy.vault import Vault

__all__ = ["Registry", "mint_person_key"]

_OUTBOX = select(OUTBOX).order_by(OUTBOX.c.seq).limit(bindparam("limit"))
_PUBLISHED = delete(OUTBOX).where(OUTBOX.c.seq <= bindparam("last"))
_MEMBERS = select(SOURCE_PERSON.c.person_key, SOURCE_PERSON.c.token)


def mint_person_key() -> str:
    """A new person_key: 26 random base32 characters (130 bits), computed from nothing."""
    return base64.b32encode(os.urandom(17))[:26].decode("ascii").lower()


class Registry:
    """Opens (and makes) the tables and holds their lock until `close`. One thread. After a batch that failed neither it nor
    `linking` is of use any more."""

    def __init__(self, where: Where, vault: Vault, linking: Linking) -> None:
        self._vault, self.linking = vault, linking
        self.database = Database(where)
        try:
            vault.ensure_keys([OUTBOX_KEY])
        except BaseException:
            self.database.close()
            raise

    def close(self) -> None:
        """Let another worker take it."""
        self.database.close()

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """One transaction: all of it is kept when the block ends well, none of it otherwise."""
        with self.database.transaction() as connection:
            batch = Batch(connection, self._vault, self.linking)
            yield batch
            batch.store()

    def outbox(self, limit: int = 5_000) -> list[OutboxRow]:
        """The oldest records that are not known to be published, in order."""
        with self.database.transaction() as connection:
            found = connection.execute(_OUTBOX, {"limit": limit}).all()
        return [
            OutboxRow(seq, (topic, key, self._opened(value), partition, _headers(headers)))
            for seq, topic, key, partition, value, headers in found
        ]

    def published(self, last: int) -> None:
        """All records up to this place in the outbox are confirmed: forget them."""
        with self.database.transaction() as connection:
            connection.execute(_PUBLISHED, {"last": last})

    def clusters(self) -> set[frozenset[str]]:
        """The people as they stand, each a set of source persons: to be compared with `hub.domain.linkage.clusters`."""
        members: dict[str, set[str]] = {}
        with self.database.transaction() as connection:
            for person_key, token in connection.execute(_MEMBERS):
                members.setdefault(person_key, set()).add(token)
        return {frozenset(tokens) for tokens in members.values()}

    def _opened(self, value: bytes | None) -> bytes | None:
        return None if value is None else self._vault.open(Sealed(key_id=OUTBOX_KEY, ciphertext=value), *OUTBOX_PLACE)


def _headers(text: str) -> list[tuple[str, bytes]] | None:
    return [(name, value.encode()) for name, value in json.loads(text)] or None
