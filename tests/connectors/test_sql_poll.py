"""The SQL-poll door on a real database file: rows that changed, in batches, read-only, and nothing lost between them."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from hub.connectors import doors
from hub.connectors.door import Unit
from hub.connectors.sql_database import Database
from hub.connectors.sql_poll import SqlPollOptions, SqlRows
from hub.connectors.sql_seen import MOST, Seen
from hub.connectors.sql_values import earlier as moved_back
from hub.connectors.sql_values import heard, said, table
from hub.errors import ConfigError, FatalError
from tests.connectors.pretend import Record, event, values
from tests.connectors.pulling import MemoryPositions, around_of, live_until, when
from tests.fakes import FakeBus

FAST = {"kind": "sql-poll", "poll_s": 0.001, "first_pause_s": 0.001, "last_pause_s": 0.002}
QUERY = {"query": "select id, changed, dose from doses where dose <> 'x'", "cursor": "changed", "key": "id", "batch": 4}
AT = "2021-02-01 08:00:00"


def read_rows(unit: Unit) -> Iterator[Record]:
    """A program of tables."""
    assert isinstance(unit.content, bytes)
    for n, row in enumerate(csv.DictReader(io.StringIO(unit.content.decode())), start=1):
        yield Record("event", event=event(f"p{row['id']}", row["dose"]), where={"row": n}, raw=repr(row).encode())


class Scene:
    def __init__(self, folder: Path, **options: Any) -> None:
        self.path = folder / "a source.db"
        self.run("create table doses (id integer primary key, changed text, dose text)")
        self.bus, self.positions = FakeBus(), MemoryPositions()
        self.options = SqlPollOptions.model_validate({**FAST, **QUERY, **options})
        self.around = around_of(folder, self.positions, **{"database-url": f"sqlite:///{self.path}"})

    def run(self, statement: str, *rows: tuple[Any, ...]) -> None:
        connection = sqlite3.connect(self.path)
        with connection:
            connection.executemany(statement, rows) if rows else connection.execute(statement)
        connection.close()

    def add(self, *rows: tuple[int, str | None]) -> None:
        self.run("insert or replace into doses values (?, ?, '208')", *rows)

    def live(self, until: Callable[[], bool]) -> None:
        async def scene() -> None:
            done = asyncio.Event()
            watching = asyncio.create_task(when(until, done))
            try:
                await live_until(doors.build(self.options, self.around), self.bus, done, read_rows)
            finally:
                watching.cancel()

        asyncio.run(scene())

    def stands_at(self, key: int) -> Callable[[], bool]:
        return lambda: self.positions.now.get("all", {}).get("key") == key

    def ids(self) -> set[Any]:
        return set(values(self.bus.log, "event"))


def wanted(*ids: int) -> set[bytes]:
    return {f"event-p{n}-208".encode() for n in ids}


@pytest.mark.parametrize("count", [1, 4, 5, 11])
def test_rows_of_one_and_the_same_time_are_told_apart_by_their_key(count: int, tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.add(*((n, AT) for n in range(count)))
    scene.live(scene.stands_at(count - 1))
    assert scene.ids() == wanted(*range(count))


@pytest.mark.parametrize("k", [0, 3, 9, 21])
def test_a_kill_at_record_k_and_another_life_give_the_same_ids(k: int, tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.add(*((n, AT) for n in range(11)))
    scene.bus.crash_after = k
    with pytest.raises(FatalError):
        scene.live(lambda: False)
    scene.bus.crash_after = None
    scene.live(lambda: scene.ids() >= wanted(*range(11)))
    assert scene.ids() == wanted(*range(11))


def test_a_broker_that_refuses_gets_everything_in_the_end(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.add(*((n, AT) for n in range(11)))
    scene.bus = FakeBus(fail_prob=0.3, lose_ack=0.3, seed=6)
    scene.live(scene.stands_at(10))
    assert scene.ids() == wanted(*range(11))


def test_a_row_that_was_committed_late_is_found_within_the_overlap_and_the_position_does_not_go_back(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, overlap_s=600.0)
    scene.add((1, AT), (5, "2021-02-01 08:09:00"))
    scene.live(scene.stands_at(5))
    scene.add((2, "2021-02-01 08:01:00"))
    scene.live(lambda: scene.ids() >= wanted(2))
    assert stands(scene) == {"cursor": "2021-02-01 08:09:00", "key": 5}
    assert delivered(scene) == {1: 1, 2: 1, 5: 1}


def stands(scene: Scene) -> dict[str, Any]:
    return {name: value for name, value in scene.positions.now["all"].items() if name != "seen"}


def delivered(scene: Scene) -> Counter[int]:
    """How often each row was."""
    return Counter(int(each.decode().split("-")[1][1:]) for each in values(scene.bus.log, "event") if each is not None)


def test_what_stands_within_the_overlap_is_not_delivered_at_each_round(tmp_path: Path) -> None:
    scene = Scene(tmp_path, overlap_s=0.0)
    scene.add((1, AT), (2, AT), (3, AT))
    scene.live(scene.stands_at(3))
    rounds = scene.positions.rounds + 5
    scene.live(lambda: scene.positions.rounds >= rounds)
    scene.add((0, AT), (4, "2021-02-01 09:00:00"))  # the first of them late, with the same time
    scene.live(scene.stands_at(4))
    assert delivered(scene) == {0: 1, 1: 1, 2: 1, 3: 1, 4: 1}
    assert len(scene.positions.now["all"]["seen"]) == 1


def test_a_row_that_says_something_else_under_the_same_cursor_is_delivered_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, overlap_s=0.0)
    scene.add((1, AT), (2, AT))
    scene.live(scene.stands_at(2))
    scene.run("update doses set dose = '207' where id = 1")
    scene.live(lambda: b"event-p1-207" in scene.ids())
    assert delivered(scene) == {1: 2, 2: 1}


def test_what_is_rewound_is_delivered_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, overlap_s=0.0)
    scene.add((1, AT), (2, AT))
    scene.live(scene.stands_at(2))
    position = scene.options.rewound(scene.positions.now["all"], datetime(2021, 2, 1, 8, tzinfo=UTC))
    assert position is not None
    scene.positions.now["all"] = dict(position)
    scene.live(lambda: delivered(scene) == {1: 2, 2: 2})


def test_a_position_remembers_a_bounded_number_of_rows_and_forgetting_costs_only_time() -> None:
    rows = [{"id": n, "at": 1} for n in range(MOST + 10)]
    first = Seen(())
    assert len(first.fresh(rows, "at")) == MOST + 10
    known = first.kept(1, whole=True)
    assert len(known) == MOST
    assert [row["id"] for row in Seen(known).fresh(rows, "at")] == list(range(10))


def test_in_the_middle_of_a_round_what_was_known_is_still_known() -> None:
    rows = [{"id": n, "at": 1} for n in range(6)]
    first = Seen(())
    first.fresh(rows[:1] + rows[3:], "at")
    known = first.kept(1, whole=True)
    late = Seen(known)
    assert late.fresh(rows[:3], "at") == rows[1:3]
    assert Seen(late.kept(1, whole=False)).fresh(rows, "at") == []


def test_without_overlap_only_what_is_new_is_asked_for(tmp_path: Path) -> None:
    scene = Scene(tmp_path, overlap_s=0.0)
    scene.add((1, AT), (2, "2021-02-01 09:00:00"))
    scene.positions.now["all"] = {"cursor": "2021-02-01 08:30:00", "key": 1}
    scene.live(scene.stands_at(2))
    assert scene.ids() == wanted(2)


def test_rows_that_cannot_be_ordered_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.add((1, AT), (2, None))
    scene.live(lambda: scene.around.watch.why == "sql-null-cursor")
    assert not scene.positions.saved


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"query": "select nothing from nowhere"}, "sql-away"), ({"query": "select id, dose from doses"}, "sql-away")],
)
def test_a_query_that_fails_pauses_with_a_reason(changed: dict[str, str], reason: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path, **changed)
    scene.live(lambda: scene.around.watch.why == reason)
    assert not scene.positions.saved


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.path.unlink()
    scene.live(lambda: scene.around.watch.why == "sql-away")
    assert not scene.path.exists()


def test_the_source_cannot_be_written_to(tmp_path: Path) -> None:
    scene = Scene(tmp_path)

    database = Database(f"sqlite:///{scene.path}", 1.0)
    connection = database._engine.raw_connection()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("delete from doses")
    connection.close()
    database.close()


@pytest.mark.parametrize("query", ["delete from doses", "select 1; drop table doses", "  ", "update doses set x = 1"])
def test_only_one_select_is_taken(query: str) -> None:
    with pytest.raises(ValidationError):
        SqlPollOptions.model_validate({**QUERY, "query": query})


@pytest.mark.parametrize(
    ("url", "words"), [("nonsense", "no database URL"), ("oracle://x/y", "driver is not installed")]
)
def test_a_url_that_cannot_work_keeps_the_door_shut_and_is_not_shown(url: str, words: str) -> None:
    rows = SqlRows(lambda: url, SqlPollOptions.model_validate(QUERY))
    with pytest.raises(ConfigError, match=words) as refused:
        asyncio.run(rows.open())
    assert url not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [datetime(2021, 2, 1, 8, tzinfo=UTC), date(2021, 2, 1), Decimal("1.20"), UUID(int=7), 5, 1.5, "x", None],
)
def test_cursors_of_every_type_outlive_a_stop(value: Any) -> None:
    assert heard(said(value)) == value


@pytest.mark.parametrize(
    ("cursor", "earlier"),
    [
        (datetime(2021, 2, 1, 8), datetime(2021, 2, 1, 7, 55)),
        (date(2021, 2, 2), date(2021, 2, 1)),
        (100, 90),
        ("2021-02-01 08:00:00", "2021-02-01 07:55:00"),
        ("2021-02-01T08:00:00.123Z", "2021-02-01T07:55:00.000Z"),
        ("v7", "v7"),
    ],
)
def test_the_overlap_is_taken_in_the_cursors_own_type(cursor: Any, earlier: Any) -> None:
    assert moved_back(cursor, 300.0, 10) == earlier


def test_a_table_says_every_type_plainly() -> None:
    row = {"a": None, "b": date(2021, 2, 1), "c": b"\x01", "d": 'quo"ted, text', "e": Decimal("1.20")}
    assert table([{"a": 1, "b": "x, y"}], "tab") == b"a\tb\r\n1\tx, y\r\n"
    assert table([row]) == b'a,b,c,d,e\r\n,2021-02-01,01,"quo""ted, text",1.20\r\n'


def test_a_round_that_ends_at_a_time_gives_nothing_that_changed_later(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.add(*((minute, f"2021-02-01 08:{minute:02}:00") for minute in range(1, 13)))
    rows = SqlRows(lambda: f"sqlite:///{scene.path}", scene.options)
    rows.until = datetime(2021, 2, 1, 8, 6, tzinfo=UTC)

    async def ids() -> list[str]:
        await rows.open()
        begin = {"cursor": said("2021-02-01 08:00:00"), "key": 0}
        units = [each.unit async for each in rows.fetch(begin)]
        await rows.close()
        return [str(record.where["row"]) for unit in units if unit for record in read_rows(unit)]

    assert asyncio.run(ids()) == ["1", "2", "3", "4", "1", "2"], "six rows in batches of four"
