"""What the links of others become when source persons are taken out. What these said is unknown by then, its key is gone: so which
blocks and values they leave is told by the store, and only what turns by it is put right.

A block that was too large and is no longer is compared whole again: every pair of its members is weighed, and its narrower blocks
end. A value that so few use now is somebody's own again: its users are weighed anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import combinations

from hub.domain.linkage import blocking
from hub.domain.linkage.blocking import block_keys, narrower_keys
from hub.domain.linkage.resolving import Scorer
from hub.identity.linking_memory import Memory
from hub.identity.linking_weighing import weigh_again
from hub.identity.store import LinkStore, StoredEdge

__all__ = ["ended_services", "weigh_without"]


def ended_services(store: LinkStore, values: Set[str], over: int) -> set[str]:
    """Say of those of these values that too few people use now that they are no service's any more; the users of these values.
    Before the memory begins: it reads what is a service's."""
    shared = values & store.shared()
    people = store.people_of(shared, over + 1)
    ended = {value for value in shared if len(people.get(value, ())) <= over}
    store.change_shared(ended, set())
    return {each for users in store.users(ended).values() for each in users}


def weigh_without(
    store: LinkStore, memory: Memory, scorer: Scorer, left: Mapping[str, Set[str]], users: Set[str]
) -> set[str]:
    """Put blocks and edges right: `left` says who was taken out of which blocks, `users` whose values ceased to be a service's. Who
    gained, lost or changed an edge."""
    most = blocking.LARGEST
    now = store.members(set(left), most + 1)
    turned = {
        block: now[block]
        for block in left
        if len(now.get(block, ())) <= most < len(now.get(block, ())) + len(left[block])
    }
    touched: set[str] = set()
    for block, members in sorted(turned.items()):
        memory.load(store, members)
        _end_narrower(store, memory, block, members)
        touched |= _weigh_all(store, scorer, members)
    return touched | (weigh_again(store, memory, scorer, {}, users) if users else set())


def _end_narrower(store: LinkStore, memory: Memory, block: str, members: Set[str]) -> None:
    left: dict[str, set[str]] = {}
    for member in members:
        one = memory.comparables[member]
        for key in block_keys(one):
            if memory.block_token(key) == block:
                for narrower in narrower_keys(key, one):
                    left.setdefault(memory.block_token(narrower), set()).add(member)
    store.change_members(left, {})


def _weigh_all(store: LinkStore, scorer: Scorer, members: Set[str]) -> set[str]:
    known = {(edge.left, edge.right): edge for edge in store.edges(members)}
    changed: list[StoredEdge] = []
    for pair in combinations(sorted(members), 2):
        scored = scorer.graded(*pair)
        if scored is not None:
            edge = StoredEdge(*pair, scored.total, scored.grade, scored.veto)
            if known.get(pair) != edge:
                changed.append(edge)
    store.change_edges((), changed)
    return {each for edge in changed for each in (edge.left, edge.right)}
