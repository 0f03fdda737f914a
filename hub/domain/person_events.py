"""What stands on the person topic: events without direct identifiers, memberships, clock ticks, carried histories.

A person-side event is its intake event less the person block, plus what the linkage zone set: `person_key`, the
`link_revision` of its source_person, birth year-month, county and postal code of the block it came with (None where it
came without one).
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import create_model

from hub.domain.events import EVENT_TYPES, PLACE_KINDS, Event, Model

__all__ = ["PERSON_TYPES", "Carry", "Membership", "Tick", "person_event"]


class Membership(Model):
    """`source_person` belongs to `owner` (a person_key) from `revision` on; the highest revision wins, in any order of
    arrival."""

    kind: ClassVar[str] = "membership"

    source_person: str
    revision: int
    owner: str


class Tick(Model):
    """The clock has reached the end of `as_of`; sent to each partition by its number."""

    kind: ClassVar[str] = "tick"

    as_of: date


class Carry(Model):
    """A sub-history sent by a row that no longer owns it: `sub_history` as hub.domain.history encodes it."""

    kind: ClassVar[str] = "carry"

    source_person: str
    revision: int
    owner: str
    sub_history: bytes


class _Linked(Model):
    person_key: str
    link_revision: int
    birth_year_month: str | None = None
    county: str | None = None
    postal_code: str | None = None


def _person_side(event_class: type[Event]) -> type[Model]:
    fields = {name: (field.annotation, field) for name, field in event_class.model_fields.items() if name != "person"}
    fields["source_person"] = (str, ...)  # type: ignore[assignment]
    model: type[Model] = create_model(  # type: ignore[call-overload]
        f"Person{event_class.__name__}",
        __base__=_Linked,
        __module__=__name__,
        __doc__=f"{event_class.__name__} on the person topic.",
        **fields,
    )
    model.kind = event_class.kind  # type: ignore[attr-defined]
    return model


PERSON_TYPES: dict[str, type[Model]] = {
    kind: _person_side(cls) for kind, cls in EVENT_TYPES.items() if kind not in PLACE_KINDS
}
"""Person-side record type of each event kind that is somebody's."""


def person_event(
    event: Event,
    *,
    person_key: str,
    link_revision: int,
    birth_year_month: str | None,
    county: str | None,
    postal_code: str | None,
) -> Model:
    """The person-side record of `event`, which must have a source_person; the person block is left behind."""
    fields = {name: getattr(event, name) for name in type(event).model_fields if name != "person"}
    fields.update(
        person_key=person_key,
        link_revision=link_revision,
        birth_year_month=birth_year_month,
        county=county,
        postal_code=postal_code,
    )
    return PERSON_TYPES[type(event).kind](**fields)
