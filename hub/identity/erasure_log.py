"""What the registry did when people were erased, as it keeps it: counts, nobody's name or token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from hub.identity.schema import ERASURE
from hub.identity.sql import write

__all__ = ["Erased", "all_erased", "last_erased", "note_erased"]

_LAST = select(func.coalesce(func.max(ERASURE.c.seq), 0))
_NOTE = insert(ERASURE)
_ALL = select(ERASURE).order_by(ERASURE.c.seq)


class Erased(NamedTuple):
    """What the registry did at once. `number`: of the newest of the `asked` erasures; of these it knew `source_persons`;
    `regrouped` source persons of others belong to another person by it; `counts`: how many rows of which tables."""

    number: int
    at: datetime
    asked: int
    source_persons: int
    regrouped: int
    counts: Mapping[str, int]


def last_erased(db: Connection) -> int:
    """The number of the newest erasure that the registry has done its part of; 0: none."""
    return int(db.execute(_LAST).scalar_one())


def note_erased(db: Connection, erased: Erased) -> None:
    """Keep what was done, for whoever answers for it."""
    row = {
        "seq": erased.number,
        "taken_out_at": erased.at.astimezone(UTC).isoformat(),
        "asked": erased.asked,
        "source_persons": erased.source_persons,
        "regrouped": erased.regrouped,
        "counts": json.dumps(dict(sorted(erased.counts.items()))),
    }
    write(db, _NOTE, [row])


def all_erased(db: Connection) -> list[Erased]:
    """All that was done, the oldest first."""
    return [
        Erased(seq, datetime.fromisoformat(at), asked, source_persons, regrouped, json.loads(counts))
        for seq, at, asked, source_persons, regrouped, counts in db.execute(_ALL)
    ]
