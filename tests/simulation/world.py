"""A deterministic world on a fake log: one seed gives the stories, the links, the order, the repeats, the crashes.

The log keeps what was sent; a worker folds lists of random length, and may die after any prefix of its row writes or
outputs, with or without its local store. What it committed it will not see again; all else it will. `truth` is a batch
computation over the same facts.
"""

from __future__ import annotations

import pickle
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import hub.domain.isolation as isolation
from hub.domain.events import Model
from hub.domain.history import decode_row
from hub.domain.projection import Projector
from hub.domain.tallies import TallyBoard
from hub.streams.join import JoinProcessor, Published, Wire
from hub.streams.processor import Effects, Output, Record
from tests.builders import IDS, Story, a_person, belongs

RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())
PARTITIONS = 3
START = date(2021, 1, 1)
END = date(2021, 3, 31)
CURRENT = ("open", "helped", "ended")


def _decode(value: bytes) -> tuple[str, dict[str, Any]]:
    fields = pickle.loads(value)
    return fields["kind"], fields


def _encode(model: Model) -> bytes:
    return pickle.dumps({"kind": type(model).kind, **model.model_dump()})  # type: ignore[attr-defined]


class Crash(Exception):
    """The worker died here."""


@dataclass
class Log:
    """Person topic by partition, needs and tallies in order of arrival, and the changelog."""

    person: list[list[tuple[bytes, bytes]]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    needs: list[dict[str, Any]] = field(default_factory=list)
    tallies: list[dict[str, Any]] = field(default_factory=list)
    changelog: list[dict[bytes, bytes]] = field(default_factory=lambda: [{} for _ in range(PARTITIONS)])
    committed: list[int] = field(default_factory=lambda: [0] * PARTITIONS)

    def send(self, output: Output) -> None:
        """Append a record to its topic."""
        assert output.value is not None
        assert output.key is not None
        if output.topic == "person":
            partition = output.partition if output.partition is not None else place(output.key)
            self.person[partition].append((output.key, output.value))
        elif output.topic == "needs":
            self.needs.append(pickle.loads(output.value))
        else:
            self.tallies.append(pickle.loads(output.value))

    def published(self, partition: int) -> Published:
        """What the tally topic holds of a partition."""
        mine = [tally for tally in self.tallies if tally["partition"] == partition]
        return Published(frozenset(t["stratum"] for t in mine), max((t["version"] for t in mine), default=-1))


def place(key: bytes) -> int:
    """The fake partitioner."""
    return sum(key) % PARTITIONS


class Worker:
    """Folds lists of the partitions it owns as hub.streams.app does: rows confirmed, outputs, commit; dies where the
    dice say.

    Its store is what the changelog confirmed: a local store is never ahead of it, and recovery brings it up to it.
    """

    def __init__(self, log: Log, dice: random.Random, make: Any, owned: set[int]) -> None:
        self.log, self.dice = log, dice
        wire = Wire(_decode, _encode, _encode, _encode, "needs", "tallies", "person")
        self.processor = make(Projector(IDS, RULES), wire, log.published)
        self.store: dict[int, dict[bytes, bytes]] = {}
        self.position: dict[int, int] = {}
        self.own(owned)

    def own(self, partitions: set[int]) -> None:
        """A rebalance: lost partitions are closed, gained ones recovered and opened."""
        for partition in sorted(set(self.position) - partitions):
            self.processor.close(partition)
            del self.position[partition], self.store[partition]
        for partition in sorted(partitions - set(self.position)):
            self.store[partition] = dict(self.log.changelog[partition])
            self.position[partition] = self.log.committed[partition]
            for output in self.processor.open(partition, list(self.store[partition].items())):
                self.log.send(output)

    def step(self, crash_share: float) -> bool:
        """One list of a random partition; False when nothing is left. Raises Crash."""
        waiting = [p for p in sorted(self.position) if self.position[p] < len(self.log.person[p])]
        if not waiting:
            return False
        partition = self.dice.choice(waiting)
        begin = self.position[partition]
        end = min(len(self.log.person[partition]), begin + self.dice.randint(1, 12))
        records = [
            Record(key, value, begin + i, [], 0) for i, (key, value) in enumerate(self.log.person[partition][begin:end])
        ]
        effects = self.processor.fold(partition, records, self.store[partition].get)
        assert not effects.rejected, effects.rejected
        self._deliver(partition, effects, self.dice.random() < crash_share)
        self.position[partition] = end
        if self.dice.random() < 0.5:
            self.log.committed[partition] = end
        return True

    def _deliver(self, partition: int, effects: Effects, crash: bool) -> None:
        dies_at = self.dice.randint(0, len(effects.rows) + len(effects.outputs)) if crash else None
        for done, (key, value) in enumerate(effects.rows.items()):
            if done == dies_at:
                raise Crash
            assert value is not None
            self.store[partition][key] = self.log.changelog[partition][key] = value
        for done, output in enumerate(effects.outputs, start=len(effects.rows)):
            if done == dies_at:
                raise Crash
            self.log.send(output)
        if crash:
            raise Crash


@dataclass
class World:
    """Stories, their links over time, and the inputs in the order the seed shuffled them into."""

    stories: list[Story]
    owners: dict[str, str]
    inputs: list[tuple[int | None, bytes, dict[str, Any]]]


def make_world(seed: int, people: int = 6) -> World:
    """Some source persons with overlapping lives, relinked up to three times; shuffled, repeated, clock ticks in between."""
    dice = random.Random(seed)
    stories = [_life(dice, f"sp-{number}") for number in range(people)]
    keys = [f"person-{letter}" for letter in "abcd"]
    owners: dict[str, str] = {}
    inputs: list[tuple[int | None, bytes, dict[str, Any]]] = []
    for story in stories:
        owner, revision = dice.choice(keys), 1
        moves = [(revision, owner)]
        for _ in range(dice.choice([0, 0, 1, 2, 3])):
            revision, previous = revision + 1, owner
            owner = dice.choice([key for key in keys if key != previous])
            moves.append((revision, owner))
            for target in (previous, owner):
                inputs.append((None, target.encode(), belongs(story.source_person, revision, owner)))
        owners[story.source_person] = owner
        for record in story.records:
            for _ in range(dice.choice([1, 1, 1, 2])):
                at_revision, addressed = dice.choice(moves)
                inputs.append(
                    (None, addressed.encode(), {**record, "link_revision": at_revision, "person_key": addressed})
                )
    dice.shuffle(inputs)
    for step in range(0, (END - START).days, 15):
        tick = {"kind": "tick", "as_of": START + timedelta(days=step)}
        at = dice.randint(0, len(inputs))
        inputs[at:at] = [(partition, b"~tick", tick) for partition in range(PARTITIONS)]
    inputs.extend((partition, b"~tick", {"kind": "tick", "as_of": END}) for partition in range(PARTITIONS))
    return World(stories, owners, inputs)


def _life(dice: random.Random, source_person: str) -> Story:
    story = a_person(source_person)

    def some_day() -> str:
        return (START + timedelta(days=dice.randint(0, 88))).isoformat()

    for number in range(dice.randint(0, 3)):
        fact, on = f"lab-{number}", some_day()
        if dice.random() < 0.2:
            fact = f"/shared-{dice.randint(0, 1)}"  # a source that tells one fact of two people
        story.tested(dice.choice(["positive", "positive", "negative"]), on=on, fact=fact)
        if dice.random() < 0.4:
            story.tested(dice.choice(["positive", "negative"]), on=on, fact=fact, version=2, active=dice.random() < 0.6)
    for number in range(dice.randint(0, 4)):
        site_kind = dice.choice(["congregate", "congregate", "isolation"])
        story.slept_at(dice.choice(["s1", "s2"]), on=some_day(), site_kind=site_kind, fact=f"night-{number}")
    if dice.random() < 0.5:
        story.lacks_food(on=some_day())
    if dice.random() < 0.5:
        story.got_dose(on=some_day())
    if dice.random() < 0.7:
        story.lives_in(
            dice.choice(["47065", "47011"]), race=dice.choice([("black",), ("white",), ("asian", "white"), ()])
        )
    return story


def run(world: World, seed: int, *, crash_share: float = 0.15, make: Any = JoinProcessor) -> Log:
    """Feed the world to workers that die and come back; ends when all is folded."""
    dice = random.Random(seed + 1_000_003)
    log, fed = Log(), 0
    workers = [Worker(log, dice, make, set(range(PARTITIONS)))]
    while True:
        if fed < len(world.inputs) and dice.random() < 0.6:
            partition, key, fields = world.inputs[fed]
            log.send(Output("person", key, pickle.dumps(fields), partition))
            fed += 1
            continue
        if dice.random() < 0.05:
            workers = _rebalance(workers, log, dice, make)
        try:
            busy = [worker.step(crash_share) for worker in workers]
        except Crash:
            workers = [Worker(log, dice, make, set(range(PARTITIONS)))]  # the group starts anew from what is committed
            continue
        if not any(busy) and fed == len(world.inputs):
            return log


def _rebalance(workers: list[Worker], log: Log, dice: random.Random, make: Any) -> list[Worker]:
    """One worker becomes two, or two become one; what a worker did not commit is folded again by the next owner."""
    if len(workers) == 1:
        share = {p for p in range(PARTITIONS) if dice.random() < 0.5}
        workers[0].own(set(range(PARTITIONS)) - share)
        return [*workers, Worker(log, dice, make, share)]
    workers[1].own(set())
    workers[0].own(set(range(PARTITIONS)))
    return workers[:1]


def found(log: Log) -> tuple[set[tuple[Any, ...]], dict[str, int]]:
    """What a subscriber and a reader of tallies see at the end."""
    last = {need["need_id"]: need for need in log.needs}
    highest: dict[str, dict[str, Any]] = {}
    for need in log.needs:
        known = highest.get(need["need_id"])
        if known is None or need["revision"] >= known["revision"]:
            highest[need["need_id"]] = need
    assert {k: _shown(v) for k, v in last.items()} == {k: _shown(v) for k, v in highest.items()}, "revision lies"
    said: dict[tuple[str, int], set[tuple[Any, ...]]] = {}
    for need in log.needs:
        said.setdefault((need["need_id"], need["revision"]), set()).add(_shown(need))
    assert all(len(each) == 1 for each in said.values()), "one revision says two things"
    board = TallyBoard()
    for tally in log.tallies:
        board.put(tally["stratum"], tally["partition"], tally["count"], tally["version"])
    return {_shown(need) for need in last.values() if need["state"] in CURRENT}, board.totals()


def truth(world: World) -> tuple[set[tuple[Any, ...]], dict[str, int]]:
    """The batch answer: each owner's facts in one row, projected once at the end."""
    needs: set[tuple[Any, ...]] = set()
    totals: dict[str, int] = {}
    for owner in sorted(set(world.owners.values())):
        row = decode_row(None)
        for story in world.stories:
            if world.owners[story.source_person] == owner:
                for record in story.records:
                    row.apply(owner, 0, {**record, "link_revision": 1})
        if not any(sub.facts for sub in row.subs.values()):
            continue
        projection = Projector(IDS, RULES).project(owner, row, END)
        needs |= {_shown(need.model_dump()) for need in projection.needs if need.state in CURRENT}
        for stratum in projection.gained:
            totals[stratum] = totals.get(stratum, 0) + 1
    return needs, totals


def _shown(need: dict[str, Any]) -> tuple[Any, ...]:
    return (
        need["need_id"],
        need["person_key"],
        need["support"],
        need["state"],
        need["since"],
        need["until"],
        need["reasons"],
        need["evidence"],
    )
