"""`hub run connectors`: every enabled connector with an agreement in force, in one process.

Reads DIR/agreements/*.yaml, DIR/connectors/ (own connectors), DIR/secrets/{kek,hmac}, DIR/keys.sqlite; watches
DIR/inbox/; listens for MLLP on settings.port(<connector>), for HTTP on settings.port("http") (with TLS when DIR/secrets/http/
holds a certificate). A connector without agreement does not start and says which file to write; when none can start, that is
the ConfigError of the process (exit 78). RetryError at start and FatalError: exit 70. SIGTERM drains and returns.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from hub.bus.codec import Codec
from hub.bus.dead_letter import RAW_TOPIC, REJECTED_TOPIC
from hub.bus.position import POSITION_TOPIC
from hub.bus.producer import DurableProducer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TOPICS, Topic, intake_topic
from hub.config import Settings, today
from hub.connectors import doors
from hub.connectors.catalog import Connector
from hub.connectors.front import Front
from hub.connectors.front_tls import Tls
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.service import Running, serve
from hub.connectors.watch import Watch
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.errors import ConfigError
from hub.ops import metrics
from hub.ops.health import Check, Flag, Heartbeat, OpsServer
from hub.ops.logs import logger
from hub.privacy.agreements import intake_agreement
from hub.privacy.secrets import read_credential, read_secret
from hub.privacy.vault import Vault
from hub.wiring_answers import answer_hl7
from hub.wiring_letters import follow_letters
from hub.wiring_outgoing import BusPublisher, SealedPack
from hub.wiring_positions import PositionLog
from hub.wiring_reading import Reader, catalogue

__all__ = ["allowed", "build", "intake_topics", "require_topics", "run"]

ROLE = "connectors"
LINGER_MS = 2  # a sender waits for each answer: latency before batching
DELIVERY_TIMEOUT_MS = 20_000  # below the 30 s after which senders give up waiting for an answer
_STUCK_S = 60.0
_ASK_EVERY_S = 5.0
log = logger(__name__)

Chosen = Sequence[tuple[Connector, IntakeAgreement]]


def run(settings: Settings) -> None:
    """Take data in until SIGTERM or SIGINT, then answer what was taken and return."""
    chosen = allowed(settings.instance, today(settings))
    secrets = settings.instance / "secrets"
    ids = Ids(read_secret(secrets / "hmac"))
    vault = Vault.from_files(settings.instance / "keys.sqlite", secrets / "kek")
    producer = DurableProducer(
        settings.require_bootstrap(), client_id=ROLE, delivery_timeout_ms=DELIVERY_TIMEOUT_MS, linger_ms=LINGER_MS
    )
    try:
        topics = intake_topics(chosen)
        require_topics(producer, topics)
        codec = Codec(SchemaIds(settings.require_registry_url()), topics)
        codec.open()
        publisher = BusPublisher(producer)
        connectors = build(settings, chosen, ids, vault, codec, publisher)
        asyncio.run(_serve(settings, connectors, publisher))
    finally:
        producer.close()
        vault.close()


def allowed(instance: Path, today: date) -> list[tuple[Connector, IntakeAgreement]]:
    """The connectors that load, are enabled and have an agreement in force today; ConfigError when there is none, saying why."""
    found: list[tuple[Connector, IntakeAgreement]] = []
    connectors = catalogue(instance)
    refused = dict(connectors.broken)
    for name, complaint in refused.items():
        log.error("connector is off: its folder does not load", connector=name, exc_info=ConfigError(complaint))
    for connector in connectors.values():
        if not connector.enabled:
            continue
        try:
            found.append((connector, intake_agreement(instance / "agreements", connector.name, today)))
        except ConfigError as why:
            refused[connector.name] = str(why)
            log.warning("connector is off: no agreement in force", connector=connector.name, exc_info=why)
    if not found:
        first, *others = refused.values() if refused else ["none is enabled"]
        names = f" (the log says the same of {', '.join(list(refused)[1:])})" if others else ""
        raise ConfigError(f"no connector can start: {first}{names}")
    return found


def intake_topics(chosen: Chosen) -> list[Topic]:
    """What these connectors write to."""
    names = {intake_topic(kind) for _, agreement in chosen for kind in agreement.events} | {RAW_TOPIC, REJECTED_TOPIC}
    if any(connector.door.remembers for connector, _ in chosen):
        names.add(POSITION_TOPIC)
    return [topic for topic in TOPICS if topic.name in names]


def build(
    settings: Settings, chosen: Chosen, ids: Ids, vault: Vault, codec: Codec, publisher: BusPublisher
) -> list[Running]:
    """Each connector with its door, its program, its agreement and the one broker."""
    built: list[Running] = []
    positions = PositionLog.of(settings.require_bootstrap, publisher, codec, vault)
    front = Front(settings.host, settings.port("http"), Tls.of(settings.instance / "secrets" / "http"))
    for connector, agreement in chosen:
        watch = Watch(connector.name)
        door = doors.build(connector.door, _around(settings, connector, watch, positions, front))
        read = Reader(connector, agreement, ids, settings.instance / "spool" / connector.name)
        packer = Packer(read, agreement, SealedPack(connector.name, codec, vault))
        in_force, day = agreement.in_force, lambda: today(settings)
        intake = Intake(door, packer, publisher, watch, in_force=in_force, today=day)
        built.append(Running(door, intake, watch))
        if connector.expected_every_s is not None:
            metrics.CONNECTOR_INTERVAL.set(connector.expected_every_s, connector=connector.name)
    return built


def _around(
    settings: Settings, connector: Connector, watch: Watch, positions: PositionLog, front: Front
) -> doors.Around:
    secrets = settings.instance / "secrets" / connector.name
    return doors.Around(
        connector=connector.name,
        watch=watch,
        host=settings.host,
        port=settings.port(connector.name),
        inbox=settings.instance / "inbox" / connector.name,
        answer=answer_hl7,
        positions=positions.of_connector(connector.name),
        spool=settings.instance / "spool" / connector.name,
        secret=lambda name: read_credential(secrets / name),
        front=front,
        format=connector.source.format,
    )


def require_topics(producer: DurableProducer, topics: Sequence[Topic]) -> None:
    """ConfigError unless the broker has all of these; RetryError when it does not answer."""
    missing = [topic.name for topic in topics if not producer.partitions(topic.name)]
    if missing:
        raise ConfigError(f"these topics are not there: {', '.join(missing)}; make them with `hub topics apply`")


async def _serve(settings: Settings, connectors: Sequence[Running], publisher: BusPublisher) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    beat, broker = Heartbeat(_STUCK_S), Flag("not asked yet")
    ready: dict[str, Check] = {each.watch.connector: each.watch.ready for each in connectors}
    ready["broker"] = broker
    ops = OpsServer(settings.port(ROLE), ready, live={"progress": beat}, role=ROLE, host=settings.host)
    checks = [
        asyncio.create_task(_beat(beat)),
        asyncio.create_task(_ask(publisher, broker)),
        asyncio.create_task(follow_letters(settings)),
    ]
    try:
        with ops:
            await serve(connectors, stop)
    finally:
        for check in checks:
            check.cancel()


async def _beat(beat: Heartbeat) -> None:
    """The event loop turns: what /livez asks."""
    while True:
        beat.beat()
        await asyncio.sleep(1.0)


async def _ask(publisher: BusPublisher, broker: Flag) -> None:
    """A connector that nobody sends to would not notice that the broker is away: what /readyz asks."""
    while True:
        if await publisher.reachable():
            broker.set()
        else:
            broker.clear("does not answer")
        await asyncio.sleep(_ASK_EVERY_S)
