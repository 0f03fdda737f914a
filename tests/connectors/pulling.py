"""For the doors that fetch: positions in memory that fail on purpose, and one life of a connector under the intake loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.connectors.door import Door, Unit
from hub.connectors.doors import Around
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.watch import Watch
from hub.errors import ConfigError, RetryError
from tests.connectors.pretend import Agreed, PretendPack, Record, event, read
from tests.fakes import FakeBus


@dataclass
class MemoryPositions:
    """`fail_next`: that many saves are refused. `saved` holds every position, in order, as JSON would bring it back."""

    now: dict[str, dict[str, Any]] = field(default_factory=dict)
    saved: list[dict[str, Any]] = field(default_factory=list)
    fail_next: int = 0
    rounds: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self, stream: str) -> Mapping[str, Any] | None:
        self.rounds += 1
        return self.now.get(stream)

    async def save(self, stream: str, position: Mapping[str, Any]) -> None:
        if self.fail_next:
            self.fail_next -= 1
            raise RetryError("not-delivered")
        self.now[stream] = json.loads(json.dumps(dict(position)))
        self.saved.append(self.now[stream])
        self.moved.set()


def around_of(folder: Path, positions: MemoryPositions | None = None, **secrets: str) -> Around:
    """What an installation hands to a door, in a temporary folder."""

    def secret(name: str) -> str:
        if name not in secrets:
            raise ConfigError(f"there is no secret {name}")
        return secrets[name]

    return Around(
        connector="pretend", watch=Watch("pretend"), host="127.0.0.1", port=0, inbox=folder / "inbox",
        answer=lambda message, receipt: b"", positions=positions or MemoryPositions(), spool=folder / "spool", secret=secret,
    )  # fmt: skip


def read_json(unit: Unit) -> Iterator[Record]:
    """A program of JSON: a list, the list `items` or `entry` of an object, or one object a line; each with an `id`."""
    content = unit.content.read_bytes() if isinstance(unit.content, Path) else unit.content
    assert isinstance(content, bytes)
    try:
        document = json.loads(content)
        found = document if isinstance(document, list) else document.get("items") or document.get("entry") or [document]
    except ValueError:
        found = [json.loads(line) for line in content.splitlines() if line.strip()]
    for row, each in enumerate(found, start=1):
        yield Record("event", event=event(f"p{each['id']}", "208"), where={"row": row}, raw=json.dumps(each).encode())


async def live_until(door: Door, bus: FakeBus, done: asyncio.Event | None = None, read: Any = read) -> None:
    """One life of a connector: until `done` is set (then a drain), or until something ends it (FatalError: a kill)."""
    await door.open()
    packer = Packer(read, Agreed(), PretendPack())
    loop = asyncio.create_task(Intake(door, packer, bus, Watch("pretend"), first_pause_s=0.0).run())
    stopping = asyncio.create_task((done or asyncio.Event()).wait())
    try:
        await asyncio.wait({loop, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await door.stop_reading()
        await loop
    finally:
        stopping.cancel()
        loop.cancel()
        await door.close()


async def when(condition: Any, done: asyncio.Event) -> None:
    """Sets `done` once `condition()` holds; the event loop goes on meanwhile."""
    while not condition():
        await asyncio.sleep(0.002)
    done.set()
