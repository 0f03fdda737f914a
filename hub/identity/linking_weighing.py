"""The pairs that a batch weighs again: of source persons that say something else now, of the users of values that became a
service's (or are one's no longer), and of blocks that crossed their largest size. Everybody else's edges stand."""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import combinations

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.resolving import Scorer
from hub.domain.linkage.shared import SharedValue
from hub.identity.linking_blocks import Neighbours, neighbours, still_compared
from hub.identity.linking_memory import Memory
from hub.identity.store import LinkStore, Pair, StoredEdge, Use

__all__ = ["turned", "weigh_again"]


def turned(store: LinkStore, memory: Memory, before: Mapping[str, Comparable], over: int) -> set[str]:
    """Put the users of values right; the users of those that became a service's by this, or ceased to be. `before`: what counted so
    far of those for whom something else counts now, as `memory` has it."""
    values: dict[str, SharedValue] = {}
    removed: set[Use] = set()
    added: set[Use] = set()
    for each, one in before.items():
        was, now = memory.uses(each, one), memory.uses(each, memory.comparables[each])
        removed |= was.keys() - now.keys()
        added |= now.keys() - was.keys()
        values.update((use.value, value) for uses in (was, now) for use, value in uses.items())
    touched = {use.value for use in removed | added}
    if not touched:
        return set()
    store.change_users(removed, ())
    people = store.people_of(touched, over + 1)
    store.change_users((), added)
    for use in added:
        people.setdefault(use.value, set()).add(use.person)
    shared = {value for value in touched if len(people.get(value, ())) > over}
    begun = {value for value in shared if not memory.is_shared(value)}
    ended = {value for value in touched - shared if memory.is_shared(value)}
    if not begun and not ended:
        return set()
    for value in begun | ended:
        memory.turn(values[value], value, shared=value in begun)
    store.change_shared(ended, begun)
    return {each for users in store.users(begun | ended).values() for each in users}


def weigh_again(
    store: LinkStore, memory: Memory, scorer: Scorer, before: Mapping[str, Comparable], dirty: Set[str]
) -> set[str]:
    """Put blocks and edges of `dirty` right; who gained, lost or changed an edge. `scorer` scores what is in `memory`."""
    memory.load(store, dirty)
    near = neighbours(store, memory, before, dirty)
    lost = {each for block in near.lost for each in block}
    memory.load(store, {each for others in (*near.of.values(), *near.gained) for each in others} | lost)
    known = {(edge.left, edge.right): edge for edge in store.edges(dirty | lost)}
    found = _edges(near, scorer, dirty)
    removed = {pair for pair in known if pair not in found and not dirty.isdisjoint(pair)}
    removed |= _dropped(store, memory, near, {pair for pair in known if dirty.isdisjoint(pair)})
    changed = {pair: edge for pair, edge in found.items() if known.get(pair) != edge}
    store.change_edges(removed, changed.values())
    return {each for pair in (*removed, *changed) for each in pair}


def _edges(near: Neighbours, scorer: Scorer, dirty: Set[str]) -> dict[Pair, StoredEdge]:
    found: dict[Pair, StoredEdge] = {}
    pairs = (
        (each, other) for each, others in near.of.items() for other in others if each < other or other not in dirty
    )
    again = (
        (left, right)
        for block in near.gained
        for left, right in combinations(block, 2)
        if left not in dirty and right not in dirty
    )
    for part in (pairs, again):
        for one, other in part:
            scored = scorer.graded(one, other)
            if scored is not None:
                pair = (one, other) if one < other else (other, one)
                found[pair] = StoredEdge(*pair, scored.total, scored.grade, scored.veto)
    return found


def _dropped(store: LinkStore, memory: Memory, near: Neighbours, pairs: Set[Pair]) -> set[Pair]:
    """Those of these pairs that a block too large no longer gives, nor any other."""
    asked = {pair for pair in pairs if any(pair[0] in block and pair[1] in block for block in near.lost)}
    return asked - still_compared(store, memory, asked) if asked else set()
