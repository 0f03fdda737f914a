"""What librdkafka says of itself, as lines of ours: a fixed message, the broker's address and a code; never its own text.

librdkafka puts its texts together at run time, so the allow-list of `hub.ops.redact` withholds them, and an operator learned
nothing. Here they become a `reason` of a closed set (`other`: none of these), its facility (`kind`) and the broker that it speaks
of. A line that says again what was said less than `AGAIN_S` ago is left out, and counted on the next one: a broker that is away is
told of many times a second, by each consumer and producer.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from hub.ops.redact import redact

__all__ = ["AGAIN_S", "LIBRARY_LOG", "Telling", "reason_of"]

AGAIN_S = 60.0
_MESSAGE = "the library that speaks with the broker reports"
_MOST = 1_000  # different ones remembered: few brokers, few reasons
_ADDRESS = re.compile(r"(?<![\w.-])([A-Za-z0-9][A-Za-z0-9.-]{0,250}:\d{1,5})/(?:bootstrap|\d+)")
_KIND = re.compile(r"[A-Z0-9_]{1,30}\Z")
_REASONS = (
    ("connection refused", "connection-refused"),
    ("failed to resolve", "name-not-resolved"),
    ("brokers are down", "all-brokers-down"),
    ("authentication", "login-refused"),
    ("ssl handshake", "tls-failed"),
    ("certificate", "tls-failed"),
    ("timed out", "timed-out"),
    ("timeout", "timed-out"),
    ("connection setup", "timed-out"),
    ("no route to host", "no-route"),
    ("network is unreachable", "no-route"),
    ("reset by peer", "disconnected"),
    ("disconnected", "disconnected"),
    ("broker transport failure", "disconnected"),
    ("application maximum poll interval", "polled-too-rarely"),
    ("fatal error", "fatal"),
    ("coordinator", "coordinator-away"),
)


def reason_of(text: str) -> str:
    """The code of what librdkafka said; `other` for what is not known here."""
    said = text.lower()
    return next((code for words, code in _REASONS if words in said), "other")


class Telling(logging.Filter):
    """Of the logger that confluent-kafka is given. It calls it with `%s [%s] %s`, the facility, the client's name, and the text."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[tuple[str, str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args
        if not isinstance(args, tuple) or len(args) != 3:
            return True  # not librdkafka's: the allow-list judges it
        facility, _, text = (str(each) for each in args)
        found = _ADDRESS.search(text)
        kind = facility.lower() if _KIND.match(facility) else "other"
        said = (kind, reason_of(text), found[1] if found else "")
        now = self._clock()
        before, left_out = self._told.get(said, (-AGAIN_S, 0))
        if now - before < AGAIN_S:
            self._told[said] = (before, left_out + 1)
            return False
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[said] = (now, 0)
        record.msg, record.args = _MESSAGE, ()
        fields: dict[str, object] = {"reason": said[1], "kind": kind, "count": left_out + 1}
        record.__dict__["hub_fields"] = redact(fields | ({"address": said[2]} if said[2] else {}))
        return True


LIBRARY_LOG = logging.getLogger("hub.bus.rdkafka")
"""Where librdkafka's own lines go, instead of plain text on stderr."""
LIBRARY_LOG.addFilter(Telling())
