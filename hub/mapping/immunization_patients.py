"""Whose dose it is: references of FHIR Immunizations to Patients, contained, in the same bundle, or elsewhere.

A Patient is known by its id; where it has none (bundles made to be sent), by its first identifier, else by the fullUrl of
its entry, if that names it anywhere else (`urn:`, `http`): a health card's `resource:0`, or the id of a contained resource, names
nobody. Then name and whole birth date do, as in HL7 v2 (hub.mapping.labs_patient); without these a dose counts for its area and
never becomes a person's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from hub.formats.fhir import Resource
from hub.mapping.dates import civil_date
from hub.mapping.fhir_coverage import beneficiary
from hub.mapping.tracing_person import Json, listed, name_of, reference, text

__all__ = ["NO_DEMOGRAPHICS", "Patients", "Subject"]


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
_BEFORE, _BETWEEN, _AFTER = b'{"resourceType":"Bundle","type":"collection","entry":[', b',{"resource":', b"}]}"


class _Entries(NamedTuple):
    """Patients of one bundle: by what a reference may call them, and the fullUrl of each by the identity of its resource."""

    by_name: Mapping[str, Json]
    full_urls: Mapping[int, str]


class Patients:
    """Remembers the patients of the bundle that is being read, and of no other."""

    def __init__(self) -> None:
        self._bundle: Json | None = None
        self._entries = _Entries({}, {})
        self._dumped: tuple[Json, bytes] | None = None

    def subject_of(self, item: Resource) -> Subject | None:
        """Who a Patient resource is; None where nothing names them."""
        return _subject(item.body, self._of(item).full_urls.get(id(item.body), ""))

    def referred(self, item: Resource) -> Subject | None:
        """Whose an Immunization, a Coverage or an Observation is; None where that cannot be told."""
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
            return _subject(patient, text(entry.get("fullUrl"))) or _unnamed(patient)
        if local_id := reference(told, "Patient"):
            return Subject("Patient", local_id, None)
        return _identified(told.get("identifier"), None)

    def told_beside(self, item: Resource) -> tuple[Json, ...]:
        """The Patient of an Immunization where its bundle holds it, else nothing."""
        entry = self._entry(item)
        return () if entry is None else (entry["resource"],)

    def with_patient(self, item: Resource) -> bytes:
        """The original of an Immunization and, as it takes that to read it alone, the Patient of its bundle beside it (without
        photo and narrative, and unless that is far too long)."""
        entry = self._entry(item)
        if entry is None:
            return item.raw
        if self._dumped is None or self._dumped[0] is not entry:
            kept = {name: value for name, value in entry["resource"].items() if name not in NO_DEMOGRAPHICS - {"meta"}}
            slim = {"fullUrl": text(entry.get("fullUrl")), "resource": kept}
            dumped = json.dumps(slim, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
            self._dumped = (entry, dumped)
        patient = self._dumped[1]
        return item.raw if len(patient) > _LONGEST_PATIENT else b"".join((_BEFORE, patient, _BETWEEN, item.raw, _AFTER))

    def _entry(self, item: Resource) -> Json | None:
        """The entry of the bundle that holds the Patient of an Immunization."""
        told = _of(item)
        return self._of(item).by_name.get(text(told.get("reference"))) if isinstance(told, dict) else None

    def _of(self, item: Resource) -> _Entries:
        if self._bundle is not item.bundle:
            self._bundle = item.bundle
            self._entries = _patients(item.bundle) if item.bundle is not None else _Entries({}, {})
        return self._entries


def _patients(bundle: Json) -> _Entries:
    """Entries with a Patient."""
    found: dict[str, Json] = {}
    urls: dict[int, str] = {}
    for entry in listed(bundle.get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
            url, local_id = text(entry.get("fullUrl")), text(resource.get("id"))
            urls[id(resource)] = url
            for name in (url, f"Patient/{local_id}" if local_id else ""):
                if name:
                    found.setdefault(name, entry)
    return _Entries(found, urls)


def _of(item: Resource) -> object:
    if item.type == "Coverage":
        return beneficiary(item.body)
    return item.body.get("subject" if item.type == "Observation" else "patient")


def _subject(patient: Json, full_url: str) -> Subject | None:
    born = civil_date(text(patient.get("birthDate")))
    if local_id := text(patient.get("id")):
        return Subject("Patient", local_id, born)
    named = full_url.startswith(("urn:", "http://", "https://"))
    return (
        _first_identifier(patient, born)
        or (Subject("fullUrl", full_url, born) if named else None)
        or _by_name(patient, born)
    )


def _contained(patient: Json) -> Subject:
    """The id of a contained Patient means nothing outside: only an identifier does."""
    born = civil_date(text(patient.get("birthDate")))
    found = _first_identifier(patient, born) or _by_name(patient, born) or _unnamed(patient)
    return found._replace(patient=patient)


def _by_name(patient: Json, born: date | None) -> Subject | None:
    name = name_of(patient)
    given = name.get("given")
    told = (text(name.get("family")), text(given[0]) if isinstance(given, list) and given else "")
    if born is None or not all(told):
        return None
    return Subject(_BY_NAME, "^".join((*(word.casefold() for word in told), born.isoformat())), born)


def _unnamed(patient: Json) -> Subject:
    return Subject("", "", civil_date(text(patient.get("birthDate"))), patient)


def _first_identifier(patient: Json, born: date | None) -> Subject | None:
    return next((who for one in listed(patient.get("identifier")) if (who := _identified(one, born))), None)


def _identified(identifier: object, born: date | None) -> Subject | None:
    if not isinstance(identifier, dict) or not (value := text(identifier.get("value"))):
        return None
    return Subject(text(identifier.get("system")), value, born)
