"""The HTTP-poll door: asks a URL again and again for what is new, page by page.

How the next page is found is declared (`paging`): the Link header, a link in the body (FHIR: `link` with relation `next`), a page
number, an offset, or a cursor. `since` asks for changes only: from when the last whole round began, by the source's own clock, less
an overlap; what comes twice has the same ids. A link that leads to another host is not followed. Numbered pages shift while they
are read: they are read until two passes in a row saw the same. FHIR bulk export is a round of its own (hub.connectors.bulk_export).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from pydantic import Field, field_validator, model_validator

from hub.connectors.bulk_export import BulkExport, ExportOptions
from hub.connectors.door import Unit
from hub.connectors.doors import Around, DoorKind
from hub.connectors.http_client import Body, HttpClient, HttpLimits
from hub.connectors.http_login import Login
from hub.connectors.http_origin import safe_url
from hub.connectors.http_paging import Paging, Since, next_link, numbers, query, size_of, with_params
from hub.connectors.http_wire import Tls
from hub.connectors.positions import Position
from hub.connectors.pull import ALL, STREAM_NAME, Fetched, PullDoor, PullOptions, PullSource, SourceAway
from hub.declared import Declared
from hub.errors import ConfigError

__all__ = ["KIND", "HttpPages", "HttpPollOptions", "Paging", "Since"]

_PASSES = 6  # over numbered pages, before they are said to shift too fast
_PAGES = 100_000
_WAITS, _SHORT_WAIT_S = 3, 60.0  # for one page in the middle of numbered ones


class HttpStream(Declared):
    """One resource of a system, with a position of its own."""

    name: str = Field(default=ALL, pattern=STREAM_NAME, description="its position's name: never change it")
    url: str
    since: Since | None = Field(default=None, description="in place of the door's own")

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        return safe_url(url)


class HttpPollOptions(PullOptions):
    """Section `door` of a connector with `kind: http-poll`."""

    url: str | None = None
    streams: tuple[HttpStream, ...] = Field(default=(), description="several URLs, each with a position of its own")
    hosts: tuple[str, ...] = Field(
        default=(), description="other hosts that links may lead to, as https://files.example.org; no token goes there"
    )
    tls: Tls = Tls()
    accept: str = "application/json"
    paging: Paging = Paging()
    since: Since | None = None
    export: ExportOptions | None = Field(
        default=None, description="FHIR bulk export: `url` is the kick-off, ending in $export"
    )
    login: Login | None = None
    limits: HttpLimits = HttpLimits()

    @field_validator("hosts")
    @classmethod
    def _are_urls(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(safe_url(url) for url in hosts)

    @model_validator(mode="after")
    def _is_one_or_several(self) -> HttpPollOptions:
        if bool(self.streams) == (self.url is not None):
            raise ValueError("needs url, or streams")
        if len({stream.name for stream in self.asked}) < len(self.asked):
            raise ValueError("two streams have one name")
        return self

    @property
    def asked(self) -> tuple[HttpStream, ...]:
        """The streams; the one where none is named."""
        return self.streams or (HttpStream(url=self.url or ""),)

    @property
    def shape(self) -> Literal["bytes", "file", "folder"]:
        return "bytes" if self.export is None else "file"

    def rewound(self, position: Position | None, to: datetime | None) -> Position | None:
        if to is None:
            return super().rewound(position, to)
        if self.export is None and any((stream.since or self.since) is None for stream in self.asked):
            raise ConfigError(
                "it reads everything at each round (there is no `since`); `hub connector run NAME --once` does so now"
            )
        return {"since": to.astimezone(UTC).isoformat(timespec="seconds")}


class HttpPages:
    """Pages of one URL. Position: `{"since": time}`, and `next` with `began` in the middle of a round."""

    def __init__(
        self,
        client: HttpClient,
        options: HttpPollOptions,
        stream: HttpStream,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client, self._options, self._now = client, options, now
        self._url, self._since = stream.url, stream.since or options.since

    async def open(self) -> None:
        await self._client.open()

    async def close(self) -> None:
        await self._client.close()

    async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
        since = position.get("since") if position else None
        if numbers(self._options.paging):
            async for each in self._numbered(since):
                yield each
            return
        first = await self._first(position)
        if first is None:
            began, body = None, await self._ask(self._url, query(self._options.paging, self._since, since))
        else:
            began, body = first
        began = began or self._time_of(body)
        seen = {body.url}
        for _ in range(_PAGES):
            link = next_link(body, self._options.paging, self._client.resolve)
            after = {"since": began} if link is None else {"since": since, "next": link, "began": began}
            unit = _unit(body) if size_of(body, self._options.paging) else None
            yield Fetched(unit, after)
            if link is None:
                return
            if link in seen:
                raise SourceAway("http-pages-loop")
            seen.add(link)
            body = await self._ask(link, {})
        raise SourceAway("http-too-many-pages")

    async def _first(self, position: Position | None) -> tuple[str, Body] | None:
        """The page where a round that was cut off goes on; None to begin anew, as when its link has run out."""
        if not position or "next" not in position:
            return None
        try:
            return position["began"], await self._ask(self._client.resolve(self._url, position["next"]), {})
        except SourceAway as away:
            if re.fullmatch(r"http-4(?!29|01|03)\d\d|http-foreign-host", away.reason):
                return None
            raise

    async def _numbered(self, since: str | None) -> AsyncIterator[Fetched]:
        """Pass after pass, until one saw what the pass before it saw; a page is delivered once per content."""
        delivered: set[str] = set()
        before: list[str] | None = None
        began: str | None = None
        paging = self._options.paging
        for _ in range(_PASSES):
            these: list[str] = []
            place = paging.first if paging.by == "page-number" else 0
            for _ in range(_PAGES):
                asked = query(paging, self._since, since, place)
                body = await (self._ask_in_turn(asked) if began else self._ask(self._url, asked))
                began = began or self._time_of(body)
                size = size_of(body, paging)
                if not size:
                    break
                place += (
                    1 if paging.by == "page-number" else size
                )  # as many as came: a source may give fewer than asked
                name = hashlib.sha256(body.content).hexdigest()
                if name in these[-1:]:  # a source that gives its last page for every number beyond it
                    break
                these.append(name)
                if name not in delivered:
                    delivered.add(name)
                    yield Fetched(_unit(body))
            else:
                raise SourceAway("http-too-many-pages")
            if these == before or len(these) <= 1:
                yield Fetched(None, {"since": began})
                return
            before = these
        raise SourceAway("http-pages-shift")

    async def _ask_in_turn(self, params: dict[str, str]) -> Body:
        """A page among numbered ones: a source that asks for a short wait is waited for here. To break off would mean to read all
        of them anew, and a source that lets only so many be read at once would never be read to the end."""
        for _ in range(_WAITS):
            try:
                return await self._ask(self._url, params)
            except SourceAway as away:
                if away.after_s is None or away.after_s > _SHORT_WAIT_S:
                    raise
                await asyncio.sleep(away.after_s)
        return await self._ask(self._url, params)

    async def _ask(self, url: str, params: dict[str, str]) -> Body:
        body = await self._client.get(with_params(url, params), {"accept": self._options.accept})
        if body.status == 202:
            raise SourceAway("http-202", self._client.wait_of(body.headers))
        if "html" in body.headers.get("content-type", ""):
            raise SourceAway("http-html")  # a log-in or error page that says 200
        return body

    def _time_of(self, body: Body) -> str:
        """When the round began, by the source's clock if it tells, in UTC."""
        try:
            said = parsedate_to_datetime(body.headers["date"]).astimezone(UTC)
        except (KeyError, ValueError, TypeError):
            said = self._now()
        return min(said, self._now()).isoformat(timespec="seconds")


def _unit(body: Body) -> Unit:
    return Unit(f"page-{hashlib.sha256(body.content).hexdigest()[:12]}", body.content)


def _build(options: HttpPollOptions, around: Around) -> PullDoor:
    urls = [stream.url for stream in options.asked]
    client = HttpClient(urls, options.login, around.secret, options.limits, tls=options.tls, hosts=options.hosts)

    def source(stream: HttpStream) -> PullSource:
        if options.export is None:
            return HttpPages(client, options, stream)
        spool = around.spool if stream.name == ALL else around.spool / stream.name
        instead = [HttpPages(client, options, HttpStream(url=url)) for url in options.export.instead]
        return BulkExport(client, stream.url, options.export, spool, instead)

    streams = {stream.name: source(stream) for stream in options.asked}
    return PullDoor(streams, options, around.positions, around.watch)


KIND = DoorKind(HttpPollOptions, _build)
