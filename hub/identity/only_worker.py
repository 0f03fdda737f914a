"""Exactly one worker on a registry. Whoever holds it loses it by dying, however that comes; nobody has to clean up."""

from __future__ import annotations

import fcntl
from io import FileIO
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from hub.errors import ConfigError

__all__ = ["lock_file", "lock_session"]

_LOCK = 0x6875625F69640001  # of pg_advisory_lock, by database: nobody else's, as far as numbers can be
_LOCK_NOT_AVAILABLE = "55P03"


def lock_file(path: Path) -> FileIO:
    """Hold PATH.lock (flock) until it is closed; the kernel lets go of it even after kill -9. ConfigError when somebody has it."""
    try:
        handle = FileIO(path.with_name(path.name + ".lock"), "a")  # not inherited by children
    except OSError as error:
        raise ConfigError(f"cannot lock {path}: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise _taken(str(path)) from None
    return handle


def lock_session(connection: Connection, name: str, wait_s: float) -> None:
    """Hold the database's advisory lock as long as this connection lives: when it is cut, the server gives the lock to another.

    A worker that vanished with its machine is noticed by the server in half a minute (see database.py), so this waits `wait_s` for
    it. ConfigError when somebody has it still.
    """
    try:
        with connection.begin():
            connection.execute(text(f"SET LOCAL lock_timeout = {max(1, round(wait_s * 1_000)):d}"))
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise _taken(name) from None


def _taken(name: str) -> ConfigError:
    return ConfigError(f"another identify works on {name}: exactly one may; stop the other one")
