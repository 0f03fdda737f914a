"""To each subscriber what its agreement names, and nothing else.

In: the topics of the agreement. Out: `hub.delivery.<subscriber>.v1`, compacted by need id: the agreed fields while a need is open,
a tombstone when it is not any more. Default deny: no agreement in force, no shared purpose, a label above the ceiling, or no
local id where the agreement names people by it, and nothing leaves (counted by reason). Offsets are committed after the broker
confirmed the deliveries; a crash repeats them and loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, TypeVar

from pydantic import create_model

from hub.domain.agreement import DeliveryAgreement
from hub.domain.events import Model
from hub.domain.needs import SupportNeed
from hub.outlets.wire import ReadRecord, Send, Stop, Wire

__all__ = ["LocalIds", "Subscriber", "delivery_model", "delivery_topic", "run_delivery"]

_R = TypeVar("_R", bound=ReadRecord)

LocalIds = Callable[[str, str], Sequence[str]]
"""(person_key, source) → that source's own ids of the person, from the linkage zone."""


def delivery_topic(subscriber: str) -> str:
    """The subscriber's own topic."""
    return f"hub.delivery.{subscriber}.v1"


@cache
def delivery_model(agreement: DeliveryAgreement) -> type[Model]:
    """The record type of a subscriber's topic: the agreed fields of a need, `local_id` among them where agreed."""
    known: dict[str, Any] = {name: (field.annotation, field) for name, field in SupportNeed.model_fields.items()}
    known["local_id"] = (str | None, None)
    fields = {name: known[name] for name in agreement.fields}
    name = "".join(part.capitalize() for part in agreement.subscriber.split("-"))
    model: type[Model] = create_model(
        f"Delivery{name}", __base__=Model, __doc__=f"What {agreement.subscriber} may see of a support need.", **fields
    )
    model.kind = f"delivery-{agreement.subscriber}"  # type: ignore[attr-defined]
    return model


class Subscriber:
    """One subscriber's agreement applied to needs."""

    def __init__(self, agreement: DeliveryAgreement, local_ids: LocalIds, refused: Callable[[str], None]) -> None:
        self.agreement = agreement
        self.topic = delivery_topic(agreement.subscriber)
        self.model = delivery_model(agreement)
        self._local_ids = local_ids
        self._refused = refused

    def visible(self, topic: str, fields: Mapping[str, Any], today: date) -> Model | None:
        """What this subscriber may see of a need; None = nothing (any more): the caller sends a tombstone."""
        if fields["state"] != "open":
            return None
        why = self.agreement.refusal(topic, purposes=fields["purposes"], labels=fields["labels"], today=today)
        shown = dict(fields)
        if why is None and "local_id" in self.agreement.fields:
            own = self._local_ids(fields["person_key"], self.agreement.own_source or "")
            shown["local_id"] = min(own, default=None)
            why = "no-local-id" if not own else None
        if why is not None:
            self._refused(why)
            return None
        return self.model.model_validate(self.agreement.visible(shown), strict=False)


def run_delivery(
    subscriber: Subscriber,
    read: Callable[[], Sequence[_R]],
    send: Send,
    commit: Callable[[Sequence[_R]], None],
    wire: Wire,
    today: Callable[[], date],
    stop: Stop,
    beat: Callable[[], None],
) -> None:
    """Deliver until `stop`. RetryError when the broker or the linkage zone is away: nothing is committed."""
    while not stop():
        beat()
        records = read()
        if not records:
            continue
        latest = {record.key: record for record in records if record.key is not None}
        send([_delivery(subscriber, record, wire, today()) for record in latest.values()])
        commit(records)


def _delivery(subscriber: Subscriber, record: ReadRecord, wire: Wire, today: date) -> tuple[str, bytes, bytes | None]:
    assert record.key is not None
    shown = None
    if record.value is not None:
        _, fields = wire.decode(record.value)
        shown = subscriber.visible(record.topic, fields, today)
    return subscriber.topic, record.key, wire.encode(subscriber.topic, shown) if shown is not None else None
