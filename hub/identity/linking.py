"""Who is one person, by weights, one batch of sightings after the other: at every moment the people are exactly those of
hub.domain.linkage.clusters over all that was told so far, whatever came first and however it was cut into batches.

Pairs are weighed anew where their score may have changed (linking_weighing). The components which these stand in are then resolved
whole, by the code of the truth itself, and the people that differ from those before get or lose a key (linking_people).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field

from hub.domain.linkage.clusters import components
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.decisions import HumanDecision, Standing, standing
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.resolving import Edge, Scorer, binds, resolve
from hub.identity.linker import Sighting, SourcePerson
from hub.identity.linking_memory import Memory
from hub.identity.linking_people import Named, rename
from hub.identity.linking_reasons import Reasons
from hub.identity.linking_taking import Taken, take
from hub.identity.linking_weighing import turned, weigh_again
from hub.identity.store import LinkStore, StoredEdge

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
    """For the one worker; what it remembers is right as long as every batch it saw was stored. `token` makes keyed tokens, `mint`
    person keys."""

    def __init__(
        self, model: LinkModel, token: Callable[[str], str], mint: Callable[[], str], remembered: int = REMEMBERED
    ) -> None:
        self._model, self._mint = model, mint
        self._memory = Memory(token, remembered)

    def take(self, store: LinkStore, sightings: Sequence[Sighting], decisions: Iterable[HumanDecision] = ()) -> Linked:
        """Take a batch in: what changed, for the caller to store (`put_persons`, `put_rows`); all else is in the store already.
        Repeats and older versions change nothing."""
        memory, said = self._memory, list(decisions)
        memory.begin(store)
        store.put_decisions(said)
        taken = take(store, memory, sightings)
        service = turned(store, memory, taken.before, self._model.shared_over)
        scorer = Scorer(memory.comparables, self._model, memory.shared)
        seeds = taken.before.keys() | service | taken.new
        seeds |= weigh_again(store, memory, scorer, taken.before, taken.before.keys() | service)
        seeds |= {each for one in said for each in (one.left, one.right)}
        reached = _reached(store, self._model, taken, seeds)
        memory.load(store, reached.rows)
        reasons = Reasons(scorer, memory.comparables, taken.before, reached.stands, said, service)
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
