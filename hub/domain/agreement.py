"""Data-use agreements as decisions: what a source may hand to the hub, what the hub may hand to a subscriber.

Default deny. An intake agreement grants fields: of an event kind that it does not name nothing is taken, of a kind that
it names only what it names. What identifies the record itself (ids, keys, times, version) is not for grant: without it
no event could be corrected or withdrawn. Nor is the word that it is a test: without it a test would count. A delivery
agreement names topics, fields and the purposes the receiver may use them for.

Pure: the day is an argument. Reason codes: `kind-not-agreed`, `agreement-not-in-force`, `topic-not-agreed`,
`purpose-not-agreed`, `label-not-agreed`, `recipient-refused`, `recipient-unknown`. Confidentiality codes: HL7
v3-Confidentiality (U L M N R V, rising); sensitivity labels stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import date
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from hub.domain.consents import UNNAMED_RECIPIENT, recipient_parts, refused_at
from hub.domain.events import EVENT_TYPES, Event, Model, PersonBlock
from hub.domain.trusted import restated
from hub.errors import Reject

__all__ = ["DeliveryAgreement", "IntakeAgreement", "grantable", "merge_labels"]

CONFIDENTIALITY = ("U", "L", "M", "N", "R", "V")
_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
_STRUCTURE = frozenset(Event.model_fields) - {"person", "race_ethnicity"} | {
    "observation_key",
    "report_key",
    "specimen_key",  # opaque tokens
    "issues",  # reason codes of ours
}
_NEVER_WITHHELD = _STRUCTURE | {"person", "processing"}
_NEVER_DELIVERED = frozenset({"person_key", "source_person", "person", "refused_to"})
_E = TypeVar("_E", bound=Event)


class _Agreement(Model):
    agreement_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    basis: str = Field(min_length=3, description="the law or contract it rests on, in words")
    valid_from: date
    valid_until: date
    purposes: tuple[str, ...] = Field(min_length=1)
    labels: tuple[str, ...] = Field(min_length=1)
    retention_days: int = Field(ge=1, le=3_650)

    @model_validator(mode="after")
    def _in_order(self) -> Any:
        if self.valid_until < self.valid_from:
            raise ValueError("valid_until is before valid_from")
        return self

    def in_force(self, today: date) -> bool:
        """True from `valid_from` to `valid_until`, both days included."""
        return self.valid_from <= today <= self.valid_until


class IntakeAgreement(_Agreement):
    """What one connector's source agreed to share. `labels` are set on every event, beside those the mapping found."""

    kind: Literal["intake"]
    connector: str = Field(pattern=_NAME)
    discloser: str
    recipient: str
    keep_originals: bool = Field(default=True, description="keep each original, encrypted, for the days of its topic")
    person_block: tuple[str, ...] = Field(default=(), description="identifiers that may be taken, for linking only")
    events: dict[str, tuple[str, ...]] = Field(min_length=1, description="fields that may be taken, by event kind")

    @field_validator("person_block")
    @classmethod
    def _known_identifiers(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        _known(fields, PersonBlock.model_fields, "an identifier")
        return fields

    @field_validator("events")
    @classmethod
    def _grants_are_whole(cls, events: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        _known(tuple(events), EVENT_TYPES, "an event kind")
        for kind, fields in events.items():
            model = EVENT_TYPES[kind]
            _known(fields, grantable(kind), f"a field of {kind}")
            if missing := _needed(model) - set(fields):
                raise ValueError(
                    f"{kind} means nothing without {', '.join(sorted(missing))}: grant these too, or drop {kind}"
                )
        return events

    def grant(self, event: _E) -> _E:
        """`event` with nothing in it that was not agreed, itself where that is so already; Reject(`kind-not-agreed`) where its kind
        may not be taken."""
        kind = type(event).kind
        granted = self.events.get(kind)
        if granted is None:
            raise Reject("kind-not-agreed", stage="agreement", where=kind)
        held, withheld = event.__dict__, _withheld(kind, granted)
        person = held["person"]
        if person is not None and isinstance(person, PersonBlock):
            person = self._identifiers(person)
        labels = _merged(self.labels, held["labels"])
        as_agreed = (
            held["labels"] == labels
            and held["purposes"] == self.purposes
            and held["agreement_id"] == self.agreement_id
            and held["person"] is person
            and withheld.instead == withheld.of(held)
        )
        if as_agreed:
            return event
        return restated(event, {
            **withheld.values, "person": person, "agreement_id": self.agreement_id, "purposes": self.purposes, "labels": labels,
        })  # fmt: skip

    def _identifiers(self, block: PersonBlock) -> PersonBlock | None:
        withheld = _withheld_identifiers(self.person_block)
        taken = block if withheld.instead == withheld.of(block.__dict__) else restated(block, withheld.values)
        return taken if any(taken.__dict__.values()) else None


class DeliveryAgreement(_Agreement):
    """What one subscriber may have. `labels` are the most it may see: a confidentiality code as ceiling, and each
    sensitivity by name."""

    kind: Literal["delivery"]
    subscriber: str = Field(pattern=_NAME)
    topics: tuple[str, ...] = Field(min_length=1)
    fields: tuple[str, ...] = Field(
        min_length=1, description="`local_id`: the person's id in the subscriber's own source"
    )
    own_source: str | None = Field(default=None, description="connector whose local ids are the subscriber's own")
    known_as: dict[str, tuple[str, ...]] | None = Field(
        default=None,
        description="by connector, how its consents name the subscriber: names, or references such as Organization/shelters; an "
        "empty list: they never do; null, or a connector that is not listed: nobody knows, and what a person refuses to anybody is "
        "refused to it",
    )

    @model_validator(mode="after")
    def _deliverable(self) -> DeliveryAgreement:
        if forbidden := _NEVER_DELIVERED.intersection(self.fields):
            raise ValueError(
                f"fields: {', '.join(sorted(forbidden))} never leaves the hub: name the person by local_id"
            )
        if "local_id" in self.fields and self.own_source is None:
            raise ValueError("local_id needs own_source: the connector that brings the subscriber's own ids")
        return self

    def recipients(self, token: Callable[..., str]) -> frozenset[str] | None:
        """Under what consents name this subscriber, or nobody in particular; None where nobody knows. `token`: of the
        installation (hub.domain.ids.Ids.token). Each name also as it is written here: so consents were read by releases that did
        not fold them, and their events stand."""
        if self.known_as is None:
            return None
        return frozenset(
            refused_at(source, token(source, *parts))
            for source, names in self.known_as.items()
            for name in (*names, UNNAMED_RECIPIENT)
            for parts in (recipient_parts(name), ("recipient", name))
        )

    def refused_by_person(self, refused_to: Sequence[str], recipients: Set[str] | None) -> str | None:
        """Why this subscriber may not learn of a need that the person refuses to these, as a reason code; None where it may.
        `recipients`: what `recipients` gives. What a connector refuses that `known_as` doesn't list may be meant for anybody."""
        if not refused_to:
            return None
        if recipients is not None and any(each in recipients for each in refused_to):
            return "recipient-refused"
        known = self.known_as if recipients is not None else None
        if known is None or any(each.partition(":")[0] not in known for each in refused_to):
            return "recipient-unknown"
        return None

    def refusal(self, topic: str, *, purposes: Sequence[str], labels: Sequence[str], today: date) -> str | None:
        """Why a record of `topic` may not go to this subscriber today, as a reason code; None when it may."""
        if not self.in_force(today):
            return "agreement-not-in-force"
        if topic not in self.topics:
            return "topic-not-agreed"
        if not set(purposes) & set(self.purposes):
            return "purpose-not-agreed"
        ceiling = max((CONFIDENTIALITY.index(label) for label in self.labels if label in CONFIDENTIALITY), default=-1)
        for label in labels:
            if label in CONFIDENTIALITY:
                if CONFIDENTIALITY.index(label) > ceiling:
                    return "label-not-agreed"
            elif label not in self.labels:
                return "label-not-agreed"
        return None

    def visible(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The agreed fields of `fields`, in the agreement's order; nothing else, whatever is added later."""
        return {name: fields[name] for name in self.fields if name in fields}


def grantable(kind: str) -> tuple[str, ...]:
    """The fields of an event kind that an agreement must name for them to be taken."""
    return tuple(name for name in EVENT_TYPES[kind].model_fields if name not in _STRUCTURE)


def merge_labels(*several: Sequence[str]) -> tuple[str, ...]:
    """High-water mark: the highest confidentiality first, then every sensitivity label, once each."""
    labels = {label for some in several for label in some}
    levels = [label for label in CONFIDENTIALITY if label in labels]
    return (*levels[-1:], *sorted(labels.difference(CONFIDENTIALITY)))


class _Withheld:
    """`values` stand in place of the fields that were not granted. Most of these are never told: where what a model has `of` them
    is what stands `instead`, the model, which is frozen, is taken as it is."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = MappingProxyType(values)
        self.of: Callable[[Mapping[str, Any]], Any] = itemgetter(*values) if values else lambda _: None
        self.instead = self.of(values)


_merged = lru_cache(maxsize=1_024)(merge_labels)  # the same two tuples in every event of a source


@lru_cache(maxsize=256)
def _withheld(kind: str, granted: tuple[str, ...]) -> _Withheld:
    """What stands in place of each field that was not granted: its default, or None."""
    return _Withheld({
        name: None if field.is_required() else field.get_default(call_default_factory=True)
        for name, field in EVENT_TYPES[kind].model_fields.items()
        if name not in _NEVER_WITHHELD and name not in granted
    })  # fmt: skip


@lru_cache(maxsize=256)
def _withheld_identifiers(granted: tuple[str, ...]) -> _Withheld:
    """What stands in place of each identifier that was not granted."""
    return _Withheld({
        name: field.get_default() for name, field in PersonBlock.model_fields.items() if name not in granted
    })  # fmt: skip


def _needed(model: type[Event]) -> set[str]:
    """Fields without which an event of this kind says nothing: required, and not allowed to be None."""
    return {
        name
        for name, field in model.model_fields.items()
        if field.is_required()
        and name not in _STRUCTURE
        and type(None) not in getattr(field.annotation, "__args__", ())
    }


def _known(names: Sequence[str], known: Iterable[str], what: str) -> None:
    allowed = sorted(known)
    if unknown := [name for name in names if name not in allowed]:
        raise ValueError(f"{', '.join(unknown)} is not {what}; there are {', '.join(allowed)}")
