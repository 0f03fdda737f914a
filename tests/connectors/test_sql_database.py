"""A question that outlives its door: whatever it was about to do when the door closed, no connection stays open."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from hub.connectors.away import SourceAway
from hub.connectors.sql_database import Database
from hub.connectors.sql_poll import SqlPollOptions, SqlRows
from tests.sqlite_connections import Connections

OPTIONS = SqlPollOptions(kind="sql-poll", query="select id, changed from doses", cursor="changed", key="id")
POINTS = ["do_connect", "connect", "checkout", "before_cursor_execute", "after_cursor_execute", "reset", "checkin"]
"""Events of SQLAlchemy in the life of a connection, from before it is made until just before the pool has it back."""


class Gate:
    """Holds the thread that comes by until it is let through."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, *_: Any) -> None:
        self.reached.set()
        assert self.open.wait(120)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("create table doses (id integer primary key, changed integer)")
        connection.execute("insert into doses values (1, 1)")
    connection.close()
    return path


@pytest.fixture
def connections(path: Path, monkeypatch: pytest.MonkeyPatch) -> Connections:
    return Connections(monkeypatch)


@pytest.mark.parametrize("point", POINTS)
def test_a_round_that_is_cancelled_while_it_asks_leaves_no_connection_open(
    point: str, path: Path, connections: Connections
) -> None:
    gate = Gate()

    async def scene() -> None:
        rows = SqlRows(lambda: f"sqlite:///{path}", OPTIONS)
        await rows.open()
        assert rows._database is not None
        if point == "do_connect":
            connections.before = gate
        else:
            event.listen(rows._database._engine, point, gate)
        asking = asyncio.ensure_future(anext(rows.fetch(None)))
        await asyncio.to_thread(gate.reached.wait)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await rows.close()
        gate.open.set()

    asyncio.run(scene())  # waits for the thread that asks
    assert connections.made
    assert connections.all_closed()


@pytest.mark.parametrize("point", ["connect", "before_cursor_execute"])
def test_a_question_that_fails_leaves_no_connection_behind(point: str, path: Path, connections: Connections) -> None:
    def fail(*_: Any) -> None:
        raise sqlite3.OperationalError("cut")

    database = Database(f"sqlite:///{path}", 1.0)
    event.listen(database._engine, point, fail)
    with pytest.raises((SourceAway, sqlite3.OperationalError)):
        database.ask(text("select 1"))
    database.close()
    assert connections.made
    assert connections.all_closed()


def test_a_closed_database_is_asked_nothing(path: Path, connections: Connections) -> None:
    database = Database(f"sqlite:///{path}", 1.0)
    database.close()
    with pytest.raises(SourceAway):
        database.ask(text("select 1"))
    assert not connections.made
    database.close()


def test_one_connection_serves_question_after_question(path: Path, connections: Connections) -> None:
    database = Database(f"sqlite:///{path}", 1.0)
    for _ in range(3):
        assert database.ask(text("select id from doses")) == [{"id": 1}]
    database.close()
    assert len(connections.made) == 1
    assert connections.all_closed()
