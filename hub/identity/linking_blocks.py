"""Who is compared with whom when some of them change: blocks as they stand in the store, and what a batch does to them.

A block that has more than `LARGEST` members is compared by its narrower blocks instead, whoever came first. So a batch that takes a
block over the limit takes pairs away from members it says nothing of (`lost`), and one that takes it back gives them (`gained`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import islice

from hub.domain.linkage import blocking
from hub.domain.linkage.blocking import block_keys, narrower_keys
from hub.domain.linkage.comparable import Comparable
from hub.identity.linking_memory import Memory
from hub.identity.store import LinkStore, Pair

__all__ = ["Neighbours", "neighbours", "still_compared"]

_Keys = dict[str, str]
"""Block keys by token."""
_Members = dict[str, set[str]]
"""Source persons by block."""
_NOBODY: frozenset[str] = frozenset()


@dataclass(slots=True)
class Neighbours:
    """Whom each changed source person is compared with now; `lost` and `gained`: blocks whose members are no longer, or again,
    compared because of their block's size."""

    of: dict[str, set[str]] = field(default_factory=dict)
    lost: list[Set[str]] = field(default_factory=list)
    gained: list[Set[str]] = field(default_factory=list)


class _Block:
    """One block before and after; whether it was too large, and is. `stayed` is cut off where it is too large in any case."""

    __slots__ = ("is_large", "joined", "left", "stayed", "was_large")  # a batch has some twenty thousand

    def __init__(self, stayed: Set[str], left: Set[str], joined: Set[str]) -> None:
        self.stayed, self.left, self.joined = stayed, left, joined
        count, most = len(stayed), blocking.LARGEST
        self.was_large = count + len(left) > most
        self.is_large = count + len(joined) > most

    def had(self, member: str) -> bool:
        """Whether this member stood in narrower blocks of this one."""
        return self.was_large and member not in self.joined

    def has(self, member: str) -> bool:
        """Whether it stands in them now."""
        return self.is_large and member not in self.left

    @property
    def members(self) -> Set[str]:
        return self.stayed | self.joined if self.joined else self.stayed


def neighbours(store: LinkStore, memory: Memory, before: Mapping[str, Comparable], dirty: Set[str]) -> Neighbours:
    """Put the blocks of changed source persons right. `before`: what counted so far of those for whom something else counts now
    (as `memory` has it); `dirty`: they and others whose neighbours are asked for."""
    return _Blocks(store, memory, before, dirty).run()


def still_compared(store: LinkStore, memory: Memory, pairs: Iterable[Pair]) -> set[Pair]:
    """Which of these pairs, all in memory, share a block that is not too large, as the store has them now."""
    pairs, known = list(pairs), memory.comparables
    keys = {each: {memory.block_token(key): key for key in block_keys(known[each])} for pair in pairs for each in pair}
    common = {pair: keys[pair[0]].keys() & keys[pair[1]].keys() for pair in pairs}
    large = _large(store, {token for tokens in common.values() for token in tokens})
    narrower: dict[Pair, set[str]] = {}
    for pair in pairs:
        if common[pair] <= large:
            narrower[pair] = {
                memory.block_token(key)
                for token in common[pair]
                for key in {*narrower_keys(keys[pair[0]][token], known[pair[0]])}.intersection(
                    narrower_keys(keys[pair[0]][token], known[pair[1]])
                )
            }
    large = _large(store, {token for tokens in narrower.values() for token in tokens})
    return {pair for pair in pairs if pair not in narrower or narrower[pair] - large}


def _large(store: LinkStore, tokens: Set[str]) -> set[str]:
    most = blocking.LARGEST
    found = store.members(tokens, most + 1) if tokens else {}
    return {token for token, members in found.items() if len(members) > most}


class _Blocks:
    def __init__(self, store: LinkStore, memory: Memory, before: Mapping[str, Comparable], dirty: Set[str]) -> None:
        self._store, self._memory, self._before = store, memory, before
        self._now = self._keys({each: memory.comparables[each] for each in dirty})
        self._was = self._keys(before)
        self._found = Neighbours()

    def run(self) -> Neighbours:
        left: _Members = defaultdict(set)
        joined: _Members = defaultdict(set)
        for each, was in self._was.items():
            now = self._now[each]
            for token in was.keys() - now.keys():
                left[token].add(each)
            for token in now.keys() - was.keys():
                joined[token].add(each)
        blocks = self._change(set().union(*self._now.values()), left, joined)
        narrow = self._narrow(blocks)
        for each, keys in self._now.items():
            near: set[str] = set()
            for token, key in keys.items():
                block = blocks[token]
                if not block.is_large:
                    near.update(block.stayed, block.joined)
                else:
                    for narrower in self._narrower(key, self._memory.comparables[each]):
                        if not narrow[narrower].is_large:
                            near.update(narrow[narrower].stayed, narrow[narrower].joined)
            near.discard(each)
            self._found.of[each] = near
        return self._found

    def _change(self, asked: set[str], left: _Members, joined: _Members) -> dict[str, _Block]:
        """Take members out of and into blocks; these blocks and those asked for."""
        self._store.change_members(left, {})
        asked = asked.union(left, joined)
        known = self._store.members(asked, blocking.LARGEST + 1) if asked else {}
        blocks = {
            token: _Block(known.get(token, _NOBODY), left.get(token, _NOBODY), joined.get(token, _NOBODY))
            for token in asked
        }
        self._store.change_members({}, joined)
        for block in blocks.values():
            if block.is_large and not block.was_large:
                self._found.lost.append(block.stayed)
            elif block.was_large and not block.is_large:
                self._found.gained.append(block.members)
        return blocks

    def _narrow(self, blocks: Mapping[str, _Block]) -> dict[str, _Block]:
        """The narrower blocks of those that are too large, or were."""
        large = {token for token, block in blocks.items() if block.is_large or block.was_large}
        if not large:
            return {}
        turned = {token for token in large if blocks[token].is_large != blocks[token].was_large}
        self._memory.load(self._store, {each for token in turned for each in blocks[token].stayed})
        touched = {token: {*blocks[token].stayed} if token in turned else set() for token in large}
        clear: _Keys = {}
        asked: set[str] = set()
        for each, keys in self._was.items():
            for token in keys.keys() & large:
                clear[token] = keys[token]
                touched[token].add(each)
        for each, keys in self._now.items():
            for token in keys.keys() & large:
                clear[token] = keys[token]
                if each in self._before:
                    touched[token].add(each)
                if blocks[token].is_large:
                    asked |= self._narrower(keys[token], self._memory.comparables[each])
        left: _Members = defaultdict(set)
        joined: _Members = defaultdict(set)
        for token, members in touched.items():
            block = blocks[token]
            for each in members:
                was = self._narrower(clear[token], self._counted(each)) if block.had(each) else set()
                now = self._narrower(clear[token], self._memory.comparables[each]) if block.has(each) else set()
                for narrower in was - now:
                    left[narrower].add(each)
                for narrower in now - was:
                    joined[narrower].add(each)
        return self._change(asked, left, joined)

    def _keys(self, of: Mapping[str, Comparable]) -> dict[str, _Keys]:
        keys = {each: block_keys(one) for each, one in of.items()}
        tokens = iter(self._memory.block_tokens([key for each in keys.values() for key in each]))
        return {each: dict(zip(islice(tokens, len(some)), some, strict=True)) for each, some in keys.items()}

    def _narrower(self, key: str, one: Comparable) -> set[str]:
        return {self._memory.block_token(narrower) for narrower in narrower_keys(key, one)}

    def _counted(self, source_person: str) -> Comparable:
        found = self._before.get(source_person)
        return found if found is not None else self._memory.comparables[source_person]
