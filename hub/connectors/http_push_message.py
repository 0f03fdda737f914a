"""FHIR messages at /fhir/NAME/$process-message: a Bundle of type message in, the message that answers it out.

The answer says what MSA-1 says in HL7 v2: `response.code` is `ok` when the broker has all of it, `fatal-error` when some of it is
kept as dead letters (sent again it fares no better), `response.identifier` is the id of the MessageHeader that is answered, and
`response.details` the OperationOutcome beside it. Its status is that of hub.connectors.http_push_answer. What promises nothing
(away, paused, not authenticated, no message) is an OperationOutcome and never a message. Answers come at once, never later at
another address: `async=true` and `response-url` are refused.

Source: HL7 FHIR R4 Messaging, MessageHeader and $process-message (unverified: from memory).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hub.connectors.front import Refused
from hub.formats.fhir import Broken, documents

__all__ = ["Asked", "answering", "asked_of"]

_LONGEST = 256  # characters of what is said back to the sender
_OPERATION = ("async", "response-url")


class Asked:
    """The MessageHeader of a message: what its answer repeats."""

    def __init__(self, header: Mapping[str, Any]) -> None:
        self.id = _word(header.get("id"))
        self.event = _event(header)
        source = header.get("source")
        self.source = _word(source.get("endpoint")) if isinstance(source, dict) else ""


def asked_of(body: bytes, query: Mapping[str, str]) -> Asked:
    """Refused (400, 422) for what is no message, or wants another kind of answer; nothing of that is kept."""
    if any(name in query and query[name].lower() != "false" for name in _OPERATION):
        raise Refused(422, "answer-later-not-supported")
    found = next(documents(body), None)
    bundle = None if found is None or isinstance(found, Broken) else found.body
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle" or bundle.get("type") != "message":
        raise Refused(400, "not-a-message")
    entries = bundle.get("entry")
    first = entries[0] if isinstance(entries, list) and entries else None
    header = first.get("resource") if isinstance(first, dict) else None
    if not isinstance(header, dict) or header.get("resourceType") != "MessageHeader" or not _word(header.get("id")):
        raise Refused(400, "no-message-header")
    return Asked(header)


def answering(asked: Asked, outcome: bytes, endpoint: str, *, taken: bool) -> dict[str, Any]:
    """The Bundle that answers. `outcome` is an OperationOutcome as JSON; `taken`: the broker has all of it as events."""
    head, details = (f"urn:uuid:{uuid4()}" for _ in range(2))
    header: dict[str, Any] = {
        "resourceType": "MessageHeader",
        "id": head.removeprefix("urn:uuid:"),
        **asked.event,
        "source": {"name": "hub", "endpoint": endpoint},
        "response": {
            "identifier": asked.id,
            "code": "ok" if taken else "fatal-error",
            "details": {"reference": details},
        },
    }
    if asked.source:
        header["destination"] = [{"endpoint": asked.source}]
    return {
        "resourceType": "Bundle",
        "type": "message",
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "entry": [{"fullUrl": head, "resource": header}, {"fullUrl": details, "resource": json.loads(outcome)}],
    }


def _event(header: Mapping[str, Any]) -> dict[str, Any]:
    """`event[x]` as sent, as far as it is a code or a URI."""
    coding = header.get("eventCoding")
    if isinstance(coding, dict):
        told = {name: word for name in ("system", "code") if (word := _word(coding.get(name)))}
        return {"eventCoding": told} if told else {}
    uri = _word(header.get("eventUri"))
    return {"eventUri": uri} if uri else {}


def _word(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""
