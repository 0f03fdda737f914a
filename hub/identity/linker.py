"""What goes into linking and what comes out: sightings of source persons, whose they are, and the decisions that say so. Plain
objects, no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hub.domain.events import PersonBlock
from hub.domain.identity import NEVER, Version

__all__ = ["ACTOR", "CHANGED", "FIRST_SEEN", "Decided", "Sighting", "SourcePerson"]

ACTOR = "identify"

FIRST_SEEN = "first-seen"
CHANGED = "name-or-birth-date-changed"


class Sighting(NamedTuple):
    """What one event says about its source person: `block`, which may know a phone while it tells nobody. `life`: how often they
    were erased before it."""

    source_person: str
    source: str
    version: Version = NEVER
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
    version: Version = NEVER
    local_id: bytes | None = None
    telling: bool = False


class Decided(NamedTuple):
    """One decision: `moved` source persons went from person `before` (None: none) to `after`, by this `model`."""

    kind: str
    person_key: str
    evidence: tuple[str, ...]
    moved: tuple[str, ...]
    before: str | None
    after: str
    model: str
    actor: str
