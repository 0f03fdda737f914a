"""Zip and gzip files that senders drop: unpacked into a private spool, member by member, under limits that a bomb runs into.

No name of a member ever becomes a path: members are written as numbered files. What a header says of a size is believed for a
refusal only; what is written is counted. An archive is refused whole, with a reason code (`ArchiveFault`) and the number of the
member, when anything in it is not what a sender of files would make: encrypted, a link, an archive again, a name that leads out
of its folder, a name twice, damaged, or more than the limits.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Literal, NamedTuple

from pydantic import Field

from hub.connectors.archive_end import directory_bytes
from hub.declared import Declared

__all__ = ["ArchiveFault", "ArchiveLimits", "Glance", "glance", "is_archive", "only_file", "unpack"]

_BLOCK = 256 * 1024
_ZIP, _GZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"), (b"\x1f\x8b",)
_ARCHIVES = (*_ZIP, *_GZIP, b"7z\xbc\xaf\x27\x1c", b"BZh", b"\xfd7zXZ\x00", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd")
_WORKBOOKS = (".xlsx", ".xlsm")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SEALED = 0x1 | 0x40 | 0x2000  # encrypted, strongly encrypted, directory masked
_DRIVE = re.compile(r"^[A-Za-z]:")
_LONGEST_NAME = 1_024
_FREE_BYTES = 16 * 1024 * 1024
"""An archive that gives no more than this is no bomb, whatever its ratio."""
_ENTRY_BYTES = 46 + 2 * _LONGEST_NAME
"""What one entry of the central directory may take on average: fixed part, name, extra fields and comment."""


class ArchiveLimits(Declared):
    """Section `unpack`: what one zip or gzip file may unpack to. The file itself is limited by `max_file_bytes`."""

    members: int = Field(default=1_000, ge=1, le=65_535, description="files in one zip")
    member_bytes: int = Field(default=1024**3, ge=1, description="of one unpacked file")
    total_bytes: int = Field(default=4 * 1024**3, ge=1, description="of all unpacked files together")
    ratio: int = Field(default=200, ge=2, description="unpacked to packed, beyond the first 16 MiB")

    def most(self, packed: int) -> int:
        """What an archive of so many bytes may unpack to, all of it."""
        return min(self.total_bytes, max(packed * self.ratio, _FREE_BYTES))

    def most_of_one(self, packed: int) -> int:
        """The same, where it holds one file."""
        return min(self.member_bytes, self.most(packed))


class ArchiveFault(Exception):
    """The archive is refused: a reason code, and the number of the member from 1 (0: the archive as such)."""

    def __init__(self, reason: str, member: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.member = reason, member


class Glance(NamedTuple):
    """What is in an archive, as far as it is worth looking before unpacking it."""

    names: tuple[str, ...]
    head: bytes


class _Member(NamedTuple):
    number: int
    name: str
    info: zipfile.ZipInfo


def is_archive(name: str, head: bytes) -> Literal["zip", "gzip"] | None:
    """What a file is, by its first bytes, or by its ending where those are damaged. A workbook is no archive, though it is a zip
    inside: readers of tables read it as it is."""
    low = name.lower()
    if low.endswith(_WORKBOOKS):
        return None
    if head.startswith(_ZIP) or low.endswith(".zip"):
        return "zip"
    return "gzip" if head.startswith(_GZIP) or low.endswith(".gz") else None


def unpack(path: Path, name: str, folder: Path, limits: ArchiveLimits, *, flat: bool) -> Mapping[str, Path]:
    """The members of the archive at `path` by name, in archive order, as new files (0600) in `folder`.

    `name` is the archive's own: a gzip file gives one member, named without its ending. A zip may hold one folder around
    everything, which is dropped; `flat`: it may hold no other. Directory entries and what operating systems add (`__MACOSX`, names
    that begin with a dot) are left out. Raises ArchiveFault; OSError when the disk is full or the archive changed meanwhile.
    """
    with _opened(path) as file:
        before = os.fstat(file.fileno())
        if is_archive(name, _head(file)) == "gzip":
            found = {_without_ending(name): _gunzip(file, before.st_size, folder, limits, _without_ending(name))}
        else:
            found = _unzip(file, before.st_size, folder, limits, flat)
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise OSError("the archive changed while it was unpacked")
    return found


def glance(path: Path, name: str, limits: ArchiveLimits, most: int) -> Glance:
    """Names, and at most `most` bytes of the first member; raises as `unpack` does, for what shows that early."""
    with _opened(path) as file:
        if is_archive(name, _head(file)) == "gzip":
            with _gzip_faults(), gzip.GzipFile(fileobj=file) as content:
                return Glance((_without_ending(name),), content.read(most))
        size = os.fstat(file.fileno()).st_size
        with _zip_faults(0), _directory(file, size, limits) as archive:
            members = _members(archive, size, limits, flat=False)
            with archive.open(members[0].info) as content:
                return Glance(tuple(member.name for member in members), content.read(most))


def only_file(data: bytes, name: str, limits: ArchiveLimits) -> tuple[str, bytes]:
    """Name and content of the one file in an archive, in memory alone; raises as `unpack` does, and `zip-several-files`."""
    file, most = io.BytesIO(data), limits.most_of_one(len(data))
    if is_archive(name, data[:8]) == "gzip":
        with _gzip_faults(), gzip.GzipFile(fileobj=file) as packed:
            return _without_ending(name), b"".join(_blocks(packed, most, 1, _without_ending(name)))
    with _zip_faults(0), _directory(file, len(data), limits) as archive:
        found = _members(archive, len(data), limits, flat=False)
        if len(found) > 1:
            raise ArchiveFault("zip-several-files")
        with archive.open(found[0].info) as content:
            return PurePosixPath(found[0].name).name, b"".join(_blocks(content, most, found[0].number, found[0].name))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """No link is followed, even one put there after the door looked."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        yield file


def _head(file: BinaryIO) -> bytes:
    head = file.read(8)
    file.seek(0)
    return head


def _without_ending(name: str) -> str:
    return name[:-3] if name.lower().endswith(".gz") else name


def _unzip(file: BinaryIO, size: int, folder: Path, limits: ArchiveLimits, flat: bool) -> dict[str, Path]:
    found: dict[str, Path] = {}
    with _zip_faults(0), _directory(file, size, limits) as archive:
        left = limits.most(size)
        for member in _members(archive, size, limits, flat=flat):
            path = folder / f"{member.number:05}"
            with _zip_faults(member.number), archive.open(member.info) as content:
                left -= _write(content, path, min(limits.member_bytes, left), member.number, member.name)
            found[member.name] = path
    return found


def _directory(file: BinaryIO, size: int, limits: ArchiveLimits) -> zipfile.ZipFile:
    """The archive, its directory read: zipfile takes that into memory whole, so its size is looked at first."""
    said = directory_bytes(file, size)
    if said is None:
        raise ArchiveFault("zip-broken")
    if said > limits.members * _ENTRY_BYTES:
        raise ArchiveFault("zip-too-many-members")
    file.seek(0)
    return zipfile.ZipFile(file)


def _members(archive: zipfile.ZipFile, size: int, limits: ArchiveLimits, *, flat: bool) -> list[_Member]:
    """The files to unpack, all of them acceptable as far as headers tell."""
    entries = archive.infolist()
    if len(entries) > limits.members:
        raise ArchiveFault("zip-too-many-members")
    found: list[_Member] = []
    for number, info in enumerate(entries, start=1):
        name = _name(info, number)
        _check(info, number)
        parts = PurePosixPath(name).parts
        if not info.is_dir() and not any(part.startswith(".") or part == "__MACOSX" for part in parts):
            found.append(_Member(number, name, info))
    if not found:
        raise ArchiveFault("zip-empty")
    largest = max(found, key=lambda member: member.info.file_size)
    total = sum(member.info.file_size for member in found)
    if largest.info.file_size > limits.member_bytes:
        raise ArchiveFault("zip-too-large", largest.number)
    if total > limits.most(size):
        raise ArchiveFault("zip-too-large")
    return _named(found, flat)


def _name(info: zipfile.ZipInfo, number: int) -> str:
    """The member's name with slashes; ArchiveFault for one that leads elsewhere or is no name."""
    name = info.orig_filename.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or _DRIVE.match(name) or ".." in parts:
        raise ArchiveFault("zip-unsafe-name", number)
    if not name.strip("/") or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ArchiveFault("zip-bad-name", number)
    return name


def _check(info: zipfile.ZipInfo, number: int) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & _SEALED:
        raise ArchiveFault("zip-encrypted", number)
    if kind == stat.S_IFLNK:
        raise ArchiveFault("zip-symbolic-link", number)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveFault("zip-not-a-file", number)
    if info.compress_type not in _METHODS:
        raise ArchiveFault("zip-unknown-method", number)


def _named(members: list[_Member], flat: bool) -> list[_Member]:
    """Without the one folder around them all; each name once, in any case."""
    tops = {member.name.partition("/")[0] if "/" in member.name else "" for member in members}
    if len(tops) == 1 and "" not in tops:
        members = [member._replace(name=member.name.partition("/")[2]) for member in members]
    seen: set[str] = set()
    for member in members:
        if flat and "/" in member.name:
            raise ArchiveFault("zip-folders", member.number)
        if member.name.casefold() in seen:
            raise ArchiveFault("zip-duplicate-name", member.number)
        seen.add(member.name.casefold())
    return members


def _gunzip(file: BinaryIO, size: int, folder: Path, limits: ArchiveLimits, name: str) -> Path:
    path = folder / "00001"
    with _gzip_faults(), gzip.GzipFile(fileobj=file) as content:
        _write(content, path, limits.most_of_one(size), 1, name)
    return path


def _write(content: IO[bytes] | gzip.GzipFile, path: Path, most: int, number: int, name: str) -> int:
    """Copies at most `most` bytes into a new file; how many there were."""
    size = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as out:
        for block in _blocks(content, most, number, name):
            size += out.write(block)
    return size


def _blocks(content: IO[bytes] | gzip.GzipFile, most: int, number: int, name: str) -> Iterator[bytes]:
    """What is packed, at most `most` bytes of it, and no archive again (a workbook is none, by its name)."""
    size = 0
    while block := content.read(_BLOCK):
        if size == 0 and block.startswith(_ARCHIVES) and not name.lower().endswith(_WORKBOOKS):
            raise ArchiveFault("zip-nested", number)
        size += len(block)
        if size > most:
            raise ArchiveFault("zip-too-large", number)
        yield block


@contextmanager
def _zip_faults(number: int) -> Iterator[None]:
    """What zipfile raises over bytes that are none, or not all, of a zip. NotImplementedError: a feature it does not read."""
    try:
        yield
    except UnicodeDecodeError:
        raise ArchiveFault("zip-bad-name", number) from None
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError, NotImplementedError):
        raise ArchiveFault("zip-broken", number) from None
    except OSError as trouble:
        if trouble.errno != errno.EINVAL:  # the disk's trouble; else an offset before the file's begin
            raise
        raise ArchiveFault("zip-broken", number) from None
    except RuntimeError:  # zipfile's word for a password
        raise ArchiveFault("zip-encrypted", number) from None


@contextmanager
def _gzip_faults() -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise ArchiveFault("gzip-broken") from None
