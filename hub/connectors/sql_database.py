"""A database that is only read: one engine of SQLAlchemy, and who closes what it opened.

Questions are asked in threads, and a thread cannot be cancelled: it may still connect, ask or hand its connection back to the pool
when the door closes. Whoever leaves last, the last question or `close`, disposes of the pool; nothing is opened after that.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from hub.connectors.away import SourceAway

__all__ = ["Database", "DriverMissing", "NoUrl", "sqlalchemy"]


class NoUrl(Exception):
    """It is no database URL."""


class DriverMissing(Exception):
    """Its driver is not installed."""


class Database:
    """SQLite and PostgreSQL are opened read-only by their own means, other databases by the rights of the account.

    Any thread. NoUrl and DriverMissing when `url` cannot work; the database itself is not asked before the first question.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        try:
            made = sqlalchemy().make_url(url)
            self._engine: Any = sqlalchemy().create_engine(made, **_read_only(made, timeout_s))
        except ImportError:
            raise DriverMissing from None
        except sqlalchemy().exc.ArgumentError:
            raise NoUrl from None
        self._lock = threading.Lock()
        self._asking, self._closed = 0, False

    def ask(self, asked: Any) -> list[dict[str, Any]]:
        """The rows that answer a select, by column. Blocks. SourceAway when there is no answer, or no more questions are taken."""
        try:
            with self._while_open(), self._engine.connect() as connection:
                return [dict(row) for row in connection.execute(asked).mappings()]
        except sqlalchemy().exc.SQLAlchemyError as why:
            raise SourceAway(_reason(why)) from None

    def close(self) -> None:
        """Take no more questions. Connections are closed on return, those of questions under way at their end."""
        with self._lock:
            self._closed = True
        self._dispose_if_last()

    @contextmanager
    def _while_open(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise SourceAway("sql-away")
            self._asking += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1
            self._dispose_if_last()

    def _dispose_if_last(self) -> None:
        """Nobody asks any more, and nobody will. Twice does no harm."""
        with self._lock:
            last = self._closed and not self._asking
        if last:
            self._engine.dispose()


def sqlalchemy() -> Any:
    """Imported when a connector needs it: it takes half a second."""
    import sqlalchemy

    return sqlalchemy


def _read_only(url: Any, timeout_s: float) -> dict[str, Any]:
    backend = url.get_backend_name()
    if backend == "sqlite":
        path = f"file:{quote(str(url.database or ''))}?mode=ro"
        return {"creator": lambda: sqlite3.connect(path, uri=True, timeout=timeout_s, check_same_thread=False)}
    if backend == "postgresql":
        said = f"-c default_transaction_read_only=on -c statement_timeout={int(timeout_s * 1_000)}"
        keep = {
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        }  # a peer that vanished is noticed
        return {
            "connect_args": {"options": said, "connect_timeout": 10, "tcp_user_timeout": 30_000, **keep},
            "execution_options": {"postgresql_readonly": True},  # each transaction by itself, whatever the session says
            "pool_pre_ping": True,
        }
    return {"pool_pre_ping": True}


_STATES: Mapping[str, str] = {"28": "sql-login-refused", "3D": "sql-login-refused", "57014": "sql-timeout"}
_WORDS = {  # PostgreSQL's client gives no state for a connection that was refused
    "certificate": "sql-certificate",
    "does not support ssl": "sql-certificate",
    "password authentication failed": "sql-login-refused",
    "no pg_hba.conf entry": "sql-login-refused",
    "no password supplied": "sql-login-refused",
    "does not exist": "sql-login-refused",  # role or database
}


def _reason(why: Any) -> str:
    """A code for what SQLAlchemy raised."""
    exc, cause = sqlalchemy().exc, getattr(why, "orig", None)
    state = str(getattr(cause, "sqlstate", None) or "")
    known = _STATES.get(state) or _STATES.get(state[:2])
    if known is not None:
        return known
    if isinstance(why, exc.OperationalError) and not state:
        text = str(cause).lower()
        known = next((code for words, code in _WORDS.items() if words in text), None)
    away = isinstance(why, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)
    return known or ("sql-away" if away else "sql-refused")
