"""An installation that links by weights, without database and broker: batches in, people out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from hub.domain.events import PersonBlock
from hub.domain.ids import Ids
from hub.domain.linkage.clusters import HumanDecision, LinkRecord
from hub.domain.linkage.model import LinkModel, shipped_model
from hub.identity.linker import Sighting
from hub.identity.linking import Linked, Linking
from hub.identity.store import LinkStore

_IDS = Ids(b"i" * 32)


class World:
    """`batches` are what each batch changed."""

    def __init__(self, store: LinkStore, model: LinkModel | None = None, remembered: int = 3) -> None:
        numbers = count(1)
        self.store = store
        self.linking = Linking(
            model or shipped_model(), _IDS.match_key, lambda: f"person-{next(numbers):03d}", remembered
        )
        self.batches: list[Linked] = []

    def take(self, records: Iterable[LinkRecord], decisions: Sequence[HumanDecision] = ()) -> Linked:
        """One batch, stored."""
        linked = self.linking.take(
            self.store,
            [
                Sighting(source_person, "lab", version, block=block if isinstance(block, PersonBlock) else None)
                for source_person, version, block in records
            ],
            decisions,
        )
        self.store.put_persons(linked.created, linked.merged)
        self.store.put_rows((linked.rows[token] for token in sorted(linked.changed)), linked.comparables)
        self.batches.append(linked)
        return linked

    def owners(self) -> dict[str, str]:
        """The person key of every source person."""
        return {
            token: row.person_key for token, row in self.store.rows(set(self.store.tokens_after("", 10_000))).items()
        }

    def people(self) -> frozenset[frozenset[str]]:
        """The source persons of each person."""
        people: dict[str, set[str]] = {}
        for token, key in self.owners().items():
            people.setdefault(key, set()).add(token)
        return frozenset(frozenset(person) for person in people.values())
