"""What a FHIR resource refers to, where it is at hand: contained, or in the same bundle; and a resource with these, to be
read alone.

References may be `Task/1`, a URL that ends so, with or without a version, or the fullUrl of an entry (FHIR R4 Bundle, resolving
references). `named` is what stands for a resource in tokens: type and id where the reference says them, else the reference whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from hub.formats.fhir import Resource
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["Beside", "named", "of_another_server", "target_of"]

_BEFORE, _AFTER = b'{"resourceType":"Bundle","type":"%b","entry":[', b"]}"
_LONGEST = 65_536
_ADDRESS = ("http://", "https://")
_SILENT = frozenset({"text", "photo", "contained"})


def target_of(reference: object) -> str:
    """Where a reference points, without version; of a logical one `system|value`; empty where it points nowhere."""
    if not isinstance(reference, dict):
        return ""
    if target := text(reference.get("reference")).split("/_history/", 1)[0]:
        return target
    identifier = reference.get("identifier")
    value = text(identifier.get("value")) if isinstance(identifier, dict) else ""
    return f"{text(identifier.get('system'))}|{value}" if value and isinstance(identifier, dict) else ""


def named(target: str) -> str:
    """`Task/1` of `https://a.example/fhir/Task/1`; all else as it is."""
    parts = target.rsplit("/", 2)
    return "/".join(parts[-2:]) if len(parts) >= 2 and parts[-2][:1].isupper() and "|" not in target else target


def of_another_server(target: str, full_url: str) -> bool:
    """Whether an absolute reference means another resource than the entry of this fullUrl, which has the same type and id: two
    servers count their patients alike. (A fullUrl without a server leaves that open; http and https are one.)"""
    here, there = full_url.split("/_history/", 1)[0], target
    if not (here.startswith(_ADDRESS) and there.startswith(_ADDRESS) and here.endswith(f"/{named(there)}")):
        return False
    return here.partition("://")[2].casefold() != there.partition("://")[2].casefold()


class Beside:
    """Remembers the bundle that is being read, and no other: each is gone through once, however many resources ask."""

    def __init__(self) -> None:
        self._bundle: Json | None = None
        self._entries: Mapping[str, Json] = {}
        self._own: Mapping[int, Json] = {}
        self._referred: dict[tuple[str, str], frozenset[str]] = {}

    def found(self, item: Resource, reference: object) -> Json | None:
        """The resource that a reference of `item` points to, if it is at hand."""
        target = target_of(reference)
        if target.startswith("#"):
            contained = listed(item.body.get("contained"))
            return next((one for one in contained if text(one.get("id")) == target[1:]), None)
        entry = self._entry(item, target)
        return None if entry is None else entry["resource"]

    def own_name(self, resource: Json, of_server: bool) -> str:
        """What names a resource: its id where a server tells of its own; in a bundle that was made to be sent, where ids hold
        inside that bundle only, its first identifier before it. Empty where it has neither."""
        local_id = text(resource.get("id"))
        numbered = f"{resource['resourceType']}/{local_id}" if local_id else ""
        if of_server and numbered:
            return numbered
        known = ((text(each.get("system")), text(each.get("value"))) for each in listed(resource.get("identifier")))
        return next((f"{system}|{value}" for system, value in known if value), numbered)

    def name_of(self, item: Resource, reference: object, of_server: bool) -> str:
        """What stands for the target of a reference; empty where it points nowhere or into `item` itself."""
        target = target_of(reference)
        if not target or target.startswith("#"):
            return ""
        entry = self._entry(item, target)
        if entry is not None:
            return self.own_name(entry["resource"], of_server) or named(target)
        return target if named(target) in self._of(item.bundle) else named(target)  # there: another server's

    def referred(self, item: Resource, kind: str, element: str, of_server: bool) -> frozenset[str]:
        """What all resources of a type in the bundle of `item` refer to in one element, as `name_of` has it."""
        entries, known = self._of(item.bundle), self._referred.get((kind, element))
        if known is None:
            resources = [entry["resource"] for entry in entries.values()]
            references = [each for one in resources if one["resourceType"] == kind for each in listed(one.get(element))]
            known = frozenset(self.name_of(item, each, of_server) for each in references) - {""}
            self._referred[kind, element] = known
        return known

    def alone(self, item: Resource, of_server: bool, *references: object) -> bytes:
        """The original of `item` and, as it takes these to read it alone, the entries that it refers to (without narrative)."""
        targets = [target_of(reference) for reference in references]
        needed = [entry for target in targets if (entry := self._entry(item, target))]
        if not needed and of_server:
            return item.raw
        own = self._own.get(id(item.body), {})
        kept = [
            dumped for entry in {id(each): each for each in needed}.values() if len(dumped := _slim(entry)) <= _LONGEST
        ]
        kind = b"searchset" if of_server else b"collection"
        url = json.dumps(text(own.get("fullUrl"))).encode() if own else b'""'
        return b"".join(
            (
                _BEFORE % kind,
                *(each + b"," for each in kept),
                b'{"fullUrl":',
                url,
                b',"resource":',
                item.raw,
                b"}",
                _AFTER,
            )
        )

    def _entry(self, item: Resource, target: str) -> Json | None:
        """The entry of the bundle of `item` that a reference points to."""
        entries = self._of(item.bundle)
        if (entry := entries.get(target)) is not None:
            return entry
        entry = entries.get(named(target))
        return None if entry is None or of_another_server(target, text(entry.get("fullUrl"))) else entry

    def _of(self, bundle: Json | None) -> Mapping[str, Json]:
        if self._bundle is not bundle:
            self._bundle, self._entries = bundle, {} if bundle is None else _entries(bundle)
            self._own = {id(entry["resource"]): entry for entry in self._entries.values()}
            self._referred = {}
        return self._entries


def _entries(bundle: Json) -> Mapping[str, Json]:
    """Entries by what a reference may call them."""
    found: dict[str, Json] = {}
    for entry in listed(bundle.get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict) and isinstance(kind := resource.get("resourceType"), str):
            local_id = text(resource.get("id"))
            for name in (text(entry.get("fullUrl")), f"{kind}/{local_id}" if local_id else ""):
                if name:
                    found.setdefault(name, entry)
    return found


def _slim(entry: Json) -> bytes:
    kept = {name: value for name, value in entry["resource"].items() if name not in _SILENT}
    slim = {"fullUrl": text(entry.get("fullUrl")), "resource": kept}
    return json.dumps(slim, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
