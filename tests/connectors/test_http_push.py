"""POST /push/NAME over a real socket: 2xx means that the broker has it, and nothing else does."""

from __future__ import annotations

import asyncio
import gc
import gzip
import io
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from hub.connectors import http_push_door
from hub.connectors.door import Receipt, Unit
from hub.connectors.http_push import PushOptions
from hub.connectors.http_push_answer import counted
from hub.connectors.intake import GROUP
from hub.connectors.packing import Outgoing
from hub.ops.logs import configure
from tests.connectors import pretend
from tests.connectors.pushing import KEY, Pushing, Raw, pushing
from tests.fakes import Confirmed, FakeBus


def test_what_is_pushed_is_on_the_broker_before_it_is_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            hub.bus.flowing.clear()
            sent = asyncio.create_task(hub.push(b"ann:208\nbob:207"))
            while len(hub.events()) < 2:
                await asyncio.sleep(0.001)
            assert not sent.done()
            hub.bus.flowing.set()
            answer = await sent
        assert (answer.status_code, answer.json()["events"]) == (200, {"vaccination": 2})
        assert hub.events() == [b"event-ann-208", b"event-bob-207"]

    asyncio.run(scenario())


def test_the_receipt_counts_and_names_positions_and_no_value(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            answer = await hub.push(b"ann:208\nbad:no-date\nother:1\njunk:broken\nbad:no-date")
        told = answer.json()
        assert answer.status_code == 202
        assert told["events"] == {"vaccination": 1}
        assert told["rejected"] == {
            "broken": {"count": 1, "where": ["row 4"], "all_listed": True},
            "no-date": {"count": 2, "where": ["row 2", "row 5"], "all_listed": True},
        }
        assert told["ignored"] == {"kind-not-agreed": 1}
        assert told["read_to_its_end"] is True
        assert len(told["receipt"]) == 12
        assert "ann" not in answer.text

    asyncio.run(scenario())


def test_what_nobody_can_read_is_kept_and_told_as_unprocessable(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            answer = await hub.push(b"junk:not-a-row")
            assert answer.headers["content-type"] == "application/problem+json"
            assert (answer.status_code, answer.json()["reason"]) == (422, "unreadable")
            assert answer.json()["receipt"]["rejected"]["not-a-row"]["count"] == 1
            assert pretend.values(hub.bus.log, "dead") == [b"junk:not-a-row"]

    asyncio.run(scenario())


def test_a_bug_of_ours_is_no_success(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            answer = await hub.push(b"ann:208\ncrash:secret")
            assert (answer.status_code, answer.json()["reason"]) == (500, "internal-error")
            assert "secret" not in answer.text
            assert (await hub.push(b"bob:207")).status_code == 200

    asyncio.run(scenario())


def test_while_the_broker_is_away_senders_are_told_to_come_again_and_then_all_flows(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            hub.bus.away = True
            first = await hub.push(b"ann:208")
            second = await hub.push(b"bob:207")
            assert [(each.status_code, each.json()["reason"]) for each in (first, second)] == [
                (503, "broker-away"), (503, "paused"),
            ]  # fmt: skip
            assert int(first.headers["retry-after"]) > 0
            assert hub.bus.log == []
            hub.bus.away = False
            while hub.door.watch.state != "running":
                await asyncio.sleep(0.001)
            assert (await hub.push(b"ann:208")).status_code == 200
        assert hub.events() == [b"event-ann-208"]

    asyncio.run(scenario())


def test_an_answer_that_does_not_come_in_time_promises_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, answer_s=0.05) as hub:
            hub.bus.flowing.clear()
            answer = await hub.push(b"ann:208")
            assert (answer.status_code, answer.json()["reason"]) == (503, "broker-slow")
            hub.bus.flowing.set()

    asyncio.run(scenario())


class StuckBus(FakeBus):
    """Takes nothing while it does not flow, and does not say so."""

    async def send(self, outgoing: Sequence[Outgoing]) -> Confirmed:
        await self.flowing.wait()
        return await super().send(outgoing)


def test_bodies_of_senders_that_wait_no_longer_are_not_kept(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, bus=StuckBus(), answer_s=0.3, requests=1_024) as hub:
            hub.bus.flowing.clear()
            answers = await asyncio.gather(*(hub.push(b"p%d:208" % n) for n in range(200)))
            assert {each.status_code for each in answers} == {503}
            gc.collect()  # what only cycles hold, of this test and others, is kept by nobody
            held = [
                each
                for each in gc.get_objects()
                if isinstance(each, Unit) and each.name.startswith("push-") and each.content
            ]
            assert 0 < len(held) <= 2 * GROUP + 1  # begun with, and next
            hub.bus.flowing.set()

    asyncio.run(scenario())


def test_a_large_body_is_hashed_beside_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed, name_of = list[bool](), http_push_door._name_of

    def noted(body: bytes) -> str:
        hashed.append(threading.current_thread() is threading.main_thread())
        return name_of(body)

    monkeypatch.setattr(http_push_door, "_name_of", noted)

    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            for body in (b"ann:208", b"ann:208" + b" " * 1_000_000):
                assert (await hub.push(body)).status_code < 500

    asyncio.run(scenario())
    assert hashed == [True, False]


def test_the_same_body_twice_makes_the_same_event(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            answers = [await hub.push(b"ann:208") for _ in range(2)]
            assert [each.status_code for each in answers] == [200, 200]
            assert answers[0].json()["receipt"] == answers[1].json()["receipt"]
        assert set(hub.events()) == {b"event-ann-208"}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/push/pretend", 405, "method-not-allowed"),
        ("PUT", "/push/pretend", 405, "method-not-allowed"),
        ("DELETE", "/push/pretend", 405, "method-not-allowed"),
        ("POST", "/push/pretend/", 404, "not-found"),
        ("POST", "/push/pretend/more", 404, "not-found"),
        ("POST", "/push/%2e%2e/pretend", 404, "not-found"),
        ("POST", "/push/pretend%2f..%2f..%2fetc%2fpasswd", 404, "not-found"),
        ("POST", "//push/pretend", 404, "not-found"),
        ("POST", "/push/another", 404, "not-found"),
        ("POST", "/fhir/pretend", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
    ],
)
def test_other_methods_and_paths_are_problems_of_the_sender(
    method: str, path: str, status: int, reason: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            request = hub.client.build_request(method, "/", headers={"X-API-Key": KEY, "Content-Type": "text/plain"})
            request.url = request.url.copy_with(raw_path=path.encode())
            answer = await hub.client.send(request)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "server" not in answer.headers

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"Content-Type": "application/xml"}, 415, "media-type-not-taken"),
        ({"Content-Type": ""}, 415, "media-type-not-taken"),
        ({"Content-Encoding": "br"}, 415, "content-encoding-not-taken"),
        ({"Content-Encoding": "gzip, gzip"}, 415, "content-encoding-not-taken"),
        ({"Content-Encoding": "gzip"}, 400, "gzip-broken"),
    ],
)
def test_what_is_no_body_of_ours_is_refused_and_nothing_kept(
    headers: dict[str, str], status: int, reason: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            answer = await hub.push(b"ann:208", headers=headers)
            assert (answer.status_code, answer.json()["reason"]) == (status, reason)
            empty = await hub.push(b"")
            assert (empty.status_code, empty.json()["reason"]) == (400, "body-empty")
        assert hub.bus.log == []

    asyncio.run(scenario())


def test_what_is_taken_instead_is_said_in_the_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            kind = (await hub.push(b"ann:208", headers={"Content-Type": "application/xml"})).json()
            assert kind["detail"] == "taken are text/csv, text/tab-separated-values, text/plain"
            coding = (await hub.push(b"ann:208", headers={"Content-Encoding": "br"})).json()
            assert coding["detail"] == "taken are gzip, identity"
            assert "detail" not in (await hub.push(b"")).json()

    asyncio.run(scenario())


def test_gzip_is_unpacked_in_all_its_members(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            packed = gzip.compress(b"ann:208\n") + gzip.compress(b"bob:207\n")
            answer = await hub.push(packed, headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["events"]) == (200, {"vaccination": 2})

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("packed", "status"),
    [
        (gzip.compress(b"\0" * 20_000_000), 413),
        (gzip.compress(gzip.compress(b"ann:208"))[:-9], 400),
        (gzip.compress(b"ann:208") + b"trailing junk", 400),
        (gzip.compress(b"a") * 40, 400),
        (gzip.compress(b""), 400),
    ],
    ids=["bomb", "cut off", "junk behind", "very many members", "empty"],
)
def test_a_gzip_bomb_or_wreck_is_refused(packed: bytes, status: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, max_unpacked_bytes=100_000) as hub:
            answer = await hub.push(packed, headers={"Content-Encoding": "gzip"})
            assert answer.status_code == status
            assert (await hub.push(b"ann:208")).status_code == 200

    asyncio.run(scenario())


def test_senders_beyond_the_limit_are_told_to_wait_and_the_others_are_served(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, requests=3) as hub:
            hub.bus.flowing.clear()
            sent = [asyncio.create_task(hub.push(b"p%d:208" % n)) for n in range(3)]
            while len(hub.events()) < 3:
                await asyncio.sleep(0.001)
            refused = await hub.push(b"late:208")
            assert (refused.status_code, refused.json()["reason"]) == (429, "too-many-requests")
            assert int(refused.headers["retry-after"]) > 0
            hub.bus.flowing.set()
            assert [each.status_code for each in await asyncio.gather(*sent)] == [200] * 3
            assert (await hub.push(b"late:208")).status_code == 200

    asyncio.run(scenario())


def test_stopping_answers_what_was_taken_and_turns_the_rest_away(tmp_path: Path) -> None:
    async def scenario(hub: Pushing) -> None:
        hub.bus.flowing.clear()
        sent = asyncio.create_task(hub.push(b"ann:208"))
        while not hub.events():
            await asyncio.sleep(0.001)
        await hub.door.stop_reading()
        late = await hub.push(b"bob:207")
        assert (late.status_code, late.json()["reason"]) == (503, "stopping")
        hub.door.watch.enter("paused", "paused-by-operator")
        assert (await hub.push(b"bob:207")).json()["reason"] == "paused"
        hub.bus.flowing.set()
        assert (await sent).status_code == 200

    async def run() -> None:
        async with pushing(tmp_path) as hub:
            await scenario(hub)

    asyncio.run(run())


def test_closing_leaves_no_sender_without_an_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        bus = FakeBus()
        async with pushing(tmp_path, bus=bus) as hub:
            bus.flowing.clear()
            sent = asyncio.create_task(hub.push(b"ann:208"))
            while not hub.events():
                await asyncio.sleep(0.001)
            await hub.door.close()
            answer = await sent
            assert (answer.status_code, answer.json()["reason"]) == (503, "stopping")
            bus.flowing.set()

    asyncio.run(scenario())


def test_a_door_that_anybody_could_use_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="who may send"):
        PushOptions(kind="http-push")


def test_no_log_line_holds_what_a_sender_sent(tmp_path: Path) -> None:
    secret, lines = "a value that nobody may read", io.StringIO()

    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            body = f"ann:208\nbad:no-date\ncrash:{secret}".encode()
            await hub.push(body)
            await hub.push(body, headers={"X-API-Key": secret})
            await hub.push(body, f"/push/{secret}?name={secret}", headers={"User-Agent": secret, "webhook-id": secret})
            hub.bus.away = True
            await hub.push(body)
            raw = await Raw.to(hub.front)
            await raw.write(f"{secret} / HTTP/1.1\r\n{secret}\r\n\r\n".encode())
            await raw.closed()

    handlers, level = logging.root.handlers[:], logging.root.level
    try:
        configure("connectors", "DEBUG", lines)
        asyncio.run(scenario())
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
        structlog.reset_defaults()
    told = lines.getvalue()
    assert "broker-away" in told
    assert "nobody may read" not in told
    assert KEY not in told
    assert "ann" not in told


def test_what_is_wrong_with_a_body_as_a_whole_has_a_place_too() -> None:
    receipt = Receipt()
    receipt.rejected["bad-json"], receipt.positions["bad-json"] = 1, ["u.json"]
    assert counted(receipt, "t", "u.json")["rejected"]["bad-json"]["where"] == ["whole body"]
