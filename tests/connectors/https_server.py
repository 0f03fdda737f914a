"""A real HTTPS server (uvicorn) with certificates of a private authority: a FHIR source that behaves as its documents say."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import trustme
import uvicorn
from fastapi import FastAPI, Request, Response
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from hub.ops.ports import free_port

__all__ = ["Source", "https_server"]

_PAGE = 3


class Source:
    """What it holds and what it saw. A token is good for `uses` requests. `public`: whose assertions it believes."""

    def __init__(self, count: int = 10) -> None:
        self.records = list(range(count))
        self.uses = 2
        self.public: RSAKey | ECKey | None = None
        self.algorithm = "RS384"
        self.assertions: list[dict[str, Any]] = []
        self.tokens: dict[str, int] = {}
        self.seen: list[tuple[str, float, str | None]] = []
        self.busy: list[dict[str, str]] = []
        self.progress = 2
        self.cut_short = 0
        self.file_host = ""
        self.deleted: list[dict[str, str]] = []
        self.url = ""
        self.app = FastAPI()
        self.app.middleware("http")(self._note)
        self.app.post("/token")(self._token)
        self.app.get("/fhir/{kind}")(self._search)
        self.app.get("/fhir/{kind}/$export")(self._kick_off)
        self.app.get("/status")(self._status)
        self.app.get("/files/{name}")(self._file)
        self.app.get("/bomb")(self._bomb)
        self.app.get("/moved")(self._moved)

    async def _note(self, request: Request, go_on: Any) -> Response:
        self.seen.append((request.url.path, time.monotonic(), request.headers.get("authorization")))
        if self.busy and request.url.path.startswith("/fhir"):
            return Response(status_code=429, headers=self.busy.pop(0))
        answer: Response = await go_on(request)
        return answer

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        assert form["grant_type"] == "client_credentials"
        if self.public is not None:
            assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            told = jwt.decode(form["client_assertion"], self.public, algorithms=[self.algorithm])
            claims = dict(told.claims)
            fresh = (
                claims["jti"] not in {each["jti"] for each in self.assertions} and claims["exp"] - time.time() <= 300
            )
            if not fresh or claims["aud"] != f"{self.url}/token" or not claims["iss"] == claims["sub"] == "hub":
                return Response(status_code=400)
            self.assertions.append(claims | {"kid": told.header["kid"]})
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = self.uses
        return Response(json.dumps({"access_token": token, "expires_in": 3600, "token_type": "bearer"}))

    def _refused(self, request: Request) -> bool:
        token = (request.headers.get("authorization") or "").removeprefix("Bearer ")
        left = self.tokens.get(token, 0)
        self.tokens[token] = left - 1
        return bool(self.public) and left <= 0

    async def _search(self, kind: str, request: Request) -> Response:
        if self._refused(request):
            return Response(status_code=401)
        start = int(request.query_params.get("at", 0))
        offset = 1_000 if kind == "Observation" else 0
        body: dict[str, Any] = {"entry": [{"id": each + offset} for each in self.records[start : start + _PAGE]]}
        body["link"] = [{"relation": "self", "url": str(request.url)}]
        if start + _PAGE < len(self.records):
            body["link"].append({"relation": "next", "url": f"{self.url}/fhir/{kind}?at={start + _PAGE}"})
        packed = gzip.compress(json.dumps(body).encode())
        return Response(packed, headers={"content-encoding": "gzip", "content-type": "application/fhir+json"})

    async def _kick_off(self, kind: str) -> Response:
        return Response(status_code=202, headers={"content-location": f"{self.url}/status"})

    async def _status(self) -> Response:
        if self.progress:
            self.progress -= 1
            return Response(status_code=202, headers={"retry-after": "0", "x-progress": "half of it"})
        files = [{"type": "Patient", "url": f"{self.file_host or self.url}/files/a.ndjson", "count": len(self.records)}]
        manifest = {"transactionTime": "2021-02-01T00:00:00Z", "output": files, "error": [], "deleted": self.deleted}
        return Response(json.dumps({**manifest, "requiresAccessToken": True}), media_type="application/json")

    async def _file(self, name: str) -> Response:
        lines = b"".join(json.dumps({"id": each}).encode() + b"\n" for each in self.records)
        if self.cut_short:
            self.cut_short -= 1
            lines = lines[: len(lines) // 2]
        packed = gzip.compress(lines)
        return Response(packed, headers={"content-encoding": "gzip", "content-type": "application/fhir+ndjson"})

    async def _bomb(self) -> Response:
        return Response(gzip.compress(bytes(100_000_000)), headers={"content-encoding": "gzip"})

    async def _moved(self) -> Response:
        return Response(status_code=307, headers={"location": f"{self.url}/fhir/Patient"})


@contextmanager
def https_server(
    source: Source, authority: trustme.CA, folder: Path, name: str = "localhost", clients: trustme.CA | None = None
) -> Iterator[Source]:
    """`source` served under a certificate for `name`; `clients`: whose client certificates are asked for."""
    port = free_port()
    issued = authority.issue_cert(name)
    certificate = folder / f"{port}.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    told: dict[str, Any] = {"ssl_certfile": str(certificate)}
    if clients is not None:
        clients.cert_pem.write_to_path(str(folder / "clients.pem"))
        told |= {"ssl_ca_certs": str(folder / "clients.pem"), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    config = uvicorn.Config(source.app, "127.0.0.1", port, log_config=None, lifespan="off", ws="none", **told)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        source.url = f"https://localhost:{port}"
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield source
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
