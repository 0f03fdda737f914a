"""What an outlet is handed: how to read, decode, encode, send and set aside. Built by the wiring, faked in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from hub.domain.events import Model
from hub.errors import Reject

__all__ = ["Position", "Read", "ReadRecord", "Said", "Send", "SetAside", "Stop", "Wire", "decoded", "validated"]

M = TypeVar("M", bound=Model)


class ReadRecord(Protocol):
    """One record as read (hub.bus.consumer.Incoming)."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Said(NamedTuple):
    """A record to send. `value` None takes back what was said under `key`; `identity` is its CloudEvents id: a repeat has the
    same, a change another."""

    topic: str
    key: bytes
    value: bytes | None
    identity: str


class Wire(Protocol):
    """Values to fields and back, by the contracts of the registry. Both raise Reject."""

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]:
        """Value → (kind, fields)."""
        ...

    def encode(self, topic: str, model: Model) -> bytes:
        """Model → value, validated."""
        ...


Read = Callable[[], Sequence[ReadRecord]]
"""The next records; empty after a short wait without any."""
Send = Callable[[Sequence[Said]], None]
"""Send records and return when the broker has confirmed all of them. RetryError otherwise."""
SetAside = Callable[[ReadRecord, Reject], None]
"""Write a dead letter for a record that cannot be worked on, and return when the broker has confirmed it."""
Stop = Callable[[], bool]
"""True when the process was asked to end."""


class Position:
    """How far each partition was read, so that a record is taken once though two readers bring it."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, int], int] = {}

    def passes(self, record: ReadRecord) -> bool:
        """Move on to `record`; False when it was passed before."""
        where = (record.topic, record.partition)
        if record.offset <= self._newest.get(where, -1):
            return False
        self._newest[where] = record.offset
        return True


def decoded(wire: Wire, value: bytes, model: type[Model]) -> dict[str, Any]:
    """The fields of a value that must be a `model`; Reject when it cannot be read or is something else."""
    kind, fields = wire.decode(value)
    if kind != model.kind:  # type: ignore[attr-defined]
        raise Reject("unexpected-kind", "decode")
    return fields


def validated(wire: Wire, value: bytes, model: type[M]) -> M:
    """A value that must be a `model`; Reject when it cannot be read, is something else, or holds what such a thing cannot."""
    try:
        return model.model_validate(decoded(wire, value, model), strict=False)
    except ValueError:
        raise Reject("invalid-event", "validate") from None
