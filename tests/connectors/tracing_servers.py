"""Real HTTP servers that behave as contact tracing systems say of themselves: Go.Data, CommCare HQ and Sara Alert.

Each holds records in memory and answers over a socket. `busy` are statuses given before the right answer, one a request, with
Retry-After 0 (429, 503); `on_page` is called before a page, to change what is held while it is read. What no document at hand says
is marked unverified in the README of the connector's folder.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web

from tests.connectors.served import served

__all__ = ["CommCare", "GoData", "SaraAlert", "TracingServer"]

Record = dict[str, Any]
_SARA_TYPES = ("Patient", "QuestionnaireResponse", "Provenance", "Observation", "Immunization", "RelatedPerson")


class TracingServer:
    """What they share: a socket, a memory of what was asked, and moods."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: Counter[str] = Counter()
        self.queries: list[tuple[str, dict[str, str]]] = []
        self.busy: list[int] = []
        self.on_page: Callable[[], None] = lambda: None
        self.tokens: dict[str, int] = {}
        self.logins = 0
        self.uses = 1_000_000
        """Requests that a token is good for."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        async with served(self._received) as self.url:
            yield self

    async def _received(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        self.queries.append((request.path, dict(request.query)))
        if self.busy and not self._is_login(request):
            return web.Response(status=self.busy.pop(0), headers={"Retry-After": "0"})
        return await self.answer(request)

    def _is_login(self, request: web.Request) -> bool:
        return request.method == "POST"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    def _new_token(self) -> str:
        self.logins += 1
        token = secrets.token_hex(16)
        self.tokens[token] = self.uses
        return token

    def _is_good(self, token: str | None) -> bool:
        left = self.tokens.get(token or "", 0)
        self.tokens[token or ""] = left - 1
        return left > 0


class GoData(TracingServer):
    """LoopBack 3: a session by `POST /api/users/login`, `filter` as JSON, soft deletion. A page holds `most` records at most."""

    USER, PASSWORD = "hub@example.org", "made-up password"

    def __init__(self, **records: list[Record]) -> None:
        super().__init__()
        self.records = {name.replace("_", "-"): rows for name, rows in records.items()}
        self.most = 1_000

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/api/users/login":
            told = await request.json()
            if told != {"email": self.USER, "password": self.PASSWORD}:
                return web.json_response({"error": {"statusCode": 401, "code": "LOGIN_FAILED"}}, status=401)
            return web.json_response({"id": self._new_token(), "ttl": 600, "userId": "made-up"})
        if not self._is_good(request.query.get("access_token") or request.headers.get("authorization")):
            return web.json_response({"error": {"statusCode": 401, "code": "AUTHORIZATION_REQUIRED"}}, status=401)
        head, _, resource = request.path.rpartition("/")
        if head != "/api/outbreaks/OUTBREAK" or resource not in self.records:
            return web.json_response({"error": {"statusCode": 404}}, status=404)
        self.on_page()
        return web.json_response(self._found(resource, json.loads(request.query.get("filter", "{}"))))

    def _found(self, resource: str, asked: Record) -> list[Record]:
        where = asked.get("where", {})
        least = where.get("updatedAt", {}).get("gte", "")
        rows = [row for row in self.records[resource] if _time(row["updatedAt"]) >= _time(least)]
        if not asked.get("deleted"):
            rows = [row for row in rows if not row.get("deleted")]
        if "deleted" in where:
            rows = [row for row in rows if bool(row.get("deleted")) is where["deleted"]]
        if asked.get("order") == "updatedAt ASC":
            rows.sort(key=lambda row: (_time(row["updatedAt"]), row["id"]))
        begin = asked.get("skip", 0)
        return rows[begin : begin + min(asked.get("limit", self.most), self.most)]


class CommCare(TracingServer):
    """Case API v2: an API key, a list of a case type with a link to the next page, which holds a cursor and nothing else."""

    KEY = "hub@example.org:0123456789abcdef"

    def __init__(self, *cases: Record) -> None:
        super().__init__()
        self.cases = list(cases)
        self.most = 1_000

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("authorization") != f"ApiKey {self.KEY}":
            return web.json_response({"error": "unauthorized"}, status=401)
        if request.path != "/a/PROJECT/api/case/v2/":
            return web.json_response({"error": "not found"}, status=404)
        self.on_page()
        asked: Record = dict(request.query)
        if "cursor" in asked:
            asked = json.loads(base64.urlsafe_b64decode(asked["cursor"]))
        least, after = _time(asked.get("indexed_on.gte", "")), asked.get("after", "")
        found = [
            case
            for case in sorted(self.cases, key=_place)
            if case["case_type"] == asked["case_type"] and _time(case["indexed_on"]) >= least and _place(case) > after
        ]
        page = found[: min(int(asked.get("limit", "20")), self.most)]
        answer: Record = {"matching_records": len(found), "cases": page}
        if len(found) > len(page):
            cursor = json.dumps({**asked, "after": _place(page[-1])}).encode()
            answer["next"] = f"{self.url}{request.path}?cursor={base64.urlsafe_b64encode(cursor).decode()}"
        return web.json_response(answer)


class SaraAlert(TracingServer):
    """FHIR: a token for a signed assertion, `$export` of six files at most every 15 minutes, and a search by pages.

    `offers_export` False: 403, as where an account may search only. `waits`: times that an export says 202. `cut`: files that break
    off within a line, one for each answer. `clock`: its time; exports closer than 15 minutes are 429.
    """

    def __init__(self, *resources: Record) -> None:
        super().__init__()
        self.resources = list(resources)
        self.deleted: list[str] = []
        self.offers_export = True
        self.waits = 1
        self.cut: list[str] = []
        self.gone: list[int] = []
        self.clock = datetime(2021, 7, 7, 21, 8, 19, tzinfo=UTC)
        self.exports: list[tuple[datetime, dict[str, str]]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth/token":
            form = await request.post()
            assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            return web.json_response({"access_token": self._new_token(), "expires_in": 7_200, "token_type": "Bearer"})
        if not self._is_good((request.headers.get("authorization") or "").removeprefix("Bearer ")):
            return web.Response(status=401)
        base, _, name = request.path.rpartition("/")
        if name == "$export":
            return self._kick_off(request)
        if "/ExportStatus" in base:
            return self._status(int(name))
        if "/ExportFiles" in base:
            return await self._file(request, name)
        return self._search(request, name)

    def _kick_off(self, request: web.Request) -> web.Response:
        if not self.offers_export:
            return web.json_response({"resourceType": "OperationOutcome"}, status=403)
        if self.exports and (self.clock - self.exports[-1][0]).total_seconds() < 900:
            return web.Response(status=429, headers={"Retry-After": "0"})
        self.exports.append((self.clock, dict(request.query)))
        where = f"{self.url}/fhir/r4/ExportStatus/{len(self.exports)}"
        return web.Response(status=202, headers={"Content-Location": where})

    def _status(self, number: int) -> web.Response:
        if number in self.gone:
            return web.Response(status=404)
        if self.waits:
            self.waits -= 1
            return web.Response(status=202, headers={"Retry-After": "0", "X-Progress": "in progress"})
        files = f"{self.url}/fhir/r4/ExportFiles/{number}"
        output = [{"type": kind, "url": f"{files}/{kind}.ndjson"} for kind in _SARA_TYPES if self._held(kind, number)]
        answer: Record = {
            "transactionTime": self.exports[number - 1][0].isoformat(),
            "request": f"{self.url}/fhir/r4/Patient/$export",
            "requiresAccessToken": True,
            "output": output,
        }
        if self.deleted:
            answer["deleted"] = [{"type": "Bundle", "url": f"{files}/deleted.ndjson"}]
        return web.json_response(answer)

    def _held(self, kind: str, number: int) -> list[Record]:
        since = _time(self.exports[number - 1][1].get("_since", ""))
        return [
            each
            for each in self.resources
            if each["resourceType"] == kind and _time(each["meta"]["lastUpdated"]) >= since
        ]

    async def _file(self, request: web.Request, name: str) -> web.StreamResponse:
        number = int(request.path.split("/")[-2])
        if name == "deleted.ndjson":
            rows: list[Record] = [
                {
                    "resourceType": "Bundle",
                    "type": "transaction",
                    "entry": [{"request": {"method": "DELETE", "url": each}}],
                }
                for each in self.deleted
            ]
        else:
            rows = self._held(name.removesuffix(".ndjson"), number)
        whole = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        if name in self.cut:
            self.cut.remove(name)
            whole = whole[: len(whole) * 2 // 3]
        return web.Response(body=whole, content_type="application/fhir+ndjson")

    def _search(self, request: web.Request, kind: str) -> web.Response:
        self.on_page()
        size, page = int(request.query.get("_count", "10")), int(request.query.get("page", "1"))
        rows = [each for each in self.resources if each["resourceType"] == kind]
        entry = [{"resource": each} for each in rows[(page - 1) * size : page * size]]
        return web.json_response(
            {"resourceType": "Bundle", "type": "searchset", "total": len(rows), "entry": entry},
            content_type="application/fhir+json",
        )


def _place(case: Record) -> str:
    return f"{case['indexed_on']} {case['case_id']}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else datetime(1970, 1, 1, tzinfo=UTC)
