"""To each subscriber what its agreement names, and nothing else.

In: the topics of the agreement. Out: `hub.delivery.<subscriber>.v1`, compacted by need id: the agreed fields while a need is open,
a tombstone when it is not any more, and only for what was delivered before: that a need was refused cannot be seen. Default deny:
no agreement in force, no shared purpose, a label above the ceiling, a person who refused it to this subscriber (or to somebody,
where the agreement does not say how that connector's consents name this one: `known_as`), no local id where the agreement names
people by it, or a need that cannot be read, and nothing leaves (counted by reason).

At the start and at each change of the day, what the subscriber may see now is compared with what its topic says, and the
difference is sent: so an agreement that is new, wider, narrower or over takes effect on older needs too. Offsets are committed
after the broker confirmed the deliveries; a crash repeats them under the same ids and loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import Field, ValidationError, create_model

from hub.bus.cloud_events import event_id_of
from hub.bus.topics import delivery_topic
from hub.domain.agreement import DeliveryAgreement
from hub.domain.events import Model
from hub.domain.needs import SupportNeed
from hub.errors import Reject
from hub.ops import metrics
from hub.outlets.wire import Position, ReadRecord, Said, Send, SetAside, Stop, Wire, decoded

__all__ = ["Delivery", "DeliveryPorts", "LocalIds", "Subscriber", "Token", "delivery_model", "run_delivery"]

_R = TypeVar("_R", bound=ReadRecord)
_CHUNK = 1_000

LocalIds = Callable[[str, str], Sequence[str]]
"""(person_key, source) → that source's own ids of the person, from the linkage zone."""
Token = Callable[..., str]
"""An opaque token of some words (hub.domain.ids.Ids.token): nobody without the key learns the words from it."""


def delivery_model(agreement: DeliveryAgreement) -> type[Model]:
    """The record type of a subscriber's topic: the agreed fields of a need, `local_id` among them where agreed.

    Every field may be absent, so that an agreement can grow and shrink and the subscriber's reader still reads all.
    """
    return _model(agreement.subscriber, agreement.fields)


@cache
def _model(subscriber: str, granted: tuple[str, ...]) -> type[Model]:
    known: dict[str, Any] = {"local_id": (str | None, None)}
    for name, field in SupportNeed.model_fields.items():
        kind: Any = field.annotation
        known[name] = (kind | None, Field(default=None, description=field.description))
    fields = {name: known[name] for name in granted}
    name = "".join(part.capitalize() for part in subscriber.split("-"))
    model: type[Model] = create_model(
        f"Delivery{name}", __base__=Model, __doc__=f"What {subscriber} may see of a support need.", **fields
    )
    model.kind = f"delivery-{subscriber}"  # type: ignore[attr-defined]
    return model


class Subscriber:
    """One subscriber's agreement applied to needs. `recipients`: under what consents name it
    (hub.domain.agreement.DeliveryAgreement.recipients)."""

    def __init__(
        self,
        agreement: DeliveryAgreement,
        local_ids: LocalIds,
        refused: Callable[[str], None],
        recipients: frozenset[str] | None = None,
    ) -> None:
        self.agreement, self._recipients = agreement, recipients
        self.topic = delivery_topic(agreement.subscriber)
        self.model = delivery_model(agreement)
        self._local_ids = local_ids
        self._refused = refused

    def visible(self, topic: str, fields: Mapping[str, Any], today: date) -> Model | None:
        """What this subscriber may see of a need today; None = nothing (any more). Reject when the need makes no sense."""
        if fields["state"] != "open":
            return None
        why = self.agreement.refusal(topic, purposes=fields["purposes"], labels=fields["labels"], today=today)
        why = why or self.agreement.refused_by_person(fields.get("refused_to") or (), self._recipients)
        shown = dict(fields)
        if why is None and "local_id" in self.agreement.fields:
            own = self._local_ids(fields["person_key"], self.agreement.own_source or "")
            shown["local_id"] = min(own, default=None)
            why = "no-local-id" if not own else None
        if why is not None:
            self._refused(why)
            return None
        try:
            return self.model.model_validate(self.agreement.visible(shown), strict=False)
        except ValidationError:
            raise Reject("invalid-event", "validate") from None


class _Told(NamedTuple):
    """What the subscriber was told of a need, and under which id."""

    value: bytes | None
    identity: str


_NOTHING = _Told(None, "")


class DeliveryPorts(NamedTuple, Generic[_R]):
    """What one subscriber's delivery is handed. `told`: what its own topic says now, by key; `standing`: the topics of the
    agreement, whole, to their end; `read` follows them from what was committed."""

    told: Callable[[], Mapping[bytes, ReadRecord]]
    standing: Callable[[], Iterable[ReadRecord]]
    read: Callable[[], Sequence[_R]]
    commit: Callable[[Sequence[_R]], None]
    send: Send
    set_aside: SetAside


class Delivery:
    """Keeps one subscriber's topic in step with what it may see."""

    def __init__(self, subscriber: Subscriber, wire: Wire, send: Send, set_aside: SetAside, token: Token) -> None:
        self._subscriber, self._wire = subscriber, wire
        self._send, self._set_aside, self._token = send, set_aside, token
        self._told: dict[bytes, _Told] = {}
        self._revisions: dict[bytes, int] = {}
        self._position = Position()

    def catch_up(
        self, told: Mapping[bytes, ReadRecord], standing: Iterable[ReadRecord], today: date, beat: Callable[[], None]
    ) -> None:
        """Send the difference between what the subscriber was told and what it may see today of all that stands."""
        self._told = {key: _Told(record.value, event_id_of(record.headers)) for key, record in told.items()}
        self._revisions.clear()
        newest: dict[bytes, tuple[ReadRecord, dict[str, Any] | None]] = {}
        for record in standing:
            beat()
            self._position.passes(record)
            self._note(record, newest)
        news = (self._news(record, fields, today) for record, fields in newest.values())
        gone = (self._news(record, None, today) for key, record in told.items() if key not in newest)
        for says in (news, gone):
            while chunk := list(islice(says, _CHUNK)):
                beat()
                self._say(chunk)

    def follow(self, records: Iterable[ReadRecord], today: date) -> None:
        """Deliver what these records change; those that `catch_up` saw change nothing."""
        newest: dict[bytes, tuple[ReadRecord, dict[str, Any] | None]] = {}
        for record in records:
            if self._position.passes(record):
                self._note(record, newest)
        self._say([self._news(record, fields, today) for record, fields in newest.values()])

    def _note(self, record: ReadRecord, newest: dict[bytes, tuple[ReadRecord, dict[str, Any] | None]]) -> None:
        """Keep the newest word on each need: the highest revision, not the last to come."""
        if record.key is None:
            return
        fields = None
        if record.value is None:
            self._revisions.pop(record.key, None)
        else:
            try:
                fields = decoded(self._wire, record.value, SupportNeed)
            except Reject as why:
                self._set_aside(record, why)
        if fields is not None:
            if fields["revision"] < self._revisions.get(record.key, -1):
                return
            self._revisions[record.key] = fields["revision"]
        newest[record.key] = (record, fields)

    def _news(self, record: ReadRecord, fields: Mapping[str, Any] | None, today: date) -> Said | None:
        """What to tell because of `record`; None when the subscriber was told just that.

        Its id is of the record it comes from, the agreement, and what was told before: the same again after a crash, and a new
        one when an older word is said anew.
        """
        assert record.key is not None
        value: bytes | None = None
        try:
            shown = self._subscriber.visible(record.topic, fields, today) if fields is not None else None
            value = self._wire.encode(self._subscriber.topic, shown) if shown is not None else None
        except Reject as why:
            self._set_aside(record, why)
        told = self._told.get(record.key, _NOTHING)
        if value == told.value:
            if value is not None:
                metrics.DUPLICATES_DROPPED.inc(processor="delivery")
            return None
        agreement = self._subscriber.agreement.model_dump_json()
        because = (record.topic, str(record.partition), str(record.offset))
        identity = self._token("delivery", agreement, *because, told.identity, (value or b"").hex())
        return Said(self._subscriber.topic, record.key, value, identity)

    def _say(self, news: Iterable[Said | None]) -> None:
        says = [each for each in news if each is not None]
        if not says:
            return
        self._send(says)
        for each in says:
            if each.value is None:
                self._told.pop(each.key, None)
            else:
                self._told[each.key] = _Told(each.value, each.identity)


def run_delivery(
    subscriber: Subscriber,
    ports: DeliveryPorts[_R],
    wire: Wire,
    token: Token,
    today: Callable[[], date],
    stop: Stop,
    beat: Callable[[], None],
) -> None:
    """Deliver until `stop`. RetryError when the broker or the linkage zone is away: nothing is committed."""
    delivery = Delivery(subscriber, wire, ports.send, ports.set_aside, token)
    caught_up: date | None = None
    while not stop():
        beat()
        day = today()
        if day != caught_up:
            delivery.catch_up(ports.told(), ports.standing(), day, beat)
            caught_up = day
        records = ports.read()
        if records:
            delivery.follow(records, day)
            ports.commit(records)
