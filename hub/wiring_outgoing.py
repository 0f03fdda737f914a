"""What intake is handed to publish with: sealing and encoding of one connector's records, and the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import lru_cache
from uuid import uuid4

from hub.bus import dead_letter
from hub.bus.cloud_events import behind_id, cloud_events_headers, with_id
from hub.bus.codec import Codec
from hub.bus.producer import Batch, DurableProducer
from hub.bus.topics import intake_topic
from hub.connectors.door import Problem, Unit, unit_token
from hub.connectors.originals import ToKeep
from hub.connectors.packing import Outgoing
from hub.domain.events import Event, PersonBlock, Sealed, Service, Site, VaccineSupply
from hub.domain.ids import content_hash
from hub.errors import RetryError
from hub.mapping.program import MAPPING_VERSION
from hub.privacy.vault import Vault

__all__ = ["BusPublisher", "SealedPack"]


_BY_SITE = (Site, VaccineSupply, Service)
"""Events of a place, in the order of its own."""
_TOGETHER, _TOGETHER_BYTES = 500, 500_000
"""Originals in one record: with their keys and hashes they take a third more, and a record may have 4 MB."""


class SealedPack:
    """Seals and encodes for one connector. Originals of a person are sealed under that person's key: erasing it erases them.
    `mapping_version`: what refused its dead letters; events bring their own."""

    def __init__(
        self,
        connector: str,
        codec: Codec,
        vault: Vault,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        mapping_version: int = MAPPING_VERSION,
    ) -> None:
        self._connector, self._codec, self._vault, self._now = connector, codec, vault, now
        self._mapping_version = mapping_version
        self._taken_at = now()
        self._alike: dict[str, tuple[tuple[str, bytes], ...]] = {}  # by topic, of this time
        self._key = connector.encode()

    def prepare(self, source_persons: Sequence[str]) -> None:
        """Their data keys, durable, in one transaction; and the time at which what follows was taken in."""
        if (keys := self.begin(source_persons)) is not None:
            keys.result()

    def begin(self, source_persons: Sequence[str]) -> Future[None] | None:
        """`prepare` that does not wait for the disk (hub.privacy.vault.Vault.begin_keys)."""
        self._taken_at, self._alike = self._now(), {}
        return self._vault.begin_keys(source_persons)

    def event(self, event: Event, issues: Sequence[str] = ()) -> Outgoing:
        """On hub.intake.<kind>.v1, the person block sealed. `issues`: codes beside those that the event holds."""
        topic = _topic_of(type(event))
        key = event.site if isinstance(event, _BY_SITE) else event.source_person or event.fact_key
        block, person = event.person, event.source_person
        if block is None:
            value = self._codec.encode(topic, event)
        elif isinstance(block, PersonBlock) and person is not None:  # written without a copy of the event
            value = self._codec.encode(topic, event, self._vault.seal_block(event, block, person))
        else:
            value = self._codec.encode(topic, self._vault.seal_person(event))
        return topic, key.encode(), value, None, self._headers(topic, event.event_id, issues)

    def original(
        self, event: Event, raw: bytes, unit: Unit, where: str, *, head: bytes = b"", file: str = ""
    ) -> Outgoing:
        """On hub.intake.raw.v1: what a remap or a mended parser reads again."""
        return self._together([ToKeep(unit, event, raw, where, head, file)])

    def originals(self, rows: Iterable[ToKeep]) -> list[Outgoing]:
        """The same of many records, in as few as will do: one each took a fifth of the work of a bed night, and of a message."""
        made, waiting, size = list[Outgoing](), list[ToKeep](), 0
        for row in rows:
            if size >= _TOGETHER_BYTES or len(waiting) >= _TOGETHER:
                made.append(self._together(waiting))
                waiting, size = [], 0
            waiting.append(row)
            size += len(row.raw) + len(row.head)
        return [*made, self._together(waiting)] if waiting else made

    def _together(self, rows: Sequence[ToKeep]) -> Outgoing:
        first = rows[0].unit
        kept = [
            dead_letter.further(
                sealed, event_id=event.event_id, raw=raw, where=where, file=None if unit is first else unit.token
            )
            for sealed, (unit, event, raw, where, _, _) in zip(self._sealed(rows), rows, strict=True)
        ]
        letter = dead_letter.together(self._connector, first.token, self._taken_at, kept)
        topic = dead_letter.RAW_TOPIC
        return topic, self._key, self._codec.encode(topic, letter), None, self._headers(topic, letter.event_id)

    def _sealed(self, rows: Sequence[ToKeep]) -> list[Sealed]:
        """Each under the key of its person, if it is of one: erasing it erases this."""
        place = dead_letter.RAW_TOPIC, dead_letter.ORIGINAL_FIELD
        clear = [dead_letter.under_head(row.raw, row.head, row.file) if row.head else row.raw for row in rows]
        people = [row.event.source_person for row in rows]
        known = [person for person in people if person is not None]
        if len(known) == len(people):  # as nearly all
            return self._vault.seal_each(clear, known, *place)
        seal, seal_alone = self._vault.seal, self._vault.seal_bytes
        return [
            seal_alone(data, *place) if person is None else seal(data, person, *place)
            for data, person in zip(clear, people, strict=True)
        ]

    def dead_letter(
        self, problem: Problem, raw: bytes | None, unit: Unit, *, head: bytes = b"", file: str = ""
    ) -> Outgoing:
        """On hub.intake.rejected.v1; without body when `raw` is None. File names of senders stay out: their tokens go, of the
        unit and, of a file within it, `unit/file`. The same record at the same place of a unit of the same name is one letter."""
        letter = dead_letter.rejected(
            dead_letter.headed(self._vault.seal_bytes, head, file),
            connector=self._connector, stage=problem.stage, reason=problem.reason,
            file=_place(unit, problem.file), where=problem.where, raw=raw,
            received_at=self._taken_at, mapping_version=self._mapping_version,
        )  # fmt: skip
        topic = dead_letter.REJECTED_TOPIC
        told = (self._connector, letter.stage, letter.reason, letter.file, letter.where, letter.content_hash or "")
        identity = uuid4().hex if letter.stage == "frame" else content_hash(*told)
        return topic, self._key, self._codec.encode(topic, letter), None, self._headers(topic, identity)

    def _headers(self, topic: str, identity: str, issues: Sequence[str] = ()) -> list[tuple[str, bytes]]:
        if issues:
            return cloud_events_headers(
                event_id=identity, source=self._connector, kind=topic, received_at=self._taken_at, issues=issues
            )
        alike = self._alike.get(topic)
        if alike is None:
            alike = self._alike[topic] = behind_id(self._connector, topic, self._taken_at)
        return with_id(identity, alike)


@lru_cache(maxsize=64)
def _topic_of(event: type[Event]) -> str:
    return intake_topic(event.kind)


def _place(unit: Unit, file: str) -> str:
    return unit.token if file in ("", unit.name) else f"{unit.token}/{unit_token(file)}"


class BusPublisher:
    """The broker as intake sees it. `asked` is a topic that must be there for the broker to count as reachable."""

    def __init__(self, producer: DurableProducer, asked: str = dead_letter.REJECTED_TOPIC, ask_s: float = 2.0) -> None:
        self._producer, self._asked, self._ask_s = producer, asked, ask_s

    async def send(self, outgoing: Sequence[Outgoing]) -> Batch:
        """Queue in order; `Batch.delivered` is the confirmation."""
        batch = self._producer.batch()
        await batch.produce_all(outgoing)
        return batch

    async def reachable(self) -> bool:
        """Whether a broker answers and has our topics."""
        try:
            return await asyncio.to_thread(self._producer.partitions, self._asked, self._ask_s) > 0
        except RetryError:
            return False
