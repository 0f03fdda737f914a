"""FHIR Subscriptions over real sockets, both ways: a source that notifies, and its `$events` (health-standards.md §8 R37)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from hub.connectors import http_push_subscription
from hub.connectors.http_push import PushOptions
from hub.connectors.http_push_subscription import STREAM
from hub.errors import ConfigError
from tests.connectors.pulling import MemoryPositions
from tests.connectors.pushing import Pushing, pushing
from tests.connectors.served import served
from tests.connectors.test_http_push_fhir import issues, read, send

NOTIFICATION = "/$notification"
SUBSCRIPTION = "https://tracing.example.org/fhir/Subscription/1"


def notification(kind: str, since_start: int, *numbers: int, whole: bool = True, new: bool = False) -> dict[str, Any]:
    """A Bundle of R4 (Parameters), or with `new` of R4B (SubscriptionStatus); event n is of patient pN."""
    if new:
        status: dict[str, Any] = {
            "resourceType": "SubscriptionStatus", "type": kind, "eventsSinceSubscriptionStart": str(since_start),
            "subscription": {"reference": SUBSCRIPTION},
            "notificationEvent": [{"eventNumber": str(n)} for n in numbers],
        }  # fmt: skip
    else:
        status = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "subscription", "valueReference": {"reference": SUBSCRIPTION}},
                {"name": "type", "valueCode": kind},
                {"name": "events-since-subscription-start", "valueString": str(since_start)},
                *(
                    {"name": "notification-event", "part": [{"name": "event-number", "valueString": str(n)}]}
                    for n in numbers
                ),
            ],
        }
    focus = [{"resource": {"resourceType": "Patient", "id": f"p{n}"}} for n in numbers] if whole else []
    return {"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}, *focus]}


class Source:
    """Answers `$events`. `away`: with 503; `short`: it leaves the last one out."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.away = False
        self.short = False
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Source]:
        async with served(self._events) as self.url:
            yield self

    async def _events(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        if self.away:
            return web.Response(status=503)
        first, last = (int(request.query[name]) for name in ("eventsSinceNumber", "eventsUntilNumber"))
        numbers = range(first, last + (0 if self.short else 1))
        return web.json_response(notification("query-event", last, *numbers))


@asynccontextmanager
async def subscribed(folder: Path, source: Source, positions: MemoryPositions | None = None) -> AsyncIterator[Pushing]:
    told = {"events_url": f"{source.url}/fhir/Subscription/1/$events"}
    options = PushOptions(api_keys="x", subscription=told)  # type: ignore[arg-type]
    where = options.subscription
    async with pushing(folder, read=read, format_="fhir", positions=positions, subscription=where) as hub:
        yield hub


def play(story: Any) -> None:
    async def run() -> None:
        async with Source().running() as source:
            await story(source)

    asyncio.run(run())


def people(hub: Pushing) -> set[bytes | None]:
    return set(hub.events())


def wanted(*numbers: int) -> set[bytes]:
    return {f"event-p{n}-208".encode() for n in numbers}


def test_r37_a_handshake_is_answered_and_brings_nothing(tmp_path: Path) -> None:
    async def story(source: Source) -> None:
        async with subscribed(tmp_path, source) as hub:
            answer = await send(hub, notification("handshake", 0), NOTIFICATION)
            assert (answer.status_code, [issue[2] for issue in issues(answer)]) == (200, ["handshake"])
            assert not hub.bus.log
            assert not source.asked

    play(story)


@pytest.mark.parametrize("new", [False, True])
def test_r37_a_notification_is_answered_once_the_broker_has_what_it_brought(new: bool, tmp_path: Path) -> None:
    async def story(source: Source) -> None:
        async with subscribed(tmp_path, source) as hub:
            for body in (
                notification("event-notification", 1, 1, new=new),
                notification("event-notification", 3, 2, 3, new=new),
            ):
                assert (await send(hub, body, NOTIFICATION)).status_code == 200
            assert people(hub) == wanted(1, 2, 3)
            assert not source.asked
            hub.bus.away = True
            assert (await send(hub, notification("event-notification", 4, 4), NOTIFICATION)).status_code == 503

    play(story)


def test_r37_missed_numbers_are_noticed_and_read_again(tmp_path: Path) -> None:
    async def story(source: Source) -> None:
        async with subscribed(tmp_path, source) as hub:
            await send(hub, notification("event-notification", 1, 1), NOTIFICATION)
            await send(hub, notification("event-notification", 5, 5), NOTIFICATION)
            assert people(hub) == wanted(1, 2, 3, 4, 5)
            assert source.asked == [
                {"eventsSinceNumber": "2", "eventsUntilNumber": "4", "content": "full-resource"},
            ]  # fmt: skip

    play(story)


def test_r37_a_heartbeat_tells_of_what_never_came(tmp_path: Path) -> None:
    async def story(source: Source) -> None:
        async with subscribed(tmp_path, source) as hub:
            await send(hub, notification("event-notification", 1, 1), NOTIFICATION)
            answer = await send(hub, notification("heartbeat", 3), NOTIFICATION)
            assert [issue[2] for issue in issues(answer)] == ["heartbeat"]
            assert people(hub) == wanted(1, 2, 3)
            await send(hub, notification("heartbeat", 3), NOTIFICATION)
            assert len(source.asked) == 1

    play(story)


@pytest.mark.parametrize("trouble", ["away", "short"])
def test_r37_while_the_source_cannot_give_them_the_gap_stays_open_also_over_a_restart(
    trouble: str, tmp_path: Path
) -> None:
    async def story(source: Source) -> None:
        positions = MemoryPositions()
        setattr(source, trouble, True)
        async with subscribed(tmp_path, source, positions) as hub:
            await send(hub, notification("event-notification", 1, 1), NOTIFICATION)
            answer = await send(hub, notification("event-notification", 3, 3), NOTIFICATION)
            assert answer.status_code == 200, "what came is safe; to send it again would cure nothing"
            assert people(hub) == wanted(1, 3)
        setattr(source, trouble, False)
        async with subscribed(tmp_path, source, positions) as again:
            await send(again, notification("heartbeat", 3), NOTIFICATION)
            assert people(again) == wanted(2, 3)
        assert set(positions.now[STREAM].values()) == {3}

    play(story)


def test_r37_a_payload_without_its_resources_is_read_from_the_source(tmp_path: Path) -> None:
    async def story(source: Source) -> None:
        async with subscribed(tmp_path, source) as hub:
            await send(hub, notification("event-notification", 2, 1, 2, whole=False), NOTIFICATION)
            assert people(hub) == wanted(1, 2)

    play(story)


def test_r37_late_repeated_and_restarted_notifications_lose_nothing(tmp_path: Path) -> None:
    async def story(source: Source) -> None:
        positions = MemoryPositions()
        async with subscribed(tmp_path, source, positions) as hub:
            await send(hub, notification("event-notification", 2, 2), NOTIFICATION)
            await send(hub, notification("event-notification", 1, 1), NOTIFICATION)  # late
            await send(hub, notification("event-notification", 2, 2), NOTIFICATION)  # again
            assert set(positions.now[STREAM].values()) == {2}
            asked = len(source.asked)
            await send(hub, notification("handshake", 0), NOTIFICATION)  # the source counts anew
            await send(hub, notification("event-notification", 1, 1), NOTIFICATION)
            assert set(positions.now[STREAM].values()) == {1}
            assert len(source.asked) == asked

    play(story)


@pytest.mark.parametrize(
    "body",
    [
        b"{", {"resourceType": "Patient", "id": "ann"}, {"resourceType": "Bundle", "type": "history"},
        {"resourceType": "Bundle", "type": "history", "entry": [7]}, notification("greeting", 0),
        {**notification("heartbeat", 0), "type": "collection"},
    ],
)  # fmt: skip
def test_what_is_no_notification_is_refused_and_nothing_kept(body: Any, tmp_path: Path) -> None:
    async def story(source: Source) -> None:
        async with subscribed(tmp_path, source) as hub:
            answer = await send(hub, body, NOTIFICATION)
            assert (answer.status_code, [issue[2] for issue in issues(answer)]) == (400, ["not-a-notification"])
            assert not hub.bus.log

    play(story)


def test_where_no_subscription_is_set_up_there_is_no_such_address_and_only_fhir_may_have_one(tmp_path: Path) -> None:
    async def run() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            assert (await send(hub, notification("handshake", 0), NOTIFICATION)).status_code in (400, 404)
        assert not hub.bus.log
        with pytest.raises(ConfigError, match="of FHIR"):
            async with subscribed_csv(tmp_path):
                pass

    asyncio.run(run())
    with pytest.raises(ValidationError, match="https"):
        PushOptions(api_keys="x", subscription={"events_url": "http://tracing.example.org/x"})  # type: ignore[arg-type]


def subscribed_csv(folder: Path) -> Any:
    told = PushOptions(api_keys="x", subscription={"events_url": "https://tracing.example.org/x"})  # type: ignore[arg-type]
    return pushing(folder, subscription=told.subscription)


def test_a_subscription_first_met_far_into_its_life_begins_there_and_misses_nothing_from_then_on(
    tmp_path: Path,
) -> None:
    async def story(source: Source) -> None:
        positions = MemoryPositions()
        async with subscribed(tmp_path, source, positions) as hub:
            await send(hub, notification("event-notification", 500_002, 500_001, 500_002), NOTIFICATION)
            assert not source.asked
            await send(hub, notification("event-notification", 500_004, 500_004), NOTIFICATION)
            assert people(hub) == wanted(500_001, 500_002, 500_003, 500_004)
            assert set(positions.now[STREAM].values()) == {500_004}

    play(story)


def test_a_long_gap_is_read_in_pieces_and_what_is_left_with_the_next_notification(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_push_subscription, "_PIECE", 10)
    monkeypatch.setattr(http_push_subscription, "_PIECES", 2)

    async def story(source: Source) -> None:
        positions = MemoryPositions()
        async with subscribed(tmp_path, source, positions) as hub:
            await send(hub, notification("event-notification", 1, 1), NOTIFICATION)
            await send(hub, notification("heartbeat", 200_001), NOTIFICATION)
            assert set(positions.now[STREAM].values()) == {21}
            await send(hub, notification("heartbeat", 26), NOTIFICATION)
            assert [each["eventsUntilNumber"] for each in source.asked] == ["11", "21", "26"]
            assert len(people(hub)) == 26

    play(story)
