"""FHIR bulk export as rounds of a door: kick-off, asking until it is ready, manifest, NDJSON files.

Position: `{"since": transactionTime}` between exports; `status` (where the export is asked about) and `done` (its files that are
safe) within one, so that a stop resumes the same export. The next export asks for `_since` the transactionTime of the last one.
A manifest's `deleted` lists are not read: each leaves a dead letter without body.
HL7 FHIR Bulk Data Access IG v2.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from pydantic import Field

from hub.connectors.door import Receipt, Unit
from hub.connectors.http_client import HttpClient
from hub.connectors.positions import Position
from hub.connectors.pull import Fetched, SourceAway
from hub.connectors.spool import make_spool
from hub.declared import Declared

__all__ = ["BulkExport", "ExportOptions"]

_GONE = ("http-404", "http-410")


class ExportOptions(Declared):
    """Section `export`: limits of one file. Types are chosen in the kick-off URL, `$export?_type=Patient,Observation`."""

    max_file_bytes: int = Field(default=1024**3, ge=1_024)
    file_s: float = Field(default=3_600.0, gt=0, description="for one file, first byte to last")


class _File(NamedTuple):
    url: str
    lines: int | None

    @property
    def token(self) -> str:
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]


class BulkExport:
    """Exports of one kick-off URL; files wait in `spool` until they are safe."""

    def __init__(self, client: HttpClient, url: str, options: ExportOptions, spool: Path) -> None:
        self._client, self._url, self._options, self._spool = client, url, options, spool

    async def open(self) -> None:
        """Empties the spool; ConfigError when it cannot be made."""
        await asyncio.to_thread(make_spool, self._spool)
        await self._client.open()

    async def close(self) -> None:
        await self._client.close()

    async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
        here = dict(position or {})
        if "status" not in here:
            here = {**here, "status": await self._kick_off(here.get("since")), "done": []}
            yield Fetched(None, here)
        try:
            time, files, deleted = await self._manifest(here["status"])
        except SourceAway as away:
            if away.reason in _GONE:  # ran out at the source: begin a new one from the same `since`
                yield Fetched(None, {name: value for name, value in here.items() if name == "since"})
            raise
        done = list(here["done"])
        for file in files:
            if file.token in done:
                continue
            try:
                path = await self._download(file)
            except SourceAway as away:
                if away.reason in _GONE:
                    yield Fetched(None, {name: value for name, value in here.items() if name == "since"})
                raise
            done = [*done, file.token]
            unit: Unit | None = Unit(f"{file.token}.ndjson", path)
            if path.stat().st_size == 0:
                path.unlink()
                unit = None
            yield Fetched(unit, {**here, "done": done}, done=_remove(path))
        for token in deleted:
            if token not in done:  # said where operators look: the hub cannot tell which fact a deleted resource was
                done = [*done, token]
                yield Fetched(None, {**here, "done": done}, fault="deletions-not-read")
        yield Fetched(None, {"since": time})

    async def _kick_off(self, since: str | None) -> str:
        headers = {"accept": "application/fhir+json", "prefer": "respond-async"}
        url = str(httpx.URL(self._url).copy_merge_params({"_since": since})) if since else self._url
        answer = await self._client.get(url, headers)
        where = answer.headers.get("content-location")
        if answer.status != 202 or not where:
            raise SourceAway("export-not-started")
        return self._client.resolve(url, where)

    async def _manifest(self, status: str) -> tuple[str, list[_File], list[str]]:
        """Its time, its files, and a token for each list of resources that were deleted at the source."""
        answer = await self._client.get(self._client.resolve(self._url, status), {"accept": "application/json"})
        if answer.status == 202:
            raise SourceAway("export-in-progress", self._client.wait_of(answer.headers))
        try:
            manifest: Any = json.loads(answer.content)
            time = manifest["transactionTime"]
            found = [
                _File(self._client.resolve(answer.url, each["url"]), each.get("count")) for each in manifest["output"]
            ]
            deleted = [_File(str(each["url"]), None).token for each in manifest.get("deleted") or ()]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise SourceAway("export-unreadable") from None
        if not isinstance(time, str) or manifest.get(
            "error"
        ):  # part of the export failed: taking the time would lose that part
            raise SourceAway("export-with-errors" if isinstance(time, str) else "export-unreadable")
        return time, found, deleted

    async def _download(self, file: _File) -> Path:
        path, part = self._spool / f"{file.token}.ndjson", self._spool / f".{file.token}.part"
        lines, last = 0, b""
        with part.open("wb") as out:
            async with self._client.stream(file.url, {"accept": "application/fhir+ndjson"}) as answer:
                async for chunk in self._client.chunks(answer, self._options.max_file_bytes, self._options.file_s):
                    out.write(chunk)
                    _, newline, rest = chunk.rpartition(b"\n")
                    lines += chunk.count(b"\n")
                    last = rest if newline else last + chunk
        if last.strip():
            lines += 1
        if not _is_json(last) or (isinstance(file.lines, int) and lines < file.lines):
            raise SourceAway("export-partial-file")
        part.replace(path)
        return path


def _is_json(last: bytes) -> bool:
    """Whether a last line without line end is whole."""
    try:
        return not last.strip() or isinstance(json.loads(last), dict)
    except (ValueError, RecursionError):
        return False


def _remove(path: Path) -> Callable[[Receipt], Awaitable[None]]:
    async def remove(_receipt: Receipt) -> None:
        await asyncio.to_thread(path.unlink, missing_ok=True)

    return remove
