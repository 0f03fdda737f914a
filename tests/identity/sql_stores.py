"""`hub.identity.sql_store` for tests: on a registry of its own, one transaction at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hub.identity.database import Database, Where
from hub.identity.numbering import Numbering
from hub.identity.sql_store import SqlStore
from hub.privacy.vault import Vault

KEK = b"k" * 32


@contextmanager
def transaction(database: Database, vault: Vault) -> Iterator[SqlStore]:
    """A store within one transaction, which is kept when the block ends well."""
    with database.transaction() as db:
        numbers = Numbering(db)
        yield SqlStore(db, vault, numbers)
        numbers.store()


@contextmanager
def sql_store(where: Where, folder: Path) -> Iterator[SqlStore]:
    """A store on a database that nobody else has open, with the keys in `folder`."""
    with (
        closing(Vault(folder / "keys.sqlite", KEK)) as vault,
        closing(Database(where)) as database,
        transaction(database, vault) as store,
    ):
        yield store
