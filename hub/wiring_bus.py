"""The bus as the processes of one installation see it: its topics, its codec, the registry role, the ids' and sealing secrets."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence

from hub.bus.cloud_events import cloud_events_headers
from hub.bus.codec import Codec
from hub.bus.dead_letter import STREAM_REJECTED_TOPIC, stream_rejected
from hub.bus.producer import DurableProducer
from hub.bus.registry_server import serve
from hub.bus.schema_registry import SchemaIds
from hub.bus.topic_admin import apply_schemas, apply_topics
from hub.bus.topics import TOPICS, Topic, changelog, delivery
from hub.config import Settings
from hub.domain import tables
from hub.domain.ids import Ids
from hub.domain.isolation import NATIONAL, Rules, load_rules
from hub.domain.measures import Denominators, load_denominators
from hub.errors import ConfigError, Reject
from hub.ops import metrics
from hub.ops.health import Flag, OpsServer
from hub.outlets.delivery import delivery_model
from hub.outlets.wire import ReadRecord
from hub.privacy.agreements import delivery_agreements
from hub.privacy.secrets import read_secret
from hub.privacy.vault import Vault
from hub.streams.app import changelog_config, changelog_topic

__all__ = [
    "JOIN_APP",
    "StreamLetters",
    "all_topics",
    "denominators",
    "ids_of",
    "isolation_rules",
    "open_codec",
    "prepare",
    "run_registry",
    "vault_of",
]

JOIN_APP = "hub-join-v1"
"""Consumer group and changelog prefix of the join; a new version is a rebuild beside the old one."""


def all_topics(settings: Settings) -> list[Topic]:
    """Every topic of this installation: the table, one per delivery agreement, the join's changelog."""
    agreements = delivery_agreements(settings.instance / "agreements")
    return [
        *TOPICS,
        *(delivery(name, delivery_model(agreement)) for name, agreement in agreements.items()),
        changelog(changelog_topic(JOIN_APP), changelog_config(settings.replication)),
    ]


def prepare(settings: Settings) -> None:
    """What must stand once the broker serves and before any role: every topic, as the table says."""
    apply_topics(
        settings.require_bootstrap(),
        all_topics(settings),
        partitions=settings.partitions,
        replication=settings.replication,
        min_insync_replicas=settings.min_insync_replicas,
    )


def open_codec(settings: Settings, topics: Sequence[Topic]) -> Codec:
    """A codec whose schemas are registered."""
    codec = Codec(SchemaIds(settings.require_registry_url()), topics)
    codec.open()
    return codec


def ids_of(settings: Settings) -> Ids:
    """The installation's id maker."""
    return Ids(read_secret(settings.instance / "secrets" / "hmac"))


def vault_of(settings: Settings) -> Vault:
    """The installation's data keys."""
    return Vault.from_files(settings.instance / "keys.sqlite", settings.instance / "secrets" / "kek")


class StreamLetters:
    """Writes dead letters for records of the hub's own topics, sealed, each confirmed before the call returns.

    A repeat has the same id, whichever role met the record. RetryError when the broker does not confirm.
    """

    def __init__(self, producer: Callable[[], DurableProducer], codec: Codec, vault: Vault, role: str) -> None:
        self._producer, self._codec, self._vault, self._role = producer, codec, vault, role

    def __call__(self, record: ReadRecord, why: Reject) -> None:
        metrics.STREAM_REJECTED.inc(stage=why.stage, reason=why.reason, topic=record.topic)
        letter = stream_rejected(
            self._vault.seal_bytes,
            topic=record.topic, partition=record.partition, offset=record.offset, why=why, value=record.value,
        )  # fmt: skip
        identity = f"{record.topic}.{record.partition}.{record.offset}"
        headers = cloud_events_headers(event_id=identity, source=self._role, kind=STREAM_REJECTED_TOPIC)
        batch = self._producer().batch()
        value = self._codec.encode(STREAM_REJECTED_TOPIC, letter)
        batch.produce(STREAM_REJECTED_TOPIC, record.key, value, headers=headers)
        batch.wait()


def isolation_rules(jurisdiction: str = NATIONAL) -> Rules:
    """The dated rules shipped with the hub, or the installation's own in their place, as they hold in that jurisdiction."""
    return load_rules(tables.text("isolation_rules"), jurisdiction)


def denominators(settings: Settings) -> Denominators:
    """Populations of DIR/population.csv; none where there is no such file: then measures count and give no rate."""
    path = settings.instance / "population.csv"
    if not path.exists():
        return Denominators({}, "none")
    try:
        return load_denominators(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError) as why:
        raise ConfigError(
            f"{path} cannot be read ({type(why).__name__}): columns: area, dimension, group, population, source, vintage; "
            "no row for area `all`, which is the sum of the others"
        ) from None


def run_registry(settings: Settings) -> None:
    """The schema registry on its own port, until SIGTERM."""
    ready = Flag("reading the schemas")

    def contracts() -> None:
        """The hub's own registry holds the hub's contracts from its first answer on."""
        apply_schemas(SchemaIds(settings.require_registry_url()), all_topics(settings))
        ready.set()

    async def until_asked() -> None:
        asked, serves = asyncio.Event(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, asked.set)
        serving = asyncio.ensure_future(
            serve(
                settings.require_bootstrap(),
                settings.host,
                settings.port("registry-api"),
                lambda _: serves.set(),
                replication=settings.replication,
                min_insync_replicas=settings.min_insync_replicas,
            )
        )
        stopping = asyncio.ensure_future(asked.wait())
        applied = asyncio.ensure_future(_after(serves, contracts))
        waiting = {serving, stopping, applied}
        while waiting == {serving, stopping, applied} or not (serving.done() or stopping.done()):
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()
        for task in waiting:
            task.cancel()

    with OpsServer(settings.port("registry"), {"schemas": ready}, role="registry", host=settings.host):
        asyncio.run(until_asked())


async def _after(event: asyncio.Event, work: Callable[[], None]) -> None:
    await event.wait()
    await asyncio.to_thread(work)
