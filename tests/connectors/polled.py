"""A shipped connector that polls, against a server of ours over a socket: its own door, map and agreement; hosts, waits differ."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from hub.connectors import doors
from hub.connectors.door import Unit
from hub.connectors.http_poll import HttpPollOptions
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.watch import Watch
from hub.domain.events import Event
from hub.privacy.agreements import example_agreement
from hub.wiring_reading import OFFLINE_IDS, Reader, catalogue
from tests.connectors.pretend import PretendPack, values
from tests.connectors.pulling import MemoryPositions, around_of, when
from tests.fakes import FakeBus

__all__ = ["Polled", "Server", "play"]

_FAST = {"poll_s": 600.0, "first_pause_s": 0.001, "last_pause_s": 0.002, "refused_pause_s": 0.003}


class Server(Protocol):
    """A server of tests.connectors.tracing_servers."""

    def running(self) -> AbstractAsyncContextManager[object]:
        """While the block runs, it answers."""
        ...


def play(server: Server, story: Callable[[], Awaitable[object]]) -> None:
    """Run a story while its server answers."""

    async def run() -> None:
        async with server.running():
            await story()

    asyncio.run(run())


class _Pack(PretendPack):
    """Keeps the events that leave, by id, and tells the bus of them by their ids."""

    def __init__(self, kept: dict[str, Event]) -> None:
        super().__init__()
        self._kept = kept

    def event(self, event: Event, issues: Sequence[str] = ()) -> Any:
        self._kept[event.event_id] = event
        return super().event(event, issues)


class Polled:
    """`live` is one life of the connector; bus, positions and spool outlive it."""

    def __init__(self, name: str, folder: Path, url: str, elsewhere: str, secrets: dict[str, str], **door: Any) -> None:
        connector = catalogue()[name]
        assert isinstance(connector.door, HttpPollOptions)
        section = json.loads(connector.door.model_dump_json(exclude_defaults=True).replace(elsewhere, url))
        self.options = HttpPollOptions.model_validate_json(
            json.dumps({**section, "kind": "http-poll", **_FAST, **door})
        )
        self.agreement = example_agreement(name)
        self.read = Reader(connector, self.agreement, OFFLINE_IDS)
        self.bus, self.positions = FakeBus(), MemoryPositions()
        self.around = around_of(folder, self.positions, **secrets)
        self.kept: dict[str, Event] = {}
        self.heard: list[str] = []
        enter = self.around.watch.enter

        def noted(state: str, why: str = "", error: BaseException | None = None) -> None:
            self.heard.append(why)
            enter(state, why, error)

        self.around.watch.enter = noted  # type: ignore[method-assign]

    async def live(self, until: Callable[[], bool]) -> None:
        """Until a condition holds, then a drain; or until something ends it (FatalError: a kill)."""
        door = doors.build(self.options, self.around)
        await door.open()
        packer, done = Packer(self.read, self.agreement, _Pack(self.kept)), asyncio.Event()
        loop = asyncio.create_task(Intake(door, packer, self.bus, Watch("polled"), first_pause_s=0.0).run())
        watching = asyncio.create_task(when(until, done))
        stopping = asyncio.create_task(done.wait())
        try:
            async with asyncio.timeout(240):
                await asyncio.wait({loop, stopping}, return_when=asyncio.FIRST_COMPLETED)
                await door.stop_reading()
                await loop
        finally:
            for each in (watching, stopping, loop):
                each.cancel()
            await door.close()

    def rounds_over(self) -> bool:
        """Whether every stream stands between two rounds."""
        streams = {stream.name for stream in self.options.asked}
        now = self.positions.now
        return set(now) == streams and all("next" not in each and "status" not in each for each in now.values())

    def ids(self) -> set[str]:
        return {each.decode() for each in values(self.bus.log, "event") if each is not None}

    def ids_of(self, documents: Iterable[Any]) -> set[str]:
        """Ids of the events in documents that are read alone."""
        units = (Unit("alone", json.dumps(each).encode()) for each in documents)
        return {mapped.event.event_id for unit in units for mapped in self.read(unit) if mapped.event is not None}

    def standing(self) -> dict[tuple[str, str], Event]:
        """The latest version of each fact on the bus, by kind and fact key."""
        events = [self.kept[each] for each in self.ids()]
        events.sort(key=lambda event: (event.changed_at, event.status_rank, event.content_hash))
        return {(event.kind, event.fact_key): event for event in events}
