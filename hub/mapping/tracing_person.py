"""Who a Sara Alert resource speaks of: identifiers, address, race and ethnicity out of FHIR structures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.domain.events import PersonBlock
from hub.mapping.area import Area, area
from hub.mapping.dates import civil_date

__all__ = ["Json", "block", "extension", "home_area", "listed", "name_of", "reference", "text"]

Json = Mapping[str, Any]

SARA = "http://saraalert.org/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"


def listed(value: Any) -> list[Json]:
    """The objects of a list; anything else is left out (a polled API is not trusted input)."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string or a number (Sara Alert writes ids as numbers) as trimmed text, empty for all else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def extension(resource: Json, name: str) -> Any:
    """The `value[x]` of a Sara Alert extension by its short name, None when there is none."""
    for item in listed(resource.get("extension")):
        if item.get("url") == SARA + name:
            return next((value for key, value in item.items() if key.startswith("value")), None)
    return None


def reference(value: Any, kind: str) -> str:
    """The id in a reference `Patient/12` (or a URL that ends so); empty when it is none of that kind."""
    parts = text(value.get("reference") if isinstance(value, dict) else "").rsplit("/", 2)
    return parts[-1] if len(parts) >= 2 and parts[-2] == kind else ""


def block(resource: Json, local_id: str) -> PersonBlock:
    """Identifiers and contact details of a Patient or RelatedPerson; the home address, not the monitored one."""
    name = name_of(resource)
    given = [text(part) for part in name.get("given", [])] if isinstance(name.get("given"), list) else []
    home = _home(resource)
    place = home_area(resource)
    lines = home.get("line")
    born = text(resource.get("birthDate"))
    return PersonBlock(
        given_name=next(iter(given), "") or None,
        middle_name=" ".join(given[1:]) or None,
        family_name=text(name.get("family")) or None,
        suffix=text(next(iter(name.get("suffix") or []), "")) or None if isinstance(name.get("suffix"), list) else None,
        birth_date=civil_date(born if len(born) >= 10 else (born + "-01-01")[:10] if born else ""),
        birth_date_partial=bool(born) and len(born) < 10,
        sex=_sex(resource),
        phone=_telecom(resource, "phone"),
        email=_telecom(resource, "email"),
        address_line=text(lines[0]) or None if isinstance(lines, list) and lines else None,
        city=text(home.get("city")) or None,
        state=place.state,
        postal_code=place.postal_code,
        county=place.county,
        local_id=local_id,
    )


def home_area(resource: Json) -> Area:
    """The area of the home address; a county stands in its district."""
    home = _home(resource)
    return area(text(home.get("state")), text(home.get("postalCode")), text(home.get("district")))


def name_of(resource: Json) -> Json:
    """The official name, else the first that is neither old nor a maiden name, else the first."""
    names = listed(resource.get("name"))
    official = [name for name in names if text(name.get("use")) == "official"]
    today = [name for name in names if text(name.get("use")) not in ("old", "maiden")]
    return next(iter(official or today or names), {})


def _home(resource: Json) -> Json:
    addresses = listed(resource.get("address"))
    return next((item for item in addresses if extension(item, "address-type") != "Monitored"), {})


def _sex(resource: Json) -> str | None:
    for item in listed(resource.get("extension")):
        if item.get("url") == US_CORE + "birthsex":
            return text(item.get("valueCode")).upper() or None
    gender = text(resource.get("gender"))
    return {"male": "M", "female": "F", "other": "O", "unknown": "U"}.get(gender)


def _telecom(resource: Json, system: str) -> str | None:
    for item in listed(resource.get("telecom")):
        if item.get("system") == system and text(item.get("value")):
            value = text(item.get("value"))
            return value if system == "email" else "".join(char for char in value if char.isdigit()).removeprefix("1")
    return None
