"""Turns: round robin by sender, then by connection, in the order of each connection."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.turns import Turns

Put = tuple[str, str]


def drained(puts: list[Put]) -> list[tuple[str, str, int]]:
    async def run() -> list[tuple[str, str, int]]:
        turns: Turns[tuple[str, str, int]] = Turns()
        for n, (sender, lane) in enumerate(puts):
            turns.put(sender, lane, (sender, lane, n))
        assert len(turns) == len(puts)
        turns.end()
        found = []
        while (item := await turns.next()) is not None:
            found.append(item)
        assert len(turns) == 0
        return found

    return asyncio.run(run())


def test_a_flood_waits_for_itself_and_a_single_message_for_one_of_each() -> None:
    flood = [("greedy", f"c{n % 50}") for n in range(500)]
    found = drained([*flood, ("honest", "c0"), ("other", "c0")])
    assert [sender for sender, _, _ in found[:3]] == ["greedy", "honest", "other"]


def test_connections_of_one_sender_take_turns() -> None:
    found = drained([("s", "a"), ("s", "a"), ("s", "a"), ("s", "b")])
    assert [lane for _, lane, _ in found] == ["a", "b", "a", "a"]


lane = st.tuples(st.sampled_from("xyz"), st.sampled_from("ab"))


@given(st.lists(lane, max_size=40))
def test_nothing_is_lost_lanes_keep_their_order_and_no_sender_is_two_turns_ahead(puts: list[Put]) -> None:
    found = drained(puts)
    assert sorted(n for _, _, n in found) == list(range(len(puts)))
    for each in set(puts):
        order = [n for sender, name, n in found if (sender, name) == each]
        assert order == sorted(order)
    left = Counter(sender for sender, _ in puts)
    served: Counter[str] = Counter()
    for sender, _, _ in found:
        served[sender] += 1
        left[sender] -= 1
        assert all(served[sender] - served[other] <= 1 for other in left if left[other])


def test_who_waits_is_woken_by_an_item_and_by_the_end() -> None:
    async def run() -> None:
        turns: Turns[int] = Turns()
        waiting = asyncio.create_task(turns.next())
        await asyncio.sleep(0)
        turns.put("s", "a", 1)
        assert await waiting == 1
        waiting = asyncio.create_task(turns.next())
        await asyncio.sleep(0)
        turns.end()
        assert await waiting is None

    asyncio.run(run())


def test_a_round_gives_one_item_to_each_of_several_senders_and_any_number_to_a_single_one() -> None:
    async def run() -> None:
        turns: Turns[str] = Turns()
        for n in range(3):
            turns.put("greedy", "a", f"g{n}")
        assert [await turns.next(), turns.now(), turns.now(), turns.now()] == ["g0", "g1", "g2", None]
        for n in range(3):
            turns.put("greedy", "a", f"g{n}")
        turns.put("honest", "a", "h")
        assert [await turns.next(), turns.now(), turns.now()] == ["g0", "h", None]
        assert [await turns.next(), turns.now(), turns.now()] == ["g1", "g2", None]
        turns.put("greedy", "a", "g3")
        turns.put("honest", "a", "h1")
        assert [turns.now(anew=True), turns.now(), turns.now()] == ["g3", "h1", None]
        turns.put("honest", "a", "h2")
        assert [turns.now(), turns.now(anew=True)] == [None, "h2"]

    asyncio.run(run())
