"""An installation that links by weights, without database and broker: batches in, people out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from itertools import count

from hub.domain.events import PersonBlock
from hub.domain.ids import Ids
from hub.domain.linkage.clusters import HumanDecision, LinkRecord
from hub.domain.linkage.encoding import NO_LANE, Lane
from hub.domain.linkage.model import LinkModel, shipped_model
from hub.identity.linker import Sighting
from hub.identity.linking import Linked, Linking
from hub.identity.linking_anew import weigh_all_anew
from hub.identity.store import LinkStore

_IDS = Ids(b"i" * 32)


class World:
    """`batches` are what each batch changed."""

    def __init__(
        self, store: LinkStore, model: LinkModel | None = None, remembered: int = 3, lane: Lane = NO_LANE
    ) -> None:
        self._numbers, self._remembered, self._lane = count(1), remembered, lane
        self.link_store = store
        self.linking = self.made_with(model or shipped_model())
        self.batches: list[Linked] = []

    def made_with(self, model: LinkModel) -> Linking:
        """What links by this model, remembering nobody yet."""
        return Linking(model, _IDS, lambda: f"person-{next(self._numbers):03d}", self._remembered, self._lane)

    def take(self, records: Iterable[LinkRecord], decisions: Sequence[HumanDecision] = ()) -> Linked:
        """One batch, stored."""
        linked = self.linking.take(
            self.link_store,
            [
                Sighting(source_person, "lab", version, block=block if isinstance(block, PersonBlock) else None)
                for source_person, version, block in records
            ],
            decisions,
        )
        self.keep(linked)
        return linked

    def keep(self, linked: Linked) -> None:
        """Store what a batch changed."""
        self.link_store.put_persons(linked.created, linked.merged)
        self.link_store.put_rows((linked.rows[token] for token in sorted(linked.changed)), linked.comparables)
        self.batches.append(linked)

    def load_model(self, model: LinkModel, lane: Lane | None = None) -> bool:
        """Link by another model, or other secrets, from now on; whether everybody was weighed anew."""
        self._lane = self._lane if lane is None else lane
        self.linking = self.made_with(model)
        return weigh_all_anew(lambda: nullcontext(self), self.linking, page=3)

    def owners(self) -> dict[str, str]:
        """The person key of every source person."""
        return {
            token: row.person_key
            for token, row in self.link_store.rows(set(self.link_store.tokens_after("", 10_000))).items()
        }

    def people(self) -> frozenset[frozenset[str]]:
        """The source persons of each person."""
        people: dict[str, set[str]] = {}
        for token, key in self.owners().items():
            people.setdefault(key, set()).add(token)
        return frozenset(frozenset(person) for person in people.values())
