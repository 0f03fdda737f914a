"""Whose dose it is: references of FHIR Immunizations to Patients, contained, in the same bundle, or elsewhere.

A Patient is known by its id where one server speaks of its own: in a search, a history, or loose resources of an export (NDJSON).
In a bundle that was made to be sent (message, document, collection, transaction) ids and fullUrls hold inside that bundle only:
`1` is whoever the sender came to first. There, and for contained Patients, the first identifier that names somebody
(hub.domain.placeholders) does, else name and whole birth date, as in HL7 v2 (hub.mapping.labs_patient); without these a dose counts
for its area and never becomes a person's.

Source: FHIR R4 Bundle.type, Resource.id ("unique within the space of all resources of the same type on the same server").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from hub.domain.placeholders import (
    PLACEHOLDER_BIRTH_DATE,
    PLACEHOLDER_ID,
    PLACEHOLDER_NAME,
    real_birth_date,
    real_id,
    real_names,
)
from hub.formats.fhir import Resource
from hub.mapping.dates import civil_date
from hub.mapping.fhir_beside import named, of_another_server, target_of
from hub.mapping.fhir_coverage import beneficiary
from hub.mapping.tracing_person import Json, listed, name_of, reference, text

__all__ = ["NO_DEMOGRAPHICS", "Patients", "Subject", "placeholders"]


class Subject(NamedTuple):
    """`authority`: `Patient` for ids of the source itself, else the system of the identifier; `local_id`: empty where the Patient
    is at hand and nothing names it. `born` where the Patient is at hand; `patient` where it is and tells nothing elsewhere, being
    contained or unnamed."""

    authority: str
    local_id: str
    born: date | None
    patient: Json | None = None

    @property
    def own_id(self) -> str:
        """The id that the source gave this person; empty where it gave none."""
        return "" if self.authority == _BY_NAME else self.local_id


_BY_NAME = "name-and-birth-date"
NO_DEMOGRAPHICS = frozenset({"meta", "text", "photo", "contained"})
"""Members of a Patient that say nothing of who it is: no part of its version. (`meta` tells the version's time and stays.)"""
_LONGEST_PATIENT = 65_536
_WHOSE = {
    "Condition": "subject", "Observation": "subject", "QuestionnaireResponse": "subject", "ServiceRequest": "subject",
    "Task": "for",
}  # fmt: skip
"""The element that says whose a resource is; `patient` of all others."""
_SERVER = frozenset({"searchset", "history"})
"""Types of bundles in which a server tells of its own resources."""
_BEFORE, _AFTER = b'{"resourceType":"Bundle","type":"%b","entry":[', b'{"resource":%b}]}'


class Patients:
    """Remembers the patients of the bundle that is being read, and of no other."""

    def __init__(self) -> None:
        self._bundle: Json | None = None
        self._entries: Mapping[str, Json] = {}
        self._dumped: tuple[Json, bytes] | None = None

    def of_server(self, item: Resource) -> bool:
        """Whether a resource's id is that of the server which tells of it."""
        return item.bundle is None or text(item.bundle.get("type")) in _SERVER

    def subject_of(self, item: Resource) -> Subject | None:
        """Who a Patient resource is; None where nothing names them."""
        return _subject(item.body, of_server=self.of_server(item))

    def referred(self, item: Resource) -> Subject | None:
        """Whose a resource is (its patient, beneficiary or subject); None where that cannot be told."""
        told = _of(item)
        if not isinstance(told, dict):
            return None
        target = text(told.get("reference"))
        if target.startswith("#"):
            contained = listed(item.body.get("contained"))
            found = next((one for one in contained if text(one.get("id")) == target[1:]), None)
            return _contained(found) if found is not None and found.get("resourceType") == "Patient" else None
        entry = self._entry(item)
        if entry is not None:
            patient = entry["resource"]
            return _subject(patient, of_server=self.of_server(item)) or _unnamed(patient)
        if self.of_server(item) and not self._elsewhere(item) and (local_id := real_id(reference(told, "Patient"))):
            return Subject("Patient", local_id, None)
        return _identified(told.get("identifier"), None)

    def told_beside(self, item: Resource) -> tuple[Json, ...]:
        """The Patient of an Immunization where its bundle holds it, else nothing."""
        entry = self._entry(item)
        return () if entry is None else (entry["resource"],)

    def alone(self, item: Resource) -> bytes:
        """The original of a resource and, as it takes that to read it alone, what its bundle was and the Patient that it refers to
        (without photo and narrative, and unless that is far too long)."""
        entry = self._entry(item) if item.type != "Patient" else None
        of_server = self.of_server(item)
        if entry is None and of_server:
            return item.raw
        head = _BEFORE % (b"searchset" if of_server else b"collection")
        patient = self._slim(entry) if entry is not None else b""
        beside = patient + b"," if 0 < len(patient) <= _LONGEST_PATIENT else b""
        return b"".join((head, beside, _AFTER % item.raw))

    def _slim(self, entry: Json) -> bytes:
        """The entry of a Patient; the last one is remembered."""
        if self._dumped is None or self._dumped[0] is not entry:
            kept = {name: value for name, value in entry["resource"].items() if name not in NO_DEMOGRAPHICS - {"meta"}}
            slim = {"fullUrl": text(entry.get("fullUrl")), "resource": kept}
            dumped = json.dumps(slim, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
            self._dumped = (entry, dumped)
        return self._dumped[1]

    def _entry(self, item: Resource) -> Json | None:
        """The entry of the bundle that holds the Patient of an Immunization."""
        entry = self._named(item)
        return None if entry is None or self._elsewhere(item) else entry

    def _elsewhere(self, item: Resource) -> bool:
        """Whether the Patient of a resource has the id of one in the bundle, and is another server's."""
        entry = self._named(item)
        return entry is not None and of_another_server(target_of(_of(item)), text(entry.get("fullUrl")))

    def _named(self, item: Resource) -> Json | None:
        """The entry of the bundle that is called as the Patient of a resource is, by fullUrl or else by type and id."""
        entries, target = self._of(item), target_of(_of(item))
        return entries.get(target) or entries.get(named(target))

    def _of(self, item: Resource) -> Mapping[str, Json]:
        if self._bundle is not item.bundle:
            self._bundle = item.bundle
            self._entries = _patients(item.bundle) if item.bundle is not None else {}
        return self._entries


def _patients(bundle: Json) -> Mapping[str, Json]:
    """Entries with a Patient, by what a reference may call them."""
    found: dict[str, Json] = {}
    for entry in listed(bundle.get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
            local_id = text(resource.get("id"))
            for name in (text(entry.get("fullUrl")), f"Patient/{local_id}" if local_id else ""):
                if name:
                    found.setdefault(name, entry)
    return found


def placeholders(patient: Json) -> tuple[str, ...]:
    """Issues of a Patient in whom a word stands where nobody is known (hub.domain.placeholders)."""
    ids = [text(patient.get("id")), *(text(one.get("value")) for one in listed(patient.get("identifier")))]
    told = _names(patient)
    born = civil_date(text(patient.get("birthDate")))
    found = (
        (PLACEHOLDER_ID, any(real_id(each) != each for each in ids)),
        (PLACEHOLDER_NAME, real_names(*told) != told),
        (PLACEHOLDER_BIRTH_DATE, real_birth_date(born) != born),
    )
    return tuple([issue for issue, odd in found if odd])


def _of(item: Resource) -> object:
    if item.type == "Coverage":
        return beneficiary(item.body)
    return item.body.get(_WHOSE.get(item.type, "patient"))


def _subject(patient: Json, *, of_server: bool) -> Subject | None:
    born = civil_date(text(patient.get("birthDate")))
    if of_server and (local_id := real_id(text(patient.get("id")))):
        return Subject("Patient", local_id, born)
    return _first_identifier(patient, born) or _by_name(patient, born)


def _contained(patient: Json) -> Subject:
    """The id of a contained Patient means nothing outside: only an identifier does."""
    born = civil_date(text(patient.get("birthDate")))
    found = _first_identifier(patient, born) or _by_name(patient, born) or _unnamed(patient)
    return found._replace(patient=patient)


def _names(patient: Json) -> tuple[str, str]:
    """Family and first given name."""
    name = name_of(patient)
    given = name.get("given")
    return text(name.get("family")), text(given[0]) if isinstance(given, list) and given else ""


def _by_name(patient: Json, born: date | None) -> Subject | None:
    told, day = real_names(*_names(patient)), real_birth_date(born)
    if day is None or not all(told):
        return None
    return Subject(_BY_NAME, "^".join((*(word.casefold() for word in told), day.isoformat())), born)


def _unnamed(patient: Json) -> Subject:
    return Subject("", "", civil_date(text(patient.get("birthDate"))), patient)


def _first_identifier(patient: Json, born: date | None) -> Subject | None:
    return next((who for one in listed(patient.get("identifier")) if (who := _identified(one, born))), None)


def _identified(identifier: object, born: date | None) -> Subject | None:
    if not isinstance(identifier, dict) or not (value := real_id(text(identifier.get("value")))):
        return None
    return Subject(text(identifier.get("system")), value, born)
