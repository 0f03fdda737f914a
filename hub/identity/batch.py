"""One transaction of the registry: sightings in; changed people, decisions and outbox rows out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, insert

from hub.bus.producer import OutRecord
from hub.domain.events import Event
from hub.identity.linker import ACTOR, MODEL, Decided, Linker, Sighting, SourcePerson
from hub.identity.moves import told_of_others
from hub.identity.numbering import Numbering
from hub.identity.people_rows import ages, put_persons, put_source_persons, read_source_persons
from hub.identity.schema import DECISION, OUTBOX
from hub.identity.sql import write
from hub.privacy.vault import Vault

__all__ = ["LOCAL_ID_PLACE", "OUTBOX_KEY", "OUTBOX_PLACE", "Batch", "OutRecord", "OutboxRow"]

OUTBOX_KEY = "identity-outbox"
OUTBOX_PLACE = ("identity.sqlite", "outbox")
LOCAL_ID_PLACE = ("identity.sqlite", "local-id")

_DECIDED, _PUT = insert(DECISION), insert(OUTBOX)


class OutboxRow(NamedTuple):
    """A record to publish, by its place in the outbox."""

    seq: int
    record: OutRecord


class Batch:
    """One open transaction. `decisions`, `links` (created or moved source persons) and `memberships` (source person and
    the person_key to tell) say what changed; `rows` what was put into the outbox."""

    def __init__(self, db: Connection, vault: Vault, mint: Callable[[], str]) -> None:
        self._db, self._vault, self._mint = db, vault, mint
        self._numbers = Numbering(db)
        self._linker: Linker | None = None
        self.decisions: list[tuple[int, Decided]] = []
        self.links: list[SourcePerson] = []
        self.memberships: list[tuple[SourcePerson, str]] = []
        self.rows: list[OutboxRow] = []

    def see(self, sightings: Sequence[Sighting]) -> dict[str, SourcePerson]:
        """Take the sightings in, once per batch; each source person as it stands after all of them."""
        rows = self._rows("token", {each.source_person for each in sightings})
        linker = self._linker = self._load(sightings, rows)
        first_local_ids: dict[str, str] = {}
        for each in sightings:
            row = linker.see(each)
            if each.local_id and row.local_id is None:
                first_local_ids.setdefault(row.token, each.local_id.strip())
        for token, local_id in first_local_ids.items():
            sealed = self._vault.seal(local_id.encode(), token, *LOCAL_ID_PLACE, token)
            linker.rows[token].local_id = sealed.ciphertext
            linker.changed.add(token)
        self._store_people(linker)
        self._store_decisions(linker.decisions)
        revised = linker.touched.keys() | {token for decided in linker.decisions for token in decided.moved}
        self.links = [linker.rows[token] for token in sorted(revised)]
        self.memberships = [
            (linker.rows[token], told) for token in sorted(linker.touched) for told in sorted(linker.touched[token])
        ]
        return linker.rows

    def told_of_others(self, events: Sequence[Event]) -> list[list[Event]]:
        """For each event the withdrawals that must be said before it (hub.identity.moves)."""
        return told_of_others(self._db, events)

    def people(self, tokens: set[str]) -> dict[str, SourcePerson]:
        """Source persons as they stand, also those that no sighting of this batch is of."""
        assert self._linker is not None
        rows = {token: self._linker.rows[token] for token in tokens if token in self._linker.rows}
        return rows | self._rows("token", tokens - rows.keys())

    def put(self, records: Iterable[OutRecord]) -> None:
        """Put records into the outbox, in this order."""
        told = list(records)
        self.rows.extend(map(OutboxRow, self._numbers.take(OUTBOX, len(told)), told))

    def store(self) -> None:
        """Write the outbox; called at the end of the transaction."""
        values = [row.record[2] for row in self.rows]
        sealed = iter(self._vault.seal_many([each for each in values if each is not None], OUTBOX_KEY, *OUTBOX_PLACE))
        rows = [
            {
                "seq": row.seq,
                "topic": topic,
                "key": key,
                "partition": partition,
                "value": None if value is None else next(sealed),
                "headers": _headers_text(headers),
            }
            for row in self.rows
            for topic, key, value, partition, headers in [row.record]
        ]
        write(self._db, _PUT, rows)
        self._numbers.store()

    def _load(self, sightings: Sequence[Sighting], rows: dict[str, SourcePerson]) -> Linker:
        """The part of the picture these sightings can touch: their groups and the groups they may join."""
        active = [each for each in sightings if _may_change(rows.get(each.source_person), each)]
        keys = {each.key for each in active if each.key is not None}
        moving = {rows[each.source_person].person_key for each in active if each.source_person in rows}
        joined = self._rows("match_key", keys)
        people = moving | {row.person_key for row in joined.values()}
        rows = self._rows("person_key", people) | joined | rows
        members: dict[str, set[str]] = {}
        for row in rows.values():
            members.setdefault(row.person_key, set()).add(row.token)
        by_match = {row.match_key: row.person_key for row in rows.values() if row.match_key is not None}
        return Linker(rows, members, by_match, ages(self._db, people), self._mint)

    def _rows(self, column: str, values: set[str]) -> dict[str, SourcePerson]:
        return read_source_persons(self._db, column, values)

    def _store_people(self, linker: Linker) -> None:
        put_persons(self._db, self._numbers, linker.created, linker.merged)
        put_source_persons(self._db, (linker.rows[token] for token in sorted(linker.changed)))

    def _store_decisions(self, decisions: Sequence[Decided]) -> None:
        numbers = self._numbers.take(DECISION, len(decisions))
        self.decisions = list(zip(numbers, decisions, strict=True))
        rows = [
            {
                "seq": seq,
                "kind": kind,
                "person_key": person_key,
                "evidence": json.dumps(evidence),
                "model": MODEL,
                "actor": ACTOR,
                "moved": json.dumps(moved),
                "before": before,
                "after": after,
            }
            for seq, (kind, person_key, evidence, moved, before, after) in self.decisions
        ]
        write(self._db, _DECIDED, rows)


def _may_change(row: SourcePerson | None, sighting: Sighting) -> bool:
    return row is None or row.is_moved_by(sighting)


def _headers_text(headers: list[tuple[str, bytes]] | None) -> str:
    return json.dumps([(name, value.decode()) for name, value in headers or ()])
