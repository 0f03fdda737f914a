"""Patient and Organization of a FHIR laboratory report: who the source says this is, who may not become a person, who sent it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from hub.domain.event_parts import CountySource
from hub.domain.events import PersonBlock, RaceEthnicity
from hub.domain.placeholders import (
    PLACEHOLDER_BIRTH_DATE,
    PLACEHOLDER_ID,
    PLACEHOLDER_NAME,
    real_birth_date,
    real_id,
    real_names,
)
from hub.mapping.area import Area, area
from hub.mapping.dates import civil_date
from hub.mapping.labs_fhir_values import codings
from hub.mapping.labs_patient import BORN_LATER
from hub.mapping.race_fhir import race_and_issues
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["Who", "identifier_of", "organization_id", "who"]

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_BIRTH_SEX = _US_CORE + "birthsex"
_CLIA = frozenset({"CLIA"})
_CLIA_SYSTEMS = frozenset({"urn:oid:2.16.840.1.113883.4.7", "2.16.840.1.113883.4.7"})
_SSN_SYSTEMS = frozenset({"http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1"})
_WITHHELD_USES = frozenset({"anonymous"})
_PASSED_USES = frozenset({"old", "temp", "billing"})
_SEX = {"male": "M", "female": "F", "other": "O", "unknown": "U"}


class Who(NamedTuple):
    """`local_id` is empty when the report names nobody: it counts for its area and never becomes a person. `authority`: of the
    id, empty where nobody says."""

    authority: str
    local_id: str
    block: PersonBlock | None
    race: RaceEthnicity | None
    issues: tuple[str, ...] = ()
    county_source: CountySource | None = None


def who(patient: Json, server_id: str, county_asked: str, sender: str, latest: date = date.max) -> Who:
    """The patient of a report. The id: the first identifier that is no SSN or member id and names somebody, else `server_id` (the
    resource's, where a server tells of its own; else empty). `county_asked`: the county of residence given as an answer
    (87721-7). `sender`: whose ids without a system are. `latest`: nobody is born after it."""
    name, name_issue = _told_name(_name(patient))
    born, birth_issue = _told_birth(text(patient.get("birthDate")), latest)
    named = bool(text(name.get("family")) or _given(name))
    withheld = text(name.get("use")) in _WITHHELD_USES or (not named and not born)
    known = list(_own_identifiers(patient))
    own = next((item for item in known if real_id(text(item.get("value")))), {})
    id_issue = PLACEHOLDER_ID if known and own is not known[0] else ""
    local_id = text(own.get("value")) or server_id
    place = _place(_home(patient), county_asked)
    block = _area(place) if withheld else _block(patient, name, born, local_id, place)
    race, issues = race_and_issues(patient)
    odd = tuple(issue for issue in (id_issue, name_issue, birth_issue) if issue)
    return Who(
        _authority(own, sender),
        "" if withheld else local_id,
        block,
        race,
        (*odd, *place.issues, *issues),
        place.county_source,
    )


def _told_name(name: Json) -> tuple[Json, str]:
    """A HumanName without the parts that name nobody."""
    family, given = text(name.get("family")), _given(name)
    told = (family, next(iter(given), ""))
    real = real_names(*told)
    if real == told:
        return name, ""
    return {**name, "family": real[0], "given": [part for part in (real[1], *given[1:]) if part]}, PLACEHOLDER_NAME


def _told_birth(born: str, latest: date) -> tuple[str, str]:
    day = civil_date(born)
    if day is not None and day > latest:
        return "", BORN_LATER
    return (born, "") if real_birth_date(day) == day else ("", PLACEHOLDER_BIRTH_DATE)


def identifier_of(resource: Json, *types: str) -> str:
    """`value^system` of the first identifier of one of these types (v2-0203: FILL, PLAC, …), else of the first without a type;
    empty when there is none."""
    found = [item for item in listed(resource.get("identifier")) if text(item.get("value"))]
    typed = [item for item in found if _types(item) & set(types)]
    chosen = next(iter(typed or [item for item in found if not _types(item)]), None)
    return "^".join((text(chosen.get("value")), text(chosen.get("system")))) if chosen is not None else ""


def organization_id(organization: Json) -> str:
    """The CLIA number of an Organization, else its first identifier, else its name."""
    found = [item for item in listed(organization.get("identifier")) if text(item.get("value"))]
    clia = [item for item in found if _types(item) & _CLIA or text(item.get("system")) in _CLIA_SYSTEMS]
    chosen = next(iter(clia or found), None)
    return text(chosen.get("value")) if chosen is not None else text(organization.get("name"))


def _types(identifier: Json) -> set[str]:
    return {code.code for code in codings(identifier.get("type")) if code.code}


def _own_identifiers(patient: Json) -> Iterator[Json]:
    for item in listed(patient.get("identifier")):
        other = text(item.get("system")) in _SSN_SYSTEMS or _types(item) & {"SS", "MA", "MC", "MB"}
        if text(item.get("value")) and not other and text(item.get("use")) != "old":
            yield item


def _authority(identifier: Json, sender: str) -> str:
    """The system of an identifier; where it has none that means something everywhere (a URI or an OID), the sender with what it
    says in its place."""
    system, assigner = text(identifier.get("system")), identifier.get("assigner")
    if ":" in system or system[:1].isdigit():
        return system
    display = text(assigner.get("display")) if isinstance(assigner, dict) else ""
    return " ".join(part for part in (sender, system or display) if part)


def _name(patient: Json) -> Json:
    """The official name, else the first that holds one, else the first."""
    names = [name for name in listed(patient.get("name")) if text(name.get("use")) not in ("old", "maiden")]
    full = [name for name in names if text(name.get("family")) or _given(name)]
    official = [name for name in full if text(name.get("use")) == "official"]
    return next(iter(official or full or names), {})


def _given(name: Json) -> list[str]:
    given = name.get("given")
    return [word for part in given if (word := text(part))] if isinstance(given, list) else []


def _home(patient: Json) -> Json:
    """The home address, else the first that is not an old, temporary or billing one."""
    places = [item for item in listed(patient.get("address")) if text(item.get("use")) not in _PASSED_USES]
    return next((item for item in places if text(item.get("use")) == "home"), next(iter(places), {}))


def _area(place: Area) -> PersonBlock | None:
    told = PersonBlock(state=place.state, postal_code=place.postal_code, county=place.county)
    return told if place.state or place.postal_code or place.county else None


def _place(home: Json, county_asked: str) -> Area:
    return area(text(home.get("state")), text(home.get("postalCode")), text(home.get("district")), county_asked)


def _block(patient: Json, name: Json, born: str, local_id: str, place: Area) -> PersonBlock:
    home, given = _home(patient), _given(name)
    lines, suffix = home.get("line"), name.get("suffix")
    return PersonBlock(
        given_name=next(iter(given), None),
        middle_name=" ".join(given[1:]) or None,
        family_name=text(name.get("family")) or None,
        suffix=(text(suffix[0]) or None) if isinstance(suffix, list) and suffix else None,
        birth_date=civil_date(born if len(born) >= 10 else (born + "-01-01")[:10] if born else ""),
        birth_date_partial=bool(born) and len(born) < 10,
        sex=_sex(patient),
        ssn=_of_type(patient, "SS", _SSN_SYSTEMS).replace("-", "") or None,
        phone=_phone(patient),
        email=_telecom(patient, "email"),
        address_line=(text(lines[0]) or None) if isinstance(lines, list) and lines else None,
        city=text(home.get("city")) or None,
        state=place.state,
        postal_code=place.postal_code,
        county=place.county,
        local_id=local_id or None,
        member_id=_of_type(patient, "MA", frozenset()) or None,
    )


def _of_type(patient: Json, kind: str, systems: frozenset[str]) -> str:
    found = (
        item
        for item in listed(patient.get("identifier"))
        if kind in _types(item) or text(item.get("system")) in systems
    )
    return text(next(found, {}).get("value"))


def _sex(patient: Json) -> str | None:
    for item in listed(patient.get("extension")):
        if item.get("url") == _BIRTH_SEX:
            return text(item.get("valueCode")).upper() or None
    return _SEX.get(text(patient.get("gender")))


def _phone(patient: Json) -> str | None:
    digits = "".join(char for char in _telecom(patient, "phone") or "" if char in "0123456789")
    return digits[-10:] if len(digits) in (7, 10, 11) else digits or None


def _telecom(patient: Json, system: str) -> str | None:
    found = (item for item in listed(patient.get("telecom")) if item.get("system") == system)
    return next((value for item in found if (value := text(item.get("value")))), None)
