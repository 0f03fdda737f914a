"""Format `fhir`: R4 resources in JSON: one, NDJSON, or bundles, whose entries are a record each.

    `name.where(use='official').given.first()`     FHIRPath in the resource
    `subject.resolve().birthDate`                  in the resource that a reference names, contained or in the same bundle
    `name[0].family`                               with `path_language: jmespath`, JMESPath in the resource

`each`, a FHIRPath such as `entry.resource.ofType(Observation)` or `contact`, chooses what in a document is a record.

An entry of a bundle is kept as a bundle of its own: itself first, then what it refers to, three steps far. `resolve()` sees
nothing else, so that the record says the same when it is read alone. Such a bundle, which bears a tag of the hub, is one record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from hub.formats import fhir
from hub.formats.errors import ParseError, Reason
from hub.mapping.declared import fhirpath
from hub.mapping.declared.fhirpath_budget import UNITS
from hub.mapping.declared.format import (
    BadRule,
    Dates,
    Fault,
    Look,
    NotAValue,
    Reading,
    Record,
    RecordFormat,
    Where,
    bytes_of,
    member_path,
    without,
)
from hub.mapping.declared.json_objects import dump, jmespath_look, searcher
from hub.mapping.program import Alone, Content, NotMapped

__all__ = ["FORMAT", "FhirResources"]

_TAG = {"system": "urn:hub", "code": "record-and-what-it-refers-to"}
_MOVES_BY_ITSELF = ("meta.lastUpdated", "meta.versionId", "text")
_STEPS, _RESOURCES, _RECORDS = 3, 32, 50_000
_VALUES = 10_000


class Near(NamedTuple):
    """What a record's references lead to: resources by every name they have, and the entries in the order met."""

    named: Mapping[str, Any]
    entries: tuple[Mapping[str, Any], ...]


_ALONE = Near({}, ())


class FhirResources:
    """`body` of a record: its resource (or part of one, with `each`); `above`: what it refers to."""

    alone: Alone = "record"
    dates: Dates | None = "iso"

    def __init__(self, reading: Reading) -> None:
        if reading.path_language not in (None, "fhirpath", "jmespath"):
            raise BadRule("path_language", "fhir has fhirpath (the default) and jmespath")
        self._jmespath = reading.path_language == "jmespath"
        self._each: Callable[[Any, int], list[Any]] | None = None
        if reading.each is not None and self._jmespath:
            search = searcher(reading.each, "each")
            self._each = lambda document, _units: _as_list(search(document))
        elif reading.each is not None:
            find = _compiled(reading.each, "each")
            self._each = lambda document, units: find(document, lambda _told: None, units)
        self._transport = [member_path(path) for path in (*_MOVES_BY_ITSELF, *reading.transport)]

    def records(self, file: str, content: Content) -> Iterator[Record | Fault]:
        """Every resource, or all that `each` chooses."""
        data = bytes_of(content)
        yield from self._resources(file, data) if self._each is None else self._chosen(file, data)

    def _resources(self, file: str, data: bytes) -> Iterator[Record | Fault]:
        bundle, entries = None, _Entries([])
        item: fhir.Resource | fhir.Broken | None = None
        for item in fhir.read(data):
            where: Where = {"file": file, "document": item.number, **({"path": item.path} if "[" in item.path else {})}
            if isinstance(item, fhir.Broken):
                yield Fault(where, item.raw, item.error)
            elif item.bundle is None:
                yield self._bounded(Record(where, item.raw, item.body, above=_ALONE))
            else:
                if item.bundle is not bundle:
                    bundle, entries = item.bundle, _Entries(item.bundle["entry"])
                if not _is_kept(item.bundle) or item.path.endswith(
                    ".entry[0]"
                ):  # the rest is there for the first one's sake
                    yield self._bounded(_with_near(where, item.body, entries))
        if item is None:  # bundles without entries: a search that found nobody
            yield Record({"file": file}, data, {}, above=_ALONE, chosen=False)

    def _chosen(self, file: str, data: bytes) -> Iterator[Record | Fault]:
        assert self._each is not None
        for item in fhir.documents(data):
            where: Where = {"file": file, "document": item.number}
            if isinstance(item, fhir.Broken):
                yield Fault(where, item.raw, item.error)
                continue
            try:
                if not isinstance(item.body, dict) or not isinstance(item.body.get("resourceType"), str):
                    raise ParseError("not-a-resource", f"document {item.number}")
                kept = _is_kept(item.body)
                found = [item.body["entry"][0].get("resource")] if kept else self._each(item.body, _units(item.raw))
                if len(found) > _RECORDS:
                    raise ParseError("too-many-entries", f"document {item.number}")
            except (ParseError, NotAValue, NotMapped) as why:
                other: Reason = "too-large" if isinstance(why, NotMapped) else "not-an-object"
                error = why if isinstance(why, ParseError) else ParseError(other, f"document {item.number}")
                yield Fault(where, item.raw, error)
                continue
            if not found:
                yield Record(where, item.raw, item.body, above=_ALONE, chosen=False)
            listed = item.body.get("entry", [])
            entries = _Entries(listed if isinstance(listed, list) else [])
            for number, body in enumerate(found, 1):
                here: Where = where if kept else {**where, "item": number}
                if isinstance(body, dict):
                    yield self._bounded(_with_near(here, body, entries))
                else:
                    yield Fault(here, dump(body), ParseError("not-an-object", f"document {item.number}"))

    def _bounded(self, record: Record) -> Record | Fault:
        """FHIRPath may take the square of what it looks at: a resource of more values than any honest one is a dead letter."""
        if self._jmespath or len(record.raw) < 2 * _VALUES:
            return record
        near: Near = record.above
        if all(_values(each) <= _VALUES for each in (record.body, *(entry["resource"] for entry in near.entries))):
            return record
        return Fault(record.where, record.raw, ParseError("too-large", f"document {record.where['document']}"))

    def look(self, path: str, *, needed: bool = False) -> Look:  # noqa: ARG002 - a resource may lack any element
        """FHIRPath, or JMESPath where `path_language` says so."""
        if self._jmespath:
            if path.startswith("$."):
                raise BadRule("from", f"{path}: in a bundle there is no `$.`; references are followed by FHIRPath")
            return jmespath_look(path)
        find, fast = _compiled(path, "from"), fhirpath.plain(path)

        def read(record: Record) -> list[str]:
            found = None if fast is None else fast(record.body)
            return fhirpath.texts(find(record.body, _resolver(record)) if found is None else found)

        return read

    def content(self, record: Record) -> Any:
        """The resource and what it refers to, each less the hub's and the connector's own list of transport."""
        near: Near = record.above
        said = without(record.body, self._transport)
        others = [without(entry["resource"], self._transport) for entry in near.entries]
        return [said, *others] if others else said


def _units(raw: bytes) -> int:
    """What `each` may cost on a whole document: a bundle of many records takes its time, in proportion."""
    return UNITS + len(raw)


def _compiled(path: str, part: str) -> fhirpath.Find:
    try:
        return fhirpath.compiled(path)
    except BadRule as why:
        raise BadRule(part, str(why)) from None


def _as_list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [] if found is None else [found]


def _is_kept(bundle: Mapping[str, Any]) -> bool:
    """Whether it is a record that the hub kept with what it refers to."""
    meta, entries = bundle.get("meta"), bundle.get("entry")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return tags == [_TAG] and isinstance(entries, list) and bool(entries) and isinstance(entries[0], dict)


def _with_near(where: Where, body: Any, entries: _Entries) -> Record:
    near = entries.near(body)
    kept = {"resourceType": "Bundle", "type": "collection", "meta": {"tag": [_TAG]}}
    return Record(where, dump({**kept, "entry": [{"resource": body}, *near.entries]}), body, above=near)


def _resolver(record: Record) -> fhirpath.Resolve:
    inside: dict[str, Any] | None = None

    def resolve(told: str) -> Any:
        nonlocal inside
        if told.startswith("#"):
            inside = _contained(record.body) if inside is None else inside
            return inside.get(told[1:])
        near: Near = record.above
        return near.named.get(_unversioned(told))

    return resolve


def _contained(resource: Any) -> dict[str, Any]:
    """What is contained, by id; an id that two of them bear is nobody's."""
    found = _as_list(resource.get("contained") if isinstance(resource, dict) else None)
    named = [each for each in found if isinstance(each, dict) and isinstance(each.get("id"), str)]
    count = Counter(each["id"] for each in named)
    return {each["id"]: each for each in named if count[each["id"]] == 1}


def _unversioned(reference: str) -> str:
    return reference.split("/_history/", 1)[0]


class _Entries:
    """The entries of a bundle by name; a name that two different resources bear is nobody's, and nor are they."""

    def __init__(self, entries: list[Any]) -> None:
        self._named: dict[str, Mapping[str, Any]] = {}
        taken: set[str] = set()
        for entry in entries:
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if not isinstance(resource, dict):
                continue
            names = _names(entry, resource)
            if any(name in taken or self._named.get(name, entry)["resource"] != resource for name in names):
                for name in names:
                    if (other := self._named.pop(name, None)) is not None:
                        others = _names(other, other["resource"])
                        taken.update(others)
                        for also in others:
                            self._named.pop(also, None)
                taken.update(names)
            else:
                self._named.update(dict.fromkeys(names, entry))

    def near(self, body: Any) -> Near:
        """What the references in `body` lead to, and theirs."""
        if not self._named:
            return _ALONE
        found: list[Mapping[str, Any]] = []
        level = [body]
        for _ in range(_STEPS):
            below: list[Any] = []
            for reference in (told for value in level for told in _references(value)):
                entry = self._named.get(_unversioned(reference))
                if entry is None or entry["resource"] is body or any(entry is met for met in found):
                    continue
                if len(found) < _RESOURCES:
                    found.append(entry)
                    below.append(entry["resource"])
            level = below
        entries = tuple({name: entry[name] for name in ("fullUrl", "resource") if name in entry} for entry in found)
        return Near(
            {name: entry["resource"] for entry in entries for name in _names(entry, entry["resource"])}, entries
        )


def _names(entry: Mapping[str, Any], resource: Mapping[str, Any]) -> list[str]:
    kind, id_, url = resource.get("resourceType"), resource.get("id"), entry.get("fullUrl")
    told = [url] if isinstance(url, str) and url else []
    return told + ([f"{kind}/{id_}"] if isinstance(kind, str) and isinstance(id_, str) else [])


def _values(body: Any) -> int:
    """How many values, objects and lists a resource holds."""
    inside = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return 1 + sum(_values(inner) for inner in inside)


def _references(value: Any) -> Iterator[str]:
    """Every reference in a resource, in the order written; the documents' depth is capped by the reader."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        told = value.get("reference")
        if isinstance(told, str):
            yield told
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from _references(inner)


FORMAT = RecordFormat(FhirResources)
