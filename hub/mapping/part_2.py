"""Which FHIR resources of a unit are records under 42 CFR Part 2: those so labelled, all of a bundle so labelled, and whatever
refers to one of these, directly or through others.

Programs that know of no covering consent hold nothing of them: a dead letter without body, `part-2-not-covered`, and no copy of the
unit; nor of what is no resource and names the label. References are
followed inside a bundle that was made to be sent, and through all that a server answers (searches, histories, NDJSON).

Source: 42 CFR 2.31 to 2.33; HL7 FHIR DS4P, high-water mark of a bundle (social-standards.md §5, R20, R21).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from hub.formats import fhir
from hub.formats.fhir import Broken, Resource
from hub.mapping.fhir_labels import PART_2, labels_of
from hub.mapping.program import Mapped, Unit, hard_stop
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["REASON", "Protected"]

REASON = "part-2-not-covered"
_LABEL = PART_2.encode()
_PLACE = re.compile(r"entry\[(\d+)\]$")
_SERVER = frozenset({"searchset", "history"})
Key = tuple[str, int, str]  # file, document, path


class _Entry(NamedTuple):
    key: Key
    scope: int  # the bundle whose names mean something to each other; 0: what a server says
    names: frozenset[str]
    refers: frozenset[str]
    labelled: bool


class Protected:
    """The protected resources of a unit. A unit without the label anywhere in its bytes is not looked at any further."""

    def __init__(self, unit: Unit) -> None:
        labelled = any(_LABEL in unit.data(file) for file in unit.files)
        self._keys = _closed(list(_entries(unit))) if labelled else frozenset[Key]()

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


def _closed(entries: list[_Entry]) -> frozenset[Key]:
    """The labelled entries and all that refer to them."""
    referring: dict[tuple[int, str], list[_Entry]] = {}
    for entry in entries:
        for name in entry.refers:
            referring.setdefault((entry.scope, name), []).append(entry)
    waiting = [entry for entry in entries if entry.labelled]
    found = {entry.key for entry in waiting}
    for entry in waiting:  # grows while it is read
        for name in entry.names:
            for other in referring.get((entry.scope, name), ()):
                if other.key not in found:
                    found.add(other.key)
                    waiting.append(other)
    return frozenset(found)


def _entries(unit: Unit) -> Iterator[_Entry]:
    around: dict[int, tuple[Json, bool]] = {}  # keeps each bundle, so that no id is used twice
    for file in unit.files:
        for item in fhir.read(unit.data(file)):
            if isinstance(item, Broken):
                continue
            bundle = item.bundle
            if bundle is not None and id(bundle) not in around:
                around[id(bundle)] = (bundle, PART_2 in labels_of([bundle]))
            labelled = bundle is not None and around[id(bundle)][1]
            yield _Entry(
                (file, item.number, item.path),
                0 if bundle is None or text(bundle.get("type")) in _SERVER else id(bundle),
                frozenset(filter(None, (_local_name(item), _full_url(item)))),
                frozenset(_references(item.body)),
                labelled or PART_2 in labels_of([item.body, *listed(item.body.get("contained"))]),
            )


def _local_name(item: Resource) -> str:
    number = text(item.body.get("id"))
    return f"{item.type}/{number}" if number else ""


def _full_url(item: Resource) -> str:
    place = _PLACE.search(item.path)
    return text(item.bundle["entry"][int(place[1])].get("fullUrl")) if item.bundle is not None and place else ""


def _references(body: Json) -> Iterator[str]:
    """Every name that a resource refers to, as written and as `Type/id`."""
    waiting: list[object] = [body]
    for element in waiting:  # grows while it is read
        if isinstance(element, list):
            waiting.extend(element)
        elif isinstance(element, dict):
            waiting.extend(element.values())
            if name := text(element.get("reference")).split("/_history/", 1)[0]:
                yield name
                yield "/".join(name.rsplit("/", 2)[-2:])
