"""Whom each fact that may move was told of, so that a correction under another person reaches the first (hub.domain.moved).

One look-up and one write a batch. A row is a fact key and a source person: tokens, nothing of a person.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from hub.domain.events import Event
from hub.domain.identity import NEVER, Version
from hub.domain.moved import Took, may_move, taken_from, took
from hub.identity.schema import TOLD
from hub.identity.sql import among, upsert, write

__all__ = ["as_nobodys", "forget_told", "told_of_others", "version_of_text", "version_text"]

_LOAD = select(TOLD).where(among(TOLD.c.fact_key, "values"))
_OF = select(TOLD).where(among(TOLD.c.source_person, "values"))
_GONE = delete(TOLD).where(*(column == bindparam(column.name) for column in TOLD.primary_key))
_NOBODY = ""
"""Who took a fact and was erased since: nobody is told anything of them."""
_Told = dict[str, dict[str, Took | None]]
"""fact_key → source_person → the newest version by which they took it from others."""


def told_of_others(db: Connection, events: Sequence[Event]) -> list[list[Event]]:
    """For each event, in order, the withdrawals that must be said before it; and remembers whom its fact was told of."""
    told = _load(db, {event.fact_key for event in events if may_move(event)})
    changed: dict[tuple[str, str], Took | None] = {}
    found: list[list[Event]] = []
    for event in events:
        said: list[Event] = []
        if may_move(event) and event.source_person is not None:
            known, taking = told.setdefault(event.fact_key, {}), took(event)
            others = {who: by for who, by in known.items() if who != event.source_person}
            if taking is not None:
                said += [taken_from(other, event, taking) for other in sorted(others)]
            newest = max((by for by in others.values() if by is not None), default=None)
            if newest is not None:
                said.append(taken_from(event.source_person, event, newest))
            mine = max(filter(None, (known.get(event.source_person), taking)), default=None)
            if event.source_person not in known or known[event.source_person] != mine:
                known[event.source_person] = changed[event.fact_key, event.source_person] = mine
        found.append(said)
    _store(db, changed)
    return found


def as_nobodys(event: Event) -> Event:
    """This event of somebody who was erased, for what it takes from others."""
    return event.model_copy(update={"source_person": _NOBODY, "person": None})


def forget_told(db: Connection, source_persons: Set[str]) -> int:
    """Forget that facts were told of these; number of rows. That they took a fact from others stays, without saying who did: it was
    never those others' own. Reads the whole table."""
    rows = db.execute(_OF, {"values": source_persons}).all()
    write(db, _GONE, [{"fact_key": row.fact_key, "source_person": row.source_person} for row in rows])
    nobodys = _load(db, {row.fact_key for row in rows if row.took is not None})
    took: dict[tuple[str, str], Took | None] = {}
    for row in rows:
        if row.took is not None:
            by = (_took(row.took), took.get((row.fact_key, _NOBODY)), nobodys.get(row.fact_key, {}).get(_NOBODY))
            took[row.fact_key, _NOBODY] = max(each for each in by if each is not None)
    _store(db, took)
    return len(rows)


def _load(db: Connection, fact_keys: set[str]) -> _Told:
    told: _Told = {}
    if fact_keys:
        for fact_key, source_person, text in db.execute(_LOAD, {"values": fact_keys}).all():
            told.setdefault(fact_key, {})[source_person] = None if text is None else _took(text)
    return told


def _store(db: Connection, changed: dict[tuple[str, str], Took | None]) -> None:
    rows = [
        {"fact_key": fact_key, "source_person": source_person, "took": None if by is None else _text(by)}
        for (fact_key, source_person), by in changed.items()
    ]
    write(db, upsert(TOLD, db.dialect.name), rows)


def _text(by: Took) -> str:
    return json.dumps([version_text(by.version), by.event_id])


def _took(text: str) -> Took:
    version, event_id = json.loads(text)
    return Took(version_of_text(version), event_id)


def version_text(version: Version) -> str | None:
    """A version as it is stored."""
    return None if version == NEVER else json.dumps([version[0].isoformat(), *version[1:]])


def version_of_text(text: str | None) -> Version:
    """The version that was stored so."""
    if text is None:
        return NEVER
    at, rank, content, mapping = json.loads(text)
    return (datetime.fromisoformat(at), rank, content, mapping)
