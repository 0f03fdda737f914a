"""What stays of a unit in `done/` and `failed/` once it was taken: for this account alone, and for no longer than was said.

The files are the senders' own, in the clear. The folders are 0700 and files in them 0600, so nobody but the hub's account (and
root) reads them. Where a sender's account owns a file, its mode cannot be changed; the folder still keeps others out.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

__all__ = ["delete_older", "make_private", "private_folder", "purge", "purge_what_was_left", "write_private"]

_FOLDER, _FILE = 0o700, 0o600
_PURGED = ".purged-"


def private_folder(folder: Path) -> bool:
    """`folder`, made where there is none (OSError when it cannot be); whether it is closed to others (0700) now. A share that
    knows no modes, or a folder of another account's, may stay open."""
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        folder.chmod(_FOLDER)
    return stat.S_IMODE(folder.stat().st_mode) == _FOLDER


def make_private(unit: Path) -> None:
    """A file 0600; a folder 0700 and all in it, links left alone. What cannot be changed stays as it is."""
    if unit.is_symlink():
        return
    if not unit.is_dir():
        with suppress(OSError):
            unit.chmod(_FILE)
        return
    for folder, _, files in os.walk(unit):
        with suppress(OSError):
            Path(folder).chmod(_FOLDER)
        for name in files:
            make_private(Path(folder, name))


def write_private(path: Path, text: str) -> None:
    """A file of mode 0600 from its first byte on; one that stood there is replaced."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE), "w", encoding="utf-8") as file:
        file.write(text)


def delete_older(folder: Path, before: float) -> int:
    """Delete every unit and receipt that was put into `folder` before (seconds since 1970); how many. What cannot be deleted
    stays, and is tried again at the next call.

    Moving a file sets its change time (ctime), which senders cannot set; whoever touches a file later lengthens its stay.
    """
    count = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_ctime < before:
                    _delete(Path(entry.path))
                    count += 1
    return count


def purge(unit: Path, folder: Path, token: str) -> None:
    """Delete a unit that may not be kept. It leaves its place at once and whole (`folder` is on the same file system), so that
    nobody reads a part of it as the whole; what a crash leaves goes with `purge_what_was_left`. OSError when it cannot."""
    gone = folder / f"{_PURGED}{token}"
    if gone.exists() or gone.is_symlink():
        _delete(gone)
    unit.rename(gone)
    _delete(gone)


def purge_what_was_left(folder: Path) -> None:
    """Units whose purge a crash cut short."""
    for left in folder.glob(f"{_PURGED}*"):
        _delete(left)


def _delete(unit: Path) -> None:
    if unit.is_dir() and not unit.is_symlink():
        shutil.rmtree(unit)
    else:
        unit.unlink()
