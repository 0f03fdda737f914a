"""The one process that reads every partial total and publishes the measures.

In: `hub.equity.tally.v1` from its beginning at every start (it is compacted, one partition), population denominators. Out:
`hub.equity.measure.v1`, compacted by measure; only what changed since this process last said it, and everything once after a
start. Nothing is committed and nothing can be lost: a restart computes the same measures again. Late by at most `SETTLE_S`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from hub.domain.measures import Denominators, EquityMeasure, measures
from hub.domain.tallies import TallyBoard
from hub.outlets.wire import Read, Send, Stop, Wire

__all__ = ["SETTLE_S", "MeasureBoard", "run_measures"]

SETTLE_S = 0.5  # totals come in bursts, one for each list folded; half a second still leaves the 5 s of the promise


class MeasureBoard:
    """Totals as read so far and the measures as last published."""

    def __init__(self, denominators: Denominators) -> None:
        self._denominators = denominators
        self._board = TallyBoard()
        self._said: dict[str, EquityMeasure] = {}

    def put(self, stratum: str, partition: int, count: int, version: int) -> None:
        """Take one partial total."""
        self._board.put(stratum, partition, count, version)

    def changed(self) -> dict[str, EquityMeasure]:
        """Measures that differ from what was said last, by key; they count as said from now on."""
        now = {key_of(measure): measure for measure in measures(self._board.totals(), self._denominators)}
        news = {key: measure for key, measure in now.items() if self._said.get(key) != measure}
        self._said.update(news)
        return news


def key_of(measure: EquityMeasure) -> str:
    """The record key of a measure."""
    return f"{measure.indicator}|{measure.area}|{measure.dimension}|{measure.group}"


def run_measures(
    read: Read, send: Send, wire: Wire, board: MeasureBoard, topic: str, stop: Stop, beat: Callable[[], None]
) -> None:
    """Read totals until `stop`; publish changed measures, awaiting every report. RetryError when the broker is away."""
    dirty_since: float | None = None
    while not stop():
        beat()
        for record in read():
            if record.value is None:
                continue
            _, fields = wire.decode(record.value)
            board.put(fields["stratum"], fields["partition"], fields["count"], fields["version"])
            dirty_since = dirty_since or time.monotonic()
        if dirty_since is not None and time.monotonic() - dirty_since >= SETTLE_S:
            _publish(board.changed(), send, wire, topic)
            dirty_since = None


def _publish(news: dict[str, EquityMeasure], send: Send, wire: Wire, topic: str) -> None:
    records: Iterable[tuple[str, bytes, bytes | None]] = (
        (topic, key.encode(), wire.encode(topic, measure)) for key, measure in news.items()
    )
    send(list(records))
