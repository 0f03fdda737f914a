"""The standard checks that run a connector under the real intake loop, on a bus that refuses, forgets or dies on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hub.connectors.catalog import Connector
from hub.connectors.door import Problem, Receipt, Unit
from hub.connectors.intake import Intake
from hub.connectors.originals import ToKeep
from hub.connectors.packing import Outgoing, Packer
from hub.connectors.watch import Watch
from hub.domain.agreement import IntakeAgreement
from hub.domain.events import Event
from hub.errors import FatalError
from hub.testing.fakes import FakeBus, FakeDoor
from hub.wiring_reading import OFFLINE_IDS, Reader, units

__all__ = ["LOOP_CHECKS"]

EVENT = "event"


class IdsOnly:
    """A pack whose records are ids and reason codes: nothing of a sample is kept."""

    def begin(self, source_persons: Sequence[str]) -> None:
        """No keys are needed."""

    def event(self, event: Event, _issues: Sequence[str] = ()) -> Outgoing:
        """The id of the event."""
        return EVENT, (event.source_person or "").encode(), event.event_id.encode(), None, None

    def originals(self, rows: Sequence[ToKeep]) -> list[Outgoing]:
        """That originals were kept."""
        return [("original", b"", row.event.event_id.encode(), None, None) for row in rows]

    def dead_letter(
        self,
        problem: Problem,
        _raw: bytes | None,
        _unit: Unit,
        *,
        head: bytes = b"",  # noqa: ARG002
        file: str = "",  # noqa: ARG002
    ) -> Outgoing:
        """The reason of a dead letter."""
        return "dead", problem.reason.encode(), None, None, None


class Unheard(Watch):
    """Keeps the state, says nothing: what goes wrong here goes wrong on purpose."""

    def enter(self, state: str, why: str = "", error: BaseException | None = None) -> None:
        """Without a line or a metric."""
        del error
        self.state, self.why = state, why

    def settled(self, token: str, receipt: Receipt) -> None:
        """Nothing."""

    def refused(self, token: str, why: str) -> None:
        """Nothing."""


def _take(connector: Connector, agreement: IntakeAgreement, door: FakeDoor, bus: FakeBus) -> None:
    packer = Packer(Reader(connector, agreement, OFFLINE_IDS), agreement, IdsOnly())
    intake = Intake(door, packer, bus, Unheard(connector.name), first_pause_s=0.0)
    asyncio.run(intake.run())


def _events(bus: FakeBus) -> set[bytes | None]:
    return {value for topic, _key, value, _partition, _headers in bus.log if topic == EVENT}


def _whole(connector: Connector, agreement: IntakeAgreement, found: list[Unit]) -> set[bytes | None]:
    bus = FakeBus()
    _take(connector, agreement, FakeDoor(found), bus)
    return _events(bus)


def killed_and_read_again(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """A process that dies at record k acked no unit that was not whole on the bus, and reads again to the same ids."""
    found = list(units(connector, sample))
    whole = _whole(connector, agreement, found)
    for k in sorted({0, 1, len(whole) // 2, max(len(whole) - 1, 0)}):
        bus, door = FakeBus(crash_after=k), FakeDoor(found)
        try:
            _take(connector, agreement, door, bus)
        except FatalError:
            acked = [each.unit for each in door.deliveries if any(isinstance(told, Receipt) for told in each.answers)]
            if acked and not _whole(connector, agreement, acked) <= _events(bus):
                return f"killed at record {k}, it had acked what was not safe"
            bus.crash_after = None
            _take(connector, agreement, FakeDoor(found), bus)
            if _events(bus) != whole:
                return f"killed at record {k}, it ends with other ids"
        else:
            return f"killed at record {k}, it went on"
    return None


def refused_and_sent_again(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """A broker that refuses and loses its reports gets everything in the end; a refused unit was never acked."""
    found = list(units(connector, sample))
    bus = FakeBus(fail_prob=0.3, lose_ack=0.3, seed=4)
    door = FakeDoor(found, resend=True)
    _take(connector, agreement, door, bus)
    for delivery in door.deliveries:
        *before, last = delivery.answers
        if not isinstance(last, Receipt) or any(isinstance(answer, Receipt) for answer in before):
            return "a unit was not acked exactly once"
    return None if _events(bus) == _whole(connector, agreement, found) else "it ends with other ids"


def held_while_the_broker_is_away(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """No broker: the connector says that it is paused and acks nothing; once the broker is back, everything comes."""
    found = list(units(connector, sample))
    bus = FakeBus(away=True)
    seen: list[str] = []

    async def run() -> FakeDoor:
        door, watch = FakeDoor(found, resend=True), Unheard(connector.name)
        packer = Packer(Reader(connector, agreement, OFFLINE_IDS), agreement, IdsOnly())
        working = asyncio.create_task(Intake(door, packer, bus, watch, first_pause_s=0.0).run())
        await asyncio.wait([working, asyncio.create_task(bus.asked.wait())], return_when=asyncio.FIRST_COMPLETED)
        seen.append(watch.state)
        seen.extend("acked" for each in door.deliveries if any(isinstance(told, Receipt) for told in each.answers))
        bus.away = False
        await working
        return door

    asyncio.run(run())
    if "acked" in seen:
        return "a unit was acked although nothing was safe"
    if seen != ["paused"]:
        return "it does not say that it is paused"
    return None if _events(bus) == _whole(connector, agreement, found) else "it ends with other ids"


LOOP_CHECKS: Mapping[str, Callable[[Connector, IntakeAgreement, Path], str | None]] = {
    "killed at any record and read again, it gives the same ids": killed_and_read_again,
    "a broker that refuses gets everything in the end, acked once": refused_and_sent_again,
    "while the broker is away it is paused and acks nothing": held_while_the_broker_is_away,
}
"""Every check by what it promises."""
