"""Tokens of what linking compares by: they stand in registries, so no way of making them may give another one."""

from __future__ import annotations

from hub.domain.ids import Ids
from hub.identity.linking_memory import Memory

IDS = Ids(b"i" * 32)
KEYS = ["d:19800203", "", "n:zlrs+анна", *(f"p:555{number:04d}" for number in range(200))]


def test_a_block_has_the_same_token_among_many_as_alone() -> None:
    memory = Memory(IDS, 0)
    assert memory.block_tokens(KEYS) == [memory.block_token(key) for key in KEYS]
    assert memory.block_tokens([]) == []
    assert memory.block_token("d:19800203") == IDS.token("match", "block\x1fd:19800203")
