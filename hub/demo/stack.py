"""The demo's stack: a fresh instance, scripted clock, example agreements, the county's populations, and eyes on its topics."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from hub.bus.codec import Codec
from hub.bus.consumer import WorkerConsumer, latest_by_key, read_to_end
from hub.bus.dead_letter import REJECTED_TOPIC, STREAM_REJECTED_TOPIC
from hub.bus.lag import GroupLag
from hub.bus.producer import DurableProducer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import (
    CLOCK_TOPIC,
    LINK_TOPIC,
    MEASURE_TOPIC,
    NEED_TOPIC,
    PERSON_TOPIC,
    SITE_TOPIC,
    TALLY_TOPIC,
    intake_topic,
)
from hub.config import ROLES, Settings
from hub.demo.feed import waiting
from hub.demo.judge import Observed
from hub.demo.watch import Watcher
from hub.domain.capacity import SiteBoard
from hub.domain.events import EVENT_TYPES, Site
from hub.domain.measures import measures
from hub.domain.person_events import Tick
from hub.domain.tallies import TallyBoard
from hub.errors import ConfigError, RetryError
from hub.identity.bus_ports import READ_TOPICS
from hub.identity.worker import GROUP as IDENTIFY_GROUP
from hub.privacy.agreements import EXAMPLES, delivery_agreements
from hub.supervisor import Stack, read_state
from hub.supervisor.state import InstanceLock, living
from hub.synthetic.county import County
from hub.synthetic.facts import SourceId
from hub.wiring_bus import JOIN_APP, all_topics, denominators, ids_of, prepare
from hub.wiring_delivery import delivery_group
from hub.wiring_outlets import CodecWire, Ticker

__all__ = ["DEMO_ROLES", "MARKER", "DemoStack", "make_instance"]

DEMO_ROLES = tuple(role for role in ROLES if role != "clock")  # the demo itself is the clock
MARKER = ".made-by-hub-demo"
_SETTLE_S = 300.0
_INTAKE = tuple(intake_topic(kind) for kind in EVENT_TYPES)


def make_instance(instance: Path, county: County) -> None:
    """Wipe and write the demo's instance directory. ConfigError when a stack still runs there, or when it is not the demo's
    own to wipe."""
    if instance.exists():
        _wipe(instance)
    instance.mkdir(parents=True, exist_ok=True)
    (instance / MARKER).write_text("Made by `hub demo`, which wipes this directory at its next start.\n")
    (instance / "agreements").mkdir()
    for example in EXAMPLES.glob("*.yaml"):
        shutil.copy(example, instance / "agreements")
    (instance / "population.csv").write_bytes(county.population_csv())
    settings = {"clock": "scripted", "as_of": county.truth.as_of.isoformat()}
    (instance / "settings.json").write_text(json.dumps(settings))
    _connectors(instance / "connectors", county)


def _wipe(instance: Path) -> None:
    """Empty a directory that the demo made; its marker stays, so that a wipe that was broken off can be done again."""
    found = list(instance.iterdir()) if instance.is_dir() else [instance]
    if found and not (instance / MARKER).is_file():
        raise ConfigError(f"{instance} was not made by `hub demo`: it is not wiped; use another --instance")
    if living(read_state(instance)):
        raise ConfigError(f"a demo is still up: run `hub down --instance {instance}` first")
    lock = InstanceLock(instance)
    lock.take()  # another demo that is still starting holds it
    try:
        for each in found:
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            elif each.name not in (MARKER, InstanceLock.NAME):
                each.unlink()
    finally:
        lock.release()


def _connectors(folder: Path, county: County) -> None:
    """The shipped connectors, with doors that need not wait: the demo renames files when they are whole."""
    catalogue = Path(__file__).parent.parent / "connectors" / "catalog"
    for declared in sorted(catalogue.glob("*/connector.yaml")):
        connector = yaml.safe_load(declared.read_text())
        if connector["door"]["kind"] == "file-drop":
            connector["door"].update(poll_s=0.1, stable_s=0.0)
        if connector["name"] == "hmis-csv":
            connector.setdefault("options", {})["isolation_projects"] = list(county.isolation_projects)
        target = folder / connector["name"]
        shutil.copytree(declared.parent, target)
        (target / "connector.yaml").write_text(yaml.safe_dump(connector))


class DemoStack:
    """A running stack and what can be asked of it from outside."""

    def __init__(self, instance: Path, progress: Callable[[str], None]) -> None:
        self.instance = instance
        self.stack = Stack(instance, prepare=prepare, progress=progress)
        self._progress = progress
        self._open: list[Callable[[], object]] = []

    def start(self) -> None:
        """Bring everything up; returns when every role is ready."""
        self.stack.start(DEMO_ROLES)
        self._progress("starting the doors, identify, streams, measures and delivery")
        self.stack.wait_ready(300)
        settings = self.settings
        ids = SchemaIds(settings.require_registry_url())
        self._open.append(ids.close)
        self.codec = Codec(ids, all_topics(settings))
        self.codec.open()
        self._wire = CodecWire(self.codec)
        self._producer = DurableProducer(settings.require_bootstrap(), client_id="hub-demo")
        self._ticker = Ticker(self._producer, self.codec, settings.partitions)
        bootstrap = settings.require_bootstrap()
        self._lags = [GroupLag(bootstrap, IDENTIFY_GROUP, READ_TOPICS), GroupLag(bootstrap, JOIN_APP, [PERSON_TOPIC])]
        agreements = delivery_agreements(self.instance / "agreements")
        self._delivery = [GroupLag(bootstrap, delivery_group(name), a.topics) for name, a in agreements.items()]
        self._open += [self._producer.close, *(lag.close for lag in (*self._lags, *self._delivery))]
        consumer = WorkerConsumer(bootstrap, f"hub-demo-{time.time_ns()}", [NEED_TOPIC, MEASURE_TOPIC, LINK_TOPIC])
        self.watcher = Watcher(
            lambda: consumer.poll_batch(1_000, 0.1), self._wire, NEED_TOPIC, MEASURE_TOPIC, LINK_TOPIC
        ).start()
        self._open += [consumer.close, self.watcher.stop]

    @property
    def settings(self) -> Settings:
        """Addresses of this run."""
        return self.stack.settings

    def tokens(self, records: Iterable[SourceId]) -> list[str]:
        """The source_person tokens of these records of the county."""
        ids = ids_of(self.settings)
        return [ids.source_person(record.connector, record.authority, record.local_id) for record in records]

    def tick(self, day: date) -> None:
        """It is `day` now."""
        self._ticker(Tick(as_of=day))

    def settle(self, timeout_s: float = _SETTLE_S) -> None:
        """Wait until everything sent is folded: inboxes empty, nobody behind, twice in a row. RetryError when it never is."""
        until, quiet = time.monotonic() + timeout_s, 0
        inboxes = self.instance / "inbox"
        while quiet < 2:
            if time.monotonic() > until:
                raise RetryError(
                    f"the stack did not come to rest within {timeout_s:.0f} s: see {self.instance / 'logs'}"
                )
            if failures := self.stack.failures():
                name, why = next(iter(failures.items()))
                raise ConfigError(f"{name} gave up: {why}")
            busy = sum(waiting(inbox) for inbox in inboxes.iterdir()) or sum(lag.records() for lag in self._lags)
            quiet = 0 if busy else quiet + 1
            time.sleep(0.15 if busy else 0.05)

    def observe(self, timeout_s: float = 120.0) -> Observed:
        """Read every topic whole. Call when settled; waits for measures and deliveries to have caught up, for `timeout_s` at most:
        then it tells what stands there."""
        bootstrap = self.settings.require_bootstrap()
        until = time.monotonic() + timeout_s
        while sum(lag.records() for lag in self._delivery) and time.monotonic() < until:
            time.sleep(0.1)
        board = TallyBoard()
        for record in latest_by_key(bootstrap, TALLY_TOPIC).values():
            fields = self._fields(record.value)
            board.put(fields["stratum"], fields["partition"], fields["count"], fields["version"])
        owners = {f["source_person"]: f["person_key"] for f in self._latest(LINK_TOPIC).values()}
        told = ("connector", "file", "where", "stage", "reason", "content_hash")
        letters = {tuple(fields[name] for name in told) for fields in self._all(REJECTED_TOPIC)}
        return Observed(
            needs=tuple(self._latest(NEED_TOPIC).values()),
            owners=owners,
            totals=board.totals(),
            measures=self._measures(board, until),
            events=len({f["event_id"] for topic in _INTAKE for f in self._all(topic)}),
            rejected=dict(Counter(letter[4] for letter in letters)),
            stream_rejected=sum(1 for _ in read_to_end(bootstrap, STREAM_REJECTED_TOPIC)),
            sites=self._sites(board, until),
        )

    def close(self) -> None:
        """Let go of connections; the stack goes on."""
        for each in reversed(self._open):
            each()
        self._open.clear()

    def _measures(self, board: TallyBoard, until: float) -> dict[str, dict[str, Any]]:
        """Measures once they say what follows from the totals: the role publishes them a moment later."""
        wanted = {each.key: each.model_dump() for each in measures(board.totals(), denominators(self.settings))}
        return self._once(MEASURE_TOPIC, wanted, until)

    def _sites(self, board: TallyBoard, until: float) -> dict[str, dict[str, Any]]:
        """Free beds once they say what follows from the sites, the totals and the newest tick."""
        sites, ticks = SiteBoard(), [fields["as_of"] for fields in self._latest(CLOCK_TOPIC).values()]
        for fields in self._all(intake_topic(Site.kind)):
            sites.put(Site.model_validate(fields, strict=False))
        beds = sites.free_beds(board.totals(), max(ticks)) if ticks else []
        return self._once(SITE_TOPIC, {row.site: row.model_dump() for row in beds}, until)

    def _once(self, topic: str, wanted: dict[str, dict[str, Any]], until: float) -> dict[str, dict[str, Any]]:
        """What a topic says once it says what is wanted; at `until` what it says then."""
        while True:
            now = {key.decode(): fields for key, fields in self._latest(topic).items()}
            if now == wanted or time.monotonic() > until:
                return now
            time.sleep(0.2)

    def _latest(self, topic: str) -> dict[bytes, dict[str, Any]]:
        found = latest_by_key(self.settings.require_bootstrap(), topic)
        return {key: self._fields(record.value) for key, record in found.items()}

    def _all(self, topic: str) -> list[dict[str, Any]]:
        return [self._fields(record.value) for record in read_to_end(self.settings.require_bootstrap(), topic)]

    def _fields(self, value: bytes | None) -> dict[str, Any]:
        return self.codec.decode_dict(value)[1]
