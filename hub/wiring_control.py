"""What operators want of connectors, over hub.connector.control.v1: written by the command line, followed by the role."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hub.account import account
from hub.bus.consumer import Incoming, WorkerConsumer, latest_by_key
from hub.bus.control import CONTROL_TOPIC, REWOUND_STREAM, Control, Rewind
from hub.connectors.positions import PositionUnreadable
from hub.connectors.rewinding import bring_back
from hub.errors import ConfigError, Reject, RetryError
from hub.ops.logs import logger
from hub.wiring_workshop import Workshop

__all__ = ["ControlLog", "carry_out", "is_due", "no_longer_due"]

_AGAIN_S = 5.0
log = logger(__name__)


class ControlLog:
    """The topic, as one process writes and reads it."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop, self._bootstrap = workshop, workshop.settings.require_bootstrap()

    def latest(self) -> dict[str, Control]:
        """The newest wish for each connector (blocking). ConfigError when the topic is not there, RetryError as ever."""
        return self._heard(latest_by_key(self._bootstrap, CONTROL_TOPIC).values())

    async def ask(
        self, connector: str, *, paused: bool | None = None, rewind: Mapping[str, Any] | None = None
    ) -> Control:
        """Write a wish; what it does not speak of stays as it was, also an earlier rewind that nobody carried out yet: only the
        newest record counts. Returns once the brokers have it."""
        before = (await asyncio.to_thread(self.latest)).get(connector)
        if rewind is not None and before is not None:
            rewind = _together(await self._waiting(before), rewind)
        request = uuid4().hex[:12]
        newest = before.rewind if before is not None else None
        control = Control(
            connector=connector,
            request=request,
            asked_at=datetime.now(UTC),
            asked_by=account(),
            paused=paused if paused is not None else before is not None and before.paused,
            rewind=newest if rewind is None else Rewind(request=request, target=self._seal(connector, rewind)),
        )
        value = self._workshop.codec.encode(CONTROL_TOPIC, control)
        confirmation = await self._workshop.publisher.send([(CONTROL_TOPIC, connector.encode(), value, None, None)])
        await confirmation.delivered()
        return control

    async def _waiting(self, control: Control) -> Mapping[str, Any]:
        """Where it still is to be rewound to; {} for nowhere."""
        await self._workshop.positions.refresh()
        if not await is_due(self._workshop, control):
            return {}
        try:
            return self.target(control)
        except Reject:  # sealed under another key: nobody can carry it out any more
            return {}

    def target(self, control: Control) -> dict[str, Any]:
        """Where a wish goes back to; Reject when it cannot be opened (another key, another hub)."""
        assert control.rewind is not None
        found = json.loads(self._workshop.vault.open(control.rewind.target, CONTROL_TOPIC, control.connector))
        assert isinstance(found, dict)
        return found

    def follow(self, tell: Callable[[Control], None], stop: threading.Event) -> None:
        """Tell every wish from the first on, until `stop` (blocking, for a thread of its own)."""
        told = False
        while not stop.is_set():
            try:
                self._follow(tell, stop)
            except (RetryError, ConfigError) as why:
                if not told:
                    log.warning("wishes of operators are not heard", exc_info=why)
                told = True
                stop.wait(_AGAIN_S)

    def _follow(self, tell: Callable[[Control], None], stop: threading.Event) -> None:
        consumer = WorkerConsumer(self._bootstrap, f"hub-control-{uuid4()}", [CONTROL_TOPIC])  # commits nothing
        try:
            while not stop.is_set():
                for control in self._heard(consumer.poll_batch()).values():
                    tell(control)
        finally:
            consumer.close()

    def _heard(self, records: Iterable[Incoming]) -> dict[str, Control]:
        """The newest of each connector; foreign bytes on the topic are left out."""
        found: dict[str, Control] = {}
        for record in records:
            try:
                control = self._workshop.codec.decode(record.value)
            except Reject:
                continue
            if isinstance(control, Control):
                found[control.connector] = control
        return found

    def _seal(self, connector: str, target: Mapping[str, Any]) -> Any:
        key_id = f"position-{connector}"
        self._workshop.vault.ensure_keys([key_id])
        return self._workshop.vault.seal(json.dumps(dict(target)).encode(), key_id, CONTROL_TOPIC, connector)


def _together(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """One target for two: of one stream the later counts; files come back since the earlier of both times."""
    found = {**earlier, **later}
    if "streams" in earlier and "streams" in later:
        found["streams"] = {**earlier["streams"], **later["streams"]}
    if "files_since" in earlier and "files_since" in later:
        since = [each["files_since"] for each in (earlier, later)]
        found["files_since"] = None if None in since else min(since, key=datetime.fromisoformat)
    return found


async def is_due(workshop: Workshop, control: Control) -> bool:
    """Whether this wish holds a rewind that was not carried out yet."""
    if control.rewind is None:
        return False
    try:
        done = await workshop.positions.load(control.connector, REWOUND_STREAM)
    except PositionUnreadable:  # noted under another key: by another hub, so not by this one
        return True
    return done is None or done.get("request") != control.rewind.request


async def carry_out(workshop: Workshop, control: Control, target: Mapping[str, Any]) -> str:
    """Move the positions, or the files, of a connector that rests; what was done, in words.

    Noted last: after a crash half-way it is done again, which reads the same records once more, under the same ids.
    """
    assert control.rewind is not None
    name, positions = control.connector, workshop.positions
    for stream, position in target.get("streams", {}).items():
        if position is None:
            await positions.forget(name, stream)
        else:
            await positions.save(name, stream, position)
    words = "reads again from there"
    if "files_since" in target:
        since = target["files_since"]
        count = await asyncio.to_thread(
            bring_back, workshop.settings.instance / "inbox" / name, datetime.fromisoformat(since) if since else None
        )
        words = f"{count} unit{'s' * (count != 1)} put back into the inbox"
    await no_longer_due(workshop, control)
    return words


async def no_longer_due(workshop: Workshop, control: Control) -> None:
    """Note that a rewind was carried out, or refused for good: no later start, pause or resume comes back to it."""
    assert control.rewind is not None
    await workshop.positions.save(control.connector, REWOUND_STREAM, {"request": control.rewind.request})
