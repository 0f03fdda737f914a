"""Which FHIR resources of a unit are records under 42 CFR Part 2: those so labelled, all of a bundle so labelled, and whatever
refers to one of these, directly or through others.

Programs that know of no covering consent hold nothing of them: a dead letter without body, `part-2-not-covered`, and no copy of the
unit; nor of what is no resource and names the label. References are
followed inside a bundle that was made to be sent, and through all that a server answers (searches, histories, NDJSON).

Source: 42 CFR 2.31 to 2.33; HL7 FHIR DS4P, high-water mark of a bundle (social-standards.md §5, R20, R21).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.formats.fhir import Broken, Resource
from hub.mapping.fhir_closure import Key, closed
from hub.mapping.fhir_labels import PART_2, labels_of
from hub.mapping.program import Mapped, Unit, hard_stop
from hub.mapping.tracing_person import listed

__all__ = ["REASON", "Protected"]

REASON = "part-2-not-covered"
_LABEL = PART_2.encode()


class Protected:
    """The protected resources of a unit. A unit without the label anywhere in its bytes is not looked at any further."""

    def __init__(self, unit: Unit) -> None:
        labelled = any(_LABEL in unit.data(file) for file in unit.files)
        self._keys = (
            closed(unit, _is_labelled, lambda bundle: PART_2 in labels_of([bundle])) if labelled else frozenset[Key]()
        )

    def holds(self, file: str, item: Resource | Broken) -> bool:
        """Whether a resource of a file is protected; of what is no resource, whether it names Part 2 at all."""
        if isinstance(item, Broken):
            return _LABEL in item.raw
        return bool(self._keys) and (file, item.number, item.path) in self._keys

    def checked(
        self,
        file: str,
        map_item: Callable[[Resource | Broken], list[Mapped]],
        locate: Callable[[Resource | Broken], tuple[Mapping[str, str | int], bytes]],
        kind: str,
    ) -> Callable[[Resource | Broken], list[Mapped]]:
        """`map_item` for what is not protected, the stop for what is."""

        def mapped(item: Resource | Broken) -> list[Mapped]:
            if self.holds(file, item):
                return [hard_stop(REASON, locate(item)[0], kind)]
            return map_item(item)

        return mapped


def _is_labelled(item: Resource) -> bool:
    return PART_2 in labels_of([item.body, *listed(item.body.get("contained"))])
