"""Where the registry stands: one connection to SQLite (a file) or PostgreSQL, opened by its only worker or to look things up.

Errors are sorted here: what may pass is a RetryError, a damaged, foreign or refusing database a ConfigError. They name the database
and a code, never a value of a row.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, PendingRollbackError
from sqlalchemy.pool import NullPool

from hub.errors import ConfigError, HubError, RetryError
from hub.identity.only_worker import lock_file, lock_session
from hub.identity.upgrade import upgrade
from hub.privacy.secrets import read_credential

__all__ = ["Database", "Where", "name_of", "open_to_read", "postgresql", "translated"]

Where = Path | URL
"""The file of a SQLite database, or the URL of one on PostgreSQL."""

_BUSY_S = 10.0
_VANISHED_S = 40.0  # longer than the server takes to notice that a client is gone: 15 s idle, then 3 times 5 s
_KEEPALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
_PASSING = (
    "08",
    "40",
    "53",
    "55",
    "57",
    "58",
)  # classes of SQLSTATE: connection, rollback, resources, state, operator, system
_REFUSED = (  # PostgreSQL's client gives no SQLSTATE for a connection that was refused
    "password authentication failed", "no password supplied", "no pg_hba.conf entry", "does not exist", "certificate",
    "does not support ssl", "permission denied",
)  # fmt: skip


class Database:
    """The worker's connection: locked against a second one, and migrated. One thread.

    A connection that was lost is not made again: the lock went with it. Every call is a RetryError from then on.
    """

    def __init__(self, where: Where, *, wait_s: float = _VANISHED_S) -> None:
        self.name = name_of(where)
        with ExitStack() as undo, translated(self.name):
            if isinstance(where, Path):
                undo.callback(lock_file(where).close)
            self.engine = _engine(where)
            undo.callback(self.engine.dispose)
            self._connection = self.engine.connect()
            undo.callback(self._connection.close)
            if not isinstance(where, Path):
                lock_session(self._connection, self.name, wait_s)
            with self._connection.begin():
                upgrade(self._connection, self.name)
            self._undo = undo.pop_all()

    def close(self) -> None:
        """Let another worker take it."""
        self._undo.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of it is kept when the block ends well, none of it otherwise."""
        with translated(self.name):
            if self._connection.invalidated:
                raise RetryError(f"the connection to the registry {self.name} was lost, and with it the right to write")
            with self._connection.begin():
                yield self._connection

    def cut_log(self) -> None:
        """Nothing that was deleted stays in the write-ahead log of a SQLite file, unless somebody else reads it just now; between
        two transactions. A server's log is its own."""
        if self.engine.dialect.name == "sqlite":
            file: sqlite3.Connection = self._connection.connection.driver_connection  # type: ignore[assignment]
            try:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                raise _sorted(self.name, error) from None


def postgresql(url: str, password: Path) -> URL:
    """A database of PostgreSQL by its URL, which has no password, and the secret file of the password. Without the file none is
    told: some servers know their clients by a certificate or by the account of the machine."""
    try:
        made = make_url(url)
    except ArgumentError:
        raise ConfigError("identity_database is no URL: postgresql://account@host/database") from None
    return made.set(password=read_credential(password)) if password.exists() else made


def open_to_read(where: Where) -> Engine:
    """Beside the worker: nothing can be written through it, and no transaction stays open. Nothing is asked yet."""
    return _engine(where, read_only=True)


def name_of(where: Where) -> str:
    """For messages: no account, no password."""
    return str(where) if isinstance(where, Path) else f"postgresql://{where.host or 'localhost'}/{where.database or ''}"


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Errors of the database as ours."""
    try:
        yield
    except DBAPIError as error:
        raise _sorted(name, error.orig) from None
    except PendingRollbackError:
        raise RetryError(f"the connection to the registry {name} was lost") from None


def _sorted(name: str, error: BaseException | None) -> HubError:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorname", type(error).__name__)
        passing = isinstance(error, sqlite3.OperationalError)
    else:
        state = getattr(error, "sqlstate", None)
        code = state or type(error).__name__
        words = str(error).lower() if state is None else ""
        lost = type(error).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout")
        passing = code[:2] in _PASSING if state else lost and not any(each in words for each in _REFUSED)
    if passing:
        return RetryError(f"the registry {name} did not answer: {code}")
    return ConfigError(f"the registry {name} is damaged, not the hub's, or does not let it in: {code}")


def _engine(where: Where, *, read_only: bool = False) -> Engine:
    common: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
    if read_only:
        common["isolation_level"] = "AUTOCOMMIT"
    if isinstance(where, Path):
        engine = create_engine("sqlite://", paramstyle="named", creator=lambda: _file(where, read_only), **common)
        if not read_only:
            # The driver begins nothing by itself: changes of tables are part of a transaction too, and it never has to be upgraded
            # from reading to writing.
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    # The server's side of the same: a worker whose machine lost its power must not hold the lock for hours.
    told = [f"-c tcp_{name}={value}" for name, value in _KEEPALIVE.items()]
    if read_only:
        told.append("-c default_transaction_read_only=on")
    asked = {
        "options": " ".join(told),
        "application_name": "hub look-up" if read_only else "hub identify",
        "connect_timeout": 10,
        "tcp_user_timeout": 30_000,
        **_KEEPALIVE,
    }
    return create_engine(where.set(drivername="postgresql+psycopg"), connect_args=asked, **common)


def _file(path: Path, read_only: bool) -> sqlite3.Connection:
    if read_only:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=_BUSY_S)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives -wal and -shm the same mode
    except OSError as error:
        raise ConfigError(f"cannot open the registry {path}: {error.strerror}") from None
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection
