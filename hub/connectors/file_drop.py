"""The file-drop door: what senders put into `DIR/inbox/<connector>/`, taken when it is whole, moved when it is safe.

A unit is a file, or a folder of files, as the connector says. It is taken once it is complete (a folder: every name of
`complete_when` is there) and its sizes and times did not change for `stable_s`. Names that begin with `.` or `~`, or end in
`.part`, `.tmp` or `.filepart`, are still being written: a sender may use that and rename.

Afterwards it stands in `done/`, or in `failed/` where nothing could be read or a bug of ours ended the reading, with a
receipt beside it (`<name>.receipt.json`: counts and row numbers, no values). A crash before the move means that it is
read again, whole: same ids, so no second copy. Symbolic links and anything that is neither file nor folder are refused.
One process per folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import stat
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from hub.connectors.door import Receipt, Unit, unit_token
from hub.connectors.doors import Around, DoorKind, DoorOptions
from hub.connectors.watch import Watch
from hub.errors import ConfigError

__all__ = ["KIND", "FileDropDoor", "FileDropOptions"]

DONE, FAILED = "done", "failed"
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
_RETRY_ASIDE_S = (
    60.0  # a file that could not be read (permissions, a share that went away) is looked at again after this
)
_INCOMPLETE_WORTH_A_LINE_S = 600.0
_LONGEST_NAME = 230  # file systems end at 255 bytes: leaves room for `.2` and `.receipt.json`

Fingerprint = tuple[tuple[str, int, int, int], ...]
"""Name, size, mtime in ns and inode of every file of a unit."""


class FileDropOptions(DoorOptions):
    """Section `door` of a connector with `kind: file-drop`. The inbox is DIR/inbox/<name>/."""

    unit: Literal["file", "folder"] = "file"
    complete_when: tuple[str, ...] = Field(
        default=(), description="name patterns that a folder must hold to be complete"
    )
    poll_s: float = Field(default=1.0, gt=0)
    stable_s: float = Field(default=2.0, ge=0)
    max_file_bytes: int = Field(default=1024**3, ge=1)

    @property
    def shape(self) -> Literal["bytes", "file", "folder"]:
        return self.unit


class _Candidate(NamedTuple):
    name: str
    print: Fingerprint
    fault: str | None
    complete: bool


@dataclass
class _Sight:
    """How a name looked, and since when it has looked so."""

    print: Fingerprint
    since: float
    told: bool = field(default=False)


class FileDropDoor:
    """Watches one folder. `clock` is monotonic seconds; `stamp` says when a receipt was written. `unmoved` are units that
    are safe on the broker but could not be moved yet."""

    def __init__(
        self,
        inbox: Path,
        options: FileDropOptions,
        watch: Watch,
        *,
        clock: Callable[[], float] = time.monotonic,
        stamp: Callable[[], str] = lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    ) -> None:
        self.inbox, self.options, self.watch = inbox, options, watch
        self._clock, self.stamp = clock, stamp
        self._seen: dict[str, _Sight] = {}
        self._in_hand: set[str] = set()
        self._aside: dict[str, float] = {}  # name → not before
        self.unmoved: list[tuple[_FileDelivery, Receipt]] = []
        self._stop = asyncio.Event()

    async def open(self) -> None:
        """Make the folders; ConfigError when they cannot be made or written."""
        try:
            for folder in (self.inbox, self.inbox / DONE, self.inbox / FAILED):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot make the inbox {self.inbox}: {error.strerror}") from None
        if not os.access(self.inbox, os.R_OK | os.W_OK | os.X_OK):
            raise ConfigError(f"the inbox {self.inbox} must be readable and writable for this process")
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

    def release(self, name: str, *, not_before: float = 0.0) -> None:
        """`name` is no longer in hand; look at it again, though not at once."""
        self._in_hand.discard(name)
        self._seen.pop(name, None)
        if not_before:
            self._aside[name] = self._clock() + not_before

    def _ready(self) -> list[_Candidate]:
        """Units to take now, oldest name first."""
        now = self._clock()
        found = sorted(self._candidates())
        self._seen = {c.name: self._seen[c.name] for c in found if c.name in self._seen}
        return [c for c in found if self._is_ready(c, now)]

    def _is_ready(self, candidate: _Candidate, now: float) -> bool:
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

    def _candidates(self) -> list[_Candidate]:
        with os.scandir(self.inbox) as entries:
            return [c for entry in entries if (c := self._candidate(entry)) is not None]

    def _candidate(self, entry: os.DirEntry[str]) -> _Candidate | None:
        name = entry.name
        if _is_unfinished(name) or (name in (DONE, FAILED) and entry.is_dir(follow_symlinks=False)):
            return None
        try:
            if entry.is_symlink():
                return _Candidate(name, (), "symbolic-link", complete=True)
            if entry.is_dir(follow_symlinks=False):
                return self._folder(name)
            return self._file(name, entry.stat(follow_symlinks=False))
        except FileNotFoundError:  # moved away while we looked
            return None

    def _file(self, name: str, found: os.stat_result) -> _Candidate:
        fault = _fault(found, self.options.max_file_bytes)
        if fault is None and self.options.unit == "folder":
            fault = "expected-a-folder"
        return _Candidate(name, (_print(name, found),), fault, complete=True)

    def _folder(self, name: str) -> _Candidate:
        prints, fault = self.look(name)
        if self.options.unit != "folder":
            return _Candidate(name, prints, "expected-a-file", complete=True)
        names = [entry[0] for entry in prints]
        whole = bool(names) and not any(_is_unfinished(inner) for inner in names)
        wanted = all(
            any(fnmatch(inner.lower(), want.lower()) for inner in names) for want in self.options.complete_when
        )
        return _Candidate(name, prints, fault, complete=fault is not None or (whole and wanted))

    def look(self, name: str) -> tuple[Fingerprint, str | None]:
        """How a unit looks now, and what is wrong with its files if anything."""
        path = self.inbox / name
        top = path.lstat()
        if not stat.S_ISDIR(top.st_mode):
            return (_print(name, top),), _fault(top, self.options.max_file_bytes)
        prints: list[tuple[str, int, int, int]] = []
        fault: str | None = None
        with os.scandir(path) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if not stat.S_ISDIR(found.st_mode):  # a folder in a folder is not read, it moves along
                    prints.append(_print(entry.name, found))
                    fault = fault or _fault(found, self.options.max_file_bytes)
        return tuple(sorted(prints)), fault


class _FileDelivery:
    """One unit in hand."""

    def __init__(self, door: FileDropDoor, candidate: _Candidate) -> None:
        self._door, self._candidate = door, candidate
        self.fault = candidate.fault
        self.lane = candidate.name

    @property
    def unit(self) -> Unit:
        path = self._door.inbox / self._candidate.name
        if self.fault is None and self._door.options.unit == "folder":
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
        if self.fault is None and door.look(name)[0] != self._candidate.print:
            return False
        target = door.inbox / (FAILED if receipt.unreadable or receipt.broken_off else DONE)
        free = _free_name(target, name)
        told = {"connector": door.watch.connector, "unit": name, "token": unit_token(name), "taken_at": door.stamp()}
        written = target / f".{unit_token(name)}.receipt"
        written.write_text(json.dumps({**told, **receipt.as_json()}, indent=2) + "\n", encoding="utf-8")
        written.replace(target / f"{free}.receipt.json")
        source.rename(target / free)
        return True


def _is_unfinished(name: str) -> bool:
    return name.startswith((".", "~")) or name.lower().endswith(_UNFINISHED)


def _print(name: str, found: os.stat_result) -> tuple[str, int, int, int]:
    return name, found.st_size, found.st_mtime_ns, found.st_ino


def _fault(found: os.stat_result, max_bytes: int) -> str | None:
    if stat.S_ISLNK(found.st_mode):
        return "symbolic-link"
    if not stat.S_ISREG(found.st_mode):
        return "not-a-file"
    return "file-too-large" if found.st_size > max_bytes else None


def _free_name(folder: Path, name: str) -> str:
    """`name`, or `name.2`, `name.3`, … where an earlier unit of that name stands already."""
    name = name if len(os.fsencode(name)) <= _LONGEST_NAME else unit_token(name)
    candidate, number = name, 1
    while os.path.lexists(folder / candidate):
        number += 1
        candidate = f"{name}.{number}"
    return candidate


def _build(options: FileDropOptions, around: Around) -> FileDropDoor:
    return FileDropDoor(around.inbox, options, around.watch)


KIND = DoorKind(FileDropOptions, _build)
