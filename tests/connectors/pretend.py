"""A pretend source and codec: one record a line, so that the loop can be tested without any format.

person:dose   a vaccination       bad:reason   rejected       stop:reason   rejected, and may not be kept
junk:reason   cannot be parsed
skip:reason   ignored             boom         the mapping raises, and survives it     crash   the whole reading raises
unpackable    an event that cannot be encoded                other:x       an event kind that was not agreed
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from hub.connectors.door import Door, Problem, Receipt, Unit
from hub.connectors.intake import Intake, Publisher
from hub.connectors.originals import ToKeep
from hub.connectors.packing import Outgoing, Packer
from hub.connectors.watch import Watch
from hub.domain.events import Event, Exposure, Vaccination
from hub.errors import Reject


@dataclass
class Record:
    outcome: Literal["event", "rejected", "ignored"]
    event: Event | None = None
    reason: str | None = None
    where: Mapping[str, str | int] = field(default_factory=dict)
    raw: bytes = b""
    head: bytes = b""
    hard_stop: bool = False
    stage: str = "map"


def read(unit: Unit) -> Iterator[Record]:
    """The pretend Program."""
    content = unit.content.read_bytes() if isinstance(unit.content, Path) else unit.content
    assert isinstance(content, bytes)
    if not content:
        yield Record("rejected", reason="empty", raw=b"", stage="parse")
    for row, line in enumerate(content.splitlines(), start=1):
        word, _, rest = line.decode().partition(":")
        where = {"row": row}
        if word == "junk":
            yield Record("rejected", reason=rest, where=where, raw=line, stage="parse")
        elif word == "bad":
            yield Record("rejected", reason=rest or "wrong", where=where, raw=line)
        elif word == "stop":
            yield Record("rejected", reason=rest, where=where, raw=line, hard_stop=True)
        elif word == "skip":
            yield Record("ignored", reason=rest, where=where, raw=line)
        elif word == "boom":
            yield Record("rejected", reason="mapping-error", where=where, raw=line)
        elif word == "crash":
            raise ZeroDivisionError("a bug that holds a value: " + rest)
        else:
            yield Record("event", event=event(word, rest), where=where, raw=line)


def event(person: str, dose: str) -> Event:
    core: dict[str, Any] = {
        "event_id": f"event-{person}-{dose}", "source": "pretend", "source_person": person,
        "fact_key": f"fact-{person}-{dose}", "changed_at": datetime(2021, 2, 1, tzinfo=UTC), "status_rank": 0,
        "content_hash": "", "mapping_version": 1, "occurred_on": None, "active": True, "agreement_id": "", "labels": (),
        "purposes": (),
    }  # fmt: skip
    if person == "other":
        return Exposure(**core, last_exposure_on=None)
    return Vaccination(**core, status="administered", cvx=dose, covid=True)


class Agreed:
    keep_originals = True

    def grant(self, event: Event) -> Event:
        if isinstance(event, Exposure):
            raise Reject("kind-not-agreed", stage="agreement")
        return event


class PretendPack:
    """Topics `event`, `original`, `dead`; values in the clear."""

    def __init__(self) -> None:
        self.prepared: list[Sequence[str]] = []

    def begin(self, source_persons: Sequence[str]) -> Future[None] | None:
        self.prepared.append(source_persons)
        return None

    def event(self, event: Event, issues: Sequence[str] = ()) -> Outgoing:
        if event.source_person == "unpackable":
            raise ZeroDivisionError("another bug")
        return ("event", (event.source_person or "").encode(), event.event_id.encode(), None, None)

    def originals(self, rows: Sequence[ToKeep]) -> list[Outgoing]:
        return [("original", b"pretend", row.raw, None, None) for row in rows]

    def dead_letter(
        self, problem: Problem, raw: bytes | None, unit: Unit, *, head: bytes = b"", file: str = ""
    ) -> Outgoing:
        if raw is not None and len(raw) > 1_000:
            raise Reject("record-too-large", stage="publish")
        return ("dead", problem.reason.encode(), raw, None, None)


def unit(*lines: str, name: str = "unit") -> Unit:
    return Unit(name, "\n".join(lines).encode())


def intake(door: Door, bus: Publisher, **settings: Any) -> Intake:
    return Intake(
        door, Packer(read, Agreed(), PretendPack()), bus, Watch("pretend"), **{"first_pause_s": 0.0, **settings}
    )


def values(log: Sequence[Outgoing], topic: str) -> list[bytes | None]:
    return [value for at, _key, value, _partition, _headers in log if at == topic]


def receipt_of(answer: Receipt | str) -> Receipt:
    assert isinstance(answer, Receipt), answer
    return answer


def run(*works: Any) -> None:
    """Run coroutines side by side, as one process does."""

    async def all_of_them() -> None:
        await asyncio.gather(*works)

    asyncio.run(all_of_them())
