"""What the worker needs of the bus, and no more: real ones stand in `bus_ports`, fake ones in the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.bus.consumer import Incoming
from hub.domain.events import Event, Model
from hub.domain.identity_reviews import ReviewDecision
from hub.errors import Reject
from hub.identity.batch import OutRecord

__all__ = ["Pending", "Reader", "Wire", "Writer"]


class Reader(Protocol):
    """The intake topics. RetryError when the broker is away."""

    def poll_batch(self, max_records: int = ..., timeout_s: float = ...) -> list[Incoming]: ...

    def commit(self, records: Sequence[Incoming], /) -> None: ...


class Pending(Protocol):
    """Records on their way; `wait` returns when every one is confirmed and raises RetryError otherwise."""

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = ...,
        headers: list[tuple[str, bytes]] | None = ...,
    ) -> None: ...

    def wait(self) -> None: ...


class Writer(Protocol):
    """The producer."""

    def batch(self) -> Pending: ...


class Wire(Protocol):
    """Bytes to models and back."""

    def event(self, record: Incoming) -> Event:
        """The event in a record; Reject when it cannot be decoded."""

    def decision(self, record: Incoming) -> ReviewDecision | None:
        """What a person decided, in a record of the topic of that; None for a record of another. Reject as `event`."""

    def out(self, model: Model, key: str, because: Incoming) -> OutRecord:
        """A record ready to publish: topic by the model's kind, key, value, headers with the time of what it is about."""

    def unlinked(self, source_person: str, revision: int, because: Incoming) -> OutRecord:
        """What takes back the newest word on whose a source person is, ready to publish."""

    def dead_letter(self, record: Incoming, why: Reject) -> OutRecord:
        """The record itself, on the topic of what the hub could not work on."""
