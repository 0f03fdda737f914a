"""The hub's Prometheus metrics: stable `hub_*` names, base units, closed label sets.

A label value is a word of a closed set, or, where operators name things (connectors, topics), a short slug of which a
process knows at most `MAX_VALUES`. Anything else is counted as `other`: no id, name or raw value can become a label, and
a bad source cannot fill the memory of the Prometheus server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Generic, TypeVar, cast

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from hub import __version__

__all__ = ["CONTENT_TYPE", "MAX_VALUES", "REGISTRY", "Count", "Level", "Span", "render"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
MAX_VALUES = 100
_SERIES = 1_000
OTHER = "other"
REGISTRY = CollectorRegistry(auto_describe=True)

_SLUG = re.compile(r"[a-z][a-z0-9._-]{0,60}\Z")
_TOKEN = re.compile(r"[a-z2-7]{26}\Z")  # an id of hub.domain.ids must never be a label
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_M = TypeVar("_M", bound=Counter | Gauge | Histogram)

Labels = dict[str, Sequence[str] | None]
"""Label name → its closed set of values; None: any slug, up to MAX_VALUES."""


class _Guarded(Generic[_M]):
    def __init__(self, metric: _M, labels: Labels) -> None:
        self._metric, self._labels = metric, labels
        self._closed = {name: frozenset(values) for name, values in labels.items() if values is not None}
        self._known: dict[str, set[str]] = {name: set() for name, values in labels.items() if values is None}
        self._series: dict[tuple[tuple[str, str], ...], _M] = {}
        if not labels:
            return
        if all(values is not None for values in labels.values()) and len(labels) == 1:
            for value in next(iter(self._closed.values())):
                self._of({next(iter(labels)): value})  # a series that is there from the start can be alerted on

    def _of(self, given: dict[str, str]) -> _M:
        if not self._labels:
            return self._metric
        asked = tuple(given.items())
        series = self._series.get(asked)
        if series is None:
            guarded = {name: self._guard(name, given.get(name, OTHER)) for name in self._labels}
            series = cast(_M, self._metric.labels(**guarded))
            if len(self._series) < _SERIES:  # to guard and look up anew took 15 us each time, several times a message
                self._series[asked] = series
        return series

    def _guard(self, name: str, value: str) -> str:
        if name in self._closed:
            return value if value in self._closed[name] else OTHER
        known = self._known[name]
        if value in known:
            return value
        if len(known) >= MAX_VALUES or not _SLUG.match(value) or _TOKEN.match(value):
            return OTHER
        known.add(value)
        return value


class Count(_Guarded[Counter]):
    """A number that only rises; the name is written without `_total`."""

    def __init__(self, name: str, help_text: str, **labels: Sequence[str] | None) -> None:
        super().__init__(Counter(name, help_text, tuple(labels), registry=REGISTRY), labels)

    def inc(self, amount: float = 1, /, **labels: str) -> None:
        self._of(labels).inc(amount)


class Level(_Guarded[Gauge]):
    """A number that rises and falls."""

    def __init__(self, name: str, help_text: str, **labels: Sequence[str] | None) -> None:
        super().__init__(Gauge(name, help_text, tuple(labels), registry=REGISTRY), labels)

    def set(self, value: float, /, **labels: str) -> None:
        self._of(labels).set(value)

    def now(self, **labels: str) -> None:
        """Set to the present, in seconds since 1970."""
        self._of(labels).set_to_current_time()


class Span(_Guarded[Histogram]):
    """A distribution of seconds."""

    def __init__(
        self, name: str, help_text: str, buckets: Sequence[float] = _SECONDS, /, **labels: Sequence[str] | None
    ) -> None:
        super().__init__(Histogram(name, help_text, tuple(labels), registry=REGISTRY, buckets=buckets), labels)

    def observe(self, seconds: float, /, **labels: str) -> None:
        self._of(labels).observe(seconds)

    @contextmanager
    def time(self, **labels: str) -> Iterator[None]:
        """Observe how long the block took."""
        start = perf_counter()
        try:
            yield
        finally:
            self.observe(perf_counter() - start, **labels)


def render() -> bytes:
    """All metrics of this process in the Prometheus text format."""
    return generate_latest(REGISTRY)


_OUTCOMES = ("accepted", "rejected", "ignored", "duplicate", "blocked")
_STATES = ("starting", "running", "paused", "failed", "stopped")
_STAGES = ("frame", "parse", "map", "agreement", "encode", "publish", "open", "decode", "validate", "fold", "project")
_REDRIVEN = ("event", "ignored", "rejected")
_HTTP_STATUSES = (
    "200", "202", "303", "304", "400", "401", "403", "404", "405", "408", "413", "415", "422", "429", "431", "500", "503",
)  # fmt: skip
_GRADES = ("create", "link", "merge", "split")

BUILD = Level("hub_build_info", "Which version runs here, as which role; always 1", role=None, version=(__version__,))
CONNECTOR_RECORDS = Count(
    "hub_connector_records",
    "Records of a source by what became of them",
    connector=None,
    stream=None,
    outcome=_OUTCOMES,
)
CONNECTOR_IGNORED = Count(
    "hub_connector_ignored", "Good records that were acknowledged and set aside, by why", connector=None, reason=None
)
HARD_STOPS = Count(
    "hub_hard_stops",
    "Records refused without a body because the hub must not hold them, by why",
    connector=None,
    reason=None,
)
CONNECTOR_LAST_RECORD = Level(
    "hub_connector_last_record_timestamp_seconds", "When the source last sent something", connector=None
)
CONNECTOR_WAITING_SINCE = Level(
    "hub_connector_waiting_since_timestamp_seconds",
    "Since when the connector takes data in and its source has never sent anything",
    connector=None,
)
CONNECTOR_INTERVAL = Level(
    "hub_connector_expected_interval_seconds", "How often the source should send something", connector=None
)
CONNECTOR_STATE = Level("hub_connector_state", "1 for the state the connector is in", connector=None, state=_STATES)
CONNECTOR_START_FAILURES = Count(
    "hub_connector_start_failures",
    "Times that a connector, or a change of it, could not be started, by why",
    connector=None,
    reason=None,
)
DOOR_CONNECTIONS = Level("hub_door_connections", "Connections that senders hold open", connector=None)
DOOR_CLOSED = Count("hub_door_closed", "Connections of senders that ended, by why", connector=None, reason=None)
DOOR_CERTIFICATE_EXPIRES = Level(
    "hub_door_certificate_expires_timestamp_seconds", "When the certificate that a door shows ends", connector=None
)
CONNECTOR_STALE = Level(
    "hub_connector_config_stale", "1 while the connector does not run as its newest files say", connector=None
)
UNMAPPED_CODES = Count(
    "hub_unmapped_codes", "Values of a source that no decided row of its code table has", connector=None, table=None
)
HTTP_REQUESTS = Count(
    "hub_http_requests", "Requests to doors over HTTP by answer", connector=None, door=None, status=_HTTP_STATUSES
)
HTTP_SECONDS = Span(
    "hub_http_request_seconds", "Seconds from a request's header to its answer", connector=None, door=None
)
HTTP_CONNECTIONS = Level("hub_http_connections", "Open connections of the doors over HTTP")
HTTP_CUT = Count("hub_http_connections_cut", "Connections of senders cut off", reason=("header-too-slow", "too-many"))
DLQ_RECORDS = Count("hub_dlq_records", "Dead letters written", stage=_STAGES, reason=None, connector=None)
DLQ_OPEN = Level("hub_dlq_open", "Dead letters that nothing came of yet", connector=None)
DLQ_OLDEST_AGE = Level(
    "hub_dlq_oldest_age_seconds", "Age of the oldest open dead letter, 0 without one", connector=None
)
DLQ_REDRIVEN = Count("hub_dlq_redriven", "Redrives of a dead letter by what came of it", result=_REDRIVEN)
STREAM_REJECTED = Count(
    "hub_stream_rejected",
    "Records the hub itself could not work on; must stay 0",
    stage=_STAGES,
    reason=None,
    topic=None,
)
LAG_RECORDS = Level("hub_consumer_lag_records", "Records not yet worked on", group=None, topic=None)
LAG_SECONDS = Level("hub_consumer_lag_seconds", "Age of the newest record worked on", group=None, topic=None)
PROCESS_SECONDS = Span("hub_process_seconds", "Seconds one batch took", processor=None)
DUPLICATES_DROPPED = Count("hub_duplicates_dropped", "Repeats that changed nothing", processor=None)
AREA_ONLY_EVENTS = Count("hub_area_only_events", "Events without a person: they count for their area only", kind=None)
TEST_EVENTS = Count("hub_test_events", "Events that their source marks as tests: they count nowhere", kind=None)
LINK_DECISIONS = Count("hub_link_decisions", "What identify decided about source persons", grade=_GRADES)
UNLINKS = Count("hub_unlinks", "Source persons that left the person they were linked to")
ERASED = Count("hub_erased_source_persons", "Source persons that the registry knew and took out: they were erased")
REVIEW_DECISIONS = Count(
    "hub_review_decisions", "What people decided about pairs", verdict=("same", "different", "withdrawn")
)
REVIEWS_WAITING = Level("hub_reviews_waiting", "Pairs of people that may be one: a person should look")
OUTBOX_RECORDS = Level("hub_outbox_records", "Records in the outbox of identify that are not confirmed yet")
NEEDS_OPEN = Level("hub_needs_open", "Open support needs", need=None)
SITES = Level("hub_sites", "Sites by whether their free beds are known tonight", site_kind=None, free_beds=None)
BEDS_FREE = Level("hub_beds_free", "Beds that are surely free tonight, over all sites of a kind", site_kind=None)
EQUITY_UNKNOWN = Level("hub_equity_unknown_ratio", "Share of vaccinated people whose answer is unknown", dimension=None)
POLICY_BLOCKED = Count("hub_policy_blocked", "Disclosures refused", reason=None)
