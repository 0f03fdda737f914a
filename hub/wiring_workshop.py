"""What a process needs to make connectors of one installation, opened once: ids, keys, broker, contracts, positions, the front.

The role `connectors` and `hub connector run|backfill` share it, so that a connector is the same thing in both.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hub.bus.codec import Codec
from hub.bus.control import CONTROL_TOPIC
from hub.bus.dead_letter import RAW_TOPIC, REJECTED_TOPIC
from hub.bus.position import POSITION_TOPIC
from hub.bus.producer import DurableProducer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TOPICS, Topic, intake_topic
from hub.config import Settings, today, write_json
from hub.connectors import doors
from hub.connectors.catalog import Connector
from hub.connectors.export_memory import ExportMemory, memory_path
from hub.connectors.fleet import Running
from hub.connectors.front import Front
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.positions import Positions
from hub.connectors.upload.desk import UploadDesk
from hub.connectors.watch import Watch
from hub.domain.agreement import IntakeAgreement
from hub.domain.events import EVENT_TYPES
from hub.domain.ids import Ids
from hub.errors import ConfigError
from hub.ops import metrics
from hub.ops.ports import is_free
from hub.privacy.secrets import read_credential, read_secret
from hub.privacy.vault import Vault
from hub.wiring_answers import answer_hl7
from hub.wiring_outgoing import BusPublisher, SealedPack
from hub.wiring_positions import PositionLog
from hub.wiring_reading import Reader
from hub.wiring_upload import upload_desk

__all__ = ["Workshop", "needed_topics", "require_topics", "workshop"]

LINGER_MS = 0.5
"""As long as it takes to hand over a group: all of it for one partition goes in one request, 0.17 a message in place of 0.27, and
the broker works a third less. With 2 ms senders who wait for each answer waited; with this they do not feel it."""
_UNASKED_LINGER_MS = 5
"""Where nobody waits for an answer. The broker is sent no more than five requests at a time, and as long as there is a sixth,
librdkafka asks itself without a pause whether it may go: with 0.5 ms 1,700 to 4,200 times for 400 rows of an HMIS export, 7 to
10 us of CPU a row in its thread; with 5 ms there are fewer requests, and it asks 10 to 700 times, 2 to 5 us."""
DELIVERY_TIMEOUT_MS = 20_000  # below the 30 s after which senders give up waiting for an answer
_PORTS = "doors.json"
_WRITTEN = frozenset(
    {*(intake_topic(kind) for kind in EVENT_TYPES), RAW_TOPIC, REJECTED_TOPIC, POSITION_TOPIC, CONTROL_TOPIC}
)


@dataclass
class Workshop:
    """Of one process. `producer` is asked for topics only. `bulk` sends what nobody waits for; None: `producer` does."""

    settings: Settings
    ids: Ids
    vault: Vault
    codec: Codec
    publisher: BusPublisher
    producer: DurableProducer
    bulk: DurableProducer | None = None

    def producer_of(self, door: doors.DoorOptions) -> DurableProducer:
        """Who sends what comes through such a door."""
        return self.producer if door.answers or self.bulk is None else self.bulk

    def publisher_of(self, door: doors.DoorOptions) -> BusPublisher:
        """The same, as the intake loop is handed it."""
        return self.publisher if door.answers or self.bulk is None else BusPublisher(self.bulk)

    @cached_property
    def positions(self) -> PositionLog:
        return PositionLog.of(self.settings.require_bootstrap, self.publisher, self.codec, self.vault)

    @cached_property
    def front(self) -> Front:
        """The one HTTP server of this process."""
        settings = self.settings
        return Front(settings.host, settings.port("http"), tls_in=settings.instance / "secrets" / "http")

    def make(
        self,
        connector: Connector,
        agreement: IntakeAgreement,
        watch: Watch,
        *,
        positions: Positions | None = None,
        spool: str = "",
    ) -> Running:
        """The connector with its door, its program and its agreement, nothing opened yet; ConfigError when it cannot be.

        `positions` and `spool` (a folder below DIR/spool/) instead of the connector's own, for a second one beside the live one.
        """
        settings = self.settings
        upload = upload_desk(settings, connector, agreement, self.ids, self.vault)
        door = doors.build(connector.door, self._around(connector, watch, positions, spool or connector.name, upload))
        unpacked = settings.instance / "spool" / (spool or connector.name)
        memory = ExportMemory(memory_path(settings.instance, connector.name))
        read = Reader(connector, agreement, self.ids, unpacked, memory)
        packer = Packer(
            door.replay if isinstance(door, doors.Replays) else read,
            agreement,
            SealedPack(connector.name, self.codec, self.vault, mapping_version=read.mapping_version),
        )
        publisher = self.publisher_of(connector.door)
        intake = Intake(door, packer, publisher, watch, in_force=agreement.in_force, today=lambda: today(settings))
        if connector.expected_every_s is not None:
            metrics.CONNECTOR_INTERVAL.set(connector.expected_every_s, connector=connector.name)
        return Running(door, intake, watch)

    async def check_topics(self, connector: Connector, agreement: IntakeAgreement) -> None:
        """ConfigError unless the broker has every topic that it writes to; RetryError when it does not answer."""
        await asyncio.to_thread(require_topics, self.producer, needed_topics([(connector, agreement)]))

    def note_port(self, watch: Watch) -> None:
        """Keep the port that a door chose itself, so that its senders find it again after a restart."""
        port = watch.address.get("port")
        if isinstance(port, int) and port and not self.settings.port(watch.connector):
            noted = _noted_ports(self.settings.instance)
            if noted.get(watch.connector) != port and port != self.front.port:
                write_json(self.settings.instance / _PORTS, {**noted, watch.connector: port})

    def _around(
        self, connector: Connector, watch: Watch, positions: Positions | None, spool: str, upload: UploadDesk | None
    ) -> doors.Around:
        settings, name = self.settings, connector.name
        secrets = settings.instance / "secrets" / name
        return doors.Around(
            connector=name,
            watch=watch,
            host=settings.host,
            port=settings.port(name) or self._chosen_before(name),
            inbox=settings.instance / "inbox" / name,
            answer=answer_hl7,
            positions=positions or self.positions.of_connector(name),
            spool=settings.instance / "spool" / spool,
            secret=lambda secret: read_credential(secrets / secret),
            front=self.front,
            format=connector.source.format,
            upload=upload,
        )

    def _chosen_before(self, name: str) -> int:
        """The port that this connector's door had, when nobody else has it now; 0 for any."""
        port = _noted_ports(self.settings.instance).get(name, 0)
        return port if port and is_free(port, self.settings.host) else 0


@contextmanager
def workshop(settings: Settings, client_id: str) -> Iterator[Workshop]:
    """Open for the block. ConfigError for a secret or an address that is missing, RetryError when broker or registry are away."""
    secrets = settings.instance / "secrets"
    ids = Ids(read_secret(secrets / "hmac"))
    with ExitStack() as opened:
        vault = opened.enter_context(closing(Vault.from_files(settings.instance / "keys.sqlite", secrets / "kek")))

        def producer(linger_ms: float) -> DurableProducer:
            bootstrap, timeout_ms = settings.require_bootstrap(), DELIVERY_TIMEOUT_MS
            made = DurableProducer(bootstrap, client_id=client_id, delivery_timeout_ms=timeout_ms, linger_ms=linger_ms)
            return opened.enter_context(closing(made))

        asked, bulk = producer(LINGER_MS), producer(_UNASKED_LINGER_MS)
        schemas = opened.enter_context(closing(SchemaIds(settings.require_registry_url())))
        codec = Codec(schemas, [topic for topic in TOPICS if topic.name in _WRITTEN])
        codec.open()
        yield Workshop(settings, ids, vault, codec, BusPublisher(asked), asked, bulk)


def needed_topics(chosen: Iterable[tuple[Connector, IntakeAgreement]]) -> list[Topic]:
    """What these connectors write to."""
    names = {RAW_TOPIC, REJECTED_TOPIC}
    for connector, agreement in chosen:
        names.update(intake_topic(kind) for kind in agreement.events)
        if connector.door.remembers:
            names.add(POSITION_TOPIC)
    return [topic for topic in TOPICS if topic.name in names]


def require_topics(producer: DurableProducer, topics: Sequence[Topic]) -> None:
    """ConfigError unless the broker has all of these; RetryError when it does not answer."""
    missing = [topic.name for topic in topics if not producer.partitions(topic.name)]
    if missing:
        raise ConfigError(f"these topics are not there: {', '.join(missing)}; make them with `hub topics apply`")


def _noted_ports(instance: Path) -> dict[str, int]:
    """Ports that doors chose themselves; a damaged file costs only the memory of them."""
    try:
        found = json.loads((instance / _PORTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: port for name, port in found.items() if isinstance(port, int)} if isinstance(found, dict) else {}
