"""Looking things up in the registry from another process (delivery): read-only, beside the one worker that writes.

A local id is opened only here, and only for the subscriber that gave it (`source`).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from hub.domain.events import Sealed
from hub.errors import Reject, RetryError
from hub.identity.batch import LOCAL_ID_PLACE
from hub.identity.registry import translated
from hub.privacy.vault import Vault

__all__ = ["Lookup"]

_CURRENT = """
WITH RECURSIVE now (person_key) AS (
    SELECT ?
    UNION
    SELECT merged_into FROM person JOIN now USING (person_key) WHERE merged_into IS NOT NULL
)
SELECT person_key FROM now JOIN person USING (person_key) WHERE merged_into IS NULL
"""
_LOCAL_IDS = "SELECT token, local_id FROM source_person WHERE person_key = ? AND source = ? AND local_id IS NOT NULL"


class Lookup:
    """Reads DIR/identity.sqlite. RetryError while the file is not there yet or does not answer."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self._path, self._vault = path, vault
        if not path.exists():
            raise RetryError(f"there is no registry {path} yet: identify makes it")
        with translated(path):
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10
            )

    def close(self) -> None:
        self._db.close()

    def current(self, person_key: str) -> str | None:
        """The key this person has now (another one after a merge); None for a key the registry never minted."""
        with translated(self._path):
            found = self._db.execute(_CURRENT, (person_key,)).fetchone()
        return None if found is None else str(found[0])

    def local_ids(self, person_key: str, source: str) -> tuple[str, ...]:
        """The ids by which `source` itself knows this person, sorted; erased ones are left out."""
        current = self.current(person_key)
        if current is None:
            return ()
        with translated(self._path):
            found = self._db.execute(_LOCAL_IDS, (current, source)).fetchall()
        opened = (self._open(token, sealed) for token, sealed in found)
        return tuple(sorted(local_id for local_id in opened if local_id is not None))

    def _open(self, token: str, sealed: bytes) -> str | None:
        try:
            return self._vault.open(Sealed(key_id=token, ciphertext=sealed), *LOCAL_ID_PLACE, token).decode()
        except Reject:  # the person was erased after this was written
            return None
