"""The SQL-poll door against a real PostgreSQL: what changes is taken once, whatever the server, the network or the process does."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from hub.connectors import doors
from hub.connectors.door import Unit
from hub.connectors.sql_poll import SqlPollOptions
from hub.errors import FatalError
from tests.connectors.pretend import Record, event, values
from tests.connectors.pulling import MemoryPositions, around_of, live_until, when
from tests.fakes import FakeBus
from tests.fixtures_postgres import Postgres

FAST = {
    "kind": "sql-poll", "poll_s": 0.005, "first_pause_s": 0.005, "last_pause_s": 0.02, "refused_pause_s": 0.02,
}  # fmt: skip
QUERY = {
    "query": "select id, changed, dose from doses",
    "cursor": "changed",
    "key": "id",
    "batch": 4,
    "timeout_s": 20.0,
}
AT = "2021-02-01 08:00:00.123456+00"


def read_rows(unit: Unit) -> Iterator[Record]:
    assert isinstance(unit.content, bytes)
    for n, row in enumerate(csv.DictReader(io.StringIO(unit.content.decode())), start=1):
        yield Record("event", event=event(f"p{row['id']}", row["dose"]), where={"row": n}, raw=repr(row).encode())


class Scene:
    """A database of its own and one connector on it."""

    def __init__(self, server: Postgres, folder: Path, **options: Any) -> None:
        self.server, self.name = server, server.database()
        self.run("create table doses (id text primary key, changed timestamptz, dose text)")
        self.bus, self.positions = FakeBus(), MemoryPositions()
        self.options = SqlPollOptions.model_validate({**FAST, **QUERY, **options})
        self.around = around_of(folder, self.positions, **{"database-url": server.url(self.name)})

    def run(self, *statements: str) -> None:
        self.server.execute(self.name, *statements)

    def add(self, *ids: object, at: str = AT, dose: str = "208") -> None:
        rows = ", ".join(f"('{each}', '{at}', '{dose}')" for each in ids)
        self.run(
            f"insert into doses values {rows} on conflict (id) do update set changed = excluded.changed, dose = excluded.dose"
        )

    def live(self, until: Callable[[], bool]) -> None:
        async def scene() -> None:
            done = asyncio.Event()
            watching = asyncio.create_task(when(until, done))
            try:
                async with asyncio.timeout(240):
                    await live_until(doors.build(self.options, self.around), self.bus, done, read_rows)
            finally:
                watching.cancel()

        asyncio.run(scene())

    def ids(self) -> set[Any]:
        return set(values(self.bus.log, "event"))

    def has(self, *ids: object, dose: str = "208") -> Callable[[], bool]:
        return lambda: self.ids() >= wanted(*ids, dose=dose) and bool(self.positions.saved)

    def why(self) -> str:
        return self.around.watch.why


def wanted(*ids: object, dose: str = "208") -> set[bytes]:
    return {f"event-p{each}-{dose}".encode() for each in ids}


@pytest.fixture
def scene(postgres: Postgres, tmp_path: Path) -> Scene:
    return Scene(postgres, tmp_path)


def test_ties_over_many_batches_are_all_taken_whatever_order_the_database_sorts_keys_in(scene: Scene) -> None:
    scene.run('alter table doses alter column id type text collate "und-x-icu"')
    keys = ["a", "B", "c", "D", "e", "F", "g", "H", "ä", "Z", "z"]
    scene.add(*keys)
    scene.live(scene.has(*keys))
    assert scene.ids() == wanted(*keys)


def test_a_transaction_that_commits_late_is_within_the_overlap(scene: Scene) -> None:
    with scene.server.connect(scene.name, autocommit=False) as late:
        late.execute(f"insert into doses values ('late', '{AT}'::timestamptz - interval '4 minutes', '208')")
        scene.add("early")
        scene.live(scene.has("early"))
        late.commit()
    scene.live(scene.has("late"))
    assert scene.ids() == wanted("early", "late")


def test_a_changed_row_comes_again_and_a_deleted_one_stays_as_it_was(scene: Scene) -> None:
    scene.add(1, 2)
    scene.live(scene.has(1, 2))
    scene.add(1, at="2021-02-02 08:00:00+00", dose="207")
    scene.run("delete from doses where id = '2'")
    scene.live(scene.has(1, dose="207"))
    assert scene.ids() == wanted(1, 2) | wanted(1, dose="207")


def test_rows_without_a_cursor_stop_the_reading_and_are_said(scene: Scene) -> None:
    scene.add(1)
    scene.run("insert into doses values ('2', null, '208')")
    scene.live(lambda: scene.why() == "sql-null-cursor")
    assert scene.ids() == set()
    scene.run(f"update doses set changed = '{AT}' where changed is null")
    scene.live(scene.has(1, 2))


@pytest.mark.parametrize(
    ("kind", "first", "then"),
    [
        ("numeric(30,10)", "12345678901234567890.0000000001", "12345678901234567890.0000000002"),
        ("bigint", "9007199254740993", "9007199254740994"),
        ("date", "'2021-02-01'", "'2021-02-02'"),
        ("timestamp", "'2021-02-01 08:00:00.000001'", "'2021-02-01 08:00:00.000002'"),
        ("timestamptz", "'2021-03-14 01:59:59.999999-05'", "'2021-03-14 03:00:00-04'"),
        ("uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'"),
    ],
)
def test_cursors_of_every_type_survive_a_stop(
    kind: str, first: str, then: str, postgres: Postgres, tmp_path: Path
) -> None:
    scene = Scene(postgres, tmp_path, overlap_s=0.0)
    scene.run("drop table doses", f"create table doses (id text, changed {kind}, dose text)")
    scene.run(f"insert into doses values ('1', {first}, '208')")
    scene.live(scene.has(1))
    scene.run(f"insert into doses values ('2', {then}, '208')")
    scene.live(scene.has(2))
    assert scene.ids() == wanted(1, 2)


@pytest.mark.parametrize("k", [0, 3, 9])
def test_a_kill_at_record_k_and_another_life_give_the_same_ids(k: int, scene: Scene) -> None:
    scene.add(*range(12))
    scene.bus.crash_after = k
    with pytest.raises(FatalError):
        scene.live(lambda: False)
    scene.bus.crash_after = None
    scene.live(scene.has(*range(12)))
    assert scene.ids() == wanted(*range(12))


def test_connections_that_are_cut_again_and_again_cost_time_and_nothing_else(scene: Scene) -> None:
    scene.add(*range(100))
    over = threading.Event()

    def cut() -> None:
        for _ in range(30):  # not without end: a busy machine may need longer to connect than lies between two cuts
            if over.wait(0.1):
                return
            scene.server.kill_backends(scene.name)

    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        scene.live(scene.has(*range(100)))
    finally:
        over.set()
        cutting.join()
    assert scene.ids() == wanted(*range(100))


def test_a_server_that_restarts_is_waited_for(scene: Scene) -> None:
    scene.add(1)
    scene.live(scene.has(1))
    scene.server.stop()
    try:
        scene.live(lambda: scene.why() == "sql-away")
    finally:
        scene.server.start()
    scene.add(2)
    scene.live(scene.has(2))


def test_a_query_that_takes_too_long_is_ended_on_the_server(postgres: Postgres, tmp_path: Path) -> None:
    scene = Scene(postgres, tmp_path, query="select id, changed, dose, pg_sleep(60) from doses", timeout_s=0.3)
    scene.add(1)
    began = time.monotonic()
    scene.live(lambda: scene.why() == "sql-timeout")
    with scene.server.connect(scene.name) as connection:
        while connection.execute(
            "select from pg_stat_activity where query like '%%pg_sleep(60)%%' and state = 'active' "
            "and pid <> pg_backend_pid()"
        ).fetchone():
            time.sleep(0.01)
    assert time.monotonic() - began < 60, "it slept to its end"


@pytest.mark.parametrize(
    "query",
    [
        "with gone as (delete from doses returning id, changed, dose) select * from gone",
        "select id, changed, dose, wipe() from doses",
        "select id, changed, dose, set_config('transaction_read_only', 'off', false), wipe() from doses",
        "select id, changed, dose, nextval('counted') from doses",
    ],
)
def test_a_query_that_writes_is_refused_even_for_the_owner(query: str, postgres: Postgres, tmp_path: Path) -> None:
    scene = Scene(postgres, tmp_path, query=query)
    wipe = "create function wipe() returns int language sql as 'delete from doses; select 1'"
    scene.run("create sequence counted", wipe)
    scene.add(1)
    scene.live(lambda: scene.why() == "sql-refused")
    with scene.server.connect(scene.name) as connection:
        assert connection.execute("select count(*) from doses").fetchone() == (1,)


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        ({"password": "another"}, "sql-login-refused"),
        ({"user": "nobody-there"}, "sql-login-refused"),
        ({"database": "not_there"}, "sql-login-refused"),
    ],
)
def test_a_login_that_is_refused_is_said_in_words_and_holds_no_secret(
    login: dict[str, str], reason: str, scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"database": scene.name, **login}
    scene.around = around_of(scene.around.spool.parent, scene.positions, **{"database-url": scene.server.url(**told)})
    scene.live(lambda: scene.why() == reason)
    assert (scene.around.watch.ready() or "").endswith("look at the secret file")
    assert "made-up@" not in capsys.readouterr().out
    scene.live(lambda: scene.why() == reason)


def test_the_servers_certificate_is_verified_where_the_url_says_so(scene: Scene, tmp_path: Path) -> None:
    scene.add(1)
    secrets = {"database-url": scene.server.url(scene.name, sslmode="verify-full", sslrootcert=str(scene.server.ca))}
    scene.around = around_of(tmp_path, scene.positions, **secrets)
    scene.live(scene.has(1))
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    secrets = {"database-url": scene.server.url(scene.name, sslmode="verify-full", sslrootcert=str(stranger))}
    scene.around = around_of(tmp_path, MemoryPositions(), **secrets)
    scene.live(lambda: scene.why() == "sql-certificate")


def test_a_query_that_is_wrong_is_said_and_the_next_round_with_a_mended_table_goes_on(scene: Scene) -> None:
    scene.run("alter table doses rename column dose to cvx")
    scene.live(lambda: scene.why() == "sql-refused")
    scene.run("alter table doses rename column cvx to dose")
    scene.add(1)
    scene.live(scene.has(1))


def test_tables_of_one_system_are_streams_with_positions_of_their_own(postgres: Postgres, tmp_path: Path) -> None:
    def stream(name: str, overlap_s: float) -> dict[str, Any]:
        query = f"select id, changed, dose from {name}"
        return {"name": name, "query": query, "cursor": "changed", "key": "id", "overlap_s": overlap_s}

    told: dict[str, Any] = {**FAST, "batch": 4, "streams": (stream("doses", 300.0), stream("refusals", 0.0))}
    scene = Scene(postgres, tmp_path)
    scene.run("create table refusals (like doses)")
    scene.run(f"insert into refusals values ('r1', '{AT}', '208')")
    scene.options = SqlPollOptions.model_validate(told)
    scene.add(*range(6))
    scene.live(lambda: scene.ids() >= wanted("r1", *range(6)) and set(scene.positions.now) == {"doses", "refusals"})
    scene.run("drop table refusals")
    scene.add(7)
    scene.live(lambda: scene.ids() >= wanted(7) and scene.why() == "refusals sql-refused")


def test_values_that_csv_has_no_word_for_are_written_as_json_and_plain_numbers(scene: Scene) -> None:
    more = "'{\"a\": [1]}'::jsonb as j, array[1,2] as a, 1e20::numeric as n, null as e"
    query = f"select id, changed, dose, {more} from doses"
    scene.options = SqlPollOptions.model_validate({**FAST, **QUERY, "query": query})
    scene.add(1)
    scene.live(scene.has(1))
    [raw] = set(values(scene.bus.log, "original"))
    assert raw is not None
    for wanted_text in ("'{\"a\": [1]}'", "'[1, 2]'", "'100000000000000000000'", "'e': ''"):
        assert wanted_text in raw.decode()
