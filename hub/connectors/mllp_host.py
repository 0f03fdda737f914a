"""The MLLP door as its connections see it, and why a connection ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hub.connectors.door import Receipt
from hub.connectors.mllp_options import MllpOptions

if TYPE_CHECKING:
    from hub.connectors.mllp_connection import Connection
    from hub.connectors.mllp_delivery import MllpDelivery

__all__ = ["BAD_ENDS", "CLOSED", "Host"]

CLOSED = (
    "by-sender", "idle", "stopped", "made-room", "too-many-connections", "too-many-from-address", "too-fast",
    "too-many-faults", "frame-no-start", "frame-too-large", "frame-empty", "frame-timeout", "frame-truncated", "tls-at-plain-port",
    "plain-at-tls-port",
    "tls-certificate-refused", "tls-no-certificate", "tls-timeout", "tls-failed", "tls-hung-up", "sender-unknown",
    "answer-not-taken", "not-promised", "no-answer", "not-accepted",
)  # fmt: skip
"""Values of `reason` in hub_door_closed_total."""

BAD_ENDS = frozenset({
    "frame-no-start", "frame-too-large", "frame-empty", "frame-timeout", "frame-truncated", "tls-at-plain-port",
    "plain-at-tls-port", "tls-certificate-refused", "tls-no-certificate", "tls-timeout", "tls-failed", "sender-unknown",
    "answer-not-taken",
})  # fmt: skip
"""Those for which the sender is to blame."""


class Host(Protocol):
    """The door, as a connection sees it."""

    options: MllpOptions

    def handed(self, delivery: MllpDelivery, unanswered: int) -> None:
        """One more delivery of a connection that now waits for so many answers."""

    def answer(self, message: bytes, receipt: Receipt) -> bytes | None: ...
    def heard(self, address: str, receipt: Receipt) -> None:
        """A message of this address was answered."""

    def wait_s(self, address: str) -> float:
        """Seconds until the next message of this address may be taken, on whichever connection."""

    def taken(self, address: str) -> None:
        """A message of this address was taken."""

    def may_tell(self) -> bool:
        """Whether one more fault on the wire may become a dead letter: a flood of them is counted only."""

    def answered(self, lane: str) -> None:
        """A delivery of this connection was answered, or never will be."""

    def left(self, connection: Connection, reason: str) -> None: ...
