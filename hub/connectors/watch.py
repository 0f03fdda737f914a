"""What operators see of a connector: its metrics and its log lines. Names of units, people and senders appear in neither."""

from __future__ import annotations

from collections import Counter
from time import monotonic, time

from hub.connectors.away import in_words
from hub.connectors.door import Receipt
from hub.errors import HubError
from hub.ops import metrics
from hub.ops.logs import logger

__all__ = ["PAUSED_BY_OPERATOR", "STATES", "Watch"]

STATES = ("starting", "running", "paused", "failed", "stopped")
PAUSED_BY_OPERATOR = "paused-by-operator"
_TELL_EVERY_S = 60.0
ASIDE_TOLD_EVERY_S = 600.0
"""How often a line says that records are set aside for one reason."""
log = logger(__name__)


class Watch:
    """Of one connector, through all its reloads. `state`, `why` and `detail` (why it failed, in words) are what /readyz says;
    `counts` holds records by outcome, `ignored` those set aside by reason, both since the process began (`started_at`);
    `last_record_at` in seconds since 1970, of an earlier process too (`recall`); `address` is where its door is open."""

    def __init__(self, connector: str) -> None:
        self.connector = connector
        self.state = ""
        self.why = ""
        self.detail = ""
        self.address: dict[str, str | int] = {}
        self.counts: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self.started_at = time()
        self.last_record_at: float | None = None
        self._told: dict[str, float] = {}
        self._aside: dict[str, tuple[float, int]] = {}  # by reason: when a line said so, and how many there were then
        self.enter("starting", "not started yet")

    def opened(self, **where: str | int) -> None:
        """The door is open: `host` and `port`, or `path`."""
        self.address = dict(where)
        log.info("door is open", connector=self.connector, **where)

    def enter(self, state: str, why: str = "", error: BaseException | None = None) -> None:
        """The connector is now `running`, or `paused` or `failed` for the reason (a code), with what was raised, if anything."""
        detail = str(error) if state == "failed" and isinstance(error, HubError) else ""
        changed = (self.state, self.why, self.detail) != (state, why, detail)
        self.state, self.why, self.detail = state, why, detail
        if not changed:
            return
        for known in STATES:
            metrics.CONNECTOR_STATE.set(float(known == state), connector=self.connector, state=known)
        if state in ("paused", "failed"):
            log.warning("connector takes nothing in", connector=self.connector, state=state, reason=why, exc_info=error)
        elif state == "running":
            log.info("connector takes data in", connector=self.connector, state=state)

    def ready(self) -> str | None:
        """None while it runs, or rests because an operator said so, else the state and why: a readiness check."""
        if self.state == "running" or self.why == PAUSED_BY_OPERATOR:
            return None
        words = ": ".join(filter(None, (in_words(self.why), "; ".join(self.detail.splitlines()))))
        return f"{self.state}: {words}" if words else self.state

    def settled(self, token: str, receipt: Receipt) -> None:
        """Everything of the unit `token` is on the broker."""
        for kind, count in receipt.events.items():
            self._count(count, kind, "accepted")
        for problem_reason, count in receipt.rejected.items():
            self._count(count, "none", "rejected")
            stage = next((p.stage for p in receipt.problems if p.reason == problem_reason), "map")
            metrics.DLQ_RECORDS.inc(count, stage=stage, reason=problem_reason, connector=self.connector)
        for stop_reason, count in (receipt.stopped or {}).items():
            metrics.HARD_STOPS.inc(count, connector=self.connector, reason=stop_reason)
        for ignored_reason, count in receipt.ignored.items():
            self._count(count, "none", "ignored")
            self._set_aside(ignored_reason, count)
        metrics.CONNECTOR_LAST_RECORD.now(connector=self.connector)
        self.last_record_at = time()
        if receipt.rejected:
            log.warning(
                "unit taken in, some of it as dead letters", connector=self.connector, where=token,
                records=receipt.events.total(), count=receipt.rejected.total(), reason=receipt.problems[0].reason,
            )  # fmt: skip

    def recall(self, at: float) -> None:
        """An earlier process took its last record then, in seconds since 1970; one that came since is later."""
        if self.last_record_at is None:
            self.last_record_at = at
            metrics.CONNECTOR_LAST_RECORD.set(at, connector=self.connector)

    def refused(self, token: str, why: str) -> None:
        """Nothing of the unit was promised; its sender has to send it again."""
        self._count(1, "none", "blocked")
        log.warning("unit refused, nothing was promised", connector=self.connector, where=token, reason=why)

    def noticed(self, reason: str, error: BaseException | None = None) -> None:
        """Something at the door worth a line: a closed set of reasons."""
        log.info("noticed at the door", connector=self.connector, reason=reason, exc_info=error)

    def certificate_expires(self, at: float) -> None:
        """The certificate that the door shows ends then, in seconds since 1970."""
        metrics.DOOR_CERTIFICATE_EXPIRES.set(at, connector=self.connector)

    def closed(self, reason: str) -> None:
        """A sender's connection ended: a closed set of reasons, of the door. All are counted, one a minute is logged."""
        metrics.DOOR_CLOSED.inc(connector=self.connector, reason=reason)
        now = monotonic()
        if now - self._told.get(reason, -_TELL_EVERY_S) >= _TELL_EVERY_S:
            self._told[reason] = now
            log.info("connection closed", connector=self.connector, reason=reason)

    def connections(self, count: int) -> None:
        """So many connections are open now."""
        metrics.DOOR_CONNECTIONS.set(count, connector=self.connector)

    def broken(self, error: BaseException) -> None:
        """Something of ours raised where nothing may be lost by going on."""
        log.error("error in the connector", connector=self.connector, exc_info=error)

    def _set_aside(self, reason: str, count: int) -> None:
        """Acknowledged, and nothing of it kept: counted by reason, and said now and then."""
        self.ignored[reason] += count
        metrics.CONNECTOR_IGNORED.inc(count, connector=self.connector, reason=reason)
        now, held = monotonic(), self.ignored[reason]
        told_at, told = self._aside.get(reason, (-ASIDE_TOLD_EVERY_S, 0))
        if now - told_at >= ASIDE_TOLD_EVERY_S:
            self._aside[reason] = (now, held)
            log.info("records set aside", connector=self.connector, reason=reason, count=held - told)

    def _count(self, count: int, stream: str, outcome: str) -> None:
        self.counts[outcome] += count
        metrics.CONNECTOR_RECORDS.inc(count, connector=self.connector, stream=stream, outcome=outcome)
