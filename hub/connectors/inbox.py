"""How the units of an inbox look: what stands there, whether it is complete, and what is wrong with it. Reads no content."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal, NamedTuple

from hub.connectors.door import unit_token

__all__ = ["DONE", "FAILED", "Candidate", "Fingerprint", "Inbox", "free_name", "is_unfinished", "lacking"]

DONE, FAILED = "done", "failed"
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
_LONGEST_NAME = 230  # file systems end at 255 bytes: leaves room for `.2` and `.receipt.json`

Fingerprint = tuple[tuple[str, int, int, int, int], ...]
"""Name, size, mtime and ctime in ns, and inode of every file of a unit. Who writes the same size under the same time changes
the ctime, which nobody can set."""


class Candidate(NamedTuple):
    """A unit as it looks now; `complete`: nothing more has to come. `folder`: what is to be read is in the files of a folder."""

    name: str
    print: Fingerprint
    fault: str | None
    complete: bool
    folder: bool = False


class Inbox(NamedTuple):
    """The folder that senders put units into. Where units are folders, a zip file is one too with `zips`, and so is a file whose
    name is like one of `alone`."""

    path: Path
    unit: Literal["file", "folder"]
    complete_when: tuple[str, ...]
    max_file_bytes: int
    zips: bool
    alone: tuple[str, ...] = ()

    def candidates(self) -> Iterator[Candidate]:
        """Every unit but those under a working name, in no order."""
        with os.scandir(self.path) as entries:
            for entry in entries:
                candidate = self._candidate(entry)
                if candidate is not None:
                    yield candidate

    def look(self, name: str) -> tuple[Fingerprint, str | None]:
        """How a unit looks now, and what is wrong with its files if anything. FileNotFoundError when it is gone."""
        path = self.path / name
        top = path.lstat()
        if not stat.S_ISDIR(top.st_mode):
            return (_print(name, top),), self._fault(top)
        prints: list[tuple[str, int, int, int, int]] = []
        fault: str | None = None
        with os.scandir(path) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if not stat.S_ISDIR(found.st_mode):  # a folder in a folder is not read, it moves along
                    prints.append(_print(entry.name, found))
                    fault = fault or self._fault(found)
        return tuple(sorted(prints)), fault

    def _candidate(self, entry: os.DirEntry[str]) -> Candidate | None:
        name = entry.name
        if is_unfinished(name) or (name in (DONE, FAILED) and entry.is_dir(follow_symlinks=False)):
            return None
        try:
            if entry.is_symlink():
                return Candidate(name, (), "symbolic-link", complete=True)
            if entry.is_dir(follow_symlinks=False):
                return self._folder(name)
            return self._file(name, entry.stat(follow_symlinks=False))
        except FileNotFoundError:  # moved away while we looked
            return None

    def _file(self, name: str, found: os.stat_result) -> Candidate:
        fault = self._fault(found)
        if fault is None and self.unit == "folder" and not self._stands_alone(name.lower()):
            fault = "expected-a-folder"
        return Candidate(name, (_print(name, found),), fault, complete=True)

    def _stands_alone(self, name: str) -> bool:
        return (self.zips and name.endswith(".zip")) or any(fnmatch(name, each.lower()) for each in self.alone)

    def _folder(self, name: str) -> Candidate:
        prints, fault = self.look(name)
        if self.unit != "folder":
            return Candidate(name, prints, "expected-a-file", complete=True)
        names = [entry[0] for entry in prints]
        whole = bool(names) and not any(is_unfinished(inner) for inner in names)
        wanted = not lacking(names, self.complete_when)
        return Candidate(name, prints, fault, complete=fault is not None or (whole and wanted), folder=True)

    def _fault(self, found: os.stat_result) -> str | None:
        if stat.S_ISLNK(found.st_mode):
            return "symbolic-link"
        if not stat.S_ISREG(found.st_mode):
            return "not-a-file"
        return "file-too-large" if found.st_size > self.max_file_bytes else None


def is_unfinished(name: str) -> bool:
    """Whether a name says that its file is still being written, or is nobody's (hidden)."""
    return name.startswith((".", "~")) or name.lower().endswith(_UNFINISHED)


def free_name(name: str, taken: Callable[[str], bool]) -> str:
    """`name`, or `name.2`, `name.3`, … where an earlier unit of that name stands already; a token for one too long."""
    name = name if len(os.fsencode(name)) <= _LONGEST_NAME else unit_token(name)
    candidate, number = name, 1
    while taken(candidate):
        number += 1
        candidate = f"{name}.{number}"
    return candidate


def _print(name: str, found: os.stat_result) -> tuple[str, int, int, int, int]:
    return name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def lacking(names: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """The patterns of `complete_when` that no file of a folder answers to, in any case: what is waited for."""
    here = [name.lower() for name in names]
    return [want for want in wanted if not any(fnmatch(name, want.lower()) for name in here)]
