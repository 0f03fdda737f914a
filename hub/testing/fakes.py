"""Fakes that fail on purpose: a broker that refuses, loses its reports or dies, and a door that remembers every answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

from hub.connectors.door import Receipt, Unit
from hub.connectors.packing import Outgoing
from hub.errors import FatalError, RetryError

__all__ = ["Confirmed", "FakeBus", "FakeDelivery", "FakeDoor"]


class Confirmed:
    """What `FakeBus.send` gives: waits for the bus to let go, then says how it went."""

    def __init__(self, bus: FakeBus, failure: Exception | None) -> None:
        self._bus, self._failure = bus, failure

    async def delivered(self) -> None:
        await self._bus.flowing.wait()
        if self._failure is not None:
            raise self._failure


class FakeBus:
    """A broker in memory; `log` is what it holds.

    `fail_prob`: share of sends that fail with nothing written. `lose_ack`: share of sends whose records are written but
    whose report is lost. `crash_after`: records after which the process dies (FatalError) in the middle of a send.
    `away`: no broker at all. Clearing `flowing` holds every report back.
    """

    def __init__(
        self,
        *,
        fail_prob: float = 0.0,
        lose_ack: float = 0.0,
        crash_after: int | None = None,
        away: bool = False,
        seed: int = 0,
    ) -> None:
        self.log: list[Outgoing] = []
        self.fail_prob, self.lose_ack, self.crash_after, self.away = fail_prob, lose_ack, crash_after, away
        self.asked = asyncio.Event()  # somebody asked whether the broker is back
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._random = random.Random(seed)

    async def send(self, outgoing: Sequence[Outgoing]) -> Confirmed:
        if self.away or self._random.random() < self.fail_prob:
            return Confirmed(self, RetryError("not-delivered"))
        for record in outgoing:
            if self.crash_after is not None and len(self.log) >= self.crash_after:
                raise FatalError("killed")
            self.log.append(record)
        lost = self._random.random() < self.lose_ack
        return Confirmed(self, RetryError("report-lost") if lost else None)

    async def reachable(self) -> bool:
        self.asked.set()
        return not self.away


class FakeDelivery:
    """A unit whose answers are kept: `answers` holds a Receipt for an ack, the reason for a refusal."""

    def __init__(self, unit: Unit, lane: str, fault: str | None = None) -> None:
        self.unit, self.lane, self.fault = unit, lane, fault
        self.answers: list[Receipt | str] = []
        self.answered = asyncio.Event()

    async def ack(self, receipt: Receipt) -> None:
        self.answers.append(receipt)
        self.answered.set()

    async def refuse(self, why: str) -> None:
        self.answers.append(why)
        self.answered.set()


class FakeDoor:
    """Delivers what it is given and ends; with `resend`, a refused unit is delivered again until it is acked, as senders do."""

    def __init__(self, units: Sequence[Unit | FakeDelivery], *, lanes: int = 1, resend: bool = False) -> None:
        self.deliveries = [
            unit if isinstance(unit, FakeDelivery) else FakeDelivery(unit, f"lane-{n % lanes}")
            for n, unit in enumerate(units)
        ]
        self._resend = resend
        self.pulled = 0

    async def open(self) -> None:
        """Nothing to open."""

    async def __aiter__(self) -> AsyncIterator[FakeDelivery]:
        waiting = list(self.deliveries)
        while waiting:
            for delivery in waiting:
                self.pulled += 1
                yield delivery
            if not self._resend:
                return
            for delivery in waiting:
                await delivery.answered.wait()
            waiting = [self._again(delivery) for delivery in waiting if isinstance(delivery.answers[-1], str)]

    async def stop_reading(self) -> None:
        """It ends by itself."""

    async def close(self) -> None:
        """Nothing to close."""

    def _again(self, refused: FakeDelivery) -> FakeDelivery:
        refused.answered.clear()
        return refused
