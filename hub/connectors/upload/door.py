"""The upload door: lists that people check on a page, send, and take back.

Mounted under /upload/<connector> of the front. A check sends nothing. What is sent is written down first (store.py), then
handed to the intake loop, which replays it: the receipt is given when the broker has everything. A pull-back goes the same way. A
refusal (the broker is away) is tried again by the door itself, and so is what a stop left open: nobody has to stay on the page.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from hub.connectors.door import Receipt, Unit
from hub.connectors.doors import Around, DoorKind, DoorOptions
from hub.connectors.upload.access import read_accounts
from hub.connectors.upload.desk import UploadDesk
from hub.connectors.upload.kept import NOTED, Taken, Upload
from hub.connectors.upload.store import UploadStore
from hub.domain.events import Event
from hub.errors import ConfigError
from hub.ops.logs import logger

__all__ = ["KIND", "UploadDoor", "UploadOptions"]

_RETRY_S = 5.0
_FORGET_EVERY_S = 3_600.0
log = logger(__name__)


class UploadOptions(DoorOptions):
    """Section `door` of a connector with `kind: upload`: a page at /upload/NAME of the connectors' HTTP server, for whatever reads
    single files; rows can be mended on it where they are CSV. Access words stand in secret file `access` (`hub connector access
    NAME LABEL`)."""

    sheet: str | None = Field(
        default=None, description="sheet of a workbook to read; by default the first that is shown"
    )
    max_bytes: int = Field(default=8 * 1024 * 1024, ge=1_024, le=32 * 1024 * 1024, description="of a file")
    max_rows: int = Field(default=5_000, ge=1, le=20_000, description="of a list")
    idle_minutes: int = Field(default=15, ge=1, le=120, description="without use after which a person is signed out")
    keep_days: int | None = Field(
        default=None,
        ge=1,
        description="how long an upload can be taken back, if shorter than the agreement's retention_days",
    )
    public_url: str | None = Field(
        default=None, pattern=r"^https://[^/\s]+$",
        description="address under which a TLS proxy in front serves the page; without it, and without TLS of the hub's own, only "
        "this machine is served",
    )  # fmt: skip


class UploadDoor:
    """`now` gives UTC, `clock` monotonic seconds (of sessions)."""

    def __init__(
        self,
        options: UploadOptions,
        around: Around,
        desk: UploadDesk,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options, self.around, self.desk, self.now, self.clock = options, around, desk, now, clock
        self.connector = around.connector
        self.stopping = False
        self._store: UploadStore | None = None
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._settled: dict[str, asyncio.Event] = {}

    @property
    def store(self) -> UploadStore:
        assert self._store is not None, "the door is not open"
        return self._store

    @property
    def keep_days(self) -> int:
        """How long what was sent can be taken back."""
        return min(self.options.keep_days or self.desk.keep_days, self.desk.keep_days)

    async def open(self) -> None:
        """Serve the pages. ConfigError when nobody could sign in, or uploads cannot be kept."""
        from hub.connectors.front import Limits, Mounted
        from hub.connectors.upload.routes import Routes

        if not read_accounts(self.around.secret("access")):
            raise ConfigError("the secret file `access` names nobody; `hub connector access NAME LABEL` adds somebody")
        self._store = await asyncio.to_thread(UploadStore, self.desk.kept, self.connector, self.desk.safe)
        for upload_id in await asyncio.to_thread(self.store.unfinished):
            self._queue.put_nowait(upload_id)
        routes = Routes(self)
        limits = Limits(max_body_bytes=self.options.max_bytes + 64 * 1024, requests=16)
        try:
            await self.around.front.mount(
                Mounted(f"/upload/{self.connector}", self.connector, routes.router(), limits, routes.refusal)
            )
        except ConfigError:
            self.store.close()
            raise
        self.around.watch.opened(path=f"/upload/{self.connector}")

    async def __aiter__(self) -> AsyncIterator[_UploadDelivery]:
        while not self.stopping:
            await asyncio.to_thread(self.store.forget, self.now() - timedelta(days=self.keep_days))
            with suppress(TimeoutError):
                while True:
                    upload_id = await asyncio.wait_for(self._queue.get(), _FORGET_EVERY_S)
                    if upload_id is None:
                        return
                    yield _UploadDelivery(self, upload_id)

    def replay(self, unit: Unit) -> Iterator[_Word]:
        """What a unit of this door is: the words that were written down for it (hub.connectors.doors.Replays)."""
        for kept in self.store.replay(unit.name):
            yield _Word(kept.outgoing, MappingProxyType({"row": kept.row}), kept.raw, kept.head, issues=kept.issues)

    async def send(self, who: str, file: str, taken: list[Taken]) -> str:
        """Write a list down and hand it over; the id of the upload."""
        upload_id = secrets.token_hex(8)
        await asyncio.to_thread(self.store.begin, upload_id, who, file, taken, self.now())
        log.info("a list was sent", connector=self.connector, where=upload_id, records=len(taken))
        self._hand_over(upload_id)
        return upload_id

    async def pull_back(self, upload_id: str, who: str) -> bool:
        """Take an upload back; False when it is none that stands."""
        if not await asyncio.to_thread(self.store.pull_back, upload_id, who, self.now()):
            return False
        log.info("a list is being taken back", connector=self.connector, where=upload_id)
        self._hand_over(upload_id)
        return True

    async def settled(self, upload_id: str, wait_s: float) -> None:
        """Return when the broker has everything of it, or after this time."""
        event = self._settled.get(upload_id)
        if event is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), wait_s)

    def find(self, upload_id: str, who: str) -> Upload | None:
        return self.store.find(upload_id, who)

    def _hand_over(self, upload_id: str) -> None:
        self._settled[upload_id] = asyncio.Event()
        self._queue.put_nowait(upload_id)

    async def acked(self, upload_id: str, receipt: Receipt) -> None:
        """Everything of it is on the broker."""
        refused = receipt.rejected.total() + receipt.ignored.total()
        if receipt.broken_off:  # a bug of ours, kept as a dead letter: it must not count as done
            log.error("an upload could not be read to its end", connector=self.connector, where=upload_id)
            return
        counts = {**receipt.events, **{f"{NOTED}{code}": n for code, n in receipt.issues.items()}}
        await asyncio.to_thread(self.store.done, upload_id, counts, self.now(), refused=refused)
        if (event := self._settled.pop(upload_id, None)) is not None:
            event.set()

    async def refused(self, upload_id: str) -> None:
        """Nothing was promised: hand it over again in a while."""
        if not self.stopping:
            asyncio.get_running_loop().call_later(_RETRY_S, self._queue.put_nowait, upload_id)

    async def stop_reading(self) -> None:
        self.stopping = True
        self._queue.put_nowait(None)

    async def close(self) -> None:
        self.stopping = True
        await self.around.front.unmount(self.connector)
        if self._store is not None:
            self._store.close()


@dataclass(frozen=True)
class _UploadDelivery:
    door: UploadDoor
    upload_id: str
    fault: str | None = None
    lane: str = "uploads"

    @property
    def unit(self) -> Unit:
        return Unit(self.upload_id, b"")

    async def ack(self, receipt: Receipt) -> None:
        await self.door.acked(self.upload_id, receipt)

    async def refuse(self, _why: str) -> None:
        await self.door.refused(self.upload_id)


@dataclass(frozen=True)
class _Word:
    """One event that was written down, in the shape of what reading gives."""

    event: Event | None
    where: Mapping[str, str | int]
    raw: bytes
    head: bytes
    outcome: Literal["event", "rejected", "ignored"] = "event"
    reason: str | None = None
    hard_stop: bool = False
    stage: str = "map"
    issues: tuple[str, ...] = ()


def _build(options: UploadOptions, around: Around) -> UploadDoor:
    if around.upload is None:
        raise ConfigError(
            f"{around.connector}: several files make up what it reads: a page takes one at a time; take `kind: file-drop`"
        )
    return UploadDoor(options, around, around.upload)


KIND = DoorKind(UploadOptions, _build)
