"""`hub run identify`: opens what the worker needs, runs it until SIGTERM, and tells its supervisor how it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Protocol

from hub.bus.consumer import WorkerConsumer, read_to_end
from hub.bus.lag import GroupLag
from hub.bus.producer import DurableProducer
from hub.bus.topic_admin import topic_names
from hub.bus.topics import REVIEW_TOPIC
from hub.domain import who
from hub.domain.ids import Ids
from hub.errors import ConfigError
from hub.identity.bus_ports import INTAKE_TOPICS, READ_TOPICS, BusWire, open_codec
from hub.identity.database import Where, postgresql
from hub.identity.erasure_desk import ErasureDesk
from hub.identity.linking import Linking
from hub.identity.lookup import Lookup
from hub.identity.registry import Registry, mint_person_key
from hub.identity.review_desk import ReviewDesk
from hub.identity.review_gauge import ReviewGauge
from hub.identity.worker import GROUP, Identify
from hub.ops import metrics
from hub.ops.health import Flag, Heartbeat, OpsServer
from hub.ops.logs import logger
from hub.ops.stop import until_sigterm
from hub.privacy.hashed_secrets import lane_of
from hub.privacy.secrets import read_secret
from hub.privacy.vault import Vault

__all__ = ["Installation", "open_erasure_desk", "open_lookup", "open_review_desk", "run"]

_STUCK_S = 120.0  # longer than any delivery timeout: the worker itself has hung
_LAG_EVERY_S = 10.0
_log = logger(__name__)


class Installation(Protocol):
    """What of the settings identify reads."""

    @property
    def instance(self) -> Path: ...

    @property
    def host(self) -> str: ...

    @property
    def identity_database(self) -> str | None: ...

    @property
    def identity_population(self) -> int: ...

    def port(self, name: str) -> int: ...

    def require_bootstrap(self) -> str: ...

    def require_registry_url(self) -> str: ...


def run(settings: Installation, stop: threading.Event | None = None) -> None:
    """Work until `stop` is set or SIGTERM comes, then end the batch at hand and return.

    Files of DIR: secrets/kek, secrets/hmac, secrets/hashed, keys.sqlite, and identity.sqlite or secrets/identity-database.
    ConfigError, RetryError and FatalError end the process with their exit codes; nothing is committed then.
    """
    stop = stop or until_sigterm()
    beat, drained, assigned = Heartbeat(_STUCK_S), Flag("outbox not drained"), Flag("no partition assigned yet")
    checks = {"outbox": drained, "assignment": assigned}
    ops = OpsServer(settings.port("identify"), checks, live={"progress": beat}, role="identify", host=settings.host)
    with ExitStack() as held:
        held.enter_context(ops)
        vault = held.enter_context(closing(_vault(settings)))
        ids = Ids(read_secret(settings.instance / "secrets" / "hmac"))
        model = who.weights(settings.identity_population)
        lane = lane_of(settings.instance)
        linking = Linking(model, ids, mint_person_key, lane=lane)
        bootstrap = settings.require_bootstrap()
        _require_topics(bootstrap)  # before the registry of an earlier hub becomes one of this, which can't be undone
        registry = held.enter_context(closing(Registry(_where(settings), vault, linking)))
        wire = BusWire(held.enter_context(open_codec(settings.require_registry_url())), vault)
        producer = held.enter_context(closing(DurableProducer(bootstrap, client_id=GROUP)))
        # Static membership: there is one member only, and after a kill it takes its partitions back at once.
        consumer = held.enter_context(closing(WorkerConsumer(bootstrap, GROUP, READ_TOPICS, instance_id=GROUP)))
        lag = held.enter_context(closing(GroupLag(bootstrap, GROUP, READ_TOPICS)))
        worker = Identify(consumer, producer, wire, registry, vault)
        worker.drain()
        worker.load_model(beat.beat, chain.from_iterable(read_to_end(bootstrap, topic) for topic in INTAKE_TOPICS))
        worker.recall(read_to_end(bootstrap, REVIEW_TOPIC), beat.beat)
        held.enter_context(closing(ReviewGauge(_where(settings))))
        drained.set()
        _loop(worker, consumer, lag, stop, beat, assigned)


def open_lookup(settings: Installation) -> Lookup:
    """The read-only lookup for delivery, in another process; RetryError until identify has made the registry."""
    return Lookup(_where(settings), _vault(settings))


@contextmanager
def open_review_desk(settings: Installation) -> Iterator[ReviewDesk]:
    """The registry as a reviewer sees it, in another process; RetryError until identify has made it."""
    ids = Ids(read_secret(settings.instance / "secrets" / "hmac"))
    with (
        closing(_vault(settings)) as vault,
        closing(_desk(settings, vault, ids)) as desk,
    ):
        yield desk


@contextmanager
def open_erasure_desk(settings: Installation) -> Iterator[ErasureDesk]:
    """The registry and the keys as a privacy officer sees them, in another process; RetryError until identify has made it."""
    with closing(_vault(settings)) as vault, closing(ErasureDesk(_where(settings), vault)) as desk:
        yield desk


def _desk(settings: Installation, vault: Vault, ids: Ids) -> ReviewDesk:
    model = who.weights(settings.identity_population)
    return ReviewDesk(_where(settings), vault, ids, model, lane_of(settings.instance))


def _require_topics(bootstrap: str) -> None:
    if missing := sorted(set(READ_TOPICS) - topic_names(bootstrap)):
        raise ConfigError(f"these topics are not there: {', '.join(missing)}; make them with `hub topics apply`")


def _loop(
    worker: Identify, consumer: WorkerConsumer, lag: GroupLag, stop: threading.Event, beat: Heartbeat, assigned: Flag
) -> None:
    _log.info("identify is working", topic="hub.intake.*")
    asked = 0.0
    while not stop.is_set():
        worker.work()
        beat.beat()
        if consumer.owned():
            assigned.set()
        else:
            assigned.clear("no partition assigned")
        if time.monotonic() - asked >= _LAG_EVERY_S:
            asked = time.monotonic()
            metrics.LAG_RECORDS.set(lag.records(), group=GROUP, topic="all")
    _log.info("identify has ended its batch and stops")


def _where(settings: Installation) -> Where:
    if settings.identity_database is None:
        return settings.instance / "identity.sqlite"
    return postgresql(settings.identity_database, settings.instance / "secrets" / "identity-database")


def _vault(settings: Installation) -> Vault:
    return Vault.from_files(settings.instance / "keys.sqlite", settings.instance / "secrets" / "kek")
