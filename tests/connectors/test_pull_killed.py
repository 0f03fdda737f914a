"""A connector that polls PostgreSQL in a process of its own, killed with -9 again and again: every row in the end, no new ids."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.connectors import doors
from hub.connectors.intake import Intake
from hub.connectors.packing import Outgoing, Packer
from hub.connectors.sql_poll import SqlPollOptions
from hub.connectors.watch import Watch
from tests.connectors.pretend import Agreed, PretendPack
from tests.connectors.pulling import MemoryPositions, around_of
from tests.connectors.test_sql_poll_postgres import AT, FAST, QUERY, read_rows
from tests.fixtures_postgres import Postgres

ROWS = 120


class _Confirmed:
    async def delivered(self) -> None:
        """What is in the page cache outlives a kill."""


class LogFile:
    """A broker that is a file: a line for each record, there before it is confirmed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, outgoing: Sequence[Outgoing]) -> _Confirmed:
        with self._path.open("a") as file:
            for topic, _, value, *_ in outgoing:
                file.write(f"{topic} {(value or b'').decode()}\n")
                file.flush()
                await asyncio.sleep(0)
        return _Confirmed()

    async def reachable(self) -> bool:
        return True


class PositionFile(MemoryPositions):
    """Positions in a file that is replaced whole."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.now = json.loads(path.read_text()) if path.exists() else {}

    async def save(self, stream: str, position: Mapping[str, Any]) -> None:
        await super().save(stream, position)
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self.now))
        part.replace(self._path)


def life(folder: Path, url: str) -> int:
    """Starts the connector in a process of its own; its pid."""
    child = os.fork()
    if child:
        return child
    try:
        options = SqlPollOptions.model_validate({**FAST, **QUERY, "overlap_s": 0.0})
        around = around_of(folder, PositionFile(folder / "positions"), **{"database-url": url})
        packer = Packer(read_rows, Agreed(), PretendPack())

        async def work() -> None:
            door = doors.build(options, around)
            await door.open()
            await Intake(door, packer, LogFile(folder / "log"), Watch("killed")).run()

        asyncio.run(work())
    finally:
        os._exit(70)


def events(folder: Path) -> list[str]:
    lines = (folder / "log").read_text().splitlines() if (folder / "log").exists() else []
    return [line.partition(" ")[2] for line in lines if line.startswith("event event-")]


def test_killed_with_9_again_and_again_it_goes_on_from_its_position_with_the_same_ids(
    postgres: Postgres, tmp_path: Path
) -> None:
    name = postgres.database()
    postgres.execute(
        name,
        "create table doses (id text primary key, changed timestamptz, dose text)",
        f"insert into doses select n, '{AT}'::timestamptz + (n / 7) * interval '1 s', '208' from generate_series(1, {ROWS}) n",
    )
    wanted = {f"event-p{n}-208" for n in range(1, ROWS + 1)}
    until = time.monotonic() + 240
    lives = 0
    for kill_at in (1, 10, 40, 41, 90, ROWS):
        child = life(tmp_path, postgres.url(name))
        lives += 1
        try:
            while len(set(events(tmp_path))) < kill_at:
                assert time.monotonic() < until
                time.sleep(0.001)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert set(events(tmp_path)) == wanted
    assert len(events(tmp_path)) < ROWS * lives, "it went on from its position"
