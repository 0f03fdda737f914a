"""What one batch of sightings changes: who is created, linked, merged, split. Plain objects, no database.

Every person is a set of source persons with one match key, or one source person without. `Linker` holds the part of
that picture which a batch can touch; `Registry` loads it before and stores it after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.domain.erasures import begins
from hub.domain.events import PersonBlock
from hub.domain.identity import NEVER, Version, latest

__all__ = ["ACTOR", "MODEL", "Decided", "Linker", "Sighting", "SourcePerson"]

MODEL = "exact-1"
"""Version of the comparison: equal normalised name and birth date (hub.domain.identity)."""
ACTOR = "identify"

_NEW = 1 << 62  # younger than every person of the registry
FIRST_SEEN = "first-seen"
EQUAL = "equal-name-and-birth-date"
CHANGED = "name-or-birth-date-changed"


class Sighting(NamedTuple):
    """What one event says about its source person. `telling`: it has a block that decides; `key` its match key. Linking by weights
    reads `block` in place of both, which may know a phone while it tells nobody. `life`: how often they were erased before it."""

    source_person: str
    source: str
    version: Version = NEVER
    telling: bool = False
    key: str | None = None
    local_id: str | None = None
    block: PersonBlock | None = None
    life: int = 0


@dataclass(slots=True)
class SourcePerson:
    """One row of the registry. `version` is of the block that counts; `telling`: that block tells (hub.domain.identity.tells)."""

    token: str
    source: str
    person_key: str
    link_revision: int
    match_key: str | None = None
    version: Version = NEVER
    local_id: bytes | None = None
    telling: bool = False

    def is_moved_by(self, sighting: Sighting) -> bool:
        """Whether this sighting is newer than what decided so far."""
        return sighting.telling and latest(sighting.version, sighting.key, (self.version, self.match_key))


class Decided(NamedTuple):
    """One decision: `moved` source persons went from person `before` (None: none) to `after`, by this `model`."""

    kind: str
    person_key: str
    evidence: tuple[str, ...]
    moved: tuple[str, ...]
    before: str | None
    after: str
    model: str = MODEL
    actor: str = ACTOR


@dataclass(slots=True)
class Linker:
    """`rows` by token, `members` by person_key, `by_match` match key → person_key, `age` person_key → order of creation
    (a smaller number is older). `mint` makes a new person_key. The other fields are what changed, for the caller."""

    rows: dict[str, SourcePerson]
    members: dict[str, set[str]]
    by_match: dict[str, str]
    age: dict[str, int]
    mint: Callable[[], str]
    changed: set[str] = field(default_factory=set)
    created: list[str] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)
    touched: dict[str, set[str]] = field(default_factory=dict)
    decisions: list[Decided] = field(default_factory=list)

    def see(self, sighting: Sighting) -> SourcePerson:
        """Take one sighting in; repeats and older versions change nothing."""
        row = self.rows.get(sighting.source_person)
        if row is None:
            return self._first(sighting)
        if row.is_moved_by(sighting):
            before, row.version, row.match_key = row.match_key, sighting.version, sighting.key
            row.telling = True
            self.changed.add(row.token)
            if before != row.match_key:
                self._rekey(row, before)
        return row

    def _first(self, sighting: Sighting) -> SourcePerson:
        key = sighting.key if sighting.telling else None
        version = sighting.version if sighting.telling else NEVER
        owner = self.by_match.get(key) if key is not None else None
        kind, evidence = ("link", EQUAL) if owner is not None else ("create", FIRST_SEEN)
        owner = owner or self._person(key)
        first = begins(sighting.life) + 1
        row = SourcePerson(
            sighting.source_person, sighting.source, owner, first, key, version, telling=sighting.telling
        )
        self.rows[row.token] = row
        self.members[owner].add(row.token)
        self.changed.add(row.token)
        self.decisions.append(Decided(kind, owner, (evidence,), (row.token,), None, owner))
        return row

    def _rekey(self, row: SourcePerson, before: str | None) -> None:
        """The source person says another name or birth date now: the ones it was equal to stay, it goes."""
        home = row.person_key
        target = self.by_match.get(row.match_key) if row.match_key is not None else None
        if len(self.members[home]) > 1:
            target = target or self._person(row.match_key)
            self._move(row, target)
            self.decisions.append(Decided("split", home, (CHANGED,), (row.token,), home, target))
            return
        if before is not None:
            del self.by_match[before]
        if target is not None:
            self._merge(home, target)
        elif row.match_key is not None:
            self.by_match[row.match_key] = home

    def _merge(self, one: str, other: str) -> None:
        kept, gone = sorted((one, other), key=self.age.__getitem__)
        moved = tuple(sorted(self.members[gone]))
        for token in moved:
            self._move(self.rows[token], kept)
        self.merged[gone] = kept
        key = self.rows[moved[0]].match_key
        assert key is not None
        self.by_match[key] = kept
        self.decisions.append(Decided("merge", kept, (EQUAL,), moved, gone, kept))

    def _move(self, row: SourcePerson, owner: str) -> None:
        self.touched.setdefault(row.token, set()).update((row.person_key, owner))
        self.members[row.person_key].discard(row.token)
        self.members[owner].add(row.token)
        row.person_key = owner
        row.link_revision += 1
        self.changed.add(row.token)

    def _person(self, key: str | None) -> str:
        person_key = self.mint()
        self.age[person_key] = _NEW + len(self.created)
        self.members[person_key] = set()
        self.created.append(person_key)
        if key is not None:
            self.by_match[key] = person_key
        return person_key
