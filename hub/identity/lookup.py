"""Looking things up in the registry from another process (delivery): read-only, beside the one worker that writes.

A local id is opened only here, and only for the subscriber that gave it (`source`).
"""

from __future__ import annotations

from sqlalchemy import bindparam, select

from hub.identity.beside import Beside
from hub.identity.schema import PERSON, SOURCE_PERSON

__all__ = ["Lookup"]

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


class Lookup(Beside):
    """Who a person is now, and by which ids their sources know them."""

    def current(self, person_key: str) -> str | None:
        """The key this person has now (another one after a merge); None for a key the registry never minted."""
        with self._asked() as db:
            found = db.execute(_CURRENT, {"person_key": person_key}).scalar()
        return None if found is None else str(found)

    def local_ids(self, person_key: str, source: str) -> tuple[str, ...]:
        """The ids by which `source` itself knows this person, sorted; erased ones are left out."""
        current = self.current(person_key)
        if current is None:
            return ()
        with self._asked() as db:
            found = db.execute(_LOCAL_IDS, {"person_key": current, "source": source}).all()
        opened = (self._local_id(token, sealed) for token, sealed in found)
        return tuple(sorted(local_id for local_id in opened if local_id is not None))
