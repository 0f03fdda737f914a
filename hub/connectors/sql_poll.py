"""The SQL-poll door: rows that changed, read by a cursor column and a key that breaks ties, in batches, read-only.

    select * from (<query>) where cursor > :c or (cursor = :c and key > :k) order by cursor, key limit <batch>

A batch is delivered as a table: CSV with a header line, as a file of that content would come. Position of each stream: cursor and
key of the last row. A transaction that was open while we read may commit rows with an earlier cursor: each round begins `overlap`
before the position, and delivers what it has not seen as it is now (hub.connectors.sql_seen). While there are rows without cursor
or key, nothing is taken: they have no order. A row that is deleted at the source is not seen: it must be marked there.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from hub.connectors.door import Unit
from hub.connectors.doors import Around, DoorKind
from hub.connectors.positions import Position
from hub.connectors.pull import ALL, STREAM_NAME, Fetched, PullDoor, PullOptions, SourceAway
from hub.connectors.sql_database import Database, DriverMissing, NoUrl, sqlalchemy
from hub.connectors.sql_seen import Seen
from hub.connectors.sql_values import alike, earlier, heard, said, table
from hub.declared import Declared
from hub.errors import ConfigError

__all__ = ["KIND", "SqlPollOptions", "SqlRows", "SqlStream"]

_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"


class SqlStream(Declared):
    """What one stream asks: a query, and how its rows are ordered."""

    name: str = Field(default=ALL, pattern=STREAM_NAME, description="its position's name: never change it")
    query: str = Field(min_length=8, description="one SELECT, without order and limit")
    cursor: str = Field(
        pattern=_NAME, description="column that rises with every change: a time or a number, never null"
    )
    key: str = Field(pattern=_NAME, description="column that tells rows of one cursor value apart, never null")
    overlap_s: float = Field(
        default=300.0, ge=0, description="how far each round looks back, when the cursor is a time"
    )
    overlap: int = Field(default=0, ge=0, description="the same, when the cursor is a number")

    @field_validator("query")
    @classmethod
    def _is_one_select(cls, query: str) -> str:
        if query.split(maxsplit=1)[:1] == [] or query.split()[0].lower() not in ("select", "with") or ";" in query:
            raise ValueError("must be one SELECT, without a semicolon")
        return query


_ASKED = ("query", "cursor", "key", "overlap_s", "overlap")


class SqlPollOptions(PullOptions):
    """Section `door` of a connector with `kind: sql-poll`. The database URL (with its password) is a secret file."""

    query: str | None = Field(default=None, description="as in a stream, where there is one; likewise the next four")
    cursor: str | None = None
    key: str | None = None
    overlap_s: float | None = Field(default=None, ge=0)
    overlap: int | None = Field(default=None, ge=0)
    streams: tuple[SqlStream, ...] = Field(default=(), description="several queries, each with a position of its own")
    delimiter: Literal["comma", "tab", "pipe"] = "comma"
    batch: int = Field(default=1_000, ge=1, le=50_000)
    secret: str = Field(
        default="database-url", pattern=r"^[a-z0-9][a-z0-9._-]*$", description="name of the secret file"
    )
    timeout_s: float = Field(default=60.0, gt=0, description="for one batch")

    @model_validator(mode="after")
    def _is_one_or_several(self) -> SqlPollOptions:
        if bool(self.streams) == (self.query is not None):
            raise ValueError("needs query, cursor and key, or streams")
        if len({stream.name for stream in self.asked}) < len(self.asked):
            raise ValueError("two streams have one name")
        return self

    @property
    def asked(self) -> tuple[SqlStream, ...]:
        """The streams; the one where none is named."""
        told = {name: value for name in _ASKED if (value := getattr(self, name)) is not None}
        return self.streams or (SqlStream.model_validate(told),)

    @property
    def shape(self) -> Literal["bytes", "file", "folder"]:
        return "bytes"

    def rewound(self, position: Position | None, to: datetime | None) -> Position | None:
        if to is None:
            return super().rewound(position, to)
        if not position:
            raise ConfigError("it has read nothing yet: it begins at the beginning")
        kept = {name: value for name, value in position.items() if name != "seen"}  # it is to be delivered again
        return {**kept, "cursor": said(alike(heard(position["cursor"]), to))}


class SqlRows:
    """Rows of one stream. `url` gives SQLAlchemy's URL, see hub.connectors.sql_database."""

    def __init__(self, url: Callable[[], str], options: SqlPollOptions, stream: SqlStream | None = None) -> None:
        self._url, self._options, self._stream = url, options, stream or options.asked[0]
        self._database: Database | None = None
        self.until: datetime | None = None

    async def open(self) -> None:
        """ConfigError when the secret is missing, is no URL or its driver is not installed; the database is not asked yet."""
        try:
            self._database = Database(self._url(), self._options.timeout_s)
        except DriverMissing:
            raise ConfigError(
                f"the secret {self._options.secret} names a database whose driver is not installed"
            ) from None
        except NoUrl:
            raise ConfigError(f"the secret {self._options.secret} holds no database URL") from None

    async def close(self) -> None:
        """A question that is still under way ends by itself, and its connection with it."""
        if self._database is not None:
            await asyncio.to_thread(self._database.close)

    async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
        furthest = (heard(position["cursor"]), heard(position["key"])) if position else None
        begin = self._begin(furthest[0]) if furthest else None
        end = alike(furthest[0], self.until) if furthest and self.until is not None else None
        seen = Seen(position.get("seen", ()) if position else ())
        after: tuple[Any, Any] | None = None
        if await asyncio.to_thread(self._ask, self._nulls()):
            raise SourceAway("sql-null-cursor")  # rows that cannot be ordered would be passed over in silence
        while True:
            rows = await asyncio.to_thread(self._ask, self._next(begin, after, end))
            if not rows:
                return
            here = (rows[-1][self._stream.cursor], rows[-1][self._stream.key])
            if after is not None and not _follows(here, after):
                raise SourceAway("sql-not-ordered")
            after = here
            furthest = here if furthest is None or _further(here, furthest) else furthest
            whole = len(rows) < self._options.batch
            if fresh := seen.fresh(rows, self._stream.cursor):
                kept = seen.kept(self._begin(furthest[0]), whole=whole)
                reached = {"cursor": said(furthest[0]), "key": said(furthest[1]), "seen": kept}
                yield Fetched(_unit(self._stream.name, table(fresh, self._options.delimiter)), reached)
            if whole:
                return

    def _begin(self, cursor: Any) -> Any:
        """Where a round begins that stands at `cursor`."""
        return earlier(cursor, self._stream.overlap_s, self._stream.overlap)

    def _next(self, begin: Any, after: tuple[Any, Any] | None, end: Any) -> Any:
        """The next batch: after a row, or from a cursor value on; up to a cursor value, where there is one."""
        sql, cursor, key = sqlalchemy(), *self._columns()
        asked = self._rows().order_by(cursor, key).limit(self._options.batch)
        asked = asked if end is None else asked.where(cursor <= end)
        if after is not None:
            return asked.where(sql.or_(cursor > after[0], sql.and_(cursor == after[0], key > after[1])))
        return asked if begin is None else asked.where(cursor >= begin)

    def _nulls(self) -> Any:
        cursor, key = self._columns()
        return self._rows().where(sqlalchemy().or_(cursor.is_(None), key.is_(None))).limit(1)

    def _rows(self) -> Any:
        sql = sqlalchemy()
        query = self._stream.query.replace(":", "\\:")  # a cast or a time of day, not a parameter
        return sql.select(sql.literal_column("*")).select_from(sql.text(f"({query}) source_rows"))

    def _columns(self) -> tuple[Any, Any]:
        return sqlalchemy().column(self._stream.cursor), sqlalchemy().column(self._stream.key)

    def _ask(self, asked: Any) -> list[dict[str, Any]]:
        assert self._database is not None, "not opened"
        rows = self._database.ask(asked)
        if rows and not {self._stream.cursor, self._stream.key} <= rows[0].keys():
            raise SourceAway("sql-no-such-column")
        return rows


def _follows(here: tuple[Any, Any], after: tuple[Any, Any]) -> bool:
    """Whether a row may come after another: keys and texts are ordered as the database sorts them, which is not ours to judge."""
    return here != after and (isinstance(here[0], str) or bool(here[0] >= after[0]))


def _further(here: tuple[Any, Any], furthest: tuple[Any, Any]) -> bool:
    return bool(here[0] >= furthest[0])


def _unit(stream: str, content: bytes) -> Unit:
    name = "rows" if stream == ALL else stream
    return Unit(f"{name}-{hashlib.sha256(content).hexdigest()[:12]}", content)


def _build(options: SqlPollOptions, around: Around) -> PullDoor:
    def rows(stream: SqlStream) -> SqlRows:
        return SqlRows(lambda: around.secret(options.secret), options, stream)

    streams = {stream.name: rows(stream) for stream in options.asked}
    return PullDoor(streams, options, around.positions, around.watch)


KIND = DoorKind(SqlPollOptions, _build)
