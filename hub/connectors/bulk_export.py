"""FHIR bulk export as rounds of a door: kick-off, asking until it is ready, manifest, NDJSON files.

Position: `{"since": transactionTime}` between exports; `status` (where the export is asked about) and `done` (its files that are
safe) within one, so that a stop resumes the same export. `asked`: when the last one was begun, where exports must lie apart. The
next one asks for `_since` the transactionTime of the last, less an overlap: what comes twice has the same ids.

A manifest's `deleted` lists (NDJSON of Bundles with a DELETE for each resource) are read after its files where the program reads
them (`deletions: read`); such a Bundle that tells no time gets the export's own in meta.lastUpdated: a deletion has to be later
than what it deletes. Else each leaves a dead letter without body.

Where the source offers no export, `instead` is read page by page in each round (health-standards.md §8 R34).
HL7 FHIR Bulk Data Access IG v2.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

import httpx
from pydantic import Field, field_validator

from hub.connectors.door import Receipt, Unit
from hub.connectors.http_client import HttpClient
from hub.connectors.http_origin import safe_url
from hub.connectors.positions import Position
from hub.connectors.pull import Fetched, PullSource, SourceAway
from hub.connectors.spool import make_spool
from hub.declared import Declared

__all__ = ["BulkExport", "ExportOptions"]

_GONE = ("http-404", "http-410")
_NOT_OFFERED = frozenset(
    {"http-400", "http-403", "http-404", "http-405", "http-406", "http-422", "http-501", "export-not-started"}
)
"""How a kick-off is refused where there is no export, or none for us: Sara Alert defines 403, 406 and 422 (§5.1)."""


class ExportOptions(Declared):
    """Section `export`: limits of one file. Types are chosen in the kick-off URL, `$export?_type=Patient,Observation`."""

    max_file_bytes: int = Field(default=1024**3, ge=1_024)
    file_s: float = Field(default=3_600.0, gt=0, description="for one file, first byte to last")
    overlap_s: float = Field(
        default=300.0, ge=0, description="how far `_since` looks back before the last export's time"
    )
    apart_s: float = Field(
        default=0.0,
        ge=0,
        description="least time from one kick-off to the next, also over a restart: 900 for Sara Alert",
    )
    deletions: Literal["read", "report"] = Field(
        default="report",
        description="what becomes of a list of deleted resources: the program reads it, or a dead letter without body tells of it",
    )
    instead: tuple[str, ...] = Field(
        default=(), description="URLs to read as the door's `paging` says while the source offers no export"
    )

    @field_validator("instead")
    @classmethod
    def _are_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(safe_url(url) for url in urls)


class _File(NamedTuple):
    url: str
    lines: int | None
    deleted: str = ""
    """Of a list of deletions the time of its export."""

    @property
    def token(self) -> str:
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]


class _Manifest(NamedTuple):
    time: str
    files: list[_File]


class BulkExport:
    """Exports of one kick-off URL; files wait in `spool` until they are safe. `instead`: what is read where there are none."""

    def __init__(
        self,
        client: HttpClient,
        url: str,
        options: ExportOptions,
        spool: Path,
        instead: Sequence[PullSource] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client, self._url, self._options, self._spool = client, url, options, spool
        self._instead, self._now = instead, now

    async def open(self) -> None:
        """Empties the spool; ConfigError when it cannot be made."""
        await asyncio.to_thread(make_spool, self._spool)
        await self._client.open()

    async def close(self) -> None:
        await self._client.close()

    async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
        here = dict(position or {})
        if "status" not in here:
            if self._too_soon(here):
                return
            try:
                here = {
                    **_between(here),
                    **self._asked(),
                    "status": await self._kick_off(here.get("since")),
                    "done": [],
                }
            except SourceAway as away:
                if not self._instead or away.reason not in _NOT_OFFERED:
                    raise
                async for each in self._paged():
                    yield each
                yield Fetched(None, {**_between(here), **self._asked()})
                return
            yield Fetched(None, here)
        try:
            manifest = await self._manifest(here["status"])
            async for each in self._files(manifest, here):
                yield each
        except SourceAway as away:
            if away.reason in _GONE:  # ran out at the source: begin a new one from the same `since`
                yield Fetched(None, {name: value for name, value in _between(here).items() if name != "asked"})
            raise
        yield Fetched(None, {**_between(here), "since": manifest.time})

    async def _files(self, manifest: _Manifest, here: Position) -> AsyncIterator[Fetched]:
        """Every file that is not safe yet; deletions last."""
        done = list(here["done"])
        for file in manifest.files:
            if file.token in done:
                continue
            done = [*done, file.token]
            after = {**here, "done": done}
            if file.deleted and self._options.deletions == "report":
                yield Fetched(None, after, fault="deletions-not-read")
                continue
            path = await self._download(file)
            if file.deleted:
                await asyncio.to_thread(_date, path, file.deleted)
            unit: Unit | None = Unit(f"{file.token}.ndjson", path)
            if path.stat().st_size == 0:
                path.unlink()
                unit = None
            yield Fetched(unit, after, done=_remove(path))

    async def _paged(self) -> AsyncIterator[Fetched]:
        """Everything, page by page; a round that was cut off begins anew."""
        for pages in self._instead:
            async for each in pages.fetch(None):
                if each.unit is not None:
                    yield each._replace(position=None)

    def _too_soon(self, here: Position) -> bool:
        asked = here.get("asked")
        if not self._options.apart_s or asked is None:
            return False
        since_then = (self._now() - datetime.fromisoformat(asked)).total_seconds()
        return 0 <= since_then < self._options.apart_s

    def _asked(self) -> dict[str, str]:
        return {"asked": self._now().isoformat(timespec="seconds")} if self._options.apart_s else {}

    async def _kick_off(self, since: str | None) -> str:
        headers = {"accept": "application/fhir+json", "prefer": "respond-async"}
        url = str(httpx.URL(self._url).copy_merge_params({"_since": self._begin(since)})) if since else self._url
        answer = await self._client.get(url, headers)
        where = answer.headers.get("content-location")
        if answer.status != 202 or not where:
            raise SourceAway("export-not-started")
        return self._client.resolve(url, where)

    def _begin(self, since: str) -> str:
        """The time to ask from; as the source wrote it, where that is no time."""
        try:
            time = datetime.fromisoformat(since).astimezone(UTC) - timedelta(seconds=self._options.overlap_s)
        except (ValueError, OverflowError):
            return since
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")

    async def _manifest(self, status: str) -> _Manifest:
        answer = await self._client.get(self._client.resolve(self._url, status), {"accept": "application/json"})
        if answer.status == 202:
            raise SourceAway("export-in-progress", self._client.wait_of(answer.headers))
        try:
            manifest: Any = json.loads(answer.content)
            time = manifest["transactionTime"]
            found = [
                _File(self._client.resolve(answer.url, each["url"]), each.get("count")) for each in manifest["output"]
            ]
            for each in manifest.get("deleted") or ():
                found.append(_File(self._client.resolve(answer.url, each["url"]), each.get("count"), str(time)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise SourceAway("export-unreadable") from None
        if not isinstance(time, str) or manifest.get(
            "error"
        ):  # part of the export failed: taking the time would lose that part
            raise SourceAway("export-with-errors" if isinstance(time, str) else "export-unreadable")
        return _Manifest(time, found)

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


def _between(here: Position) -> dict[str, Any]:
    """What of a position stands between two exports."""
    return {name: value for name, value in here.items() if name in ("since", "asked")}


def _date(path: Path, time: str) -> None:
    """Write the time of the export into Bundles of deletions that tell none. A line that is none of them stays as it is."""
    part = path.with_suffix(".dated")
    with path.open("rb") as lines, part.open("wb") as out:
        for line in lines:
            try:
                bundle = json.loads(line)
            except (ValueError, RecursionError):
                bundle = None
            if isinstance(bundle, dict) and bundle.get("resourceType") == "Bundle":
                meta = bundle.get("meta")
                bundle["meta"] = {"lastUpdated": time, **(meta if isinstance(meta, dict) else {})}
                line = json.dumps(bundle, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
            out.write(line)
    part.replace(path)


def _remove(path: Path) -> Callable[[Receipt], Awaitable[None]]:
    async def remove(_receipt: Receipt) -> None:
        await asyncio.to_thread(path.unlink, missing_ok=True)

    return remove
