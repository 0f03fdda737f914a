"""A real HTTP server that behaves badly on purpose: busy, forgetful, shifting, cutting off."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from tests.connectors.served import served

PAGE = 3


class BadServer:
    """`records` are what it holds, in order. `trouble` maps a path to answers given before the right ones, one a request.

    `token` None: no log-in is asked for. `asked` counts requests by path, `queries` keeps them. `on_page` is called before a page.
    """

    def __init__(self, count: int) -> None:
        self.records: list[int] = list(range(count))
        self.trouble: dict[str, list[Callable[[web.Request], Awaitable[web.StreamResponse]]]] = {}
        self.token: str | None = None
        self.logins = 0
        self.asked: Counter[str] = Counter()
        self.queries: list[tuple[str, dict[str, str]]] = []
        self.on_page: Callable[[], None] = lambda: None
        self.export_waits = 1
        self.exports = 0
        self.files: dict[str, bytes] = {}
        self.counts: dict[str, int] = {}
        self.next_link: str | None = None
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[BadServer]:
        async with served(self._answer) as self.url:
            yield self

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.lstrip("/")
        self.asked[path] += 1
        self.queries.append((path, dict(request.query)))
        if waiting := self.trouble.get(path):
            return await waiting.pop(0)(request)
        if path == "token":
            return self._log_in()
        if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        return await getattr(self, f"_{path.split('/')[0]}")(request)  # type: ignore[no-any-return]

    def _log_in(self) -> web.Response:
        self.logins += 1
        self.token = f"token-{self.logins}"
        return web.json_response({"access_token": self.token, "expires_in": 3_600, "token_type": "bearer"})

    def _slice(self, start: int) -> tuple[list[dict[str, int]], int | None]:
        self.on_page()
        end = start + PAGE
        return [{"id": each} for each in self.records[start:end]], end if end < len(self.records) else None

    async def _header(self, request: web.Request) -> web.Response:
        found, after = self._slice(int(request.query.get("at", 0)))
        links = {"Link": f'<{self.url}/x>; rel="prev", </header?at={after}>; rel="next"'} if after is not None else {}
        return web.json_response(found, headers=links)

    async def _body(self, request: web.Request) -> web.Response:
        found, after = self._slice(int(request.query.get("at", 0)))
        link = self.next_link or (f"{self.url}/body?at={after}" if after is not None else None)
        return web.json_response({"items": found, "meta": {"next": link}})

    async def _fhir(self, request: web.Request) -> web.Response:
        found, after = self._slice(int(request.query.get("at", 0)))
        links = [{"relation": "self", "url": str(request.url)}]
        if after is not None:
            links.append({"relation": "next", "url": f"{self.url}/fhir?at={after}"})
        return web.json_response({"resourceType": "Bundle", "entry": found, "link": links})

    async def _cursor(self, request: web.Request) -> web.Response:
        found, after = self._slice(int(request.query.get("cursor", 0)))
        return web.json_response({"items": found, "after": after})

    async def _numbered(self, request: web.Request) -> web.Response:
        found, _ = self._slice((int(request.query["page"]) - 1) * PAGE)
        return web.json_response({"items": found})

    async def _export(self, request: web.Request) -> web.Response:
        self.exports += 1
        return web.Response(status=202, headers={"Content-Location": f"{self.url}/status/{self.exports}"})

    async def _status(self, request: web.Request) -> web.Response:
        if self.export_waits:
            self.export_waits -= 1
            return web.Response(status=202, headers={"Retry-After": "0"})
        output = [
            {"type": "Patient", "url": f"{self.url}/file/{name}", "count": self.counts.get(name)} for name in self.files
        ]
        return web.json_response(
            {"transactionTime": f"2021-02-0{self.exports}T00:00:00Z", "output": output, "error": []}
        )

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.path.rpartition("/")[2]], content_type="application/fhir+ndjson")


def says(status: int, **headers: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Only a status."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


def cut_off(content: bytes, announced: int) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Announces more than it sends, and hangs up."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(announced)})
        await response.prepare(request)
        await response.write(content)
        assert request.transport is not None
        request.transport.close()
        return response

    return answer


def sends(
    content: bytes, content_type: str = "application/json"
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A whole answer."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=content_type)

    return answer


def never_ends() -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Begins to answer, then is silent until the other side hangs up."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"[")
        await asyncio.sleep(60)
        return response

    return answer


def lines(*ids: int) -> bytes:
    return b"".join(json.dumps({"id": each}).encode() + b"\n" for each in ids)
