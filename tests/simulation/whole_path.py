"""The whole path on logs in memory: events in, people linked, rows joined, recipients and measures told; beside it the batch
answer.

Identify, registry, join, delivery and measures are the real ones; Kafka and Faust are lists. `dice` say how much each part works
on before another has its turn; whoever settles lets all of them come to rest.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import hub.domain.isolation as isolation
from hub.bus.consumer import Incoming
from hub.bus.topics import LINK_TOPIC, MEASURE_TOPIC, NEED_TOPIC, TALLY_TOPIC, delivery_topic
from hub.demo.judge import Observed
from hub.domain import who
from hub.domain.agreement import DeliveryAgreement
from hub.domain.events import Event, PersonBlock
from hub.domain.identity_reviews import ReviewDecision
from hub.domain.ids import Ids
from hub.domain.linkage.decisions import HumanDecision
from hub.domain.measures import Denominators
from hub.domain.person_events import Tick
from hub.domain.projection import Projector
from hub.identity.linking import Linking
from hub.identity.lookup import Lookup
from hub.identity.registry import Registry, mint_person_key
from hub.identity.worker import Identify
from hub.outlets.delivery import Delivery, Subscriber
from hub.outlets.measures import MeasureBoard
from hub.preview import Preview, PreviewResult
from hub.privacy.vault import Vault
from hub.streams.join import JoinProcessor, Published, Wire
from hub.streams.processor import Output, Record
from tests.identity.fake_log import PERSON_TOPIC, FakeLog, FakeReader, FakeWire, FakeWriter
from tests.outlets.pretend import Log, PickleWire
from tests.simulation.world import PARTITIONS, place

__all__ = ["AS_OF", "OWN_SOURCE", "Said", "WholePath"]

IDS = Ids(b"w" * 32)
RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())
AS_OF = date(2021, 2, 12)
POPULATION = Denominators({("47065", "black"): 40, ("47065", "white"): 50, ("47011", "white"): 30}, "made-up")
OWN_SOURCE = "hmis-csv"
AGREEMENT = DeliveryAgreement(
    kind="delivery",
    agreement_id="made-up",
    subscriber="shelters",
    own_source=OWN_SOURCE,
    topics=(NEED_TOPIC,),
    fields=("support", "until", "reasons", "local_id"),
    basis="made up for tests",
    valid_from=date(2021, 1, 1),
    valid_until=date(2021, 12, 31),
    purposes=("isolation-support",),
    labels=("R",),
    retention_days=30,
)
DELIVERED = delivery_topic("shelters")
BEGINS = 1_000
"""Each partition of the person topic begins at so many more than the one before: offsets of two say nothing about what is newer."""
_WIRE = PickleWire()


@dataclass
class Said:
    """Records that came since it was asked last, by what they are about."""

    person_keys: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    needs: list[dict[str, Any]] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Taken:
    event: Event
    outcome: str = "event"
    reason: str | None = None
    odd: tuple[str, ...] = ()

    @property
    def letter(self) -> str:
        return self.event.event_id


class WholePath:
    """One installation; identify takes up to `batch` events at once. `decided`: what people decided about pairs, in order."""

    def __init__(self, folder: Path, dice: random.Random, batch: int) -> None:
        self._dice, self.events, self.decided = dice, list[Event](), list[HumanDecision]()
        self._vault = Vault(folder / "keys.sqlite", b"k" * 32)
        self._intake = FakeLog([])
        where = folder / "identity.sqlite"
        self._registry = Registry(where, self._vault, Linking(who.weights(), IDS, mint_person_key))
        self._lookup = Lookup(where, self._vault)
        self._reader = FakeReader(self._intake, batch)
        self._identify = Identify(
            self._reader, FakeWriter(self._intake), FakeWire(self._intake), self._registry, self._vault
        )
        self.log = Log()
        self._person: list[list[tuple[bytes, bytes]]] = [[] for _ in range(PARTITIONS)]
        self._position = [0] * PARTITIONS
        self.rows: list[dict[bytes, bytes]] = [{} for _ in range(PARTITIONS)]
        wire = Wire(
            _WIRE.decode,
            lambda need: _WIRE.encode(NEED_TOPIC, need),
            lambda tally: _WIRE.encode(TALLY_TOPIC, tally),
            lambda carry: _WIRE.encode(PERSON_TOPIC, carry),
            NEED_TOPIC,
            TALLY_TOPIC,
            PERSON_TOPIC,
        )
        self._join = JoinProcessor(Projector(IDS, RULES), wire, lambda _: Published(frozenset(), -1))
        for partition in range(PARTITIONS):
            list(self._join.open(partition, []))
        subscriber = Subscriber(AGREEMENT, self._lookup.local_ids, lambda _: None)
        self._delivery = Delivery(subscriber, _WIRE, self.log.send, self.log.set_aside, IDS.token)
        self._delivery.catch_up({}, [], AS_OF, lambda: None)
        self._measures = MeasureBoard(POPULATION)
        self._read = dict.fromkeys((PERSON_TOPIC, LINK_TOPIC, NEED_TOPIC, TALLY_TOPIC), 0)
        self._asked = dict.fromkeys((PERSON_TOPIC, LINK_TOPIC, NEED_TOPIC, DELIVERED), 0)
        self._keys: list[str] = []

    def close(self) -> None:
        """Let go of its files."""
        self._lookup.close()
        self._registry.close()
        self._vault.close()

    def take(self, told: Iterable[Event | ReviewDecision]) -> None:
        """Sources tell of people, and reviewers decide."""
        for each in told:
            if isinstance(each, ReviewDecision):
                self._intake.incoming.append(each)
                self.decided.append(each.numbered(len(self._intake.incoming)))
            else:
                self.events.append(each)
                self._intake.incoming.append(self._vault.seal_person(each))

    def erase(self, *source_persons: str) -> None:
        """Their keys are erased now: what was told of them counts no more, nor what people decided about them. What is told later
        came in later."""
        self._vault.erase(*source_persons)
        self.events = [each for each in self.events if each.source_person not in source_persons]
        self.decided = [each for each in self.decided if not {each.left, each.right} & {*source_persons}]
        self._intake.late_from = len(self._intake.incoming)

    @staticmethod
    def names(told: Event | ReviewDecision, source_persons: set[str]) -> bool:
        """Whether this is a decision about one of them."""
        return isinstance(told, ReviewDecision) and not source_persons.isdisjoint((told.left, told.right))

    def fold_again(self) -> None:
        """The tables are lost: the person topic is read again from its beginning, until all is said."""
        self.rows, self._position = [{} for _ in range(PARTITIONS)], [0] * PARTITIONS
        for partition in range(PARTITIONS):
            self._join.close(partition)
            list(self._join.open(partition, []))
        self.settle()

    def tick(self, day: date) -> None:
        """It is `day` now."""
        for partition in range(PARTITIONS):
            self._person[partition].append((b"~tick", _WIRE.encode(PERSON_TOPIC, Tick(as_of=day))))

    def work(self, rounds: int) -> None:
        """So many turns of whoever the dice say."""
        turns = (self._identify.work, self._fold, self._deliver, self._measure)
        for _ in range(rounds):
            self._dice.choice(turns)()
            self._route()

    def settle(self) -> None:
        """Until nobody has anything left to do."""
        while self._identify.work() or self._route() or self._fold() or self._deliver() or self._measure():
            pass

    def said(self) -> Said:
        """What was said since this was asked last."""
        found = Said()
        found.person_keys, self._keys = set(self._keys), []
        found.links = {key for key, _ in self._new(self._asked, LINK_TOPIC, self._intake.said(LINK_TOPIC))}
        needs = self._new(self._asked, NEED_TOPIC, self.log.whole(NEED_TOPIC))
        found.needs = [_WIRE.decode(record.value or b"")[1] for record in needs]
        delivered = self._new(self._asked, DELIVERED, self.log.whole(DELIVERED))
        found.delivered = {(record.key or b"").decode() for record in delivered}
        return found

    def owners(self) -> dict[str, str]:
        """The person of each source person, as the link topic says."""
        newest = dict(self._intake.said(LINK_TOPIC))
        return {key: said["person_key"] for key, said in newest.items() if said["kind"] != "gone"}

    def observed(self) -> Observed:
        """All that stands on the topics."""
        board = self._measures.totals()
        needs = self.log.latest(NEED_TOPIC).values()
        return Observed(
            needs=tuple(_WIRE.decode(record.value or b"")[1] for record in needs),
            owners=self.owners(),
            totals=board,
            measures={
                (key or b"").decode(): _WIRE.decode(record.value or b"")[1]
                for key, record in self.log.latest(MEASURE_TOPIC).items()
            },
            events=len({event.event_id for event in self.events}),
            rejected={},
            stream_rejected=0,
            sites={},
        )

    def delivered(self) -> dict[str, dict[str, Any]]:
        """What stands on the recipient's topic, by need."""
        return {
            key.decode(): _WIRE.decode(record.value or b"")[1] for key, record in self.log.latest(DELIVERED).items()
        }

    def batch(self) -> tuple[PreviewResult, dict[str, dict[str, Any]]]:
        """The batch answer over all that was told, and what the recipient must then see."""
        preview = Preview(IDS, RULES, POPULATION)
        preview.take(_Taken(event) for event in self.events)
        result = preview.finish(AS_OF)
        own: dict[str, str] = {}
        for event in self.events:
            if event.source == OWN_SOURCE and isinstance(event.person, PersonBlock) and event.person.local_id:
                own.setdefault(event.source_person or "", event.person.local_id)
        seen: dict[str, dict[str, Any]] = {}
        subscriber = Subscriber(
            AGREEMENT,
            lambda person_key, _: sorted(own[each] for each in result.groups[person_key] if each in own),
            lambda _: None,
        )
        for need in result.needs:
            shown = subscriber.visible(NEED_TOPIC, need.model_dump(), AS_OF)
            if shown is not None:
                seen[need.need_id] = shown.model_dump()
        return result, seen

    def _route(self) -> int:
        """What identify said reaches the person topic."""
        new = self._new(self._read, PERSON_TOPIC, self._intake.said(PERSON_TOPIC))
        for key, said in new:
            fields = {name: value for name, value in said.items() if name != "kind"}
            self._put(key.encode(), pickle.dumps((said["kind"], fields)))
        return len(new)

    def _put(self, key: bytes, value: bytes) -> None:
        self._keys.append(key.decode())
        self._person[place(key)].append((key, value))

    def _fold(self) -> int:
        """One list of one partition."""
        waiting = [p for p in range(PARTITIONS) if self._position[p] < len(self._person[p])]
        if not waiting:
            return 0
        partition = self._dice.choice(waiting)
        begin = self._position[partition]
        found = self._person[partition][begin : begin + self._dice.randint(1, 8)]
        first = begin + BEGINS * partition
        records = [Record(key, value, first + n, [], 0) for n, (key, value) in enumerate(found)]
        effects = self._join.fold(partition, records, self.rows[partition].get)
        assert not effects.rejected, [reason for _, reason in effects.rejected]
        self.rows[partition].update({key: value for key, value in effects.rows.items() if value is not None})
        for output in effects.outputs:
            self._send(output)
        self._position[partition] += len(found)
        return len(found)

    def _send(self, output: Output) -> None:
        assert output.key is not None
        assert output.value is not None
        if output.topic == PERSON_TOPIC:
            self._put(output.key, output.value)
        else:
            self.log.put(output.topic, output.key.decode(), output.value)

    def _deliver(self) -> int:
        records: Sequence[Incoming] = self._new(self._read, NEED_TOPIC, self.log.whole(NEED_TOPIC))
        self._delivery.follow(records, AS_OF)
        return len(records)

    def _measure(self) -> int:
        records: Sequence[Incoming] = self._new(self._read, TALLY_TOPIC, self.log.whole(TALLY_TOPIC))
        for record in records:
            tally = _WIRE.decode(record.value or b"")[1]
            self._measures.put(tally["stratum"], tally["partition"], tally["count"], tally["version"])
        self.log.send(self._measures.changed(MEASURE_TOPIC, lambda each: _WIRE.encode(MEASURE_TOPIC, each)))
        return len(records)

    @staticmethod
    def _new(read: dict[str, int], topic: str, records: list[Any]) -> list[Any]:
        begin, read[topic] = read[topic], len(records)
        return records[begin:]
