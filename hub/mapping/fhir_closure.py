"""Which FHIR resources of a unit have a mark, and whatever refers to one of these, directly or through others.

References are followed inside a bundle that was made to be sent, and through all that a server answers (searches, histories,
NDJSON).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from hub.formats import fhir
from hub.formats.fhir import Broken, Resource
from hub.mapping.program import Unit
from hub.mapping.tracing_person import Json, text

__all__ = ["Key", "closed"]

_PLACE = re.compile(r"entry\[(\d+)\]$")
_SERVER = frozenset({"searchset", "history"})
Key = tuple[str, int, str]  # file, document, path


class _Entry(NamedTuple):
    key: Key
    scope: int  # the bundle whose names mean something to each other; 0: what a server says
    names: frozenset[str]
    refers: frozenset[str]
    marked: bool


def closed(
    unit: Unit, marked: Callable[[Resource], bool], bundle_marked: Callable[[Json], bool] | None = None
) -> frozenset[Key]:
    """The marked resources of a unit and all that refer to them; a bundle that is marked marks all in it."""
    entries = list(_entries(unit, marked, bundle_marked))
    referring: dict[tuple[int, str], list[_Entry]] = {}
    for entry in entries:
        for name in entry.refers:
            referring.setdefault((entry.scope, name), []).append(entry)
    waiting = [entry for entry in entries if entry.marked]
    found = {entry.key for entry in waiting}
    for entry in waiting:  # grows while it is read
        for name in entry.names:
            for other in referring.get((entry.scope, name), ()):
                if other.key not in found:
                    found.add(other.key)
                    waiting.append(other)
    return frozenset(found)


def _entries(
    unit: Unit, marked: Callable[[Resource], bool], bundle_marked: Callable[[Json], bool] | None
) -> Iterator[_Entry]:
    around: dict[int, tuple[Json, bool]] = {}  # keeps each bundle, so that no id is used twice
    for file in unit.files:
        for item in fhir.read(unit.data(file)):
            if isinstance(item, Broken):
                continue
            bundle = item.bundle
            if bundle is not None and id(bundle) not in around:
                around[id(bundle)] = (bundle, bundle_marked is not None and bundle_marked(bundle))
            whole = bundle is not None and around[id(bundle)][1]
            yield _Entry(
                (file, item.number, item.path),
                0 if bundle is None or text(bundle.get("type")) in _SERVER else id(bundle),
                frozenset(filter(None, (_local_name(item), _full_url(item)))),
                frozenset(_references(item.body)),
                whole or marked(item),
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
