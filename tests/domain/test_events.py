"""What an event shows of a person when it is printed."""

from __future__ import annotations

from hub.domain.events import PersonBlock
from tests.privacy.canary import CANARY_BLOCK, find_canaries


def test_a_printed_person_block_shows_nothing_of_the_person() -> None:
    shown = {how.__name__: how(block) for block in (CANARY_BLOCK, [CANARY_BLOCK]) for how in (repr, str)}
    shown["constructed"] = f"{PersonBlock.model_construct(**CANARY_BLOCK.model_dump())}"
    assert find_canaries(dict(shown)) == []
    assert repr(CANARY_BLOCK) == "PersonBlock()"
