"""One transaction of the registry: sightings in; changed people, decisions and outbox rows out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert

from hub.bus.producer import OutRecord
from hub.domain.erasures import begins
from hub.domain.events import Event
from hub.domain.identity_reviews import ReviewDecision
from hub.domain.linkage.decisions import HumanDecision
from hub.identity.dropping import drop_told
from hub.identity.erasure_log import Erased, note_erased
from hub.identity.linker import Decided, Sighting, SourcePerson
from hub.identity.linking import Linked, Linking
from hub.identity.moves import told_of_others
from hub.identity.numbering import Numbering
from hub.identity.people_rows import read_source_persons
from hub.identity.reviews import Said, keep
from hub.identity.schema import DECISION, OUTBOX
from hub.identity.sql import overwritten, write
from hub.identity.sql_store import SqlStore
from hub.privacy.vault import Vault

__all__ = ["LOCAL_ID_PLACE", "OUTBOX_KEY", "OUTBOX_PLACE", "Batch", "Gone", "OutRecord", "OutboxRow"]

OUTBOX_KEY = "identity-outbox"
OUTBOX_PLACE = ("identity.sqlite", "outbox")
LOCAL_ID_PLACE = ("identity.sqlite", "local-id")

_DECIDED, _PUT = insert(DECISION), insert(OUTBOX)


class OutboxRow(NamedTuple):
    """A record to publish, by its place in the outbox."""

    seq: int
    record: OutRecord


class Gone(NamedTuple):
    """A source person who was taken out: with which link revision their life ended, whose they were, and every person key that was
    ever told of them."""

    source_person: str
    revision: int
    owner: str
    told: frozenset[str]


class Batch:
    """One open transaction. `decisions`, `links` (created or moved source persons) and `memberships` (source person and
    the person_key to tell) say what changed; `heard` what people decided; `gone` who was taken out; `rows` what was put into the
    outbox."""

    def __init__(self, db: Connection, vault: Vault, linking: Linking) -> None:
        self._db, self._vault = db, vault
        self._numbers = Numbering(db)
        self._linking = linking
        self._seen: dict[str, SourcePerson] = {}
        self.link_store = SqlStore(db, vault, self._numbers)
        self.decisions: list[tuple[int, Decided]] = []
        self.links: list[SourcePerson] = []
        self.memberships: list[tuple[SourcePerson, str]] = []
        self.rows: list[OutboxRow] = []
        self.heard: list[HumanDecision] = []
        self.gone: list[Gone] = []

    def hear(self, said: Iterable[Said], unsaid: Callable[[ReviewDecision], bool] = lambda _: False) -> list[Said]:
        """Take in what people decided, before `see`, once per batch; those of a number that another one has. Of those that are
        `unsaid` only the number is kept."""
        self.heard, refused = keep(self._db, said, unsaid)
        return refused

    def take_out(self, asked: int, number: int, lives: Mapping[str, int], at: datetime) -> Erased:
        """Take out whoever was erased: nothing of them stays in any table, and others are linked as if they had never been there.
        `lives`: the number of the life that begins for each; `asked` erasures up to this `number`, done `at`. In a batch by
        itself."""
        overwritten(self._db)
        linked, dropped = self._linking.take_out(self.link_store, lives.keys())
        keys, counts = drop_told(self._db, lives.keys())
        self.keep(linked)
        for token, row in sorted(dropped.rows.items()):
            told = frozenset({row.person_key, *keys.get(token, ())})
            self.gone.append(Gone(token, begins(lives[token]), row.person_key, told))
        erased = Erased(number, at, asked, len(dropped.rows), len(linked.touched), {**dropped.counts, **counts})
        note_erased(self._db, erased)
        return erased

    def see(self, sightings: Sequence[Sighting]) -> dict[str, SourcePerson]:
        """Take the sightings in, once per batch; each source person as it stands after all of them."""
        linked = self._linking.take(self.link_store, sightings, self.heard)
        self._add_local_ids(linked, sightings)
        self.keep(linked)
        return self._seen

    def _add_local_ids(self, found: Linked, sightings: Sequence[Sighting]) -> None:
        """The first id that a source gave each of its persons."""
        first: dict[str, str] = {}
        for each in sightings:
            if each.local_id and found.rows[each.source_person].local_id is None:
                first.setdefault(each.source_person, each.local_id.strip())
        for token, local_id in first.items():
            found.rows[token].local_id = self._vault.seal(local_id.encode(), token, *LOCAL_ID_PLACE, token).ciphertext
            found.changed.add(token)

    def keep(self, found: Linked) -> None:
        """Store what linking changed."""
        rows, touched = found.rows, found.touched
        self.link_store.put_persons(found.created, found.merged)
        self.link_store.put_rows((rows[token] for token in sorted(found.changed)), found.comparables)
        self._store_decisions(found.decisions)
        revised = touched.keys() | {token for decided in found.decisions for token in decided.moved}
        self.links = [rows[token] for token in sorted(revised)]
        self.memberships = [(rows[token], told) for token in sorted(touched) for told in sorted(touched[token])]
        self._seen = rows

    def told_of_others(self, events: Sequence[Event]) -> list[list[Event]]:
        """For each event the withdrawals that must be said before it (hub.identity.moves)."""
        return told_of_others(self._db, events)

    def people(self, tokens: set[str]) -> dict[str, SourcePerson]:
        """Source persons as they stand, also those that no sighting of this batch is of."""
        rows = {token: self._seen[token] for token in tokens & self._seen.keys()}
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

    def _rows(self, column: str, values: set[str]) -> dict[str, SourcePerson]:
        return read_source_persons(self._db, column, values)

    def _store_decisions(self, decisions: Sequence[Decided]) -> None:
        numbers = self._numbers.take(DECISION, len(decisions))
        self.decisions = list(zip(numbers, decisions, strict=True))
        rows = [
            {
                "seq": seq,
                "kind": kind,
                "person_key": person_key,
                "evidence": json.dumps(evidence),
                "model": model,
                "actor": actor,
                "moved": json.dumps(moved),
                "before": before,
                "after": after,
            }
            for seq, (kind, person_key, evidence, moved, before, after, model, actor) in self.decisions
        ]
        write(self._db, _DECIDED, rows)


def _headers_text(headers: list[tuple[str, bytes]] | None) -> str:
    return json.dumps([(name, value.decode()) for name, value in headers or ()])
