"""Which sightings of a batch change what counts of their source persons: `newest` of hub.domain.linkage.clusters, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from hub.domain.erasures import begins
from hub.domain.identity import NEVER, tells
from hub.domain.linkage.clusters import told_parts
from hub.domain.linkage.comparable import Comparable, comparable
from hub.identity.linker import Sighting, SourcePerson
from hub.identity.linking_memory import EMPTY, Memory
from hub.identity.store import LinkStore

__all__ = ["Taken", "take"]


@dataclass(slots=True)
class Taken:
    """`rows` of all source persons of the batch; of them `new` had none, of `changed` another block counts. `comparables`: what it
    says, where that is to be stored; `before`: what counted so far, where it says something else."""

    rows: dict[str, SourcePerson]
    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    comparables: dict[str, Comparable] = field(default_factory=dict)
    before: dict[str, Comparable] = field(default_factory=dict)


def take(store: LinkStore, memory: Memory, sightings: Sequence[Sighting], anew: Set[str] = frozenset()) -> Taken:
    """Take the sightings in; `memory` knows afterwards what counts now of all in `before`. Of those in `anew` nothing that is
    stored counts: the first sighting with a block begins again."""
    taken = Taken(store.rows({each.source_person for each in sightings}))
    for each in sightings:
        if each.source_person not in taken.rows:
            taken.rows[each.source_person] = SourcePerson(each.source_person, each.source, "", begins(each.life) + 1)
            taken.new.add(each.source_person)
    for token in anew & taken.rows.keys():
        taken.rows[token].telling, taken.rows[token].version = False, NEVER
        memory.keep(token, EMPTY)
    _count(store, memory, taken, sightings)
    return taken


def _count(store: LinkStore, memory: Memory, taken: Taken, sightings: Iterable[Sighting]) -> None:
    ranked = [(each, (tells(each.block), each.version)) for each in sightings if each.block is not None]
    ranked = [(each, rank) for each, rank in ranked if rank >= _rank(taken.rows[each.source_person])]
    memory.load(store, {each.source_person for each, _ in ranked} - taken.new)
    known = {each.source_person: memory.comparables.get(each.source_person, EMPTY) for each, _ in ranked}
    counts = dict(known)
    for each, rank in ranked:
        row, block = taken.rows[each.source_person], each.block
        if block is None or rank < _rank(row):
            continue
        one, so_far = memory.with_filters(comparable(block)), counts[row.token]
        if rank == _rank(row) and so_far is not EMPTY and told_parts(one) <= told_parts(so_far):
            continue
        row.telling, row.version = rank
        taken.changed.add(row.token)
        if so_far is EMPTY or one != so_far:
            counts[row.token] = one
    for token, one in counts.items():
        if one is not known[token]:
            taken.comparables[token] = one
            memory.keep(token, one)
            if one != known[token]:
                taken.before[token] = known[token]


def _rank(row: SourcePerson) -> tuple[bool, object]:
    return row.telling, row.version
