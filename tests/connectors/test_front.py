"""The front: doors come and go, and an honest sender is served whatever the others do."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Request

from hub.connectors import front_gate
from hub.connectors.front import Front, FrontLimits, Limits, Mounted, Refused
from hub.errors import ConfigError
from hub.ops import metrics
from tests.connectors.pushing import Raw, head, pushing

CALM = FrontLimits(drain_s=60)
"""Nobody is cut off, and who leaves waits for whoever is served."""
FAST = FrontLimits(header_s=1.0, idle_s=1.0)
"""For tests that wait until somebody is cut off; long enough for the honest of them on a busy machine."""


class Pigeons:
    """A door of pigeons: tells how many bytes came; `held` holds every answer back."""

    def __init__(self, name: str) -> None:
        self.name, self.held, self.came = name, asyncio.Event(), asyncio.Event()
        self.held.set()

    def mounted(self, limits: Limits | None = None) -> Mounted:
        router = APIRouter()

        async def take(request: Request) -> dict[str, int]:
            body = await request.body()
            self.came.set()
            await self.held.wait()
            return {"bytes": len(body)}

        async def break_down() -> None:
            raise ValueError("a value that nobody may read")

        async def refuse() -> None:
            raise Refused(409, "nest-occupied", retry_after_s=3)

        router.add_api_route("", take, methods=["POST"])
        router.add_api_route("/broken", break_down)
        router.add_api_route("/refused", refuse)
        return Mounted(f"/pigeon/{self.name}", self.name, router, limits or Limits())


@contextlib.asynccontextmanager
async def one_door(
    limits: Limits | None = None, front_limits: FrontLimits = CALM
) -> AsyncIterator[tuple[Front, Pigeons]]:
    front, door = Front(limits=front_limits), Pigeons("a")
    await front.mount(door.mounted(limits))
    try:
        yield front, door
    finally:
        await Raw.close_all()
        await front.unmount("a")


def pigeon(**headers: str) -> bytes:
    return head("/pigeon/a", **headers)


async def listens(front: Front) -> bool:
    async with httpx.AsyncClient(base_url=front.url) as client:
        try:
            return (await client.get("/")).status_code == 404
        except httpx.ConnectError:
            return False


def test_it_listens_while_a_door_is_mounted_and_keeps_its_port() -> None:
    async def scenario() -> None:
        front, one, two = Front(limits=CALM), Pigeons("a"), Pigeons("b")
        await front.unmount("a")
        await front.mount(one.mounted())
        port = front.port
        await front.mount(two.mounted())
        await front.unmount("a")
        async with httpx.AsyncClient(base_url=front.url) as client:
            assert (await client.post("/pigeon/a")).status_code == 404
            assert (await client.post("/pigeon/b", content=b"12")).json() == {"bytes": 2}
        await front.unmount("b")
        assert not await listens(front)
        await front.mount(one.mounted())
        assert (front.port, await listens(front)) == (port, True)
        await front.unmount("a")

    asyncio.run(scenario())


def test_a_door_that_leaves_disturbs_no_request_of_another() -> None:
    async def scenario() -> None:
        front, one, two = Front(limits=CALM), Pigeons("a"), Pigeons("b")
        await front.mount(one.mounted())
        await front.mount(two.mounted())
        async with httpx.AsyncClient(base_url=front.url) as client:
            two.held.clear()
            sent = asyncio.create_task(client.post("/pigeon/b", content=b"123"))
            await two.came.wait()
            await front.unmount("a")
            await front.mount(one.mounted())
            two.held.set()
            assert (await sent).json() == {"bytes": 3}
        await front.unmount("a")
        await front.unmount("b")

    asyncio.run(scenario())


def test_the_last_door_to_leave_lets_requests_in_progress_end() -> None:
    async def scenario() -> None:
        front, door = Front(limits=CALM), Pigeons("a")
        await front.mount(door.mounted())
        async with httpx.AsyncClient(base_url=front.url) as client:
            door.held.clear()
            sent = asyncio.create_task(client.post("/pigeon/a", content=b"123"))
            await door.came.wait()
            leaving = asyncio.create_task(front.unmount("a"))
            await asyncio.sleep(0)
            door.held.set()
            assert (await sent).json() == {"bytes": 3}
            await leaving

    asyncio.run(scenario())


def test_a_taken_port_and_a_taken_prefix_are_mistakes_that_are_named() -> None:
    async def scenario() -> None:
        async with one_door() as (front, _):
            with pytest.raises(ConfigError, match="two doors want /pigeon/a"):
                await front.mount(Pigeons("a").mounted())
            with pytest.raises(ConfigError, match=f"cannot listen for HTTP on 127.0.0.1:{front.port}"):
                await Front(port=front.port).mount(Pigeons("b").mounted())

    asyncio.run(scenario())


def test_signals_stay_the_business_of_the_process() -> None:
    async def scenario() -> None:
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
        async with one_door():
            assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before

    assert threading.current_thread() is threading.main_thread()
    asyncio.run(scenario())


def test_errors_are_problem_details_without_a_value() -> None:
    async def scenario() -> None:
        async with one_door() as (front, _), httpx.AsyncClient(base_url=front.url) as client:
            broken, refused = await client.get("/pigeon/a/broken"), await client.get("/pigeon/a/refused")
            assert broken.json() == {
                "type": "urn:hub:problem:internal-error", "title": "Internal Server Error", "status": 500,
                "reason": "internal-error",
            }  # fmt: skip
            assert (refused.status_code, refused.json()["reason"], refused.headers["retry-after"]) == (
                409,
                "nest-occupied",
                "3",
            )
            for answer in (broken, refused):
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert "server" not in answer.headers

    asyncio.run(scenario())


def test_the_description_lists_the_doors_that_are_open() -> None:
    async def scenario() -> None:
        front = Front(limits=CALM)
        await front.mount(Pigeons("a").mounted())
        async with httpx.AsyncClient(base_url=front.url) as client:
            assert "/pigeon/a" in (await client.get("/openapi.json")).json()["paths"]
            await front.mount(Pigeons("b").mounted())
            await front.unmount("a")
            assert set((await client.get("/openapi.json")).json()["paths"]) == {
                "/pigeon/b", "/pigeon/b/broken", "/pigeon/b/refused",
            }  # fmt: skip
        await front.unmount("b")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "said",
    [b"", b"P", b"POST /pigeon/a HTTP/1.1\r\nHost: hub\r\n", b"POST /pigeon/a HTTP/1.1\r\nX: " + b"y" * 1_000],
    ids=["nothing", "a letter", "half a header", "half a line"],
)
def test_a_sender_that_does_not_finish_its_header_is_cut_off(said: bytes) -> None:
    async def scenario() -> None:
        async with one_door(front_limits=FAST) as (front, _):
            sender = await Raw.to(front)
            await sender.write(said)
            assert await asyncio.wait_for(sender.closed(), 120)

    asyncio.run(scenario())


def test_a_header_that_trickles_is_cut_off_also_on_a_connection_that_was_used() -> None:
    async def scenario() -> None:
        async with one_door(front_limits=FAST) as (front, _):
            sender = await Raw.to(front)
            await sender.write(pigeon(Content_Length="1") + b"x")
            assert await sender.answer() == (200, {"bytes": 1})
            gone = asyncio.create_task(sender.closed())
            for letter in b"POST /pigeon/a HTTP/1.1\r\n" * 40:
                if gone.done():
                    break
                await sender.write(bytes([letter]))
                await asyncio.sleep(0.02)
            assert gone.done()

    asyncio.run(scenario())


@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_trickles_is_answered_408(framing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_gate, "LINGER_S", 0.1)
    name, _, value = framing.partition(": ")

    async def scenario() -> None:
        async with one_door(Limits(body_s=0.3)) as (front, door):
            sender = await Raw.to(front)
            await sender.write(pigeon(**{name: value}))
            answer = asyncio.create_task(sender.answer())
            while not answer.done():
                await sender.write(b"1\r\nx\r\n" if "chunked" in framing else b"x")
                await asyncio.sleep(0.05)
            status, told = answer.result()
            assert (status, told["reason"]) == (408, "body-too-slow")
            assert await asyncio.wait_for(sender.closed(), 120)
            assert not door.came.is_set()

    asyncio.run(scenario())


def test_a_length_over_the_limit_is_refused_before_a_byte_of_the_body() -> None:
    async def scenario() -> None:
        async with one_door(Limits(max_body_bytes=100)) as (front, door):
            for length in ("101", "99999999999999999999"):
                sender = await Raw.to(front)
                await sender.write(pigeon(Content_Length=length, Expect="100-continue"))
                status, told = await sender.answer()
                assert (status, told["reason"]) == (413, "body-too-large")
                sender.close()
            assert not door.came.is_set()

    asyncio.run(scenario())


def test_an_endless_chunked_body_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_gate, "LINGER_S", 0.1)

    async def scenario() -> None:
        async with one_door(Limits(max_body_bytes=100_000)) as (front, door):
            sender = await Raw.to(front)
            await sender.write(pigeon(Transfer_Encoding="chunked"))
            answer, sent = asyncio.create_task(sender.answer()), 0
            while not answer.done():
                await sender.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
                sent += 0x4000
                await asyncio.sleep(0)
            assert (answer.result()[0], answer.result()[1]["reason"]) == (413, "body-too-large")
            assert sent < 50_000_000
            assert await asyncio.wait_for(sender.closed(), 120)
            assert not door.came.is_set()

    asyncio.run(scenario())


def test_a_body_shorter_than_its_length_is_not_taken_and_more_than_it_is_no_body() -> None:
    async def scenario() -> None:
        async with one_door() as (front, door):
            short = await Raw.to(front)
            await short.write(pigeon(Content_Length="100") + b"only this")
            short.writer.write_eof()
            assert (await short.answer())[0] in (0, 400, 500)
            assert not door.came.is_set()
            long = await Raw.to(front)
            await long.write(pigeon(Content_Length="3") + b"abcdef\r\n\r\n")
            assert await long.answer() == (200, {"bytes": 3})
            assert await asyncio.wait_for(long.closed(), 120)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
        b"\x0bMSH|^~\\&|LAB\r\x1c\r",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /pigeon/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /pigeon/a HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        b"POST /pigeon/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST /pigeon/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /pigeon/a HTTP/1.1\r\nHost: h\r\nX-Long: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST /pigeon/a HTTP/1.1\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=[
        "TLS",
        "MLLP",
        "version",
        "two lengths",
        "negative",
        "codings",
        "chunk",
        "long",
        "no host",
        "CONNECT",
        "HTTP/2",
    ],
)
def test_what_is_no_request_of_ours_harms_nobody(junk: bytes) -> None:
    async def scenario() -> None:
        async with one_door(front_limits=FAST) as (front, door):
            sender = await Raw.to(front)
            await sender.write(junk)
            said = await asyncio.wait_for(sender.reader.read(12), 120)
            assert said[:5] == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501"))
            sender.close()
            assert not door.came.is_set()
            async with httpx.AsyncClient(base_url=front.url) as client:
                assert (await client.post("/pigeon/a", content=b"1")).status_code == 200

    asyncio.run(scenario())


def test_bodies_under_way_are_bounded_by_their_bytes() -> None:
    async def scenario() -> None:
        limits = FrontLimits(in_flight_bytes=1_000, drain_s=60)
        async with (
            one_door(Limits(max_body_bytes=800), limits) as (front, door),
            httpx.AsyncClient(base_url=front.url) as client,
        ):
            door.held.clear()
            first = asyncio.create_task(client.post("/pigeon/a", content=b"x" * 700))
            await door.came.wait()
            second = await client.post("/pigeon/a", content=b"x" * 400)
            assert (second.status_code, second.json()["reason"]) == (503, "busy")
            assert int(second.headers["retry-after"]) > 0
            small = asyncio.create_task(client.post("/pigeon/a", content=b"x" * 100))
            door.held.set()
            assert [(await each).status_code for each in (first, small)] == [200, 200]
            assert (await client.post("/pigeon/a", content=b"x" * 700)).status_code == 200

    asyncio.run(scenario())


def test_500_idle_and_slow_connections_keep_no_honest_sender_out(tmp_path: Path) -> None:
    limits = FrontLimits(connections=100, header_s=60, drain_s=60)

    async def scenario() -> None:
        async with pushing(tmp_path, limits=limits) as hub:
            crowd = [await Raw.to(hub.front) for _ in range(500)]
            for sender in crowd[::2]:
                await sender.write(b"POST /push/pretend HTTP/1.1\r\nHost: hub\r\nX-Slow: ")
            answers = [await hub.push(b"p%d:208" % n) for n in range(20)]
            assert [each.status_code for each in answers] == [200] * 20
            for sender in crowd:
                sender.close()

    asyncio.run(scenario())


def test_senders_that_trickle_their_bodies_keep_no_sender_of_another_door_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_gate, "LINGER_S", 0.1)

    async def scenario() -> None:
        front, slow, honest = Front(limits=FrontLimits(drain_s=60)), Pigeons("a"), Pigeons("b")
        await front.mount(slow.mounted(Limits(requests=20, body_s=5)))
        await front.mount(honest.mounted())
        crowd = [await Raw.to(front) for _ in range(60)]
        for sender in crowd:
            await sender.write(pigeon(Content_Length="100") + b"x")
        async with httpx.AsyncClient(base_url=front.url) as client:
            assert (await client.post("/pigeon/b", content=b"12")).json() == {"bytes": 2}
        statuses = [(await sender.answer())[0] for sender in crowd]
        assert (statuses.count(429), statuses.count(408)) == (40, 20)
        await Raw.close_all()
        await front.unmount("a")
        await front.unmount("b")

    asyncio.run(scenario())


def test_senders_that_were_answered_and_stay_keep_no_honest_sender_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_gate, "LINGER_S", 60)
    monkeypatch.setattr(front_gate, "MOST_LINGERING", 5)

    async def scenario() -> None:
        async with one_door(front_limits=FrontLimits(connections=20, drain_s=60)) as (front, _):
            for _n in range(40):
                sender = await Raw.to(front)
                await sender.write(head("/pigeon/nobody", Content_Length="100"))
                assert (await sender.answer())[0] == 404
            async with httpx.AsyncClient(base_url=front.url) as client:
                assert (await client.post("/pigeon/a", content=b"12")).json() == {"bytes": 2}

    asyncio.run(scenario())


def test_answers_and_cut_connections_are_counted_by_door_and_status() -> None:
    def counted(name: str, **labels: str) -> float:
        return metrics.REGISTRY.get_sample_value(name, labels) or 0.0

    async def scenario() -> None:
        async with one_door(front_limits=FAST) as (front, _):
            async with httpx.AsyncClient(base_url=front.url) as client:
                await client.post("/pigeon/a", content=b"1")
                await client.get("/somebody/s-name")
            sender = await Raw.to(front)
            await sender.closed()

    told = {"connector": "a", "door": "pigeon", "status": "200"}
    nobody = {"connector": "none", "door": "none", "status": "404"}
    before = counted("hub_http_requests_total", **told), counted("hub_http_requests_total", **nobody)
    cut = counted("hub_http_connections_cut_total", reason="header-too-slow")
    asyncio.run(scenario())
    after = counted("hub_http_requests_total", **told), counted("hub_http_requests_total", **nobody)
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)
    assert counted("hub_http_connections_cut_total", reason="header-too-slow") == cut + 1


def test_requests_of_one_connection_one_after_the_other_and_at_once() -> None:
    async def scenario() -> None:
        async with one_door() as (front, _):
            sender = await Raw.to(front)
            await sender.write((pigeon(Content_Length="2") + b"ab") * 3)
            assert [await sender.answer() for _ in range(3)] == [(200, {"bytes": 2})] * 3
            await sender.write(pigeon(Content_Length="3") + b"abc")
            assert await sender.answer() == (200, {"bytes": 3})

    asyncio.run(scenario())
