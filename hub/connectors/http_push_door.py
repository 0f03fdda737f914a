"""The door behind /push/NAME and /fhir/NAME: one request is one unit, and waits for the intake loop's answer.

A sender is turned away before its body is read when it may not send, or while the connector is paused; a request whose answer does
not come in `answer_s` gets 503, and is taken back if the intake loop has not begun with it. Who holds a key is not kept out by
those who only claim to have signed: they are few at a time.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request

from hub.connectors.crowd import Crowd
from hub.connectors.door import Receipt, Unit
from hub.connectors.doors import Around
from hub.connectors.front import Limits, Mounted, Refused
from hub.connectors.http_push import PushOptions
from hub.connectors.http_push_body import MEDIA_TYPES, is_gzip, media_type_of, raw_body, unpacked
from hub.connectors.http_push_keys import Doorkeeper
from hub.connectors.http_push_subscription import Subscriptions
from hub.errors import ConfigError

__all__ = ["PushDoor", "Taken"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_RETRY_AFTER_S = 5
UNPROVEN = 16
_LARGE = 256 * 1024  # bytes that are hashed in a thread: no other sender waits for that
FHIR = "fhir"


@dataclass(frozen=True)
class Taken:
    """What was answered for one body; `name` is the unit's, `token` its name in logs."""

    receipt: Receipt
    name: str
    token: str


class PushDoor:
    """Mounted into the front while it is open."""

    def __init__(self, options: PushOptions, around: Around) -> None:
        self.options, self.connector, self.watch, self._front = options, around.connector, around.watch, around.front
        self.format = around.format
        self.media_types = options.content_types or MEDIA_TYPES.get(around.format, ())
        if not self.media_types:
            raise ConfigError(
                f"{around.connector}: http-push takes no {around.format or 'such format'} unless content_types are given"
            )
        if options.subscription is not None and around.format != FHIR:
            raise ConfigError(f"{around.connector}: a subscription is of FHIR, not of {around.format}")
        self.subscriptions = Subscriptions(options.subscription, around) if options.subscription else None
        self._keeper = Doorkeeper(options, around.secret)
        self._queue: asyncio.Queue[_PushDelivery | None] = asyncio.Queue()  # no more than `requests` with a body
        self._waiting: set[_PushDelivery] = set()
        self._unproven = Crowd(UNPROVEN)
        self._stopping = False
        self._count = 0

    async def open(self) -> None:
        """Mount the routes; ConfigError when the front cannot listen, or cannot know the clients that are asked for."""
        from hub.connectors.http_push_fhir import fhir_router, outcome_of
        from hub.connectors.http_push_routes import push_router

        if self.subscriptions is not None:
            await self.subscriptions.open()
        tls = self._front.spoken_tls()
        if self.options.client_names and (tls is None or tls.client_authorities is None):
            raise ConfigError(
                f"{self.connector}: client_names needs secrets/http/client-authorities.pem, certificate.pem and key.pem"
            )
        if tls is None and self._front.host not in _LOOPBACK:
            self.watch.noticed("keys-over-plain-http")
        options = self.options
        limits = Limits(options.max_body_bytes, options.body_s, options.requests, options.max_unpacked_bytes)
        mounts = [Mounted(f"/push/{self.connector}", self.connector, push_router(self), limits)]
        if self.format == FHIR:
            mounts.append(Mounted(f"/fhir/{self.connector}", self.connector, fhir_router(self), limits, outcome_of))
        try:
            for each in mounts:
                await self._front.mount(each)
        except ConfigError:
            await self._front.unmount(self.connector)
            raise
        self.watch.opened(host=self._front.host, port=self._front.port)

    async def __aiter__(self) -> AsyncIterator[_PushDelivery]:
        while (delivery := await self._queue.get()) is not None:
            if not delivery.answer.done():  # else its sender was told to come again
                delivery.begun = True
                yield delivery

    async def stop_reading(self) -> None:
        """Turn every further request away; what was taken can still be answered."""
        self._stopping = True
        self._queue.put_nowait(None)

    async def close(self) -> None:
        """Answer what is open with 503, and leave the front."""
        self._stopping = True
        for delivery in list(self._waiting):
            await delivery.refuse("stopping")
        await self._front.unmount(self.connector)
        if self.subscriptions is not None:
            await self.subscriptions.close()

    async def body_of(self, request: Request, taken: Collection[str]) -> bytes:
        """The unpacked body of a sender that may send, now, what it sends; else Refused."""
        self._require_running()
        if self._keeper.stale:
            await self._reread()
        known = self._keeper.knows(request.state.client_names, request.headers)
        if known is False:
            raise _unknown()
        media_type_of(request, taken)
        gzip = is_gzip(request, allowed=known is True)
        raw = await (raw_body(request) if known else self._signed_body(request))
        if gzip:
            raw = await asyncio.to_thread(unpacked, raw, self.options.max_unpacked_bytes)
            if not raw:
                raise Refused(400, "body-empty")
        return raw

    async def _signed_body(self, request: Request) -> bytes:
        """A body whose signature decides. At most `UNPROVEN` are read at once: for one more, the longest one ends."""
        try:
            async with self._unproven.turn():
                raw = await raw_body(request)
        except TimeoutError:
            raise Refused(408, "body-too-slow") from None
        signed = partial(self._keeper.signed, request.headers, raw)
        if not (signed() if len(raw) <= _LARGE else await asyncio.to_thread(signed)):
            raise _unknown()
        return raw

    async def take(self, body: bytes) -> Taken:
        """Hand one unit to the intake loop and wait for its answer; Refused (503) when it cannot be had."""
        name = _name_of(body) if len(body) <= _LARGE else await asyncio.to_thread(_name_of, body)
        self._require_running()
        self._count += 1
        unit = Unit(name, body)
        delivery = _PushDelivery(unit, f"request-{self._count}", asyncio.get_running_loop().create_future())
        self._waiting.add(delivery)
        self._queue.put_nowait(delivery)
        try:
            async with asyncio.timeout(self.options.answer_s):
                answer = await delivery.answer
        except TimeoutError:
            answer = Refused(503, "broker-slow", retry_after_s=_RETRY_AFTER_S)
        finally:
            self._waiting.discard(delivery)
            delivery.put_down()
        if isinstance(answer, Refused):
            raise answer
        return Taken(answer, unit.name, unit.token)

    def _require_running(self) -> None:
        if self._stopping or self.watch.state != "running":
            stopping = self._stopping and self.watch.state != "paused"
            raise Refused(503, "stopping" if stopping else "paused", retry_after_s=_RETRY_AFTER_S)

    async def _reread(self) -> None:
        try:
            await asyncio.to_thread(self._keeper.reread)
        except ConfigError as why:
            self.watch.broken(why)


@dataclass(eq=False)
class _PushDelivery:
    unit: Unit
    lane: str
    answer: asyncio.Future[Receipt | Refused]
    fault: str | None = None
    begun: bool = False

    def put_down(self) -> None:
        """Its sender waits no longer. What nobody has begun with keeps its place in the queue and no body."""
        if not self.begun:
            self.unit = Unit(self.unit.name, b"")

    async def ack(self, receipt: Receipt) -> None:
        if not self.answer.done():
            self.answer.set_result(receipt)

    async def refuse(self, why: str) -> None:
        if not self.answer.done():
            self.answer.set_result(Refused(503, why, retry_after_s=_RETRY_AFTER_S))


def _name_of(body: bytes) -> str:
    return f"push-{hashlib.sha256(body).hexdigest()[:12]}"


def _unknown() -> Refused:
    """The same for every way of not being let in."""
    return Refused(401, "not-authenticated", headers={"WWW-Authenticate": "Bearer"})
