"""What a privacy officer sees and does about erasing, in a process of their own beside identify: who belongs to a person, what was
erased so far in which store, and what is still to be done. Counts, codes and pseudonyms; nothing is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from hub.identity.beside import Beside
from hub.identity.erasure_log import Erased, all_erased, last_erased
from hub.identity.people_rows import read_source_persons
from hub.identity.schema import SOURCE_PERSON

__all__ = ["ErasureDesk", "SoFar"]

_BEGINS = (
    select(SOURCE_PERSON.c.token)
    .where(func.substr(SOURCE_PERSON.c.token, 1, bindparam("length")) == bindparam("begin"))
    .order_by(SOURCE_PERSON.c.token)
    .limit(2)
)


class SoFar(NamedTuple):
    """`keys`: erasures in keys.sqlite; `waiting`: those of them that identify has not done its part of; `done`: what it did, the
    oldest first; `again`: how many erased source persons were told of again since."""

    keys: int
    waiting: int
    done: tuple[Erased, ...]
    again: int

    @property
    def rows(self) -> Mapping[str, int]:
        """How many rows of which tables of the registry were taken out, all together."""
        return dict(sorted(sum((Counter(each.counts) for each in self.done), Counter[str]()).items()))


class ErasureDesk(Beside):
    """Reads the registry and the key file; erases keys. One thread."""

    def begins(self, text: str) -> list[str]:
        """Tokens of source persons that begin so, at most two."""
        with self._asked() as db:
            return list(db.execute(_BEGINS, {"length": len(text), "begin": text}).scalars())

    def person(self, token: str) -> dict[str, str]:
        """All source persons that are one person with this one, itself included: each with its source. None where nobody is
        known."""
        with self._asked() as db:
            rows = read_source_persons(db, "token", {token})
            people = read_source_persons(db, "person_key", {row.person_key for row in rows.values()})
        return {each: row.source for each, row in sorted(people.items())}

    def erase(self, tokens: Sequence[str]) -> int:
        """Erase the keys of these, here and in every process: how many there were. identify takes them out of the registry."""
        return self._vault.erase(*tokens)

    def so_far(self) -> SoFar:
        """What was erased, and what waits."""
        erased = list(self._all())
        with self._asked() as db:
            done, last = tuple(all_erased(db)), last_erased(db)
            known = read_source_persons(db, "token", {token for number, token in erased if number <= last})
        return SoFar(len(erased), sum(number > last for number, _ in erased), done, len(known))

    def _all(self) -> Iterator[tuple[int, str]]:
        after = 0
        while page := self._vault.erasures(after):
            yield from ((each.number, each.source_person) for each in page)
            after = page[-1].number
