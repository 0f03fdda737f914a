"""FHIR Subscriptions at /fhir/NAME/$notification: the handshake is answered, numbers that were missed are noticed and read again.

A source numbers the events of a subscription from 1 and says with each notification, heartbeat or handshake how many there were
(`events-since-subscription-start`). The hub keeps the number up to which it has all (a position, stream `subscription`). What lies
between that and what the source says, and what came without its resources (payload `empty`, `id-only`), it asks for at `events_url`
(`$events`) before it moves that number; while the source cannot be asked, the number stays and the next notification or heartbeat
asks again. It asks for a thousand at a time, and for what is left at the next one. A subscription first met beyond 100,000 events
begins where it is met (counted as a gap): its past is read by a poll. A notification is answered 2xx once the broker has what it
brought, gap or not: sending it again would cure nothing.

Source: HL7 FHIR Subscriptions R5 Backport, R4 (health-standards.md §3; §8 R37). Names of the operation's parameters and of the
members of SubscriptionStatus are unverified: from memory.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import Field, field_validator

from hub.connectors.away import SourceAway
from hub.connectors.doors import Around
from hub.connectors.front import Refused
from hub.connectors.http_client import HttpClient, HttpLimits
from hub.connectors.http_login import Login
from hub.connectors.http_origin import safe_url
from hub.connectors.http_paging import with_params
from hub.connectors.http_wire import Tls
from hub.declared import Declared
from hub.formats.fhir import Broken, documents

__all__ = ["GAP", "READ_AGAIN", "STREAM", "Notification", "SubscriptionOptions", "Subscriptions", "notification_of"]

STREAM = "subscription"
GAP, READ_AGAIN = "subscription-gap", "subscription-read-again"
_KINDS = frozenset({"handshake", "heartbeat", "event-notification", "query-event", "query-status"})
_BUNDLES = frozenset({"history", "subscription-notification"})  # R4 and R4B; R5
_MOST = 100_000
"""Numbers that came before the hub first heard of a subscription: more are the source's past, which nobody sent here."""
_PIECE = 1_000  # numbers asked for at once
_PIECES = 20  # a turn
_NO_TLS, _LIMITS = Tls(), HttpLimits()


class SubscriptionOptions(Declared):
    """Section `subscription`: where missed events are asked for."""

    events_url: str = Field(description="the source's operation, https://…/Subscription/ID/$events")
    login: Login | None = None
    tls: Tls = _NO_TLS
    limits: HttpLimits = _LIMITS

    @field_validator("events_url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        return safe_url(url)


class Notification(NamedTuple):
    """What a notification says of itself. `numbers`: of its events; `whole`: their resources came with it."""

    kind: str
    subscription: str
    since_start: int
    numbers: frozenset[int]
    whole: bool


def notification_of(body: bytes) -> Notification:
    """Refused (400) for what is no notification."""
    found = next(documents(body), None)
    bundle = None if found is None or isinstance(found, Broken) else found.body
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle" or bundle.get("type") not in _BUNDLES:
        raise Refused(400, "not-a-notification")
    entries = bundle.get("entry")
    resources = [each.get("resource") if isinstance(each, dict) else None for each in entries or ()]
    status = resources[0] if resources else None
    told = _told(status) if isinstance(status, dict) else {}
    if told.get("type") not in _KINDS:
        raise Refused(400, "not-a-notification")
    numbers = frozenset(number for each in told["numbers"] if (number := _number(each)) is not None)
    brought = len(resources) - 1
    return Notification(
        told["type"],
        str(told.get("subscription", "")),
        _number(told.get("since")) or 0,
        numbers,
        brought >= len(numbers),
    )


def _told(status: Mapping[str, Any]) -> dict[str, Any]:
    """Type, subscription, count and event numbers out of R4's Parameters or R4B's and R5's SubscriptionStatus."""
    if status.get("resourceType") == "SubscriptionStatus":
        events = status.get("notificationEvent")
        return {
            "type": status.get("type"), "subscription": _reference(status.get("subscription")),
            "since": status.get("eventsSinceSubscriptionStart"),
            "numbers": [each.get("eventNumber") for each in events or () if isinstance(each, dict)],
        }  # fmt: skip
    if status.get("resourceType") != "Parameters":
        return {}
    values = list(_parameters(status.get("parameter")))
    found: dict[str, Any] = {name: value for name, value, _ in values}
    parts = [part for name, _, part in values if name == "notification-event"]
    return {
        "type": found.get("type"), "subscription": _reference(found.get("subscription")),
        "since": found.get("events-since-subscription-start"),
        "numbers": [value for part in parts for name, value, _ in _parameters(part) if name == "event-number"],
    }  # fmt: skip


def _parameters(listed: object) -> Iterator[tuple[str, Any, object]]:
    """(name, value, parts) of a list of parameters."""
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            value = next((value for key, value in each.items() if key.startswith("value")), None)
            yield each["name"], value, each.get("part")


def _reference(value: object) -> str:
    found = value.get("reference") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _number(value: object) -> int | None:
    """An event number, which R4 writes as text."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


class Subscriptions:
    """What one connector has of its subscriptions. `take`: hands a body to the broker; it returns once that has it."""

    def __init__(self, options: SubscriptionOptions, around: Around) -> None:
        self._options, self._watch, self._positions = options, around.watch, around.positions
        self._client = HttpClient(options.events_url, options.login, around.secret, options.limits, tls=options.tls)
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """ConfigError when a secret is missing."""
        await self._client.open()

    async def close(self) -> None:
        await self._client.close()

    async def caught_up(self, told: Notification, take: Callable[[bytes], Awaitable[object]]) -> None:
        """Notice what is missing after `told` came, read it again, and move the number as far as all is there. RetryError when the
        broker cannot say or keep where it stands."""
        async with self._turn:
            name = hashlib.sha256(told.subscription.encode()).hexdigest()[:16]
            known = dict(await self._positions.load(STREAM) or {})
            last = int(known.get(name, 0))
            if told.kind == "handshake" and told.since_start < last:
                last = 0  # the source began to count anew
            upto = max(told.since_start, *told.numbers, last) if told.numbers else max(told.since_start, last)
            if name not in known and upto - last > _MOST:
                self._watch.noticed(GAP)
                last = min(told.numbers, default=upto + 1) - 1
            reached = await self._reached(last, upto, told.numbers if told.whole else frozenset(), take)
            if known.get(name) != reached:
                await self._positions.save(STREAM, {**known, name: reached})

    async def _reached(
        self, last: int, upto: int, brought: frozenset[int], take: Callable[[bytes], Awaitable[object]]
    ) -> int:
        """The number up to which all is there, after what is missing beyond `last` was asked for."""
        for _ in range(_PIECES):
            end = min(upto, last + _PIECE)
            missed = set(range(last + 1, end + 1)) - brought
            if missed and not await self._read_again(missed, take):
                return min(missed) - 1
            last = end
            if last == upto:
                break
        return last

    async def _read_again(self, missed: set[int], take: Callable[[bytes], Awaitable[object]]) -> bool:
        """Whether the source gave all of them and the broker has them."""
        self._watch.noticed(GAP)
        asked = {
            "eventsSinceNumber": str(min(missed)),
            "eventsUntilNumber": str(max(missed)),
            "content": "full-resource",
        }
        try:
            body = await self._client.get(
                with_params(self._options.events_url, asked), {"accept": "application/fhir+json"}
            )
            told = notification_of(body.content)
        except (SourceAway, Refused):
            return False
        if not told.whole or not missed <= told.numbers:
            return False
        await take(body.content)
        self._watch.noticed(READ_AGAIN)
        return True
