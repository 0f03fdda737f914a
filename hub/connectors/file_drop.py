"""The file-drop door: what senders put into `DIR/inbox/<connector>/`, taken when it is whole, moved when it is safe.

A unit is a file, or a folder of files (`alone`: or a file that is whole by itself), as the connector says. It is taken once it is
complete (a folder: every name of `complete_when` is there) and its sizes and times did not change for `stable_s`. Names that begin
with `.` or `~`, or end in `.part`, `.tmp` or `.filepart`, are still being written: a sender may use that and rename. A zip file
stands for the folder, or for the files, in it, a gzip file for its file (hub.connectors.archive); they are unpacked when they are
read.

Afterwards it stands in `done/`, or in `failed/` where nothing could be read or a bug of ours ended the reading, with a
receipt beside it (`<name>.receipt.json`: counts and row numbers, no values); both folders are for this account alone, and
`keep_days` says for how long. A unit with records that the hub must not hold (`Receipt.stopped`) is deleted instead, zip and
all: of it stays a receipt, named by the unit's token. A crash before the move means that it is read again, whole: same ids, so no
second copy.
Symbolic links and anything that is neither file nor folder are refused. One process per folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from hub.connectors.archive import ArchiveLimits
from hub.connectors.door import Receipt, Unit, unit_token
from hub.connectors.doors import Around, DoorKind, DoorOptions
from hub.connectors.inbox import DONE, FAILED, Candidate, Fingerprint, Inbox, free_name
from hub.connectors.kept import delete_older, make_private, private_folder, purge, purge_what_was_left, write_private
from hub.connectors.spool import make_spool
from hub.connectors.watch import Watch
from hub.errors import ConfigError

__all__ = ["KIND", "FileDropDoor", "FileDropOptions"]

_RETRY_ASIDE_S = (
    60.0  # a file that could not be read (permissions, a share that went away) is looked at again after this
)
_INCOMPLETE_WORTH_A_LINE_S = 600.0
_DELETE_EVERY_S = 3600.0
_DAY_S = 86_400.0
_RECEIPT = ".receipt.json"


class FileDropOptions(DoorOptions):
    """Section `door` of a connector with `kind: file-drop`. The inbox is DIR/inbox/<name>/."""

    unit: Literal["file", "folder"] = "file"
    complete_when: tuple[str, ...] = Field(
        default=(), description="name patterns that a folder must hold to be complete"
    )
    alone: tuple[str, ...] = Field(
        default=(), description="where units are folders: name patterns of files that are whole by themselves"
    )
    poll_s: float = Field(default=1.0, gt=0)
    stable_s: float = Field(default=2.0, ge=0)
    max_file_bytes: int = Field(default=1024**3, ge=1)
    keep_days: int | None = Field(
        default=None, ge=1, description="days until what stands in done/ and failed/ is deleted; null: never"
    )
    unpack: ArchiveLimits | None = Field(
        default=ArchiveLimits(), description="limits of zip and gzip files; null: they are not unpacked"
    )

    @property
    def shape(self) -> Literal["bytes", "file", "folder"]:
        return self.unit

    @property
    def archives(self) -> ArchiveLimits | None:
        return self.unpack

    @property
    def answers(self) -> bool:
        return False


@dataclass
class _Sight:
    """How a name looked, and since when it has looked so."""

    print: Fingerprint
    since: float
    told: bool = field(default=False)


class FileDropDoor:
    """Watches one folder. `spool` is where reading unpacks archives. `clock` is monotonic seconds; `wall` seconds since 1970,
    `stamp` says when a receipt was written. `unmoved` are units that are safe on the broker but could not be moved yet."""

    def __init__(
        self,
        inbox: Path,
        options: FileDropOptions,
        watch: Watch,
        spool: Path | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        stamp: Callable[[], str] = lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    ) -> None:
        self.inbox, self.options, self.watch = inbox, options, watch
        self._spool, self._clock, self._wall, self.stamp = spool, clock, wall, stamp
        self._delete_at = clock()
        unit, zips = options.unit, options.unpack is not None
        self.units = Inbox(inbox, unit, options.complete_when, options.max_file_bytes, zips, options.alone)
        self._seen: dict[str, _Sight] = {}
        self._in_hand: set[str] = set()
        self._aside: dict[str, float] = {}  # name → not before
        self.unmoved: list[tuple[_FileDelivery, Receipt]] = []
        self._stop = asyncio.Event()

    async def open(self) -> None:
        """Make the folders; ConfigError when they cannot be made or written."""
        try:
            self.inbox.mkdir(parents=True, exist_ok=True)
            private = [private_folder(self.inbox / folder) for folder in (DONE, FAILED)]
            purge_what_was_left(self.inbox / DONE)
        except OSError as error:
            raise ConfigError(f"cannot make the inbox {self.inbox}: {error.strerror}") from None
        if not os.access(self.inbox, os.R_OK | os.W_OK | os.X_OK):
            raise ConfigError(f"the inbox {self.inbox} must be readable and writable for this process")
        if not all(private):
            self.watch.noticed("kept-files-open-to-others")
        if self._spool is not None:
            await asyncio.to_thread(make_spool, self._spool)
        self.watch.opened(path=str(self.inbox))

    async def __aiter__(self) -> AsyncIterator[_FileDelivery]:
        while not self._stop.is_set():
            unmoved, self.unmoved = self.unmoved, []
            for delivery, receipt in unmoved:
                await delivery.ack(receipt)
            for candidate in await asyncio.to_thread(self._ready):
                if self._stop.is_set():
                    return
                self._in_hand.add(candidate.name)  # until it is released: acked and moved, or refused
                yield _FileDelivery(self, candidate)
            if self.options.keep_days is not None and self._clock() >= self._delete_at:
                self._delete_at = self._clock() + _DELETE_EVERY_S
                await asyncio.to_thread(self._delete_kept, self._wall() - self.options.keep_days * _DAY_S)
            try:
                await asyncio.wait_for(self._stop.wait(), self.options.poll_s)
            except TimeoutError:
                continue

    async def stop_reading(self) -> None:
        """Take up no further unit; those in hand can still be acked."""
        self._stop.set()

    async def close(self) -> None:
        """Nothing to let go of: what is not acked stays in the inbox."""
        self._stop.set()

    def waiting(self) -> bool:
        """Whether something is in hand, or stands in the inbox to be taken without anybody touching it again."""
        now = self._clock()
        found = (each for each in self.units.candidates() if self._aside.get(each.name, now) <= now)
        return bool(self._in_hand or self.unmoved) or any(each.complete for each in found)

    def release(self, name: str, *, not_before: float = 0.0) -> None:
        """`name` is no longer in hand; look at it again, though not at once."""
        self._in_hand.discard(name)
        self._seen.pop(name, None)
        if not_before:
            self._aside[name] = self._clock() + not_before

    def _delete_kept(self, before: float) -> None:
        if sum(delete_older(self.inbox / folder, before) for folder in (DONE, FAILED)):
            self.watch.noticed("kept-files-deleted")

    def _ready(self) -> list[Candidate]:
        """Units to take now, oldest name first."""
        now = self._clock()
        found = sorted(self.units.candidates())
        self._seen = {c.name: self._seen[c.name] for c in found if c.name in self._seen}
        self._aside = {c.name: self._aside[c.name] for c in found if c.name in self._aside}
        return [c for c in found if self._is_ready(c, now)]

    def _is_ready(self, candidate: Candidate, now: float) -> bool:
        name = candidate.name
        if name in self._in_hand or self._aside.get(name, now) > now:
            return False
        self._aside.pop(name, None)
        sight = self._seen.get(name)
        if sight is None or sight.print != candidate.print:
            self._seen[name] = _Sight(candidate.print, now)
            return False
        steady_s = now - sight.since
        if not candidate.complete and not sight.told and steady_s >= _INCOMPLETE_WORTH_A_LINE_S:
            sight.told = True
            self.watch.noticed("folder-incomplete")
        return candidate.complete and steady_s >= self.options.stable_s


class _FileDelivery:
    """One unit in hand."""

    def __init__(self, door: FileDropDoor, candidate: Candidate) -> None:
        self._door, self._candidate = door, candidate
        self.fault = candidate.fault
        self.lane = candidate.name

    @cached_property  # asked for with every row: to put the paths of a folder together each time took 60 us
    def unit(self) -> Unit:
        path = self._door.inbox / self._candidate.name
        if self.fault is None and self._candidate.folder:
            return Unit(path.name, {name: path / name for name, *_ in self._candidate.print})
        return Unit(path.name, path)

    async def ack(self, receipt: Receipt) -> None:
        """Write the receipt and move the unit, unless it changed while it was read: then it is read again."""
        name = self._candidate.name
        try:
            moved = await asyncio.to_thread(self._finish, receipt)
        except FileNotFoundError:  # the sender took it away while we read it; the broker has it
            moved = False
        except OSError:  # a full or read-only disk. The broker has everything: only the move is to be tried again
            self._door.watch.noticed("cannot-move-file")
            self._door.unmoved.append((self, receipt))
            return
        if not moved:
            self._door.watch.noticed("changed-while-read")
        self._door.release(name)

    async def refuse(self, why: str) -> None:
        """Leave it where it is."""
        self._door.release(self._candidate.name, not_before=_RETRY_ASIDE_S if why == "source-away" else 0.0)

    def _finish(self, receipt: Receipt) -> bool:
        door, name = self._door, self._candidate.name
        source = door.inbox / name
        if self.fault is None and door.units.look(name)[0] != self._candidate.print:
            return False
        target, token = door.inbox / (FAILED if receipt.unreadable or receipt.broken_off else DONE), unit_token(name)
        shown = token if receipt.stopped else name
        taken = _RECEIPT if receipt.stopped else ""  # of what was purged only the receipt stands there
        free = free_name(shown, lambda wanted: os.path.lexists(target / f"{wanted}{taken}"))
        told = {"connector": door.watch.connector, "unit": shown, "token": token, "taken_at": door.stamp()}
        written = target / f".{token}.receipt"
        said = receipt.as_json(hide=name, behind=token) if receipt.stopped else receipt.as_json()
        write_private(written, json.dumps({**told, **said}, indent=2) + "\n")
        written.replace(target / f"{free}{_RECEIPT}")
        if receipt.stopped:
            purge(source, door.inbox / DONE, token)
            door.watch.noticed("unit-purged")
        else:
            source.rename(target / free)
            make_private(target / free)
        return True


def _build(options: FileDropOptions, around: Around) -> FileDropDoor:
    return FileDropDoor(around.inbox, options, around.watch, around.spool)


KIND = DoorKind(FileDropOptions, _build)
