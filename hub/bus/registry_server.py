"""The schema registry of the embedded stack: the part of Confluent's HTTP API that clients use.

    POST /subjects/{s}/versions        register, answers {"id"}        POST /subjects/{s}             look a schema up
    GET  /subjects[/{s}/versions[/{v}[/schema]]]                       GET  /schemas/ids/{id}[/schema|/subjects|/versions]
    GET|PUT /config[/{s}]                                              POST /compatibility/subjects/{s}/versions[/{v}]

`{v}` is a number or `latest`. Only Avro, without references; no deletes. State lives on a compacted topic: a request
that changes something is answered after its record is confirmed there. A record that cannot be confirmed ends the
process (`serve` raises RetryError or FatalError): memory and log must not part.

No authentication: it listens on 127.0.0.1 unless told otherwise; production uses a registry of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import web

from hub.bus.registry_log import RegistryLog
from hub.bus.registry_state import DEFAULT_LEVEL, LogRecord, RegistryError, RegistryState, canonical_text
from hub.bus.topics import REGISTRY_TOPIC
from hub.errors import HubError
from hub.ops.http_server import listening, read_body

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
MAX_BODY_BYTES = 1 << 20
_TAKEN_TYPES = frozenset(
    {CONTENT_TYPE, "application/vnd.schemaregistry+json", "application/json", "application/octet-stream"}
)


class Log(Protocol):
    """Where records go; `append` returns when they are safe."""

    def append(self, key: bytes, value: bytes) -> None: ...


async def serve(
    bootstrap: str,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[int], None] = lambda _: None,
    *,
    topic: str = REGISTRY_TOPIC,
    replication: int = 1,
    min_insync_replicas: int = 1,
) -> None:
    """Serve until cancelled. `ready(port)` is called once the topic is read and the port is bound.

    Raises RetryError (broker away), FatalError (another registry took over), ConfigError (unusable topic), OSError (port).
    """
    log = RegistryLog(bootstrap, topic, replication=replication, min_insync_replicas=min_insync_replicas)
    state = RegistryState()
    for key, value in await asyncio.to_thread(lambda: list(log.open())):
        state.apply(key, value)
    registry = Registry(state, log)
    async with listening(registry.application(), host, port) as bound:
        ready(bound)
        raise await registry.failed


class Registry:
    """The HTTP face of a `RegistryState` whose changes go through `log`. `failed` resolves with what must end the process."""

    def __init__(self, state: RegistryState, log: Log) -> None:
        self.state = state
        self.failed: asyncio.Future[HubError] = asyncio.get_running_loop().create_future()
        self._log = log
        self._writing = asyncio.Lock()

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_answers], client_max_size=MAX_BODY_BYTES)
        app.add_routes(
            [
                web.get("/", _nothing),
                web.get("/schemas/types", _types),
                web.get("/schemas/ids/{id}", self.schema),
                web.get("/schemas/ids/{id}/schema", self.schema_text),
                web.get("/schemas/ids/{id}/subjects", self.schema_subjects),
                web.get("/schemas/ids/{id}/versions", self.schema_versions),
                web.get("/subjects", self.subjects),
                web.post("/subjects/{subject}", self.lookup),
                web.get("/subjects/{subject}/versions", self.versions),
                web.post("/subjects/{subject}/versions", self.register),
                web.get("/subjects/{subject}/versions/{version}", self.version),
                web.get("/subjects/{subject}/versions/{version}/schema", self.version_text),
                web.get("/config", self.config),
                web.put("/config", self.set_config),
                web.get("/config/{subject}", self.config),
                web.put("/config/{subject}", self.set_config),
                web.post("/compatibility/subjects/{subject}/versions", self.compatible),
                web.post("/compatibility/subjects/{subject}/versions/{version}", self.compatible),
            ]
        )
        return app

    async def schema(self, request: web.Request) -> web.Response:
        return _json({"schema": self.state.text(_id(request))})

    async def schema_text(self, request: web.Request) -> web.Response:
        return _text(self.state.text(_id(request)))

    async def schema_subjects(self, request: web.Request) -> web.Response:
        return _json(sorted({each.subject for each in self.state.uses(_id(request))}))

    async def schema_versions(self, request: web.Request) -> web.Response:
        return _json([{"subject": each.subject, "version": each.version} for each in self.state.uses(_id(request))])

    async def subjects(self, request: web.Request) -> web.Response:
        prefix = request.query.get("subjectPrefix", "")
        return _json(sorted(each for each in self.state.subjects if each.startswith(prefix)))

    async def versions(self, request: web.Request) -> web.Response:
        return _json([each.version for each in self.state.require(_subject(request))])

    async def version(self, request: web.Request) -> web.Response:
        return _json(self.state.version(_subject(request), request.match_info["version"]).as_json())

    async def version_text(self, request: web.Request) -> web.Response:
        return _text(self.state.version(_subject(request), request.match_info["version"]).text)

    async def lookup(self, request: web.Request) -> web.Response:
        return _json(self.state.lookup(_subject(request), await _schema(request)).as_json())

    async def register(self, request: web.Request) -> web.Response:
        subject, text = _subject(request), await _schema(request)
        async with self._writing:
            schema_id, record = self.state.register(subject, text)
            if record:
                await self._write(record)
        return _json({"id": schema_id})

    async def config(self, request: web.Request) -> web.Response:
        subject = request.match_info.get("subject")
        whole = subject is None or request.query.get("defaultToGlobal") == "true"
        level = self.state.level(subject) if whole else self.state.own_level(subject or "")
        return _json({"compatibilityLevel": level or DEFAULT_LEVEL})

    async def set_config(self, request: web.Request) -> web.Response:
        body = await _object(request)
        async with self._writing:
            level = str(body.get("compatibility", "")).upper()
            await self._write(self.state.configure(request.match_info.get("subject"), level))
        return _json({"compatibility": level})

    async def compatible(self, request: web.Request) -> web.Response:
        subject, text = _subject(request), await _schema(request)
        number = request.match_info.get("version")
        against = [self.state.version(subject, number)] if number else self.state.versions(subject)
        broken = self.state.compatible(subject, text, against)
        answer: dict[str, Any] = {"is_compatible": not broken}
        if request.query.get("verbose") == "true":
            answer["messages"] = broken
        return _json(answer)

    async def _write(self, record: LogRecord) -> None:
        try:
            await asyncio.to_thread(self._log.append, *record)
        except HubError as failure:
            if not self.failed.done():
                self.failed.set_result(failure)
            raise RegistryError(500, 50001, "Error in the backend data store") from None
        self.state.apply(*record)


async def _nothing(_: web.Request) -> web.Response:
    return _json({})


async def _types(_: web.Request) -> web.Response:
    return _json(["AVRO"])


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(value).encode(), status=status, content_type=CONTENT_TYPE)


def _text(text: str) -> web.Response:
    return web.Response(body=text.encode(), content_type=CONTENT_TYPE)


def _subject(request: web.Request) -> str:
    return request.match_info["subject"]


def _id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise RegistryError(404, 404, "HTTP 404 Not Found")
    return int(text)


async def _object(request: web.Request) -> dict[str, Any]:
    if request.content_type not in _TAKEN_TYPES:
        raise RegistryError(415, 415, "HTTP 415 Unsupported Media Type")
    body = await read_body(request)
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise RegistryError(400, 400, "the body is not JSON") from None
    if not isinstance(read, dict):
        raise RegistryError(400, 400, "the body is not a JSON object")
    return read


async def _schema(request: web.Request) -> str:
    body = await _object(request)
    text = body.get("schema")
    if body.get("schemaType", "AVRO") != "AVRO" or body.get("references"):
        raise RegistryError(422, 42201, "Invalid schema: only AVRO without references is served here")
    if not isinstance(text, str) or not text:
        raise RegistryError(422, 42201, "Empty schema")
    return canonical_text(text, normalize=request.query.get("normalize", "").lower() == "true")


@web.middleware
async def _answers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Errors as Confluent's registry words them."""
    try:
        return await handler(request)
    except RegistryError as refused:
        return _json({"error_code": refused.code, "message": refused.words}, refused.status)
    except web.HTTPException as refused:
        return _json(
            {"error_code": refused.status, "message": f"HTTP {refused.status} {refused.reason}"}, refused.status
        )
