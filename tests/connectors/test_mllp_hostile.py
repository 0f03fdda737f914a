"""Hostile and broken senders at the MLLP door: each is cut within its limit and counted, and its neighbours are served."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import resource
import socket
import sys
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors import mllp_gate
from hub.connectors.door import Receipt
from hub.connectors.mllp_accept import AT_ONCE, REFUSED_S, accept
from hub.connectors.mllp_connection import Connection
from hub.connectors.mllp_delivery import MllpDelivery
from hub.connectors.mllp_gate import Allowance, Gate
from hub.connectors.mllp_host import BAD_ENDS, CLOSED
from hub.connectors.mllp_options import MllpOptions
from hub.formats.mllp import frame
from tests.connectors.mllp_hub import Hub, closed, scenario, until_closed
from tests.connectors.pretend import values

HOSTILE = "127.0.0.2"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs a second loopback address")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Pipe:
    """A transport that remembers what was done to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.reading, self.closing = True, False

    def set_write_buffer_limits(self, high: int) -> None: ...
    def get_extra_info(self, name: str) -> None: ...
    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closing = True

    abort = close


class Door:
    """What a connection sees of the door."""

    def __init__(self, **options: Any) -> None:
        self.options = MllpOptions(**options)
        self.waiting: list[MllpDelivery] = []
        self.reasons: list[str] = []

    def handed(self, delivery: MllpDelivery, unanswered: int) -> None:
        assert unanswered >= 1
        self.waiting.append(delivery)

    def answer(self, message: bytes, receipt: Receipt) -> bytes:
        return b"AA " + message

    def answered(self, lane: str) -> None:
        assert lane == "lane"

    def heard(self, address: str, receipt: Receipt) -> None: ...
    def taken(self, address: str) -> None: ...
    def wait_s(self, address: str) -> float:
        return 0.0

    def may_tell(self) -> bool:
        return True

    def left(self, connection: Connection, reason: str) -> None:
        self.reasons.append(reason)


body = st.binary(max_size=40).filter(lambda b: b"\x1c\x0d" not in b + b"\x1c" and b"\x0bMSH" not in b)


@settings(deadline=None)
@given(st.lists(body, max_size=12), st.lists(st.integers(0, 400), max_size=20), st.integers(1, 4), st.data())
def test_however_the_stream_is_cut_and_answered_no_message_is_lost_doubled_or_taken_early(
    bodies: list[bytes], cuts: list[int], unanswered: int, data: st.DataObject
) -> None:
    stream = b"".join(frame(each) for each in bodies)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]

    async def run() -> None:
        door, pipe = Door(unanswered=unanswered), Pipe()
        connection = Connection(door, "lane", "address")
        connection.connection_made(cast(Any, pipe))
        seen: list[bytes] = []
        while chunks or door.waiting:
            assert len(door.waiting) <= unanswered
            if chunks and pipe.reading and (not door.waiting or data.draw(st.booleans())):
                connection.data_received(chunks.pop(0))
            elif door.waiting:
                delivery = door.waiting.pop(0)
                seen.append(delivery.message)
                await delivery.ack(Receipt())
        assert seen == bodies
        await asyncio.sleep(0)  # answers go out together, in the loop's next turn
        assert b"".join(pipe.written) == b"".join(frame(b"AA " + each) for each in bodies)
        connection.eof_received()
        connection.connection_lost(None)
        assert door.reasons == ["by-sender"]

    asyncio.run(run())


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_whatever_is_sent_every_delivery_can_be_answered_and_the_end_is_told_once(
    stream: bytes, cuts: list[int]
) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]

    async def run() -> None:
        door, pipe = Door(), Pipe()
        connection = Connection(door, "lane", "address")
        connection.connection_made(cast(Any, pipe))
        for start, end in itertools.pairwise(edges):
            connection.data_received(stream[start:end])
        connection.eof_received()
        connection.connection_lost(None)
        while door.waiting:
            await door.waiting.pop(0).ack(Receipt())
        assert len(door.reasons) == 1
        assert door.reasons[0] in CLOSED

    asyncio.run(run())


def test_two_thousand_silent_connections_leave_room_for_an_honest_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8_192)), hard))

    async def play(it: Hub) -> None:
        honest = await it.sender()
        assert await honest.ask(b"ann:1") == b"AA ann:1"
        came = 1
        for _ in range(40):
            tried = await asyncio.gather(*(it.sender(HOSTILE) for _ in range(50)), return_exceptions=True)
            came += sum(not isinstance(each, BaseException) or isinstance(each, ConnectionResetError) for each in tried)
            assert await honest.ask(b"bob:1") == b"AA bob:1"
        assert came == 2_001
        while turned_away() - before + len(it.door._connections) < came:  # the last ones wait to be accepted
            await asyncio.sleep(0.002)
        assert turned_away() - before + len(it.door._connections) == came
        assert len(it.door._connections) <= 16
        assert await honest.ask(b"cy:1") == b"AA cy:1"

    def turned_away() -> float:
        return sum(map(closed, ("too-many-connections", "too-many-from-address", "too-fast", "made-room")))

    before = turned_away()
    scenario(play, connections=16)


def test_a_newcomer_takes_the_place_of_the_longest_silent_connection_and_of_no_other() -> None:
    before = closed("made-room")

    async def play(it: Hub) -> None:
        silent, spoke = await it.sender(), await it.sender()
        assert await spoke.ask(b"ann:1") == b"AA ann:1"
        assert await it.turned_away()
        for each in it.door._connections.values():
            each.quiet_since -= 1.001 * it.door.options.frame_s  # so long ago, without waiting for it
        newcomer = await it.sender()
        assert await newcomer.ask(b"bob:1") == b"AA bob:1"
        assert await silent.answer() == b""
        assert await spoke.ask(b"cy:1") == b"AA cy:1"

    scenario(play, connections=2)
    assert closed("made-room") == before + 1


@linux_only
def test_one_address_cannot_take_every_place() -> None:
    async def play(it: Hub) -> None:
        greedy = [await it.sender(HOSTILE) for _ in range(2)]
        assert [await each.ask(b"ann:1") for each in greedy] == [b"AA ann:1"] * 2
        assert await it.turned_away(HOSTILE)
        assert await it.turned_away(HOSTILE)
        assert await (await it.sender()).ask(b"bob:1") == b"AA bob:1"

    before = closed("too-many-from-address")
    scenario(play, connections=4, connections_per_address=2)
    assert closed("too-many-from-address") == before + 2


@linux_only
def test_a_storm_of_connects_is_turned_away_and_the_others_are_let_in() -> None:
    async def play(it: Hub) -> None:
        for _ in range(50):
            with contextlib.suppress(OSError):
                (await it.sender(HOSTILE)).writer.transport.abort()
        assert await (await it.sender()).ask(b"bob:1") == b"AA bob:1"

    before = closed("too-fast")
    scenario(play, connects_per_s=0.0001)  # one of each address, and no other as long as a test may take
    assert closed("too-fast") == before + 49


def test_a_flood_of_junk_is_counted_and_not_written_down_without_end() -> None:
    most = 0.0

    async def play(it: Hub) -> None:
        nonlocal most
        began = asyncio.get_running_loop().time()
        honest = await it.sender()
        for number in range(150):
            junk = await it.sender()
            await junk.send(b"GET / HTTP/1.1\r\n\r\n")
            assert await junk.answer() == b""
            if number % 50 == 0:
                assert await honest.ask(b"ann:1") == b"AA ann:1"
        most = 61 + asyncio.get_running_loop().time() - began  # 60 at once, and one more each second

    before = closed("frame-no-start")
    bus = scenario(play, connects_per_s=1_000.0, faults_forgiven=1_000)
    assert closed("frame-no-start") == before + 150
    assert 60 <= len(values(bus.log, "dead")) <= most


def test_a_sender_that_never_reads_its_answers_is_cut_and_its_answers_are_not_kept() -> None:
    async def play(it: Hub) -> None:
        honest = await it.sender()
        deaf = socket.create_connection(("127.0.0.1", it.door.port))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.setblocking(False)
        loop, message = asyncio.get_running_loop(), frame(b"ann:1" + b" " * 60_000)
        most = 0

        async def send() -> None:
            nonlocal most
            with contextlib.suppress(OSError):
                while True:
                    await loop.sock_sendall(deaf, message)
                    for each in it.door._connections.values():
                        if each._transport is not None:
                            most = max(most, each._transport.get_write_buffer_size())

        sending = asyncio.create_task(send())
        await until_closed("answer-not-taken", before + 1)
        assert await honest.ask(b"bob:1") == b"AA bob:1"
        sending.cancel()
        deaf.close()
        assert most < 4 * 1024 * 1024

    before = closed("answer-not-taken")
    scenario(play, answer_s=0.2)


def test_an_endless_frame_is_cut_at_the_cap_and_not_kept() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def play(it: Hub) -> None:
        honest = await it.sender()
        for _ in range(20):
            hostile = await it.sender()
            sent = 0
            await hostile.send(b"\x0bMSH|")
            with contextlib.suppress(OSError):
                while sent < 1 << 30:
                    await hostile.send(b"y" * 262_144)
                    sent += 262_144
            assert sent < 64 * 1024 * 1024, "cut long before its end"
        assert await honest.ask(b"ann:1") == b"AA ann:1"

    scenario(play)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb < 100_000


@pytest.mark.parametrize("flood", [frame(b""), frame(b"x"), b"\x0b\x1c\r\r\n" * 3], ids=["empty", "tiny", "blanks"])
def test_a_flood_of_tiny_frames_waits_for_itself(flood: bytes) -> None:
    async def play(it: Hub) -> None:
        hostile, honest = await it.sender(HOSTILE), await it.sender()
        hostile.writer.write(flood * 20_000)
        for n in range(10):
            assert await honest.ask(b"ann:%d" % n) == b"AA ann:%d" % n
            assert all(each._unanswered <= 32 for each in it.door._connections.values())
        hostile.writer.transport.abort()
        await it.door.close()

    scenario(play)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"MSH|\r" * 4, b"too-many-messages"), (b"ann:1\r" * 9, b"too-many-segments")],
)
def test_a_frame_with_too_much_in_it_is_refused_whole_and_answered(content: bytes, reason: bytes) -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        assert (await sender.ask(content))[:2] == b"AR"
        assert await sender.ask(b"bob:1") == b"AA bob:1"

    bus = scenario(play, messages_per_frame=3, segments_per_frame=8)
    assert [record for record in bus.log if record[0] == "dead"] == [("dead", reason, None, None, None)]


def test_the_end_of_a_frame_inside_a_message_is_its_end() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        await sender.send(b"\x0bann:1\x1c\rrest of it\x1c\r")
        assert await sender.answer() == b"AA ann:1"
        assert await sender.answer() == b""

    bus = scenario(play)
    assert [record[1] for record in bus.log if record[0] == "dead"] == [b"frame-no-start"]


def test_a_connection_that_ends_while_its_messages_wait_leaves_nothing_behind() -> None:
    async def play(it: Hub) -> None:
        it.bus.flowing.clear()
        for _ in range(20):
            sender = await it.sender()
            await sender.send(frame(b"ann:1") * 3)
            sender.writer.transport.abort()
        it.bus.flowing.set()
        assert await (await it.sender()).ask(b"bob:1") == b"AA bob:1"
        while len(it.door._connections) > 1:
            await asyncio.sleep(0.002)

    scenario(play)


def test_an_allowance_is_refilled_over_time() -> None:
    clock = Clock()
    allowance = Allowance(1.0, 2.0, clock)
    assert [allowance.take() for _ in range(3)] == [True, True, False]
    clock.now = 1.0
    assert [allowance.take() for _ in range(2)] == [True, False]


def test_only_known_reasons_are_held_against_an_address() -> None:
    assert set(CLOSED) > BAD_ENDS


def gate_of(faults: int, clock: Clock) -> Gate:
    return Gate(connections=10, per_address=10, connects_per_s=1_000.0, faults=faults, now=clock)


def test_an_address_whose_connections_end_badly_is_turned_away_and_may_soon_try_again() -> None:
    clock = Clock()
    gate = gate_of(3, clock)
    for _ in range(3):
        assert gate.refuses("bad") is None
        gate.enter("bad")
        gate.leave("bad", badly=True)
    assert gate.refuses("bad") == "too-many-faults"
    assert gate.refuses("good") is None
    clock.now = 1 / mllp_gate.FAULTS_PER_S
    assert gate.refuses("bad") is None
    gate.enter("bad")
    gate.leave("bad", badly=True)
    assert gate.refuses("bad") == "too-many-faults"


def test_a_message_that_can_be_read_clears_the_faults_of_its_address() -> None:
    clock = Clock()
    gate = gate_of(3, clock)
    faulty(gate, "mixed", 3)
    assert gate.refuses("mixed") == "too-many-faults"
    gate.heard("mixed", readable=True)
    clock.now += mllp_gate.TRUSTED_S  # so that the trust is over, and what was cleared stays so
    assert gate.refuses("mixed") is None


def faulty(gate: Gate, address: str, times: int) -> None:
    for _ in range(times):
        gate.enter(address)
        gate.leave(address, badly=True)


@pytest.mark.parametrize(("per_s", "most"), [(4, 0), (20, 30)])
def test_a_broken_sender_does_not_starve_an_honest_one_behind_the_same_address(per_s: int, most: int) -> None:
    """Failed handshakes of 10 ms beside one who comes about once a minute and, turned away, after some seconds: two hours
    from a start at which nothing is known of them."""
    clock, spread = Clock(), Random(1)
    gate = gate_of(20, clock)
    comes, refused, served = 30.0, 0, 0
    for number in range(per_s * 7_200):
        clock.now = number / per_s
        if gate.refuses("nat") is None:
            clock.now += 0.01
            faulty(gate, "nat", 1)
        if comes < (number + 1) / per_s:
            clock.now = max(clock.now, comes)
            if gate.refuses("nat") is not None:
                refused += 1
                comes += spread.uniform(2, 4)
                assert not served, "once a message of it was read, it is not turned away any more"
                continue
            comes += spread.uniform(55, 65)
            served += 1
            gate.enter("nat")
            gate.heard("nat", readable=True)
            gate.leave("nat")
    assert served > 100
    assert refused <= most


def test_trust_ends_an_hour_after_the_last_readable_message() -> None:
    clock = Clock()
    gate = gate_of(3, clock)
    gate.heard("turned", readable=True)
    faulty(gate, "turned", 30)
    clock.now = mllp_gate.TRUSTED_S - 1
    faulty(gate, "turned", 30)
    assert gate.refuses("turned") is None
    faulty(gate, "turned", 30)
    clock.now = mllp_gate.TRUSTED_S
    faulty(gate, "turned", 30)
    assert gate.refuses("turned") == "too-many-faults"


def test_a_trusted_address_too_is_held_to_its_pace_of_connects() -> None:
    gate = Gate(connections=10, per_address=10, connects_per_s=5.0, faults=3, now=Clock())
    gate.heard("nat", readable=True)
    assert [gate.refuses("nat") for _ in range(11)] == [None] * 10 + ["too-fast"]


def test_after_many_unreadable_messages_in_a_row_each_next_one_waits_longer_up_to_a_second() -> None:
    gate = gate_of(3, Clock())
    assert [waits(gate, "bad") for _ in range(6)] == [0.0, 0.0, 0.0, 0.01, 0.02, 0.04]
    assert waits(gate, "other") == 0.0
    assert [waits(gate, "bad") for _ in range(100)][-1] == 1.0


def waits(gate: Gate, address: str) -> float:
    """Seconds until the next message, after one of which nothing could be read."""
    gate.heard(address, readable=False)
    return gate.wait_s(address)


def test_it_is_told_once_that_an_address_is_slowed_down() -> None:
    gate = gate_of(3, Clock())
    assert [gate.heard("bad", readable=False) for _ in range(6)] == [False, False, False, True, False, False]


def test_the_pause_is_of_the_address_on_whichever_connection_its_next_message_comes() -> None:
    clock = Clock()
    gate = gate_of(3, clock)
    while waits(gate, "bad") < 1.0:
        pass
    clock.now = 1.0
    assert gate.wait_s("bad") == 0.0
    gate.taken("bad")  # by one connection: any other waits now
    assert gate.wait_s("bad") == 1.0
    clock.now = 1.75
    assert waits(gate, "bad") == 0.25, "no answer puts off who waits"
    gate.heard("bad", readable=True)
    assert gate.wait_s("bad") == 0.0


def test_an_address_of_which_messages_could_be_read_within_the_hour_is_not_slowed_down() -> None:
    clock = Clock()
    gate = gate_of(3, clock)
    gate.heard("nat", readable=True)
    clock.now = mllp_gate.TRUSTED_S - 1
    assert {waits(gate, "nat") for _ in range(100)} == {0.0}
    clock.now = mllp_gate.TRUSTED_S
    assert waits(gate, "nat") == 1.0


def test_looking_whether_the_port_is_open_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mllp_gate, "FAULTS_PER_S", 1e-6)

    async def play(it: Hub) -> None:
        for number in range(10):
            (await it.sender()).writer.close()
            await until_closed("by-sender", before + number + 1)
        assert await (await it.sender()).ask(b"ann:1") == b"AA ann:1"

    before = closed("by-sender")
    scenario(play, faults_forgiven=2)


def test_junk_from_one_address_is_soon_turned_away_at_the_door_and_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mllp_gate, "FAULTS_PER_S", 1e-6)  # none is forgiven as long as a test may take

    async def play(it: Hub) -> None:
        for _ in range(5):
            with contextlib.suppress(OSError):
                junk = await it.sender(HOSTILE)
                await junk.send(b"GET / HTTP/1.1\r\n\r\n")
                assert await junk.answer() == b""
        assert closed("too-many-faults") == refused + 3
        if sys.platform == "linux":
            assert await (await it.sender()).ask(b"bob:1") == b"AA bob:1"

    junk, refused = closed("frame-no-start"), closed("too-many-faults")
    scenario(play, faults_forgiven=2)
    assert closed("frame-no-start") == junk + 2


def test_a_connection_that_is_slowed_down_takes_its_next_message_when_the_pause_is_over_and_none_is_lost() -> None:
    async def run() -> None:
        door, pipe = Slowing(), Pipe()
        connection = Connection(door, "lane", "address")
        connection.connection_made(cast(Any, pipe))
        connection.data_received(frame(b"junk") + frame(b"next"))
        assert [each.message for each in door.waiting] == [b"junk"], "the turn of the other has not come"
        await door.waiting.pop().ack(Receipt())
        assert (len(door.waiting), pipe.reading) == (0, False)
        door.wait = 0.0
        connection._go_on()  # what the timer calls
        assert ([each.message for each in door.waiting], pipe.reading) == ([b"next"], True)
        await door.waiting.pop().ack(Receipt())
        connection.data_received(frame(b"more"))
        connection.stop()  # nobody waits for the end of a pause
        assert pipe.closing
        connection.connection_lost(None)
        assert door.reasons == ["stopped"]

    asyncio.run(run())


def test_a_new_connection_of_an_address_that_is_slowed_down_waits_too() -> None:
    async def run() -> None:
        door, pipe = Slowing(), Pipe()
        door.wait = 3_600.0
        connection = Connection(door, "lane", "address")
        connection.connection_made(cast(Any, pipe))
        connection.data_received(b"\x0bhalf")
        assert pipe.reading, "half a message waits for nothing but its end"
        connection.data_received(b" and whole\x1c\r")
        assert (door.waiting, pipe.reading) == ([], False)
        connection.connection_lost(None)
        assert door.reasons == ["by-sender"]

    asyncio.run(run())


class Slowing(Door):
    """After a message was taken the next one waits for an hour."""

    wait = 0.0

    def taken(self, address: str) -> None:
        self.wait = 3_600.0

    def wait_s(self, address: str) -> float:
        return self.wait


def test_a_storm_is_accepted_in_bites_with_rests_between_and_whoever_is_behind_it_comes_in() -> None:
    rests: list[float] = []

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listening, contextlib.ExitStack() as opened:
            listening.setblocking(False)
            let_in: list[bool] = []
            done = asyncio.Event()

            def admit(accepted: socket.socket, address: str) -> bool:
                accepted.close()
                let_in.append(len(let_in) >= 20)
                if let_in[-1]:
                    done.set()
                return let_in[-1]

            async def rested(seconds: float) -> None:
                rests.append(seconds)
                await asyncio.sleep(0)

            for _ in range(21):
                opened.enter_context(socket.create_connection(listening.getsockname()))
            accepting = asyncio.create_task(accept(listening, admit, lambda: None, rested))
            await done.wait()
            while len(rests) < 3:
                await asyncio.sleep(0)
            accepting.cancel()
            await asyncio.gather(accepting, return_exceptions=True)

    asyncio.run(run())
    assert rests[:3] == [REFUSED_S] * 3
    assert AT_ONCE * 2 < 21 <= AT_ONCE * 3


def test_the_gate_forgets_the_oldest_address_and_not_who_is_inside() -> None:
    gate = Gate(connections=10, per_address=1, connects_per_s=1.0, faults=20, now=Clock())
    assert gate.refuses("a") is None
    gate.enter("a")
    for number in range(5_000):
        gate.refuses(str(number))
    assert len(gate._accounts) <= 4_096
    assert gate.refuses("a") == "too-many-from-address"
    gate.leave("a")
    assert gate.refuses("a") is None
