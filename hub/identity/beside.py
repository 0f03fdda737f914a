"""A registry as other processes see it: read-only, beside the one worker that writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from hub.domain.events import Sealed
from hub.errors import Reject, RetryError
from hub.identity.batch import LOCAL_ID_PLACE
from hub.identity.database import Where, name_of, open_to_read, translated
from hub.privacy.vault import Vault

__all__ = ["Beside"]

_UNDEFINED_TABLE = "42P01"
"""SQLSTATE of PostgreSQL, before identify made the tables."""


class Beside:
    """Reads the registry; one thread. RetryError while it is not there yet or does not answer."""

    def __init__(self, where: Where, vault: Vault) -> None:
        self._name, self._vault = name_of(where), vault
        if isinstance(where, Path) and not where.exists():
            raise self._none_yet()
        with translated(self._name), ExitStack() as undo:
            engine = open_to_read(where)
            undo.callback(engine.dispose)
            self._db = undo.enter_context(engine.connect())
            self._undo = undo.pop_all()

    def close(self) -> None:
        self._undo.close()

    @contextmanager
    def _asked(self) -> Iterator[Connection]:
        """The connection, its errors as ours."""
        with translated(self._name):
            try:
                yield self._db
            except ProgrammingError as error:
                if getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE:
                    raise self._none_yet() from None
                raise

    def _local_id(self, token: str, sealed: bytes) -> str | None:
        """The id by which a source knows this person; None: they were erased after it was written."""
        try:
            return self._vault.open(Sealed(key_id=token, ciphertext=sealed), *LOCAL_ID_PLACE, token).decode()
        except Reject:
            return None

    def _none_yet(self) -> RetryError:
        return RetryError(f"there is no registry {self._name} yet: identify makes it")
