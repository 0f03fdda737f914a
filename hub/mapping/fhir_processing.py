"""Tests among FHIR resources: what a bundle says of all that is in it, and how its resources keep that when read alone.

Source: `Resource.meta.tag` and `.security` with HTEST (v3-ActReason), and the tag of a processing id (v2-0103) that relays set on
MessageHeader or Bundle (see hub.mapping.labs_fhir_values.processing); health-standards.md §8 R8.
"""

from __future__ import annotations

from hub.domain.events import Processing
from hub.formats.fhir import Resource
from hub.mapping.labs_fhir_values import processing
from hub.mapping.tracing_person import Json, listed

__all__ = ["Surroundings"]

_CODES: dict[Processing, bytes] = {"test": b"T", "debug": b"D"}
_OPENED = tuple(b'{"resourceType":"Bundle","type":"%b",' % kind for kind in (b"collection", b"searchset"))
_TAG = b'"meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0103","code":"%b"}]},'


class Surroundings:
    """Remembers what the bundle that is being read says, and no other."""

    def __init__(self) -> None:
        self._bundle: Json | None = None
        self._kind: Processing = "production"

    def kind(self, item: Resource, *rests_on: Json) -> Processing:
        """Whether a resource is a test: by its own word, that of its bundle, or of another that it rests on."""
        around, own = self._around(item), processing([item.body, *rests_on])[0]
        return own if around == "production" or own == "debug" else around

    def alone(self, item: Resource, raw: bytes) -> bytes:
        """The original of a resource (or a bundle that was made to hold it) in a bundle that still says what its own did, where
        that was no production."""
        code = _CODES.get(self._around(item))
        if code is None:
            return raw
        opened = next((each for each in _OPENED if raw.startswith(each)), b"")
        held = raw.removeprefix(opened) if opened else b"".join((b'"entry":[{"resource":', raw, b"}]}"))
        return b"".join((opened or _OPENED[-1], _TAG % code, held))

    def _around(self, item: Resource) -> Processing:
        if item.bundle is None:
            return "production"
        if self._bundle is not item.bundle:
            inside = (entry.get("resource") for entry in listed(item.bundle.get("entry")))
            headers = [one for one in inside if isinstance(one, dict) and one.get("resourceType") == "MessageHeader"]
            self._bundle, self._kind = item.bundle, processing([item.bundle, *headers])[0]
        return self._kind
