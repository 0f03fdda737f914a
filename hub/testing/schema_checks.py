"""Contracts across versions: every event is read under an older schema, and what was written under an older one is read now.

Older versions are those that could have been: the contract without its optional fields, which is what it was before they were
added. There are no two committed versions of a contract as yet; compatibility of any two is hub/bus/compatibility.py's.
"""

from __future__ import annotations

from typing import Any

from hub.bus.avro_schema import avro_schema
from hub.bus.codec import Codec, reader_of, writer_of
from hub.bus.topics import TOPICS, intake_topic
from hub.domain.events import Event
from hub.errors import HubError
from hub.testing.schemas import KnownSchemas

__all__ = ["Contracts", "older"]

_HEAD = 5


def older(schema: dict[str, Any]) -> dict[str, Any]:
    """The record without the fields that have a default."""
    return {**schema, "fields": [field for field in schema["fields"] if "default" not in field]}


class Contracts:
    """A codec over these kinds of events, beside schemas of an earlier day."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._ids = KnownSchemas()
        wanted = {intake_topic(kind) for kind in kinds}
        self._codec = Codec(self._ids, [topic for topic in TOPICS if topic.name in wanted])
        self._codec.open()

    def wrong(self, event: Event) -> str | None:
        """What does not survive, None if all does. `event` carries no person block: that goes sealed."""
        topic = intake_topic(type(event).kind)
        try:
            value = self._codec.encode(topic, event)
            if self._codec.decode(value) != event:
                return "comes back different"
        except HubError as why:
            return str(why)
        ours = avro_schema(type(event))
        before = older(ours)
        if len(before["fields"]) == len(ours["fields"]):
            return None
        kept = {field["name"] for field in before["fields"]}
        told = {name: given for name, given in event.model_dump().items() if name in kept}
        try:
            forward, _ = reader_of(ours, before)(value, _HEAD)
        except Exception as why:
            return f"cannot be read under the contract of an earlier day: {type(why).__name__}"
        if {*forward} != kept or any(forward[name] != _plain(told[name]) for name in kept - {"changed_at"}):
            return "says something else under the contract of an earlier day"
        head = b"\0" + self._ids.register(topic, before).to_bytes(4, "big")
        try:
            again = self._codec.decode(writer_of(before)(head, told))
        except Exception as why:
            return f"what was written under the contract of an earlier day cannot be read: {type(why).__name__}"
        absent = {field["name"]: field["default"] for field in ours["fields"] if field["name"] not in kept}
        return (
            None
            if again == type(event).model_validate({**absent, **told}, strict=False)
            else "an earlier day's event is read as another"
        )


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
