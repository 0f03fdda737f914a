"""What an outlet is handed: how to read, decode, encode and send. Built by the wiring, faked in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from hub.domain.events import Model

__all__ = ["Read", "ReadRecord", "Send", "Stop", "Wire"]


class ReadRecord(Protocol):
    """One record as read (hub.bus.consumer.Incoming)."""

    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Wire(Protocol):
    """Values to fields and back, by the contracts of the registry. `decode` raises Reject."""

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]:
        """Value → (kind, fields)."""
        ...

    def encode(self, topic: str, model: Model) -> bytes:
        """Model → value, validated."""
        ...


Read = Callable[[], Sequence[ReadRecord]]
"""The next records; empty after a short wait without any."""
Send = Callable[[Sequence[tuple[str, bytes, bytes | None]]], None]
"""Send (topic, key, value) records and return when the broker has confirmed all of them. RetryError otherwise."""
Stop = Callable[[], bool]
"""True when the process was asked to end."""
