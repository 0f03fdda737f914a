"""Who is one person, by weights, one batch of sightings after the other: at every moment the people are exactly those of
hub.domain.linkage.clusters over all that was told so far, whatever came first and however it was cut into batches.

Pairs are weighed anew where their score may have changed (linking_weighing). The components which these stand in are then resolved
whole, by the code of the truth itself, and the people that differ from those before get or lose a key (linking_people).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.domain.ids import Ids
from hub.domain.linkage.clusters import components
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.decisions import HumanDecision, Standing, standing
from hub.domain.linkage.encoding import NO_LANE, Lane
from hub.domain.linkage.fingerprint import fingerprint
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.resolving import Edge, Scorer, binds, resolve
from hub.identity.linker import Sighting, SourcePerson
from hub.identity.linking_erasing import ended_services, weigh_without
from hub.identity.linking_memory import EMPTY, Memory
from hub.identity.linking_people import Named, rename
from hub.identity.linking_reasons import ERASED, NEW_MODEL, WEIGHTS, Reasons
from hub.identity.linking_taking import Taken, take
from hub.identity.linking_weighing import turned, weigh_again
from hub.identity.store import Dropped, LinkStore, StoredEdge

__all__ = ["REMEMBERED", "Linked", "Linking"]

REMEMBERED = 200_000
"""Comparables that stay in memory from batch to batch."""


@dataclass(slots=True)
class Linked(Named):
    """What a batch changed. `rows` has every source person of its sightings and all that moved, as they stand after it;
    `comparables` what counts now of those for whom another block does."""

    rows: dict[str, SourcePerson] = field(default_factory=dict)
    comparables: dict[str, Comparable] = field(default_factory=dict)


class Linking:
    """For the one worker; what it remembers is right as long as every batch it saw was stored. `ids` makes keyed tokens, `mint`
    person keys, `lane` filters of who is known in the clear."""

    def __init__(
        self,
        model: LinkModel,
        ids: Ids,
        mint: Callable[[], str],
        remembered: int = REMEMBERED,
        lane: Lane = NO_LANE,
    ) -> None:
        self._model, self._mint = model, mint
        self._made_by = "/".join((f"{model.version}/{model.population}/{fingerprint(model)}", *lane.made_by))
        self._memory = Memory(ids, remembered, lane)

    @property
    def made_by(self) -> str:
        """What edges, blocks and values depend on beside what was told: the model by its name and by all that it holds, the rules
        of the hub, and by which versions of a secret filters are made."""
        return self._made_by

    def take(self, store: LinkStore, sightings: Sequence[Sighting], decisions: Iterable[HumanDecision] = ()) -> Linked:
        """Take a batch in: what changed, for the caller to store (`put_persons`, `put_rows`); all else is in the store already.
        Repeats and older versions change nothing."""
        said = list(decisions)
        self._memory.begin(store)
        store.put_decisions(said)
        taken = take(store, self._memory, sightings)
        weighed = self._weigh(store, taken.before)
        seeds = weighed.touched | taken.new | {each for one in said for each in (one.left, one.right)}
        return self._settle(store, taken, seeds, weighed, said)

    def recount(self, store: LinkStore, sightings: Sequence[Sighting], recounted: set[str]) -> None:
        """Store what counts of source persons in place of what did so far, of all that was ever told of them; those whom the store
        doesn't know are left out. `recounted`: who was met already, to be handed in again with the next sightings. Nobody's person
        changes by it: who is weighed anew later does."""
        self._memory.begin(store)
        known = store.rows({each.source_person for each in sightings}).keys()
        told = [each for each in sightings if each.source_person in known]
        anew = {each.source_person for each in told if each.block is not None} - recounted
        taken = take(store, self._memory, told, anew)
        recounted |= anew
        store.put_rows((taken.rows[each] for each in sorted(taken.changed)), taken.comparables)

    def weigh_anew(self, store: LinkStore, source_persons: Set[str]) -> None:
        """Weigh these in, of whom the store has no block, value or edge (`clear_links`). Nobody's person changes by it: that comes
        with `settle`, when all are weighed."""
        self._memory.begin(store)
        known = self._memory.load(store, source_persons)
        self._weigh(store, {each: EMPTY for each in source_persons if known[each] != EMPTY})

    def settle(self, store: LinkStore, source_persons: Set[str]) -> Linked:
        """What changes for the people of these, all being weighed anew; for the caller to store, as of `take`."""
        self._memory.begin(store)
        return self._settle(store, Taken({}), source_persons, self._weigh(store, {}), (), otherwise=NEW_MODEL)

    def take_out(self, store: LinkStore, source_persons: Set[str]) -> tuple[Linked, Dropped]:
        """Forget source persons as if nobody had ever told of them: what changes for others, for the caller to store, as of
        `take`; and what the store had of them."""
        dropped = store.drop(source_persons)
        self._memory.clear()
        users = ended_services(store, dropped.values, self._model.shared_over)
        self._memory.begin(store)
        scorer = Scorer(self._memory.comparables, self._model, self._memory.shared)
        touched = weigh_without(store, self._memory, scorer, dropped.blocks, users)
        keys = {row.person_key for row in dropped.rows.values()}
        others = {each for members in store.people(keys).values() for each in members}
        weighed = _Weighed(scorer, touched, users)
        return self._settle(store, Taken({}), touched | others | dropped.near, weighed, (), otherwise=ERASED), dropped

    def forget(self) -> None:
        """What it remembers holds no longer: the store was cleared."""
        self._memory.clear()

    def _weigh(self, store: LinkStore, before: Mapping[str, Comparable]) -> _Weighed:
        service = turned(store, self._memory, before, self._model.shared_over)
        scorer = Scorer(self._memory.comparables, self._model, self._memory.shared)
        dirty = before.keys() | service
        touched = dirty | weigh_again(store, self._memory, scorer, before, dirty) if dirty else set()
        return _Weighed(scorer, touched, service)

    def _settle(
        self,
        store: LinkStore,
        taken: Taken,
        seeds: Set[str],
        weighed: _Weighed,
        said: Sequence[HumanDecision],
        otherwise: str = WEIGHTS,
    ) -> Linked:
        scorer, memory = weighed.scorer, self._memory
        reached = _reached(store, self._model, taken, seeds)
        memory.load(store, reached.rows)
        reasons = Reasons(scorer, memory.comparables, taken.before, reached.stands, said, weighed.service, otherwise)
        named = rename(
            self._people(reached, scorer, reasons),
            reached.rows,
            taken.new,
            store.ages({row.person_key for row in reached.rows.values() if row.person_key}),
            self._mint,
            self._model.version,
            reasons,
        )
        return Linked(
            changed=named.changed | taken.changed,
            created=named.created,
            merged=named.merged,
            touched=named.touched,
            decisions=named.decisions,
            rows=taken.rows | {token: reached.rows[token] for token in named.changed},
            comparables=taken.comparables,
        )

    def _people(self, reached: _Reached, scorer: Scorer, reasons: Reasons) -> list[frozenset[str]]:
        people: list[frozenset[str]] = []
        for members, edges in components(reached.rows, reached.edges, reached.stands):
            if len(members) == 1:
                people.append(members)
                continue
            weighed = [Edge(edge.left, edge.right, scorer(edge.left, edge.right)) for edge in edges]
            found = resolve(members, weighed, scorer, reached.stands, self._model)
            people.extend(found.people)
            reasons.know(found)
        return people


class _Weighed(NamedTuple):
    """`touched`: whose people may change by it; `service`: users of values that turned into a service's or back."""

    scorer: Scorer
    touched: Set[str]
    service: Set[str]


@dataclass(slots=True)
class _Reached:
    """All that a batch may change the person of: whole components, and whole persons as they were. Edges are those that bind."""

    rows: dict[str, SourcePerson]
    edges: set[StoredEdge] = field(default_factory=set)
    stands: Standing = field(default_factory=dict)


def _reached(store: LinkStore, model: LinkModel, taken: Taken, seeds: Set[str]) -> _Reached:
    reached = _Reached({})
    said: set[HumanDecision] = set()
    people: set[str] = set()
    asked: set[str] = set()
    ask = set(seeds)
    while ask:
        asked |= ask
        rows = {token: taken.rows[token] for token in ask if token in taken.rows}
        rows |= store.rows(ask - rows.keys())
        reached.rows |= rows
        edges = {edge for edge in store.edges(rows.keys()) if binds(edge.total, model)}
        decided = store.decisions(rows.keys())
        keys = {row.person_key for row in rows.values() if row.token not in taken.new} - people
        ask = {each for members in store.people(keys).values() for each in members} if keys else set()
        ask.update(each for edge in edges for each in (edge.left, edge.right))
        ask.update(each for one in decided if one.verdict == "same" for each in (one.left, one.right))
        ask -= asked
        reached.edges |= edges
        said.update(decided)
        people |= keys
    reached.stands = standing(said)
    return reached
