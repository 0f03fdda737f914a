"""FHIR resources that carry a modifier extension, and whatever refers to one of these.

A modifier extension may turn what the rest of a resource says into its opposite (an order not to do it, a result of somebody else):
who does not know one must not go on as if it were not there. The hub knows none, so nothing of such a resource is told as a
fact: a dead letter, `modifier-extension`. One on somebody or something that no fact rests on (a practitioner, an
organisation, a place) changes none.

Source: FHIR R4 §2.4.1, Extensibility: "Applications SHALL NOT ignore" an unknown modifier extension.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.formats.fhir import Broken, Resource
from hub.mapping.fhir_closure import Key, closed
from hub.mapping.program import Mapped, NotMapped, Unit

__all__ = ["FIELD", "REASON", "Modified"]

REASON = "modifier-extension"
FIELD = "modifierExtension"
_BESIDE = frozenset({
    "Device", "Endpoint", "HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole", "Provenance",
})  # fmt: skip


class Modified:
    """The resources of a unit that nobody can safely read. A unit without the word anywhere in its bytes is not looked at any
    further."""

    def __init__(self, unit: Unit) -> None:
        named = any(FIELD.encode() in unit.data(file) for file in unit.files)
        self._keys = closed(unit, _is_modified) if named else frozenset[Key]()

    def holds(self, file: str, item: Resource) -> bool:
        """Whether a resource of a file, or one that it refers to, has a modifier extension."""
        return bool(self._keys) and (file, item.number, item.path) in self._keys

    def checked(
        self, file: str, map_item: Callable[[Resource | Broken], list[Mapped]]
    ) -> Callable[[Resource | Broken], list[Mapped]]:
        """`map_item` for what has none. NotMapped for what has one and would become a fact."""

        def mapped(item: Resource | Broken) -> list[Mapped]:
            found = map_item(item)
            if isinstance(item, Resource) and self.holds(file, item) and any(each.event is not None for each in found):
                raise NotMapped(REASON, field=FIELD)
            return found

        return mapped


def _is_modified(item: Resource) -> bool:
    if item.type in _BESIDE:
        return False
    waiting: list[object] = [item.body]
    for element in waiting:  # grows while it is read
        if isinstance(element, dict):
            if element.get(FIELD):
                return True
            waiting.extend(element.values())
        elif isinstance(element, list):
            waiting.extend(element)
    return False
