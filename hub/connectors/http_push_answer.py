"""What a pushed request is answered with.

| status | means |
| --- | --- |
| 200 | the broker has an event for every record, less those that the agreement or the mapping leaves out (`ignored`) |
| 202 | the broker has it all; some records are kept as dead letters, for a person to look at: do not send again |
| 422 | not one record of it could be read: the broker has it as a dead letter; the same bytes again will fare no better |
| other 4xx | nothing of it is kept |
| 429, 503 | nothing was promised: send it again after Retry-After; what comes twice has the same ids |
| 500 | a bug of ours ended the reading half-way; nothing was promised |

All but 2xx are problem details (RFC 9457) with a `reason` of a closed set. Positions, counts and reasons only, never a value.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from hub.connectors.door import Receipt
from hub.connectors.front import Refused

__all__ = ["ProblemDetails", "PushReceipt", "answered", "counted", "status_of"]


class PlacedRecords(BaseModel):
    """Records of which one thing is to be said: kept as dead letters for one reason, or accepted with one oddity."""

    count: int
    where: list[str] = Field(description="their positions, 1,000 at most")
    all_listed: bool


class PushReceipt(BaseModel):
    """What became of one request."""

    receipt: str = Field(description="names this body in our logs and dead letters")
    taken_at: str
    read_to_its_end: bool
    events: dict[str, int] = Field(description="event kind → count")
    rejected: dict[str, PlacedRecords] = Field(description="reason → records kept as dead letters")
    ignored: dict[str, int] = Field(description="reason → count of what is not ours to take")
    issues: dict[str, PlacedRecords] = Field(description="oddity → records that were accepted all the same")


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    reason: str = Field(description="a code of a closed set")
    detail: str | None = Field(default=None, description="in words, where there is something to do: what is taken")
    receipt: dict[str, Any] | None = Field(
        default=None, description="with reason unreadable: a PushReceipt of what was kept"
    )


WHOLE = "whole body"
"""Where something is wrong that has no place in the body."""


def status_of(receipt: Receipt) -> int:
    """200, 202, 422 or 500, as the table above says."""
    if receipt.broken_off:
        return 500
    if receipt.unreadable:
        return 422
    return 202 if receipt.rejected else 200


def counted(receipt: Receipt, token: str, name: str) -> dict[str, Any]:
    """A PushReceipt as JSON. Positions lose `name`, which is ours and no file of the sender's."""
    told = receipt.as_json()
    for entry in (*told["rejected"].values(), *told["issues"].values()):
        entry["where"] = [where.removeprefix(name).strip() or WHOLE for where in entry["where"]]
    return {"receipt": token, "taken_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), **told}


def answered(receipt: Receipt, token: str, name: str) -> Response:
    """The answer of POST /push/NAME."""
    status = status_of(receipt)
    if status == 500:
        raise Refused(500, "internal-error")
    told = counted(receipt, token, name)
    if status != 422:
        return JSONResponse(told, status)
    body = {
        "type": "urn:hub:problem:unreadable",
        "title": "Unprocessable Content",
        "status": 422,
        "reason": "unreadable",
    }
    return JSONResponse({**body, "receipt": told}, status, media_type="application/problem+json")
