"""What SQLite and PostgreSQL say differently and SQLAlchemy has no one word for: a list as one parameter, insert or replace; and
writing many rows.

A list goes in as one bound value, so a question is the same text for one value and for a thousand: compiled once, one round trip.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Delete, Dialect, Insert, Table, Text, Update, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["Among", "among", "upsert", "write"]

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
        values = list(value or ())
        return values if dialect.name == "postgresql" else json.dumps(values)


class Among(FunctionElement[bool]):
    """Whether a column is one of the values of a parameter."""

    name = "among"
    type = Boolean()
    inherit_cache = True


def among(column: Column[Any], parameter: str) -> Among:
    """`column IN (the values of :parameter)`; the parameter is any iterable of texts."""
    return Among(column, bindparam(parameter, type_=_Values()))


@compiles(Among, "sqlite")
def _by_json(element: Among, compiler: SQLCompiler, **more: Any) -> str:
    column, values = (compiler.process(each, **more) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608


@compiles(Among, "postgresql")
def _by_array(element: Among, compiler: SQLCompiler, **more: Any) -> str:
    column, values = (compiler.process(each, **more) for each in element.clauses)
    return f"{column} = ANY ({values})"


@cache
def upsert(table: Table, dialect: str) -> Insert:
    """Insert rows, or put them in the place of those with the same primary key."""
    made = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return made.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={each.name: made.excluded[each.name] for each in table.columns if not each.primary_key},
    )


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
