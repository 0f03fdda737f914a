"""Looking things up in the registry from another process (delivery): read-only, beside the one worker that writes.

A local id is opened only here, and only for the subscriber that gave it (`source`).
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import bindparam, select
from sqlalchemy.exc import ProgrammingError

from hub.domain.events import Sealed
from hub.errors import Reject, RetryError
from hub.identity.batch import LOCAL_ID_PLACE
from hub.identity.database import Where, name_of, open_to_read, translated
from hub.identity.schema import PERSON, SOURCE_PERSON
from hub.privacy.vault import Vault

__all__ = ["Lookup"]

_UNDEFINED_TABLE = "42P01"
"""SQLSTATE of PostgreSQL, before identify made the tables."""
_NOW = select(bindparam("person_key", type_=PERSON.c.person_key.type).label("person_key")).cte("now", recursive=True)
_CHAIN = _NOW.union(
    select(PERSON.c.merged_into)
    .join(_NOW, PERSON.c.person_key == _NOW.c.person_key)
    .where(PERSON.c.merged_into.is_not(None))
)
_CURRENT = (
    select(_CHAIN.c.person_key)
    .join(PERSON, PERSON.c.person_key == _CHAIN.c.person_key)
    .where(PERSON.c.merged_into.is_(None))
)
_LOCAL_IDS = select(SOURCE_PERSON.c.token, SOURCE_PERSON.c.local_id).where(
    SOURCE_PERSON.c.person_key == bindparam("person_key"),
    SOURCE_PERSON.c.source == bindparam("source"),
    SOURCE_PERSON.c.local_id.is_not(None),
)


class Lookup:
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

    def current(self, person_key: str) -> str | None:
        """The key this person has now (another one after a merge); None for a key the registry never minted."""
        with translated(self._name):
            try:
                found = self._db.execute(_CURRENT, {"person_key": person_key}).scalar()
            except ProgrammingError as error:
                if getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE:
                    raise self._none_yet() from None
                raise
        return None if found is None else str(found)

    def local_ids(self, person_key: str, source: str) -> tuple[str, ...]:
        """The ids by which `source` itself knows this person, sorted; erased ones are left out."""
        current = self.current(person_key)
        if current is None:
            return ()
        with translated(self._name):
            found = self._db.execute(_LOCAL_IDS, {"person_key": current, "source": source}).all()
        opened = (self._open(token, sealed) for token, sealed in found)
        return tuple(sorted(local_id for local_id in opened if local_id is not None))

    def _open(self, token: str, sealed: bytes) -> str | None:
        try:
            return self._vault.open(Sealed(key_id=token, ciphertext=sealed), *LOCAL_ID_PLACE, token).decode()
        except Reject:  # the person was erased after this was written
            return None

    def _none_yet(self) -> RetryError:
        return RetryError(f"there is no registry {self._name} yet: identify makes it")
