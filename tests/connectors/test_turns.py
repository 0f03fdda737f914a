"""Turns: round robin by sender, then by connection, in the order of each connection."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.turns import LONGEST_S, Turns

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


def test_those_who_wait_for_each_answer_and_those_who_send_ahead_have_turns_of_their_own() -> None:
    async def run() -> None:
        turns: Turns[str] = Turns()
        for n in range(4):
            turns.put("flood", "a", f"f{n}", ahead=True)
        assert await turns.next() == "f0"
        turns.put("honest", "b", "h0")
        assert turns.now() == "f1"
        assert await turns.next() == "h0"
        assert turns.now() is None
        assert await turns.next() == "f2"

    asyncio.run(run())


def test_a_lane_keeps_its_order_when_it_begins_to_send_ahead_and_when_it_ceases() -> None:
    async def run() -> None:
        turns: Turns[int] = Turns()
        turns.put("s", "a", 1)
        turns.put("s", "a", 2, ahead=True)
        assert [await turns.next(), turns.now()] == [1, 2]
        turns.put("s", "a", 3, ahead=True)
        turns.put("s", "a", 4)
        assert [await turns.next(), turns.now()] == [3, 4]

    asyncio.run(run())


def test_what_waits_of_a_new_connection_goes_along_when_it_turns_out_to_send_ahead() -> None:
    """Else its first messages, as many as it may have unanswered, come before those of who waits for each answer."""

    async def run() -> list[str | None]:
        turns: Turns[str] = Turns(lambda: 0.0)
        turns.hold(0.0)  # those who send ahead had theirs just now
        for connection in ("a", "b"):
            for n in range(4):
                turns.put("greedy", connection, f"{connection}{n}", ahead=n > 0)
        turns.put("honest", "c", "honest")
        assert len(turns) == 9
        first = await turns.next()
        turns.answered("c")
        turns.end()
        return [first, *[await turns.next() for _ in range(9)]]

    found = asyncio.run(run())
    assert (found[0], found[9]) == ("honest", None)
    assert [each for each in found if each and each[0] == "a"] == ["a0", "a1", "a2", "a3"]
    assert [each for each in found if each and each[0] == "b"] == ["b0", "b1", "b2", "b3"]


def test_a_flood_that_is_held_waits_and_who_comes_meanwhile_does_not() -> None:
    clock = [0.0]

    async def run() -> None:
        turns: Turns[str] = Turns(now=lambda: clock[0])
        turns.put("flood", "a", "f0", ahead=True)
        turns.hold(5.0)
        waiting = asyncio.create_task(turns.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        turns.put("honest", "b", "h0")
        assert await waiting == "h0"
        clock[0] = 5.0
        assert await turns.next() == "f0"

    asyncio.run(run())


def test_the_end_waits_for_no_hold() -> None:
    async def run() -> None:
        turns: Turns[str] = Turns(now=lambda: 0.0)
        turns.put("flood", "a", "f0", ahead=True)
        turns.hold(5.0)
        turns.end()
        assert await turns.next() == "f0"
        assert await turns.next() is None

    asyncio.run(run())


def test_a_rest_ends_when_it_is_over_or_as_soon_as_one_comes_who_waits_for_each_answer() -> None:
    clock = [0.0]

    async def run() -> None:
        turns: Turns[str] = Turns(now=lambda: clock[0])
        resting = asyncio.create_task(turns.rest(5.0))
        await asyncio.sleep(0)
        turns.put("flood", "a", "f0", ahead=True)
        await asyncio.sleep(0)
        assert not resting.done()
        turns.put("honest", "b", "h0")
        await resting
        assert await turns.next() == "h0"
        turns.answered("b")
        clock[0] = 5.0
        await turns.rest(0.0)
        assert await turns.next() == "f0"

    asyncio.run(run())


def test_who_waits_for_each_answer_comes_first_and_none_of_a_flood_is_begun_until_that_is_given_or_a_while_is_over() -> (
    None
):
    clock = [0.0]

    async def run() -> None:
        turns: Turns[str] = Turns(now=lambda: clock[0])
        for n in range(4):
            turns.put("flood", "a", f"f{n}", ahead=True)
        assert await turns.next() == "f0"
        turns.hold(0.0)
        turns.put("honest", "b", "h0")
        assert await turns.next() == "h0"
        turns.put("honest", "b", "h1")
        assert await turns.next() == "h1", "the flood had its turn lately"
        waiting = asyncio.create_task(turns.next())
        await asyncio.sleep(0)
        turns.answered("b")
        await asyncio.sleep(0)
        assert not waiting.done(), "h1 is not answered"
        turns.answered("b")
        assert await waiting == "f1"
        turns.hold(0.0)
        turns.put("honest", "b", "h2")
        assert await turns.next() == "h2"
        clock[0] = LONGEST_S
        assert await turns.next() == "f2", "it waited long enough, h2 answered or not"
        turns.hold(0.0)
        turns.answered("b")
        turns.answered("b")  # of a lane with nothing in hand: nothing happens
        assert await turns.next() == "f3"

    asyncio.run(run())


def test_many_who_wait_for_each_answer_do_not_starve_those_who_send_ahead() -> None:
    clock = [0.0]

    async def run() -> None:
        turns: Turns[str] = Turns(now=lambda: clock[0])
        served = 0
        for n in range(200):  # some of them is always in hand
            turns.put("honest", f"h{n}", "h")
            turns.put("flood", "a", "f", ahead=True)
            clock[0] = max(clock[0], n * 0.001)
            item = await turns.next()
            if item == "f":
                served += 1
                turns.hold(0.0)
                item = await turns.next()
            assert item == "h"
            turns.answered(f"h{n - 1}")
        assert served == 200 * 0.001 // LONGEST_S

    asyncio.run(run())


def test_a_turn_of_one_who_joined_while_others_were_held_does_not_hold_them_longer() -> None:
    clock = [0.0]

    async def run() -> None:
        turns: Turns[str] = Turns(now=lambda: clock[0])
        turns.put("flood", "a", "f0", ahead=True)
        assert await turns.next() == "f0"
        turns.hold(0.0)
        turns.put("honest", "b", "h0")
        assert turns.now(anew=True) == "h0"
        clock[0] = LONGEST_S / 2
        turns.hold(0.0)
        clock[0] = LONGEST_S
        turns.put("flood", "a", "f1", ahead=True)
        assert await turns.next() == "f1"

    asyncio.run(run())
