"""One message that came over MLLP, on its way through the intake loop, and the answer back."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from hub.connectors.door import Receipt, Unit

if TYPE_CHECKING:
    from hub.connectors.mllp_connection import Connection

__all__ = ["SENDER_NOT_ALLOWED", "TOO_MANY_MESSAGES", "TOO_MANY_SEGMENTS", "MllpDelivery"]

SENDER_NOT_ALLOWED = "sender-not-allowed"
TOO_MANY_MESSAGES = "too-many-messages"
TOO_MANY_SEGMENTS = "too-many-segments"
_ANSWERED = frozenset({None, SENDER_NOT_ALLOWED, TOO_MANY_MESSAGES, TOO_MANY_SEGMENTS})
"""Faults of a whole frame: its sender is told. After the others nobody knows where a message begins."""
_ANSWER_ASIDE = 32 * 1024  # bytes of a message whose answer is built in a thread: a batch may hold hundreds


class MllpDelivery:
    """One message, or one fault on the wire, on its way through the intake loop."""

    def __init__(self, connection: Connection, message: bytes, fault: str | None) -> None:
        self._connection, self.message, self.fault = connection, message, fault
        self._unit: Unit | None = None

    @property
    def unit(self) -> Unit:
        if self._unit is None:
            self._unit = Unit(f"message-{hashlib.sha256(self.message).hexdigest()[:12]}", self.message)
        return self._unit

    @property
    def lane(self) -> str:
        return self._connection.lane

    @property
    def sender(self) -> str:
        return self._connection.sender

    @property
    def answered_aside(self) -> bool:
        """Its answer is built in a thread, which may take as long as many others together."""
        return len(self.message) > _ANSWER_ASIDE

    async def ack(self, receipt: Receipt) -> None:
        try:
            if self.fault in _ANSWERED:
                if self.answered_aside:
                    answer = await asyncio.to_thread(self._connection.host.answer, self.message, receipt)
                else:
                    answer = self._connection.host.answer(self.message, receipt)
                self._connection.say(answer)
                self._connection.heard(receipt)
        except Exception:  # no answer could be built: the sender must not wait for one
            self._connection.cut("no-answer")
            raise
        finally:
            self._connection.settled(len(self.message))

    async def refuse(self, why: str) -> None:  # noqa: ARG002 - every refusal looks the same to a sender: no answer, closed
        self._connection.cut("not-promised")
        self._connection.settled(len(self.message))
