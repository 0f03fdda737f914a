"""What is kept of a service of a directory: what its event is made of, so that it is read again alike, and nothing that names
staff."""

from __future__ import annotations

import json
from typing import Any

from hub.mapping import directory_words as words
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["kept"]

_ADDRESS = ("address_type", "state_province", "region", "county", "postal_code")
_SCHEDULE = ("byday", "weekday", "day", "opens_at", "closes_at", "valid_to", "until")


def kept(service: object) -> bytes:
    """The JSON of a service; empty for what is none."""
    if not isinstance(service, dict):
        return b""
    some = (
        "id",
        "name",
        "status",
        "minimum_age",
        "maximum_age",
        "last_modified",
        "last_updated",
        "assured_date",
        "capacity",
    )
    told: dict[str, Any] = {
        name: service[name]
        for name in (*some, "organization_id")
        if not isinstance(service.get(name), dict | list | None)
    }
    organization = service.get("organization")
    told["organization"] = {"id": text(organization.get("id"))} if isinstance(organization, dict) else {}
    told["schedules"] = _only(service.get("schedules"), _SCHEDULE)
    told["languages"] = _only(service.get("languages"), ("code", "language"))
    told["capacities"] = _only(service.get("capacities"), ("available",)) + _only(
        service.get("service_capacities"), ("available",)
    )
    told["taxonomy_terms"] = [{"code": code, "name": name} for code, name in words.terms(service)]
    if (free := words.capacity({**service, "capacities": [], "service_capacities": []})) != "unknown":
        told["capacity"] = free
    told["service_at_locations"] = [_place(each) for each in listed(service.get("service_at_locations"))]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def _place(place: Json) -> dict[str, Any]:
    location = place.get("location")
    kept: dict[str, Any] = {"id": text(place.get("id")), "location_id": text(place.get("location_id"))}
    kept["schedules"] = _only(place.get("schedules"), _SCHEDULE)
    if isinstance(location, dict):
        kept["location"] = {
            "id": text(location.get("id")),
            "addresses": _only(location.get("addresses"), _ADDRESS),
            "schedules": _only(location.get("schedules"), _SCHEDULE),
        }
    return kept


def _only(items: object, names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{name: text(each[name]) for name in names if name in each} for each in listed(items)]
