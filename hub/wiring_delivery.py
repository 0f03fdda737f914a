"""The role `delivery`: one thread for each subscriber, with a heartbeat and a readiness of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache

from hub.bus.codec import Codec
from hub.bus.consumer import Incoming, WorkerConsumer, latest_by_key, read_to_end
from hub.bus.producer import DurableProducer
from hub.bus.topics import NEED_TOPIC
from hub.config import Settings, today
from hub.domain.agreement import DeliveryAgreement
from hub.errors import ConfigError
from hub.identity.role import open_lookup
from hub.ops import metrics
from hub.ops.health import Check, Flag, Heartbeat, OpsServer
from hub.ops.logs import logger
from hub.ops.stop import until_sigterm
from hub.outlets.delivery import DeliveryPorts, Subscriber, run_delivery
from hub.privacy.agreements import delivery_agreements
from hub.wiring_bus import StreamLetters, all_topics, ids_of, open_codec, vault_of
from hub.wiring_outlets import POLL_S, STUCK_S, CodecWire, sender

__all__ = ["delivery_group", "run"]

log = logger(__name__)


def delivery_group(subscriber: str) -> str:
    """The consumer group that serves a subscriber."""
    return f"hub-delivery-{subscriber}"


def run(settings: Settings, stop: threading.Event | None = None) -> None:
    """Deliver until SIGTERM; the first failure of a subscriber's thread ends the process."""
    stop = stop or until_sigterm()
    agreements = delivery_agreements(settings.instance / "agreements")
    if unknown := {topic for a in agreements.values() for topic in a.topics} - {NEED_TOPIC}:
        raise ConfigError(f"no topic {min(unknown)} can be delivered: agreements may name {NEED_TOPIC}")
    with (
        closing(open_codec(settings, all_topics(settings))) as codec,
        closing(vault_of(settings)) as vault,
        closing(DurableProducer(settings.require_bootstrap(), client_id="hub-delivery")) as producer,
    ):
        letters = StreamLetters(lambda: producer, codec, vault, "delivery")
        desks = [_Desk(settings, agreement, codec, producer, letters, stop) for agreement in agreements.values()]
        ready: dict[str, Check] = {desk.name: desk.ready for desk in desks}
        live: dict[str, Check] = {desk.name: desk.beat for desk in desks}
        with OpsServer(settings.port("delivery"), ready, live=live, role="delivery", host=settings.host):
            for desk in desks:
                desk.thread.start()
            stop.wait()
            for desk in desks:
                desk.thread.join()
    for desk in desks:
        if desk.failure is not None:
            raise desk.failure


class _Desk:
    """Serves one subscriber, in a thread of its own, until `stop`; sets it when it fails."""

    def __init__(
        self,
        settings: Settings,
        agreement: DeliveryAgreement,
        codec: Codec,
        producer: DurableProducer,
        letters: StreamLetters,
        stop: threading.Event,
    ) -> None:
        self.name = agreement.subscriber
        self.thread = threading.Thread(target=self._run, name=self.name)
        self.beat, self.ready = Heartbeat(STUCK_S), Flag("comparing what was delivered with what may be seen")
        self.failure: BaseException | None = None
        self._settings, self._agreement = settings, agreement
        self._codec, self._producer, self._letters, self._stop = codec, producer, letters, stop

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as why:
            self.failure = why
            self._stop.set()

    def _serve(self) -> None:
        settings, agreement, bootstrap = self._settings, self._agreement, self._settings.require_bootstrap()
        group = delivery_group(agreement.subscriber)
        token = ids_of(settings).token
        subscriber = Subscriber(agreement, _LocalIds(settings), _refused, agreement.recipients(token))
        if not agreement.in_force(today(settings)):
            log.warning("agreement is not in force: nothing is delivered, what was is taken back", group=group)

        def standing() -> Iterable[Incoming]:
            for topic in agreement.topics:
                yield from read_to_end(bootstrap, topic)

        def told() -> Mapping[bytes, Incoming]:
            return latest_by_key(bootstrap, subscriber.topic)

        with closing(WorkerConsumer(bootstrap, group, agreement.topics, instance_id=group)) as consumer:

            def read() -> Sequence[Incoming]:
                records = consumer.poll_batch(1_000, POLL_S)
                if consumer.owned():
                    self.ready.set()
                else:
                    self.ready.clear("no partition assigned")
                return records

            ports = DeliveryPorts(
                told, standing, read, consumer.commit, sender(self._producer, "delivery"), self._letters
            )
            run_delivery(
                subscriber, ports, CodecWire(self._codec), token,
                lambda: today(settings), self._stop.is_set, self.beat.beat,
            )  # fmt: skip


class _LocalIds:
    """hub.identity's look-up for one thread (SQLite connections are a thread's own), opened when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self._open = cache(lambda: open_lookup(settings))

    def __call__(self, person_key: str, source: str) -> Sequence[str]:
        return self._open().local_ids(person_key, source)


def _refused(reason: str) -> None:
    metrics.POLICY_BLOCKED.inc(reason=reason)
