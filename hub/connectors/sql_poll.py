"""The SQL-poll door: rows that changed, read by a cursor column and a key that breaks ties, in batches, read-only.

    select * from (<query>) where cursor > :c or (cursor = :c and key > :k) order by cursor, key limit <batch>

A batch is delivered as a table: CSV with a header line, as a file of that content would come. Position: cursor and key of the last
row. A transaction that was open while we read may commit rows with an earlier cursor: each round begins `overlap` before the
position, and what comes twice has the same ids. While there are rows without cursor or key, nothing is taken: they have no order.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from pydantic import Field, field_validator

from hub.connectors.door import Unit
from hub.connectors.doors import Around, DoorKind
from hub.connectors.positions import Position
from hub.connectors.pull import Fetched, PullDoor, PullOptions, SourceAway
from hub.errors import ConfigError

__all__ = ["KIND", "SqlPollOptions", "SqlRows", "table"]

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)([ T])(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d|)")
_DELIMITERS = {"comma": ",", "tab": "\t", "pipe": "|"}
_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"


class SqlPollOptions(PullOptions):
    """Section `door` of a connector with `kind: sql-poll`. The database URL (with its password) is a secret file."""

    query: str = Field(min_length=8, description="one SELECT, without order and limit")
    cursor: str = Field(
        pattern=_NAME, description="column that rises with every change: a time or a number, never null"
    )
    key: str = Field(pattern=_NAME, description="column that tells rows of one cursor value apart, never null")
    overlap_s: float = Field(
        default=300.0, ge=0, description="how far each round looks back, when the cursor is a time"
    )
    overlap: int = Field(default=0, ge=0, description="the same, when the cursor is a number")
    delimiter: Literal["comma", "tab", "pipe"] = "comma"
    batch: int = Field(default=1_000, ge=1, le=50_000)
    secret: str = Field(
        default="database-url", pattern=r"^[a-z0-9][a-z0-9._-]*$", description="name of the secret file"
    )
    timeout_s: float = Field(default=60.0, gt=0, description="for one batch")

    @field_validator("query")
    @classmethod
    def _is_one_select(cls, query: str) -> str:
        if (
            query.split(maxsplit=1)[:1] == []
            or query.split(maxsplit=1)[0].lower() not in ("select", "with")
            or ";" in query
        ):
            raise ValueError("must be one SELECT, without a semicolon")
        return query

    @property
    def shape(self) -> Literal["bytes", "file", "folder"]:
        return "bytes"

    def rewound(self, position: Position | None, to: datetime | None) -> Position | None:
        if to is None:
            return super().rewound(position, to)
        if not position:
            raise ConfigError("it has read nothing yet: it begins at the beginning")
        return {**position, "cursor": _said(_alike(_heard(position["cursor"]), to))}


class SqlRows:
    """Rows of one query. `url` gives SQLAlchemy's URL; SQLite and PostgreSQL are opened read-only by their own means, other
    databases by the rights of the account."""

    def __init__(self, url: Callable[[], str], options: SqlPollOptions) -> None:
        self._url, self._options = url, options
        self._engine: Any = None

    async def open(self) -> None:
        """ConfigError when the secret is missing, is no URL or its driver is not installed; the database is not asked yet."""
        said = self._url()
        try:
            url = sqlalchemy().make_url(said)
            self._engine = sqlalchemy().create_engine(url, **_read_only(url, self._options.timeout_s))
        except ImportError:
            raise ConfigError(
                f"the secret {self._options.secret} names a database whose driver is not installed"
            ) from None
        except sqlalchemy().exc.ArgumentError:
            raise ConfigError(f"the secret {self._options.secret} holds no database URL") from None

    async def close(self) -> None:
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)

    async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
        furthest = (_heard(position["cursor"]), _heard(position["key"])) if position else None
        begin = _earlier(furthest[0], self._options) if furthest else None
        after: tuple[Any, Any] | None = None
        if await asyncio.to_thread(self._ask, self._nulls()):
            raise SourceAway("sql-null-cursor")  # rows that cannot be ordered would be passed over in silence
        while True:
            rows = await asyncio.to_thread(self._ask, self._next(begin, after))
            if not rows:
                return
            here = (rows[-1][self._options.cursor], rows[-1][self._options.key])
            if after is not None and here <= after:
                raise SourceAway("sql-not-ordered")
            after = here
            furthest = here if furthest is None else max(furthest, here)
            reached = {"cursor": _said(furthest[0]), "key": _said(furthest[1])}
            yield Fetched(_unit(table(rows, self._options.delimiter)), reached)
            if len(rows) < self._options.batch:
                return

    def _next(self, begin: Any, after: tuple[Any, Any] | None) -> Any:
        """The next batch: after a row, or from a cursor value on."""
        sql, cursor, key = sqlalchemy(), *self._columns()
        asked = self._rows().order_by(cursor, key).limit(self._options.batch)
        if after is not None:
            return asked.where(sql.or_(cursor > after[0], sql.and_(cursor == after[0], key > after[1])))
        return asked if begin is None else asked.where(cursor >= begin)

    def _nulls(self) -> Any:
        cursor, key = self._columns()
        return self._rows().where(sqlalchemy().or_(cursor.is_(None), key.is_(None))).limit(1)

    def _rows(self) -> Any:
        sql = sqlalchemy()
        query = self._options.query.replace(":", "\\:")  # a cast or a time of day, not a parameter
        return sql.select(sql.literal_column("*")).select_from(sql.text(f"({query}) source_rows"))

    def _columns(self) -> tuple[Any, Any]:
        return sqlalchemy().column(self._options.cursor), sqlalchemy().column(self._options.key)

    def _ask(self, asked: Any) -> list[dict[str, Any]]:
        exc = sqlalchemy().exc
        try:
            with self._engine.connect() as connection:
                rows = [dict(row) for row in connection.execute(asked).mappings()]
        except exc.SQLAlchemyError as why:
            away = isinstance(why, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)
            raise SourceAway("sql-away" if away else "sql-refused") from None
        if rows and not {self._options.cursor, self._options.key} <= rows[0].keys():
            raise SourceAway("sql-no-such-column")
        return rows


def table(rows: list[dict[str, Any]], delimiter: str = "comma") -> bytes:
    """CSV with a header line: times in ISO 8601, nothing for NULL, bytes in hex; quoted where a value needs it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=_DELIMITERS[delimiter])
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    return out.getvalue().encode()


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
        return {"connect_args": {"options": said, "connect_timeout": 10}, "pool_pre_ping": True}
    return {"pool_pre_ping": True}


def _unit(content: bytes) -> Unit:
    return Unit(f"rows-{hashlib.sha256(content).hexdigest()[:12]}", content)


def _cell(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def _earlier(cursor: Any, options: SqlPollOptions) -> Any:
    """The cursor less the overlap, in its own type; a text that is no time stays as it is."""
    back = timedelta(seconds=options.overlap_s)
    if isinstance(cursor, datetime):
        return cursor - back
    if isinstance(cursor, date):
        return cursor - timedelta(days=-(-options.overlap_s // 86_400))
    if isinstance(cursor, int | float | Decimal):
        return cursor - options.overlap
    if isinstance(cursor, str) and (parts := _TIME.fullmatch(cursor)) is not None:
        moved = datetime.fromisoformat(f"{parts[1]}T{parts[3]}") - back
        fraction = f".{'0' * (len(parts[4]) - 1)}" if parts[4] else ""
        return moved.strftime(f"%Y-%m-%d{parts[2]}%H:%M:%S") + fraction + parts[5]
    return cursor


def _alike(cursor: Any, to: datetime) -> Any:
    """The time `to` as the cursor column writes times; ConfigError when it holds no times."""
    to = to.astimezone(UTC)
    if isinstance(cursor, datetime):
        return to if cursor.tzinfo is not None else to.replace(tzinfo=None)
    if isinstance(cursor, date):
        return to.date()
    if isinstance(cursor, str) and (parts := _TIME.fullmatch(cursor)) is not None:
        fraction = f".{'0' * (len(parts[4]) - 1)}" if parts[4] else ""
        return to.strftime(f"%Y-%m-%d{parts[2]}%H:%M:%S") + fraction + parts[5]
    raise ConfigError("its cursor is not a time: give the beginning, or a position as JSON")


def _said(value: Any) -> Any:
    """A value as JSON that `_heard` takes back."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    for name, (kind, _) in _TYPES.items():
        if isinstance(value, kind):
            return {name: value.isoformat() if isinstance(value, date) else str(value)}
    raise SourceAway("sql-cursor-type")


def _heard(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    [(name, text)] = value.items()
    return _TYPES[name][1](text)


_TYPES: dict[str, tuple[type, Callable[[str], Any]]] = {
    "time": (datetime, datetime.fromisoformat),  # before date: a datetime is one
    "date": (date, date.fromisoformat),
    "number": (Decimal, Decimal),
    "uuid": (UUID, UUID),
}


def _build(options: SqlPollOptions, around: Around) -> PullDoor:
    source = SqlRows(lambda: around.secret(options.secret), options)
    return PullDoor(source, options, around.positions, around.watch)


KIND = DoorKind(SqlPollOptions, _build)
