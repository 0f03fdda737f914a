"""A support need as a referral that goes out: a FHIR transaction of one ServiceRequest and the Task that asks for it.

Who receives it learns what the referral needs and no more (HL7 SDOH Clinical Care, privacy and security: a community
organisation gets only the data elements of its task; social-standards.md §3.1, R21): what is asked for, how urgently, until
when, and the person by the number under which the receiver knows them. No name, no diagnosis, no reason. Both resources keep
their ids, so that a transaction sent again changes nothing, and an answer (the Task with its status and output) finds its
need: connector `gravity-referral` reads it back.

Source: HL7 SDOH Clinical Care 3.0.0, SDOHCC ServiceRequest and Task for Referral Management; FHIR R4 http transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from hub.domain.need_words import NEED_CATEGORIES

__all__ = ["Ends", "Order", "transaction"]

_GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare"
_SUPPORTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"food": ("food-insecurity", "Food"), "place": ("homelessness", "A place to stay")}
)
"""Need category and plain words of a support. `place` goes out as homelessness, the category in which places are asked for."""


class Order(NamedTuple):
    """What is asked for. `number`: the need's id, or the token under which it was delivered; `person`: the receiver's own
    number."""

    number: str
    support: str
    urgent: bool
    until: date | None
    person: str


class Ends(NamedTuple):
    """Who asks and who is asked (references such as `Organization/county`; `owner` may be empty: whoever takes it), and the
    system of the person's number."""

    requester: str
    owner: str
    system: str


def transaction(order: Order, ends: Ends, at: datetime) -> dict[str, Any]:
    """The Bundle to POST to the receiver's base URL. KeyError for a support that is neither food, a place, nor a need
    category."""
    category, words = _SUPPORTS.get(order.support) or (
        _category(order.support),
        order.support.replace("-", " ").capitalize(),
    )
    person = {"identifier": {"system": ends.system, "value": order.person}}
    times = {"occurrencePeriod": {"end": order.until.isoformat()}} if order.until else {}
    limits = {"restriction": {"period": {"end": order.until.isoformat()}}} if order.until else {}
    common = {
        "intent": "order",
        "priority": "urgent" if order.urgent else "routine",
        "authoredOn": at.isoformat().replace("+00:00", "Z"),
        "requester": {"reference": ends.requester},
    }
    request = {
        "resourceType": "ServiceRequest",
        "id": order.number,
        "meta": {"profile": [f"{_GUIDE}/StructureDefinition/SDOHCC-ServiceRequest"]},
        "status": "active",
        "category": [_concept("http://snomed.info/sct", "410606002"), _concept(_TEMPORARY, category)],
        "code": {"text": words},
        "subject": person,
        **common,
        **times,
    }
    task = {
        "resourceType": "Task",
        "id": order.number,
        "meta": {"profile": [f"{_GUIDE}/StructureDefinition/SDOHCC-TaskForReferralManagement"]},
        "status": "requested",
        "code": _concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
        "focus": {"reference": _url("ServiceRequest", order.number)},
        "for": person,
        **common,
        **({"owner": {"reference": ends.owner}} if ends.owner else {}),
        **limits,
    }
    return {"resourceType": "Bundle", "type": "transaction", "entry": [_put(request), _put(task)]}


_TEMPORARY = f"{_GUIDE}/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"


def _category(support: str) -> str:
    if support not in NEED_CATEGORIES:
        raise KeyError(support)
    return support


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _put(resource: Mapping[str, Any]) -> dict[str, Any]:
    kind, number = resource["resourceType"], resource["id"]
    return {
        "fullUrl": _url(kind, number),
        "resource": dict(resource),
        "request": {"method": "PUT", "url": f"{kind}/{number}"},
    }


def _url(kind: str, number: str) -> str:
    """What the entries of one transaction call each other: the same each time it is sent."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{kind}/{number}')}"
