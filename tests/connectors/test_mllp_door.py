"""The MLLP door over a real socket, with honest, broken and hostile senders. The bus is a fake that can be away."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from hub.connectors.mllp_door import MllpDoor
from hub.connectors.mllp_options import MllpOptions
from hub.connectors.watch import Watch
from hub.errors import ConfigError
from hub.formats.mllp import frame
from tests.connectors.mllp_hub import Hub, answer, scenario
from tests.connectors.pretend import values
from tests.fakes import FakeBus


def test_a_good_message_is_accepted_a_bad_one_is_answered_with_an_error() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        assert await sender.ask(b"ann:1") == b"AA ann:1"
        assert await sender.ask(b"bob:2\nbad:x") == b"AE bob:2"
        assert await sender.ask(b"junk:x") == b"AR junk:x"
        assert await sender.ask(b"cy:3") == b"AA cy:3"

    bus = scenario(play)
    assert values(bus.log, "event") == [b"event-ann-1", b"event-bob-2", b"event-cy-3"]


def test_many_messages_at_once_are_answered_in_their_order() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        await sender.send(b"".join(frame(b"p%d:1" % n) for n in range(300)))
        assert [await sender.answer() for _ in range(300)] == [b"AA p%d:1" % n for n in range(300)]

    scenario(play)


def test_a_message_may_come_byte_by_byte_and_two_in_one_packet() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        for byte in frame(b"ann:1"):
            await sender.send(bytes([byte]))
        assert await sender.answer() == b"AA ann:1"
        await sender.send(frame(b"bob:1") + frame(b"cy:1"))
        assert [await sender.answer(), await sender.answer()] == [b"AA bob:1", b"AA cy:1"]

    scenario(play)


def test_no_answer_comes_before_the_broker_confirmed() -> None:
    async def play(it: Hub) -> None:
        it.bus.flowing.clear()
        sender = await it.sender()
        await sender.send(frame(b"ann:1"))
        waiting = asyncio.create_task(sender.answer())
        while not it.bus.log:
            await asyncio.sleep(0.001)
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert not done
        it.bus.flowing.set()
        assert await waiting == b"AA ann:1"

    scenario(play)


def test_without_a_broker_the_connection_is_closed_unanswered_and_later_all_flows() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        assert await sender.ask(b"ann:1") == b""
        assert it.bus.log == []
        it.bus.away = False
        again = await it.sender()
        assert await again.ask(b"ann:1") == b"AA ann:1"

    scenario(play, bus=FakeBus(away=True))


def test_a_sender_that_hangs_up_its_half_still_gets_its_answers() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        await sender.send(frame(b"ann:1") + frame(b"bob:1"))
        sender.writer.write_eof()
        assert [await sender.answer(), await sender.answer(), await sender.answer()] == [b"AA ann:1", b"AA bob:1", b""]

    scenario(play)


def test_a_sender_that_asked_for_no_answer_gets_none() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        await sender.send(frame(b"quiet:1") + frame(b"ann:1"))
        assert await sender.answer() == b"AA ann:1"

    assert values(scenario(play).log, "event") == [b"event-quiet-1", b"event-ann-1"]


def test_where_no_answer_can_be_built_the_sender_does_not_wait_for_one() -> None:
    async def play(it: Hub) -> None:
        unlucky, honest = await it.sender(), await it.sender()
        assert await unlucky.ask(b"unanswerable:1") == b""
        assert await honest.ask(b"ann:1") == b"AA ann:1"

    assert values(scenario(play).log, "event") == [b"event-unanswerable-1", b"event-ann-1"]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"\x0b" + b"x" * 10_000_000, b"frame-too-large"),
        (frame(b"x" * 10_000_000), b"frame-too-large"),
        (b"GET / HTTP/1.1\r\n\r\n", b"frame-no-start"),
        (b"\x16\x03\x01\x02\x00" + bytes(range(256)), b"frame-no-start"),
        (b"\xff" * 100_000, b"frame-no-start"),
    ],
)
def test_junk_closes_its_connection_leaves_a_letter_without_body_and_harms_no_neighbour(
    sent: bytes, reason: bytes
) -> None:
    async def play(it: Hub) -> None:
        honest, hostile = await it.sender(), await it.sender()
        assert await honest.ask(b"ann:1") == b"AA ann:1"
        with contextlib.suppress(ConnectionError):
            await hostile.send(sent)
        assert await hostile.answer() == b""
        assert await honest.ask(b"bob:1") == b"AA bob:1"

    bus = scenario(play)
    assert values(bus.log, "event") == [b"event-ann-1", b"event-bob-1"]
    assert [record for record in bus.log if record[0] == "dead"] == [("dead", reason, None, None, None)]


def test_what_came_whole_before_the_junk_is_still_answered() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        await sender.send(frame(b"ann:1") + b"junk")
        assert [await sender.answer(), await sender.answer()] == [b"AA ann:1", b""]

    scenario(play)


def test_a_frame_cut_off_by_hanging_up_is_told_of_and_not_answered() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        await sender.send(b"\x0bann:1")
        sender.writer.write_eof()
        assert await sender.answer() == b""

    assert scenario(play).log == [("dead", b"frame-truncated", None, None, None)]


def test_a_sender_silent_half_way_is_cut_off() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        await sender.send(b"\x0bann:1")
        assert await sender.answer() == b""

    assert scenario(play, frame_s=0.05).log == [("dead", b"frame-timeout", None, None, None)]


def test_a_sender_that_trickles_is_cut_off_too() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        await sender.send(b"\x0b")
        waiting = asyncio.create_task(sender.answer())
        with contextlib.suppress(ConnectionError):
            while not waiting.done():
                await sender.send(b"x")
                await asyncio.sleep(0.01)
        assert await waiting == b""

    assert scenario(play, frame_s=0.1).log == [("dead", b"frame-timeout", None, None, None)]


def test_a_half_message_begun_anew_is_told_of_and_the_whole_one_taken() -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender()
        await sender.send(b"\x0bMSH half" + frame(b"MSH:1"))
        assert await sender.answer() == b"AA MSH:1"

    bus = scenario(play)
    assert [record[1] for record in bus.log if record[0] == "dead"] == [b"frame-abandoned"]


def test_an_idle_connection_is_closed_but_not_one_that_waits_for_us() -> None:
    async def play(it: Hub) -> None:
        it.bus.flowing.clear()
        waiting = await it.sender()
        await waiting.send(frame(b"ann:1"))
        while not it.bus.log:
            await asyncio.sleep(0.001)
        idle = await it.sender()
        assert await idle.reader.read() == b""  # the other has been quiet for longer
        it.bus.flowing.set()
        assert await waiting.answer() == b"AA ann:1"

    scenario(play, idle_s=1.0)


def test_connections_beyond_the_cap_are_turned_away_and_the_others_served() -> None:
    async def play(it: Hub) -> None:
        first = await it.sender()
        assert await first.ask(b"ann:1") == b"AA ann:1"
        assert await it.turned_away()
        assert await first.ask(b"bob:1") == b"AA bob:1"

    scenario(play, connections=1)


def test_a_sender_that_never_reads_its_answers_is_not_read_without_end() -> None:
    async def play(it: Hub) -> None:
        greedy, honest = await it.sender(), await it.sender()
        it.bus.flowing.clear()
        await greedy.send(b"".join(frame(b"p%d:1" % n) for n in range(200)))
        while len(values(it.bus.log, "event")) < 4:
            await asyncio.sleep(0.001)
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert len(values(it.bus.log, "event")) == 4
        it.bus.flowing.set()
        assert await honest.ask(b"ann:1") == b"AA ann:1"

    scenario(play, unanswered=4)


def test_stopping_answers_what_was_taken_and_takes_no_more() -> None:
    async def play(it: Hub) -> None:
        it.bus.flowing.clear()
        sender = await it.sender()
        await sender.send(frame(b"ann:1"))
        while not it.bus.log:
            await asyncio.sleep(0.001)
        await it.door.stop_reading()
        with pytest.raises(ConnectionError):
            await it.sender()
        it.bus.flowing.set()
        assert await sender.answer() == b"AA ann:1"

    scenario(play)


def test_a_port_that_is_taken_is_a_configuration_error() -> None:
    async def play(it: Hub) -> None:
        other = MllpDoor("127.0.0.1", it.door.port, MllpOptions(), answer, Watch("pretend"))
        with pytest.raises(ConfigError, match="cannot listen"):
            await other.open()

    scenario(play)


def test_a_long_message_holds_up_nobody_but_who_sent_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for turn in ("TURN_S", "LONG_TURN_S"):
        monkeypatch.setattr(f"hub.connectors.turn_length.{turn}", 0.0)  # a turn ends after each record
    answered: list[bytes] = []

    async def play(it: Hub) -> None:
        long, short = await it.sender(), await it.sender()
        await long.send(frame(b"\n".join(b"p%d:1" % n for n in range(500))) + frame(b"after:1"))
        while not it.bus.log:
            await asyncio.sleep(0)

        async def ask() -> None:
            for n in (1, 2, 3):  # round after round, while the long one is worked on
                answered.append(await short.ask(b"ann:%d" % n))

        async def wait() -> None:
            answered.extend([await long.answer(), await long.answer()])

        await asyncio.gather(wait(), ask())

    bus = scenario(play)
    assert answered == [b"AA ann:1", b"AA ann:2", b"AA ann:3", b"AA p0:1", b"AA after:1"]
    assert len(values(bus.log, "event")) == 504


def test_a_flood_on_many_connections_does_not_keep_a_neighbour_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for turn in ("TURN_S", "LONG_TURN_S"):
        monkeypatch.setattr(f"hub.connectors.turn_length.{turn}", 0.0)

    async def play(it: Hub) -> None:
        greedy = [await it.sender("127.0.0.2") for _ in range(8)]
        honest = await it.sender()
        for n, sender in enumerate(greedy):
            await sender.send(b"".join(frame(b"g%d.%d:1" % (n, k)) for k in range(200)))
        while not it.bus.log:
            await asyncio.sleep(0)
        for n in range(20):
            before = len(values(it.bus.log, "event"))
            assert await honest.ask(b"h%d:1" % n) == b"AA h%d:1" % n
            assert len(values(it.bus.log, "event")) - before <= 40
        for n, sender in enumerate(greedy):
            assert [await sender.answer() for _ in range(200)] == [b"AA g%d.%d:1" % (n, k) for k in range(200)]

    assert len(values(scenario(play).log, "event")) == 1_620
