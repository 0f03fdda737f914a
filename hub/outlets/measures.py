"""The one process that reads every partial total and publishes the measures.

In: `hub.equity.tally.v1` (compacted, one partition): whole to its end before anything is said, then as it grows; population
denominators; what the measure topic says already. Out: `hub.equity.measure.v1`, compacted by measure: what differs from what was
said, and a tombstone for a measure that stands no more. Nothing is committed and nothing can be lost: a restart computes the same
measures again and says the difference. Late by at most `SETTLE_S`. A total that cannot be read is set aside.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, get_args

from hub.domain.events import Model
from hub.domain.ids import content_hash
from hub.domain.measures import ALL_AREAS, RACE, Denominators, EquityMeasure, measures
from hub.domain.needs import Support
from hub.domain.race_views import TOLD_BY
from hub.domain.tallies import Tally, TallyBoard
from hub.errors import Reject
from hub.ops import metrics
from hub.outlets.desk import Desk, standing
from hub.outlets.wire import Position, Read, ReadRecord, Said, Send, SetAside, Stop, Wire, decoded

__all__ = ["SETTLE_S", "MeasureBoard", "MeasurePorts", "run_measures", "said_before"]

SETTLE_S = 0.5  # totals come in bursts, one for each list folded; half a second still leaves the 5 s of the promise
_PARTS = 4  # of a stratum: indicator|area|dimension|group


class MeasurePorts(NamedTuple):
    """What the role is handed. `tallies`: the whole tally topic to its end, and those of the desks; `read` brings their records
    too, from the beginning or later. `ready` is told once everything there is has been said."""

    tallies: Callable[[], Iterable[ReadRecord]]
    read: Read
    send: Send
    set_aside: SetAside
    ready: Callable[[], None]


class MeasureBoard:
    """Totals as read so far and the measures as last published. `said`: what the measure topic says at the start, by key; None
    stands for something that cannot be read any more."""

    def __init__(self, denominators: Denominators, said: Mapping[str, EquityMeasure | None] | None = None) -> None:
        self._denominators = denominators
        self._board = TallyBoard()
        self._said = dict(said or {})

    def put(self, stratum: str, partition: int, count: int, version: int) -> None:
        """Take one partial total; Reject when its stratum is none."""
        if stratum.count("|") != _PARTS - 1:
            raise Reject("not-a-stratum", "validate")
        self._board.put(stratum, partition, count, version)

    def changed(self, topic: str, encode: Callable[[EquityMeasure], bytes]) -> list[Said]:
        """What must be said now, tombstones included; it counts as said from now on."""
        now = {measure.key: measure for measure in measures(self._board.totals(), self._denominators)}
        news: dict[str, EquityMeasure | None] = {
            key: measure for key, measure in now.items() if self._said.get(key) != measure
        }
        news.update(dict.fromkeys(self._said.keys() - now.keys()))
        rests_on = self._versions() if news else {}
        self._said = dict(now)
        return [
            Said(
                topic,
                key.encode(),
                None if measure is None else encode(measure),
                content_hash(key, rests_on.get(key.split("|")[1], ""), measure.model_dump_json() if measure else ""),
            )
            for key, measure in sorted(news.items())
        ]

    def totals(self) -> dict[str, int]:
        """People by stratum, as read so far."""
        return self._board.totals()

    def versions(self) -> dict[tuple[str, int], int]:
        """The versions of all partial totals, by stratum and partition."""
        return self._board.versions()

    def show(self) -> None:
        """Set the gauges: open needs, and how many answers on race are unknown."""
        totals = self._board.totals()
        for support in get_args(Support):
            metrics.NEEDS_OPEN.set(totals.get(f"need-open|all|support|{support}", 0), need=support)
        said = [measure for measure in self._said.values() if measure and measure.dimension == RACE]
        shares = [measure.unknown_share for measure in said if measure.area == ALL_AREAS]
        metrics.EQUITY_UNKNOWN.set(max(shares, default=0.0), dimension=RACE)

    def _versions(self) -> dict[str, str]:
        """By area, the versions of every total its measures rest on; they rise with each change."""
        found: dict[str, list[str]] = {ALL_AREAS: []}
        for (stratum, partition), version in sorted(self._board.versions().items()):
            indicator, area, _, _ = stratum.split("|")
            if indicator.removeprefix(TOLD_BY) == "vaccinated":
                for each in (area, ALL_AREAS):
                    found.setdefault(each, []).append(f"{stratum}#{partition}@{version}")
        return {area: "\n".join(versions) for area, versions in found.items()}


def said_before(records: Iterable[tuple[bytes, bytes]], wire: Wire) -> dict[str, EquityMeasure | None]:
    """The measures that stand on the measure topic, out of its (key, value) pairs."""
    return standing(records, wire, EquityMeasure)


def run_measures(
    ports: MeasurePorts,
    wire: Wire,
    board: MeasureBoard,
    topic: str,
    stop: Stop,
    beat: Callable[[], None],
    desks: Sequence[Desk] = (),
) -> None:
    """Read totals, and what `desks` read, until `stop`; publish what changed, awaiting every report. RetryError when the broker
    is away."""
    position = Position()
    by_topic = {topic: desk for desk in desks for topic in desk.intakes}

    def take(record: ReadRecord) -> bool:
        beat()
        if not position.passes(record) or record.value is None:
            return False
        try:
            if (desk := by_topic.get(record.topic)) is not None:
                desk.put(record)
            else:
                tally = decoded(wire, record.value, Tally)
                board.put(tally["stratum"], tally["partition"], tally["count"], tally["version"])
        except Reject as why:
            ports.set_aside(record, why)
        return True

    def publish() -> None:
        ports.send(board.changed(topic, encode))
        for desk in desks:
            ports.send(desk.changed(board.totals(), board.versions))
        board.show()

    def encode(measure: Model) -> bytes:
        return wire.encode(topic, measure)

    for record in ports.tallies():
        take(record)
    publish()
    ports.ready()
    dirty_since: float | None = None
    while not stop():
        beat()
        if sum(map(take, ports.read())):
            dirty_since = dirty_since or time.monotonic()
        if dirty_since is not None and time.monotonic() - dirty_since >= SETTLE_S:
            publish()
            dirty_since = None
