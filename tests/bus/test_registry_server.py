"""The registry's HTTP face over a log in memory: every answer, every error code."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
import pytest

from hub.bus.registry_server import CONTENT_TYPE, MAX_BODY_BYTES, Registry
from hub.bus.registry_state import RegistryState
from hub.errors import HubError, RetryError
from hub.ops.http_server import listening

R1 = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
R2 = {
    "type": "record",
    "name": "R",
    "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "int", "default": 0}],
}
R2_WITHOUT_DEFAULT = {"type": "record", "name": "R", "fields": [*R1["fields"], {"name": "b", "type": "int"}]}


class ListLog:
    """A log in memory; `broken` makes the next write fail."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, bytes]] = []
        self.broken: HubError | None = None

    def append(self, key: bytes, value: bytes) -> None:
        if self.broken:
            raise self.broken
        self.records.append((key, value))


class Asker:
    """Requests to a registry; each answer is (status, JSON)."""

    def __init__(self, session: aiohttp.ClientSession, url: str, registry: Registry, log: ListLog, port: int) -> None:
        self.session, self.url, self.registry, self.log, self.port = session, url, registry, log, port

    async def __call__(self, method: str, path: str, body: Any = None, kind: str = CONTENT_TYPE) -> tuple[int, Any]:
        data = None if body is None else body if isinstance(body, bytes | io.BytesIO) else json.dumps(body).encode()
        headers = {"Content-Type": kind} if data is not None else {}
        async with self.session.request(method, self.url + path, data=data, headers=headers) as answer:
            assert answer.content_type == CONTENT_TYPE
            return answer.status, json.loads(await answer.read())

    async def register(self, subject: str, schema: Any, query: str = "") -> tuple[int, Any]:
        return await self("POST", f"/subjects/{subject}/versions{query}", {"schema": json.dumps(schema)})


@asynccontextmanager
async def asking(cut_s: float) -> AsyncIterator[Asker]:
    log = ListLog()
    registry = Registry(RegistryState(), log)
    async with (
        listening(registry.application(), "127.0.0.1", 0, header_s=cut_s, body_s=cut_s) as port,
        aiohttp.ClientSession() as session,
    ):
        yield Asker(session, f"http://127.0.0.1:{port}", registry, log, port)


def over_http(test: Callable[[Asker], Coroutine[Any, Any, None]], cut_s: float = 60.0) -> Callable[[], None]:
    """`cut_s`: how long a sender has for a header or a body."""

    async def inside() -> None:
        async with asking(cut_s) as ask:
            await test(ask)

    def run() -> None:
        asyncio.run(inside())

    run.__name__ = test.__name__
    return run


@over_http
async def test_the_same_schema_has_one_id_in_all_subjects_and_spellings(ask: Asker) -> None:
    assert await ask.register("one", R1) == (200, {"id": 1})
    spelled = {"fields": [{"type": {"type": "int"}, "name": "a"}], "name": "R", "type": "record"}
    assert await ask.register("one", spelled) == (200, {"id": 1})
    assert await ask.register("two", R1) == (200, {"id": 1})
    assert await ask.register("two", R2) == (200, {"id": 2})
    assert await ask("GET", "/subjects") == (200, ["one", "two"])
    assert await ask("GET", "/subjects?subjectPrefix=tw") == (200, ["two"])
    assert await ask("GET", "/subjects/two/versions") == (200, [1, 2])
    assert await ask("GET", "/schemas/ids/1/versions") == (
        200,
        [{"subject": "one", "version": 1}, {"subject": "two", "version": 1}],
    )
    assert await ask("GET", "/schemas/ids/1/subjects") == (200, ["one", "two"])


@over_http
async def test_a_schema_is_found_by_id_version_and_text(ask: Asker) -> None:
    await ask.register("s", R1)
    await ask.register("s", R2)
    text = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'
    first = {"subject": "s", "version": 1, "id": 1, "schema": text}
    assert await ask("GET", "/schemas/ids/1") == (200, {"schema": text})
    assert await ask("GET", "/schemas/ids/1/schema") == (200, R1)
    assert await ask("GET", "/subjects/s/versions/1") == (200, first)
    assert await ask("GET", "/subjects/s/versions/1/schema") == (200, R1)
    assert (await ask("GET", "/subjects/s/versions/latest"))[1]["version"] == 2
    assert await ask("POST", "/subjects/s", {"schema": json.dumps(R1)}) == (200, first)


@over_http
async def test_what_is_not_there_has_confluents_codes(ask: Asker) -> None:
    await ask.register("s", R1)
    cases = [
        ("GET", "/subjects/none/versions", None, 404, 40401),
        ("GET", "/subjects/none/versions/1", None, 404, 40401),
        ("GET", "/subjects/s/versions/9", None, 404, 40402),
        ("GET", "/subjects/s/versions/0", None, 422, 42202),
        ("GET", "/subjects/s/versions/x", None, 422, 42202),
        ("GET", "/schemas/ids/99", None, 404, 40403),
        ("POST", "/subjects/none", {"schema": '"int"'}, 404, 40401),
        ("POST", "/subjects/s", {"schema": '"int"'}, 404, 40403),
        ("POST", "/subjects/s/versions", {"schema": '"integer"'}, 422, 42201),
        ("POST", "/subjects/s/versions", {"schema": ""}, 422, 42201),
        ("POST", "/subjects/s/versions", {}, 422, 42201),
        ("POST", "/subjects/s/versions", {"schema": "{}", "schemaType": "PROTOBUF"}, 422, 42201),
        ("POST", "/subjects/s/versions", b"{", 400, 400),
        ("POST", "/subjects/s/versions", b"[]", 400, 400),
        ("PUT", "/config", {"compatibility": "SOME"}, 422, 42203),
        ("GET", "/config/s", None, 404, 40408),
        ("GET", "/nowhere", None, 404, 404),
        ("DELETE", "/subjects/s", None, 405, 405),
    ]
    for method, path, body, status, code in cases:
        got, answer = await ask(method, path, body)
        assert (got, answer["error_code"]) == (status, code), path
        assert isinstance(answer["message"], str)
    assert (await ask("POST", "/subjects/s/versions", b"{}", kind="text/xml"))[0] == 415


@over_http
async def test_an_incompatible_schema_is_refused_under_the_level_that_holds(ask: Asker) -> None:
    assert await ask("GET", "/config") == (200, {"compatibilityLevel": "BACKWARD"})
    await ask.register("s", R1)
    status, answer = await ask.register("s", R2_WITHOUT_DEFAULT)
    assert (status, answer["error_code"]) == (409, 409)
    assert await ask("PUT", "/config/s", {"compatibility": "NONE"}) == (200, {"compatibility": "NONE"})
    assert await ask("GET", "/config/s") == (200, {"compatibilityLevel": "NONE"})
    assert await ask.register("s", R2_WITHOUT_DEFAULT) == (200, {"id": 2})
    assert await ask("PUT", "/config", {"compatibility": "full_transitive"}) == (
        200,
        {"compatibility": "FULL_TRANSITIVE"},
    )
    assert await ask("GET", "/config/other?defaultToGlobal=true") == (200, {"compatibilityLevel": "FULL_TRANSITIVE"})


@over_http
async def test_compatibility_can_be_asked_without_registering(ask: Asker) -> None:
    await ask.register("s", R1)
    bad, good = {"schema": json.dumps(R2_WITHOUT_DEFAULT)}, {"schema": json.dumps(R2)}
    assert await ask("POST", "/compatibility/subjects/s/versions/latest", good) == (200, {"is_compatible": True})
    assert await ask("POST", "/compatibility/subjects/s/versions/1", bad) == (200, {"is_compatible": False})
    status, answer = await ask("POST", "/compatibility/subjects/s/versions?verbose=true", bad)
    assert (status, answer["is_compatible"], len(answer["messages"])) == (200, False, 1)
    assert (await ask("POST", "/compatibility/subjects/s/versions/7", bad))[1]["error_code"] == 40402
    assert (await ask("POST", "/compatibility/subjects/t/versions/latest", bad))[1]["error_code"] == 40401


@over_http
async def test_normalize_puts_unknown_attributes_in_order(ask: Asker) -> None:
    one = {"type": "string", "b": 1, "a": 2}
    other = {"type": "string", "a": 2, "b": 1}
    assert await ask.register("n", one, "?normalize=true") == await ask.register("n", other, "?normalize=True")
    assert await ask.register("n", other) == (200, {"id": 1})
    assert await ask.register("n", one) == (200, {"id": 2})


@over_http
async def test_state_is_exactly_what_the_log_holds(ask: Asker) -> None:
    await ask.register("s", R1)
    await ask.register("t", R2)
    await ask("PUT", "/config/t", {"compatibility": "FULL"})
    again = RegistryState()
    for key, value in [*ask.log.records, *ask.log.records]:
        again.apply(key, value)
    assert again == ask.registry.state


@over_http
async def test_a_write_that_fails_is_not_answered_as_done_and_ends_the_process(ask: Asker) -> None:
    ask.log.broken = RetryError("registry-log:_TIMED_OUT")
    status, answer = await ask.register("s", R1)
    assert (status, answer["error_code"]) == (500, 50001)
    assert await ask("GET", "/subjects") == (200, [])
    assert ask.registry.failed.result() is ask.log.broken


@over_http
async def test_two_at_once_get_one_id(ask: Asker) -> None:
    answers = await asyncio.gather(*(ask.register(f"s{n % 3}", R1) for n in range(12)))
    assert {answer[1]["id"] for answer in answers} == {1}
    assert len(ask.log.records) == 3


@over_http
async def test_an_oversized_body_is_refused(ask: Asker) -> None:
    status, answer = await ask("POST", "/subjects/s/versions", io.BytesIO(b" " * (MAX_BODY_BYTES + 1)))
    assert (status, answer["error_code"]) == (413, 413)


@partial(over_http, cut_s=1.0)
async def test_half_a_header_is_cut(ask: Asker) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ask.port)
    writer.write(b"GET /subjects HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(120):
        assert await reader.read() == b""
    writer.close()
    assert await ask("GET", "/subjects") == (200, [])


@partial(over_http, cut_s=1.0)
async def test_half_a_body_is_cut(ask: Asker) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ask.port)
    head = (
        f"POST /subjects/s/versions HTTP/1.1\r\nHost: x\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: 99\r\n\r\n{{"
    )
    writer.write(head.encode())
    async with asyncio.timeout(120):
        answered = await reader.read()
    assert answered == b"" or b" 408 " in answered
    writer.close()


@pytest.mark.parametrize(
    "level", ["BACKWARD", "FORWARD", "FULL", "BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE", "FULL_TRANSITIVE"]
)
def test_each_level_can_be_set(level: str) -> None:
    state = RegistryState()
    state.apply(*state.configure("s", level))
    assert state.level("s") == level
