"""FHIR resources that speak of each other: a pool (a bundle, or the loose resources of a file), and the reports in it.

References are resolved inside the pool only: by fullUrl, by `Type/id`, by identifier, or `#id` within the resource that refers.
Nothing is fetched. In what a server answers (a search, NDJSON) a Patient that is not there is still the one whom the server calls
so. An observation belongs to the first report that names it, a cycle of members ends where it began, and what one report needs
can be cut out as a bundle of its own, which reads alone as it did among its neighbours.

Source: FHIR R4 Bundle (resolving references), DiagnosticReport.result, Observation.hasMember.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from hub.domain.lab_meaning import question_of
from hub.formats.fhir import Resource
from hub.mapping.fhir_beside import of_another_server
from hub.mapping.labs_fhir_values import codings
from hub.mapping.program import NotMapped
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["Group", "Held", "Pool"]

_SERVER = frozenset({"searchset", "history"})
"""Types of bundles whose references are those of the server; a bundle that was made to be sent holds what it refers to."""
_PLACE = re.compile(r"entry\[(\d+)\]$")
_PATIENT = re.compile(r"Patient/[A-Za-z0-9\-.]{1,64}")
_MOST_REFERENCES = 1_000
"""So many references of an order or a report are followed, and so many answers of a person heard."""


class Held(NamedTuple):
    """A resource and the entry it travels with: its own, or that of the resource it is contained in."""

    body: Json
    entry: Resource

    @property
    def type(self) -> str:
        """`resourceType`; empty where a contained one says none."""
        return text(self.body.get("resourceType"))


class Group(NamedTuple):
    """A report and what it observed; `report` None: observations of one order or specimen without a report."""

    report: Held | None
    observations: tuple[Held, ...]


class Pool:
    """Resources by the names that references call them. `of_server`: a server tells of its own; ids mean the same elsewhere."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.resources = resources
        self.bundle: Json = resources[0].bundle or {}
        self._urls = _full_urls(resources)
        self._places = {id(resource): place for place, resource in enumerate(resources)}
        self._named: dict[str, Resource] = {}
        self._twice: set[str] = set()
        self._head: bytes | None = None
        self.of_server = not self.bundle or text(self.bundle.get("type")) in _SERVER
        self._elsewhere: dict[str, Json] = {}
        for resource, url in zip(resources, self._urls, strict=True):
            local = f"{resource.type}/{text(resource.body.get('id'))}" if text(resource.body.get("id")) else ""
            for name in filter(None, {url, local}):
                if self._named.setdefault(name, resource).body != resource.body:
                    self._twice.add(name)

    def of(self, kind: str) -> list[Held]:
        """Every entry of a type, in order."""
        return [Held(resource.body, resource) for resource in self.resources if resource.type == kind]

    def find(self, reference: object, kind: str, holder: Held) -> Held | None:
        """What a reference of `holder` means, when it is of that type and in the pool. NotMapped where two different patients
        have the name: a result is never given to a person by chance."""
        target = text(reference.get("reference")) if isinstance(reference, dict) else ""
        if not target and isinstance(reference, dict):
            return self._identified(reference.get("identifier"), kind)
        if target.startswith("#"):
            contained = listed(holder.entry.body.get("contained"))
            body = next((item for item in contained if text(item.get("id")) == target[1:]), None)
            return Held(body, holder.entry) if body is not None and text(body.get("resourceType")) == kind else None
        target = target.split("/_history/", 1)[0]
        name = target if target in self._named else "/".join(target.rsplit("/", 2)[-2:])
        resource = self._named.get(name)
        if resource is not None and of_another_server(target, self.url_of(resource)):
            return None
        if resource is None and kind == "Patient" and self.of_server and _PATIENT.fullmatch(name):
            return Held(
                self._elsewhere.setdefault(name, {"resourceType": kind, "id": name.partition("/")[2]}), holder.entry
            )
        if resource is None or resource.type != kind:
            return None
        if kind == "Patient" and name in self._twice:
            raise NotMapped("ambiguous-reference", field="subject")
        return Held(resource.body, resource)

    def _identified(self, identifier: object, kind: str) -> Held | None:
        """What a logical reference means: the one resource of that type with this identifier."""
        if not isinstance(identifier, dict) or not (value := text(identifier.get("value"))):
            return None
        system = text(identifier.get("system"))
        found = [
            held
            for held in self.of(kind)
            for own in listed(held.body.get("identifier"))
            if text(own.get("value")) == value and text(own.get("system")) == system
        ]
        return found[0] if len(found) == 1 else None

    def find_one(self, reference: object, kind: str, holder: Held) -> Held | None:
        """`find`, for what nobody must know: None too where two different patients have the name."""
        try:
            return self.find(reference, kind, holder)
        except NotMapped:
            return None

    def is_elsewhere(self, patient: Held) -> bool:
        """Whether all that is known of a Patient is what the server calls them."""
        return patient.body is self._elsewhere.get(f"Patient/{text(patient.body.get('id'))}")

    def each(self, references: object, kind: str, holder: Held) -> Iterator[Held]:
        """What a list of references means, as far as it is in the pool."""
        for reference in listed(references)[:_MOST_REFERENCES]:
            found = self.find(reference, kind, holder)
            if found is not None:
                yield found

    def groups(self) -> Iterator[Group]:
        """Every report with its observations and their members, then observations that no report names."""
        taken: set[int] = set()
        for report in self.of("DiagnosticReport"):
            yield Group(report, tuple(self._members(listed(report.body.get("result")), report, taken)))
        alone: dict[object, list[Held]] = {}
        for observation in self.of("Observation"):
            if id(observation.body) not in taken and not is_question(observation.body):
                members = self._members([], observation, taken)
                alone.setdefault(_order_of(observation.body), []).extend((observation, *members))
        yield from (Group(None, tuple(observations)) for observations in alone.values())

    def _members(self, references: Sequence[Json], holder: Held, taken: set[int]) -> list[Held]:
        """Observations reached from a report or an observation, each once."""
        found: list[Held] = []
        waiting = [(reference, holder) for reference in references]
        if holder.type == "Observation":
            taken.add(id(holder.body))
            waiting = [(reference, holder) for reference in listed(holder.body.get("hasMember"))]
        for reference, refers in waiting:  # grows while it is read
            observation = self.find(reference, "Observation", refers)
            if observation is not None and id(observation.body) not in taken:
                taken.add(id(observation.body))
                found.append(observation)
                waiting.extend((member, observation) for member in listed(observation.body.get("hasMember")))
        return found

    def cut(self, used: Sequence[Resource]) -> bytes:
        """A bundle of these entries alone, in their order, under the head of this one."""
        if self._head is None:
            head = {
                name: value
                for name, value in self.bundle.items()
                if name not in ("entry", "link", "total", "signature")
            }
            self._head = _dump(head or {"resourceType": "Bundle", "type": "searchset"})[:-1]
        entries = [self._entry(place) for place in sorted({self._places[id(resource)] for resource in used})]
        return b"".join((self._head, b',"entry":[', b",".join(entries), b"]}"))

    def url_of(self, resource: Resource) -> str:
        """The fullUrl of an entry; empty where it has none that names it outside of its bundle (`resource:0`)."""
        url = self._urls[self._places[id(resource)]]
        return url if url.startswith(("urn:", "http://", "https://")) else ""

    def _entry(self, place: int) -> bytes:
        url, raw = self._urls[place], self.resources[place].raw
        return b'{"fullUrl":' + _dump(url) + b',"resource":' + raw + b"}" if url else b'{"resource":' + raw + b"}"


def is_question(observation: Json) -> bool:
    """An answer of the person to a question asked at order entry, not a result."""
    return bool(question_of(codings(observation.get("code"))))


def _order_of(observation: Json) -> object:
    """Observations of one person, order and specimen belong together; one that names no order or specimen stands alone."""
    order = text((next(iter(listed(observation.get("basedOn"))), {})).get("reference"))
    specimen, subject = _target(observation.get("specimen")), _target(observation.get("subject"))
    return (subject, order, specimen) if order or specimen else id(observation)


def _target(reference: object) -> str:
    return text(reference.get("reference")) if isinstance(reference, dict) else ""


def _full_urls(resources: Sequence[Resource]) -> list[str]:
    found: list[str] = []
    for resource in resources:
        place = _PLACE.search(resource.path)
        entry: Any = resource.bundle["entry"][int(place[1])] if resource.bundle is not None and place else {}
        found.append(text(entry.get("fullUrl")))
    return found


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
