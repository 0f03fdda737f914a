"""A referral that is taken back: a FHIR transaction that cancels its Task and revokes its ServiceRequest.

Written when its need is no longer delivered: it is over, somebody has helped, or the person took their consent back. Which of
these it was is nobody's business, so the reason is the same each time. What the receiver wrote stays: only the status changes, and
only of a Task that is still open. Where it was completed, declined or never arrived, the server finds nothing to change and refuses
the transaction as a whole (404): then nothing is to be done.

Source: status words of HL7 SDOH Clinical Care 3.0.0, Task for Referral Management, and its rule that `statusReason` says why a
Task is cancelled (social-standards.md §3.1); FHIR R4 RequestStatus (`revoked`), conditional update by search, and FHIRPath Patch
as `Parameters` in a transaction (unverified: from memory).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

__all__ = ["withdrawal"]

_OPEN_TASKS = "draft,requested,received,accepted,ready,on-hold,in-progress"
_OPEN_REQUESTS = "draft,active,on-hold"
_WHY = "No longer needed"


def withdrawal(number: str) -> dict[str, Any]:
    """The Bundle to POST to the receiver's base URL, for the referral that went out under the number of its need
    (hub.mapping.referral_request)."""
    reason = {"name": "value", "valueCodeableConcept": {"text": _WHY}}
    task = [
        _operation("replace", "Task.status", {"name": "value", "valueCode": "cancelled"}),
        _operation("delete", "Task.statusReason"),
        _operation("add", "Task", {"name": "name", "valueString": "statusReason"}, reason),
    ]
    request = [_operation("replace", "ServiceRequest.status", {"name": "value", "valueCode": "revoked"})]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [_patch("Task", number, _OPEN_TASKS, task), _patch("ServiceRequest", number, _OPEN_REQUESTS, request)],
    }


def _operation(kind: str, path: str, *more: dict[str, Any]) -> dict[str, Any]:
    parts = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}, *more]
    return {"name": "operation", "part": parts}


def _patch(kind: str, number: str, while_status: str, operations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "resource": {"resourceType": "Parameters", "parameter": operations},
        "request": {"method": "PATCH", "url": f"{kind}?_id={quote(number, safe='')}&status={while_status}"},
    }
