"""HSDS as JSON: the services of a document, whatever holds them.

A service, an organisation or program with its services, a service at a location, a list or a page of these, one document or
one a line. Source: HSDS 3.0.0 and its API reference, whose pages hold `contents` (openreferral/specification; pages:
unverified, from memory).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hub.domain.events import Service
from hub.formats import fhir
from hub.formats.fhir import Broken, Document
from hub.mapping.program import Mapped, Unit, ignored, unreadable
from hub.mapping.tracing_person import Json

__all__ = ["Told", "read_documents"]

_BLANK = b"\xef\xbb\xbf \t\r\n"
_OTHERS = (".csv", ".txt", ".md", ".pdf", ".html", ".xlsx", ".sql", ".yaml", ".yml", ".zip")
_LISTS = ("contents", "items", "data", "organizations", "services")
_MARKS = frozenset({"status", "service_at_locations", "organization"})
"""What a service has and an organisation, a location or a program has not."""


class Told(NamedTuple):
    """One object of a document: a service, nested as HSDS 3.0 has it, or something else."""

    body: Any
    where: Mapping[str, str | int]


def read_documents(unit: Unit, file: str) -> Iterator[Told | Mapped]:
    data = unit.data(file)
    if data.lstrip(_BLANK)[:1] not in (b"{", b"[") and file.casefold().endswith(_OTHERS):
        yield ignored("file-not-used", {"file": file}, b"", Service.kind)
        return
    for document in fhir.documents(data):
        where: dict[str, str | int] = {"file": file, "message": document.number}
        if isinstance(document, Broken):
            yield unreadable(document.error, where, b"")
        else:
            yield from _services(document, where)


def _services(document: Document, where: Mapping[str, str | int]) -> Iterator[Told | Mapped]:
    found = list(_inside(document.body, "", {}))
    if not found:
        yield ignored("no-service", where, b"", Service.kind)
    for path, body in found:
        yield Told(body, {**where, "path": path} if path else where)


def _inside(body: Any, path: str, organization: Json) -> Iterator[tuple[str, Any]]:
    """Services within an object or a list, each with its organisation."""
    if isinstance(body, list):
        for number, each in enumerate(body):
            yield from _inside(each, f"{path}[{number}]", organization)
        return
    if not isinstance(body, dict):
        yield path, body
        return
    inner = {name: body[name] for name in _LISTS if isinstance(body.get(name), list)}
    if isinstance(body.get("service"), dict) and isinstance(body.get("location"), dict):
        yield path, {**body["service"], "service_at_locations": [body]}
    elif inner:
        above = body if "services" in inner and "id" in body and "contents" not in inner else organization
        for name, listing in inner.items():
            yield from _inside(listing, f"{path}.{name}".lstrip("."), above)
    elif _MARKS.isdisjoint(body):
        return
    else:
        whose = (
            {"organization": {"id": organization.get("organization_id") or organization.get("id")}}
            if organization
            else {}
        )
        yield path, {**whose, **body}
