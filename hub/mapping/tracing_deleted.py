"""What a bulk export lists as deleted at the source: Bundles with an entry for each resource, `request` DELETE and its address.

A deleted monitoree or close contact withdraws what was told of them; the person stays known, since other sources may have told of
them too. Of a deleted result or dose only the resource's own id is said, and never whose it was: that leaves a dead letter for
somebody who can look it up.

Source: HL7 FHIR Bulk Data Access IG v2, "Complete Status" (`deleted`); R4 Bundle.entry.request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from hub.domain.events import Event, Exposure
from hub.domain.ids import content_hash
from hub.formats.fhir import Broken
from hub.mapping.dates import iso_time
from hub.mapping.program import NotMapped, is_ahead
from hub.mapping.stamp import Stamp

__all__ = ["DELETED_RANK", "Deleted", "deleted", "withdrawal"]

DELETED_RANK = 2
"""Above every version of the resource that was changed at the same time."""
_KEYS = {"Patient": "", "RelatedPerson": "RelatedPerson/"}
"""Whose fact can be told by the resource's id alone, and how that fact is known (hub.mapping.tracing)."""


class Deleted(NamedTuple):
    """One resource that is gone. `at`: when, as far as it is told; `raw`: a Bundle that says this and nothing else."""

    type: str
    id: str
    at: datetime | None
    raw: bytes


def deleted(item: Broken) -> Deleted | None:
    """What an entry without a resource says was deleted; None where it says nothing of the kind."""
    if item.bundle is None:
        return None
    entry = json.loads(item.raw)
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict) or request.get("method") != "DELETE" or not isinstance(request.get("url"), str):
        return None
    kind, _, number = request["url"].strip("/").rpartition("/")
    kind = kind.rpartition("/")[2]
    if not kind or not number:
        return None
    time = _time(item.bundle)
    alone = {"resourceType": "Bundle", "type": "transaction", "meta": {"lastUpdated": time}, "entry": [entry]}
    return Deleted(
        kind, number, iso_time(time), json.dumps(alone, ensure_ascii=False).encode(errors="backslashreplace")
    )


def withdrawal(gone: Deleted, stamp: Stamp, today: date) -> Event:
    """The monitoree's fact, withdrawn. NotMapped for another resource, or where nothing says when, or a day ahead does."""
    if gone.type not in _KEYS:
        if gone.type in ("Observation", "Immunization"):
            raise NotMapped("deletion-of-nobody-known")
        raise NotMapped("resource-not-used", "ignored")
    if gone.at is None:
        raise NotMapped("deletion-without-time", field="meta.lastUpdated")
    if is_ahead(gone.at, today):  # nothing that is told of the monitoree until then would count
        raise NotMapped("date-in-the-future", field="meta.lastUpdated")
    fields = stamp.fields(
        stamp.fact_key("monitoree", _KEYS[gone.type] + gone.id),
        source_person=stamp.person(gone.type, gone.id),
        changed_at=gone.at,
        status_rank=DELETED_RANK,
        content=content_hash("deleted"),
        occurred_on=None,
        active=False,
    )
    return Exposure(**fields, last_exposure_on=None)


def _time(bundle: Mapping[str, Any]) -> str:
    """When the bundle is of; a notification of a subscription says it as `timestamp`."""
    meta = bundle.get("meta")
    told = meta.get("lastUpdated") if isinstance(meta, dict) else bundle.get("timestamp")
    return told if isinstance(told, str) else ""
