"""The SFTP-pull door: files that a source leaves on its server, fetched when they are whole, put aside when they are safe.

The server must be the one whose key stands in `known_hosts`; there is no way to switch that off. A file is whole when its size and
time were the same in two looks `stable_s` apart; names that begin with `.` or `~`, or end in `.part`, `.tmp` or `.filepart`, are
still being written. It is fetched into the spool, compared with its size, and delivered. Afterwards it is renamed into `done/` on
the server (`after: move`), or remembered by name, size and time in the position (`after: remember`, where we may not write).

A backfill reads again what changed since a day, as the server dates it, in `done/`, or in the folder where nothing is moved. It
goes by time and name, moves nothing, and leaves what the live door remembers alone.
"""

from __future__ import annotations

import asyncio
import fnmatch
import hashlib
import re
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from hub.connectors.archive import ArchiveLimits
from hub.connectors.door import Receipt, Unit
from hub.connectors.doors import Around, DoorKind
from hub.connectors.positions import Position
from hub.connectors.pull import Fetched, PullDoor, PullOptions, SourceAway
from hub.connectors.sftp_session import session
from hub.connectors.spool import make_spool
from hub.errors import ConfigError

__all__ = ["KIND", "SftpFiles", "SftpPullOptions"]

_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
_FILE_NAME = r"^[a-z0-9][a-z0-9._-]*$"
_BLOCK = 256 * 1024
_REMEMBERED = 20_000  # files of one folder: more is a source that should be told to move them


class SftpPullOptions(PullOptions):
    """Section `door` of a connector with `kind: sftp-pull`. Keys and passwords are secret files."""

    host: str = Field(min_length=1)
    port: int = Field(default=22, ge=1, le=65_535)
    user: str = Field(min_length=1)
    folder: str = Field(default=".", min_length=1)
    pattern: str = "*"
    after: Literal["move", "remember"] = "move"
    stable_s: float = Field(default=10.0, ge=0, description="how long size and time must stay the same")
    max_file_bytes: int = Field(default=1024**3, ge=1)
    connect_s: float = Field(default=20.0, gt=0)
    file_s: float = Field(default=3_600.0, gt=0, description="for one file, first byte to last")
    known_hosts: str = Field(
        default="known-hosts", pattern=_FILE_NAME, description="secret file in the form of OpenSSH"
    )
    private_key: str | None = Field(
        default="private-key", pattern=_FILE_NAME, description="secret file; null: use the password"
    )
    password: str | None = Field(default=None, pattern=_FILE_NAME, description="secret file")
    unpack: ArchiveLimits | None = Field(
        default=ArchiveLimits(), description="limits of zip and gzip files; null: they are not unpacked"
    )

    @property
    def archives(self) -> ArchiveLimits | None:
        return self.unpack

    def rewound(self, position: Position | None, to: datetime | None) -> Position | None:
        if self.after == "move":
            raise ConfigError("what was taken stands in done/ on its server: have it moved back there")
        return super().rewound(position, to)

    def backfilled(self, position: Position | None, since: datetime, until: datetime | None) -> Position | None:
        del position
        bounds = {"since": since, "until": until}
        return {name: at.astimezone(UTC).isoformat() for name, at in bounds.items() if at is not None}


class _Seen(NamedTuple):
    name: str
    size: int
    mtime: int

    @property
    def token(self) -> str:
        return hashlib.sha256(repr(tuple(self)).encode(errors="surrogateescape")).hexdigest()[:24]


class SftpFiles:
    """The files of one remote folder. Position (with `after: remember`): `{"taken": [tokens of files that still stand there]}`.
    Of a backfill: `since`, `until`, and `at` and `key`, time and name of the file that was read last."""

    at_once = False  # there is one round only: what stands there has `stable_s` to show that it is whole

    def __init__(
        self,
        options: SftpPullOptions,
        secret: Callable[[str], str],
        spool: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options, self._secret, self._spool, self._clock = options, secret, spool, clock
        self._since: dict[_Seen, float] = {}
        self._login: dict[str, Any] = {}
        self._unmoved: set[_Seen] = set()  # safe with us; only the move is to be tried again

    async def open(self) -> None:
        """Empties the spool; ConfigError when a secret is missing or no key."""
        import asyncssh  # here and below: a third of a second, for those who use it

        options = self._options
        try:
            known = asyncssh.import_known_hosts(self._secret(options.known_hosts) + "\n")
            self._login = {"known_hosts": known, "client_keys": None}
            if options.private_key is not None and options.password is None:
                self._login["client_keys"] = [asyncssh.import_private_key(self._secret(options.private_key) + "\n")]
        except (ValueError, asyncssh.KeyImportError):
            raise ConfigError(f"{options.known_hosts} or {options.private_key} is not in the form of OpenSSH") from None
        if options.password is not None:
            self._login["password"] = self._secret(options.password)
        await asyncio.to_thread(make_spool, self._spool)

    async def close(self) -> None:
        """Each round has a connection of its own."""

    async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
        if position is not None and "since" in position:
            async for again in self._again(position):
                yield again
            return
        taken: set[str] = set(position["taken"]) if position else set()
        if self.at_once:
            await self._first_look()
        async with self._connected() as sftp:
            found = await self._look(sftp)
            here = {seen.token for seen in found}
            kept = taken & here if self._options.after == "remember" else set()
            if len(kept) > _REMEMBERED:
                raise SourceAway("sftp-too-many-files")
            self._unmoved &= set(found)
            await self._move_again(sftp)
            ready = [seen for seen in found if seen.token not in kept and self._is_stable(seen)]
            ready = [seen for seen in ready if seen not in self._unmoved]
        for seen in ready:
            if seen.size > self._options.max_file_bytes:
                kept.add(seen.token)
                yield Fetched(None, self._position(kept), fault="file-too-large", done=self._aside(seen, None))
                continue
            path = await self._download(seen)
            if path is None:
                continue  # it changed or went away meanwhile: another round
            kept.add(seen.token)
            yield Fetched(Unit(seen.name, path), self._position(kept), done=self._aside(seen, path))
        if self._unmoved:
            raise SourceAway("sftp-cannot-move")

    async def _first_look(self) -> None:
        async with self._connected() as sftp:
            await self._look(sftp)
        await asyncio.sleep(self._options.stable_s)

    async def _again(self, position: Position) -> AsyncIterator[Fetched]:
        """What changed since then and was taken before, by time and name; nothing is moved or remembered for the live door."""
        moved = self._options.after == "move"
        if not moved:
            await self._first_look()
        async with self._connected() as sftp:
            found = await self._look(sftp, "done/" if moved else "")
        since, until = (_epoch(position.get(name)) for name in ("since", "until"))
        last = (position.get("at", -1), position.get("key", ""))
        for seen in sorted(found, key=lambda each: (each.mtime, each.name)):
            outside = (since is not None and seen.mtime < since) or (until is not None and seen.mtime > until)
            if outside or (seen.mtime, seen.name) <= last or not (moved or self._is_stable(seen)):
                continue
            after = {**position, "at": seen.mtime, "key": seen.name}
            if seen.size > self._options.max_file_bytes:
                yield Fetched(None, after, fault="file-too-large")
            elif (path := await self._download(seen)) is not None:
                yield Fetched(Unit(self._first_name(seen), path), after, done=_forgotten(path))

    def _first_name(self, seen: _Seen) -> str:
        """As it was called before it was moved: `done/` has numbers behind names that came again."""
        name = seen.name.rpartition("/")[2]
        bare, _, number = name.rpartition(".")
        numbered = number.isdecimal() and not fnmatch.fnmatchcase(name, self._options.pattern)
        return bare if numbered else name

    async def _move_again(self, sftp: Any) -> None:
        """What is safe on the broker and still stands where it stood."""
        import asyncssh

        for seen in sorted(self._unmoved):
            try:
                await self._move(sftp, seen)
            except asyncssh.SFTPError:
                return
            self._unmoved.discard(seen)

    def _position(self, kept: set[str]) -> Position | None:
        return {"taken": sorted(kept)} if self._options.after == "remember" else None

    async def _look(self, sftp: Any, below: str = "") -> list[_Seen]:
        """Regular files of the folder, or of one `below` it, that match, by name. Links and folders are no files."""
        import asyncssh

        found: list[_Seen] = []
        try:
            entries = await sftp.readdir(self._path(below) if below else self._options.folder)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure):
            if below:
                return []  # nothing was ever moved there
            raise SourceAway("sftp-no-such-folder") from None
        for entry in entries:
            name, attrs = str(entry.filename), entry.attrs
            whole = not name.startswith((".", "~")) and not name.lower().endswith(_UNFINISHED) and "/" not in name
            names = {name, re.sub(r"\.\d+$", "", name)} if below else {name}
            fits = any(fnmatch.fnmatchcase(each, self._options.pattern) for each in names)
            if whole and fits and stat.S_ISREG(attrs.permissions or 0):
                found.append(_Seen(below + name, attrs.size or 0, attrs.mtime or 0))
        now = self._clock()
        self._since = {seen: self._since.get(seen, now) for seen in found}
        return sorted(found)

    def _is_stable(self, seen: _Seen) -> bool:
        return self._clock() - self._since[seen] >= self._options.stable_s

    async def _download(self, seen: _Seen) -> Path | None:
        """The file in the spool; None when it is not the one we saw any more."""
        path, part = self._spool / seen.token, self._spool / f".{seen.token}"
        async with self._connected(self._options.file_s) as sftp:
            size = 0
            with part.open("wb") as out:
                async with sftp.open(self._path(seen.name), "rb") as file:
                    while chunk := await file.read(_BLOCK):
                        size += len(chunk)
                        if size > seen.size:
                            return None
                        await asyncio.to_thread(out.write, chunk)
            now = await sftp.lstat(self._path(seen.name))
        if size != seen.size or (now.size, now.mtime) != (seen.size, seen.mtime):
            return None
        part.replace(path)
        return path

    def _aside(self, seen: _Seen, path: Path | None) -> Callable[[Receipt], Awaitable[None]]:
        async def aside(_receipt: Receipt) -> None:
            if self._options.after == "move":
                try:
                    async with self._connected() as sftp:
                        await self._move(sftp, seen)
                except SourceAway:
                    self._unmoved.add(seen)
            if path is not None:
                await asyncio.to_thread(path.unlink, missing_ok=True)

        return aside

    async def _move(self, sftp: Any, seen: _Seen) -> None:
        """Into done/, unless another file stands under its name by now: that one is fetched as well."""
        now = await sftp.lstat(self._path(seen.name))
        if (now.size, now.mtime) != (seen.size, seen.mtime):
            return
        await sftp.makedirs(self._path("done"), exist_ok=True)
        target, number = f"done/{seen.name}", 1
        while await sftp.lexists(self._path(target)):
            number += 1
            target = f"done/{seen.name}.{number}"
        await sftp.rename(self._path(seen.name), self._path(target))

    def _path(self, name: str) -> str:
        return f"{self._options.folder.rstrip('/')}/{name}"

    def _connected(self, whole_s: float | None = None) -> AbstractAsyncContextManager[Any]:
        options = self._options
        return session(
            options.host, options.port, options.user, options.connect_s, self._login, whole_s or options.connect_s * 3
        )


def _epoch(time: str | None) -> float | None:
    return None if time is None else datetime.fromisoformat(time).timestamp()


def _forgotten(path: Path) -> Callable[[Receipt], Awaitable[None]]:
    async def forgotten(_receipt: Receipt) -> None:
        await asyncio.to_thread(path.unlink, missing_ok=True)

    return forgotten


def _build(options: SftpPullOptions, around: Around) -> PullDoor:
    return PullDoor(SftpFiles(options, around.secret, around.spool), options, around.positions, around.watch)


KIND = DoorKind(SftpPullOptions, _build)
