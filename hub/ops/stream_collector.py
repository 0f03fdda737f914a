"""A stream worker's own numbers as Prometheus metrics, read when scraped: nothing is counted twice, the fold pays nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

__all__ = ["StreamCollector", "StreamNumbers"]


class StreamNumbers(Protocol):
    """What a worker keeps (hub.streams.metrics.StreamMetrics); times are `time.monotonic()` seconds."""

    lists: int
    records: int
    rows: int
    outputs: int
    holes: int
    rebalances: int
    recovered_rows: int
    last_commit: float | None

    @property
    def rejected(self) -> Mapping[str, int]: ...
    def lag(self) -> Mapping[int, int]: ...


class StreamCollector(Collector):
    """Register it once the worker's numbers exist."""

    def __init__(self, numbers: StreamNumbers, group: str, topic: str) -> None:
        self._numbers, self._group, self._topic = numbers, group, topic

    def collect(self) -> Iterator[Metric]:
        """Every series of one worker."""
        numbers = self._numbers
        for name, words, count in (
            ("hub_stream_lists", "Lists of records folded", numbers.lists),
            ("hub_stream_records", "Records folded", numbers.records),
            ("hub_stream_rows", "Rows written", numbers.rows),
            ("hub_stream_outputs", "Outputs confirmed", numbers.outputs),
            ("hub_stream_holes", "Lists held back because records before them were missing", numbers.holes),
            ("hub_stream_rebalances", "Rebalances of the group", numbers.rebalances),
            ("hub_stream_recovered_rows", "Changelog records applied", numbers.recovered_rows),
        ):
            yield CounterMetricFamily(name, words, value=count)
        rejected = CounterMetricFamily(
            "hub_stream_rejections", "Records whose fold was refused; must stay 0", labels=["reason"]
        )
        for reason, count in dict(numbers.rejected).items():
            rejected.add_metric([reason], count)
        yield rejected
        lag = GaugeMetricFamily(
            "hub_stream_lag_records", "Records not folded yet", labels=["group", "topic", "partition"]
        )
        for partition, records in dict(numbers.lag()).items():
            lag.add_metric([self._group, self._topic, str(partition)], records)
        yield lag
        if numbers.last_commit is not None:
            age = time.monotonic() - numbers.last_commit
            yield GaugeMetricFamily("hub_stream_commit_age_seconds", "Since the last commit of offsets", value=age)
