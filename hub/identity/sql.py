"""What SQLite and PostgreSQL say differently and SQLAlchemy has no one word for: a list as one parameter, insert or replace; and
writing many rows.

A list goes in as one bound value, so a question is the same text for one value and for a thousand: compiled once, one round trip.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Delete, Dialect, Insert, Table, Text, Update, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["among", "few_of", "insert_new", "overwritten", "upsert", "write"]

_encode = msgspec.json.Encoder().encode
_texts = msgspec.json.Decoder(set[str]).decode
_Statement = Insert | Update | Delete


class _Values(TypeDecorator[Iterable[str]]):
    """Texts as one parameter: an array on PostgreSQL, a JSON array on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.ARRAY(Text()))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> Any:
        return _bound(value or (), dialect)


class _Listed(FunctionElement[str]):
    """The values of a parameter, as a question of their own. (Not the whole condition: after one that SQLAlchemy does not know it
    says `= 1` on SQLite, which has no booleans, and then no index is used.)"""

    name = "listed"
    inherit_cache = True


def among(column: Column[Any], parameter: str) -> ColumnElement[bool]:
    """`column IN (the values of :parameter)`; the parameter is any iterable of texts."""
    return column.bool_op("IN")(_Listed(bindparam(parameter, type_=_Values())))


@compiles(_Listed, "sqlite")
def _of_json(element: _Listed, compiler: SQLCompiler, **more: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **more)}))"  # noqa: S608


@compiles(_Listed, "postgresql")
def _of_array(element: _Listed, compiler: SQLCompiler, **more: Any) -> str:
    return f"(SELECT unnest({compiler.process(element.clauses, **more)}))"


@cache
def upsert(table: Table, dialect: str) -> Insert:
    """Insert rows, or put them in the place of those with the same primary key."""
    made = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return made.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={each.name: made.excluded[each.name] for each in table.columns if not each.primary_key},
    )


@cache
def insert_new(table: Table, dialect: str) -> Insert:
    """Insert rows, but for those that are there already."""
    made = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return made.on_conflict_do_nothing()


def few_of(
    db: Connection, key: Column[Any], found: Column[Any], values: Iterable[str], most: int
) -> dict[str, set[str]]:
    """For each of the values of `key` at most so many different values of `found`: no more rows are read, however many there are.
    The two begin an index."""
    rows = db.execute(text(_few(key, found, db.dialect.name)), {"values": _bound(values, db.dialect), "most": most})
    return {
        value: _texts(few) if isinstance(few, str) else set(few) for value, few in rows.all() if few and few != "[]"
    }


def _bound(values: Iterable[str], dialect: Dialect) -> Any:
    return list(values) if dialect.name == "postgresql" else _encode(list(values)).decode()


@cache
def _few(key: Column[Any], found: Column[Any], dialect: str) -> str:
    # Neither can be said by Core: SQLite has no LATERAL, but lets a scalar question refer to the row that it stands in.
    few = f"SELECT DISTINCT {found.name} AS found FROM {key.table.name} WHERE {key.name} = v.value LIMIT :most"  # noqa: S608
    if dialect == "postgresql":
        return f"SELECT v.value, ARRAY({few}) FROM unnest(CAST(:values AS TEXT[])) AS v(value)"  # noqa: S608
    return f"SELECT v.value, (SELECT json_group_array(found) FROM ({few})) FROM json_each(:values) AS v"  # noqa: S608


def overwritten(connection: Connection) -> None:
    """From now on this connection to a file of SQLite overwrites what it deletes; one to a server changes nothing. (Not from the
    start: the outbox is emptied with every batch.)"""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def write(connection: Connection, statement: _Statement, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute a statement for every row, in one round trip; nothing where there is none. All rows have the same columns, of texts,
    numbers, bytes and None: they go to the driver as they are, which takes half the time of SQLAlchemy's going over each value."""
    if rows:
        connection.exec_driver_sql(_words(statement, connection.dialect, tuple(rows[0])), list(rows))


_known: dict[tuple[_Statement, str, tuple[str, ...]], str] = {}


def _words(statement: _Statement, dialect: Dialect, columns: tuple[str, ...]) -> str:
    key = (statement, dialect.name, columns)
    if key not in _known:
        _known[key] = str(statement.compile(dialect=dialect, column_keys=list(columns)))
    return _known[key]
