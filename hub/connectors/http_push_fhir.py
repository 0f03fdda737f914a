"""The FHIR R4 endpoint at /fhir/NAME: what is mapped is taken in, and nothing can be read back.

POST [base]            a Bundle (transaction, batch, collection, message, document), or one resource
POST [base]/$process-message   a Bundle of type message; answered by one (hub.connectors.http_push_message)
POST [base]/$notification      a notification of a FHIR Subscription (hub.connectors.http_push_subscription), where it is set up
POST [base]/Type       one resource: create; a Bundle that asks for nothing (collection, message, document) at its own address too
PUT  [base]/Type/id    one resource: update; its id must be the one of the address
GET  [base]/metadata   CapabilityStatement

Every other interaction is 404 or 405: a hub that joins sources is no FHIR repository. A transaction is taken entry by entry, as a
batch is: an entry that cannot be mapped is kept as a dead letter and its neighbours go on. A Bundle with an entry that asks for
anything but POST or PUT (DELETE, PATCH, GET) is refused whole, nothing of it kept. Answers are OperationOutcomes with one issue per
problem: reason code and position, never a value. Statuses are those of hub.connectors.http_push_answer; a create is answered 200,
not 201, since there is no address to read it at.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from hub import __version__
from hub.connectors.door import Problem, Receipt
from hub.connectors.front import Refused
from hub.connectors.http_push_answer import status_of
from hub.connectors.http_push_message import answering, asked_of
from hub.connectors.http_push_routes import REFUSALS, request_body, schemes
from hub.connectors.http_push_subscription import notification_of
from hub.errors import RetryError
from hub.formats.fhir import Broken, documents

if TYPE_CHECKING:
    from hub.connectors.http_push_door import PushDoor, Taken

__all__ = ["fhir_router", "outcome_of"]

FHIR_JSON = "application/fhir+json"
MEDIA_TYPES = (FHIR_JSON, "application/json")
_WHOLE = ("collection", "message", "document")
"""Bundles whose entries are told, and ask for nothing."""
_BUNDLES = ("transaction", "batch", *_WHOLE)
_PROCESS_MESSAGE = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
_CODES = {
    400: "invalid", 401: "login", 404: "not-found", 405: "not-supported", 408: "timeout", 413: "too-long", 415: "not-supported",
    422: "not-supported", 429: "throttled", 500: "exception", 503: "transient",
}  # fmt: skip
_PATH = re.compile(r"path (\S+)")
_MOST_WARNINGS = 50
_OUTCOME_SCHEMA = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {"resourceType": {"const": "OperationOutcome"}, "issue": {"type": "array", "minItems": 1}},
}
_RESOURCE_SCHEMA = {
    "type": "object",
    "required": ["resourceType"],
    "properties": {"resourceType": {"enum": ["Bundle", "OperationOutcome"]}},
}


class _NotTaken(Refused):
    """A body that is refused for what it asks; `paths` are the places, empty for the whole."""

    def __init__(self, status: int, reason: str, paths: tuple[str, ...] = ()) -> None:
        super().__init__(status, reason)
        self.paths = paths


def outcome_of(refused: Refused) -> Response:
    """An error as an OperationOutcome."""
    paths = refused.paths if isinstance(refused, _NotTaken) else ()
    severity, code = "fatal" if refused.status == 500 else "error", _CODES.get(refused.status, "processing")
    issues = [_issue(severity, code, refused.reason, expression=path) for path in paths[:50]]
    return _answer(issues or [_issue(severity, code, refused.reason)], refused.status, refused.headers)


def fhir_router(door: PushDoor) -> APIRouter:
    """The routes of one connector."""
    router = APIRouter()
    began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    async def take(request: Request, type_: str | None, id_: str | None) -> Response:
        if type_ is not None and door.options.fhir_types and type_ not in door.options.fhir_types:
            raise Refused(404, "type-not-taken")
        body = await door.body_of(request, MEDIA_TYPES)
        await asyncio.to_thread(_require_meaning, body, type_, id_)
        return _settled(await door.take(body))

    async def message(request: Request) -> Response:
        body = await door.body_of(request, MEDIA_TYPES)
        asked = await asyncio.to_thread(asked_of, body, request.query_params)
        await asyncio.to_thread(_require_meaning, body, None, None)
        outcome = _settled(taken := await door.take(body))
        endpoint = f"{request.base_url}fhir/{door.connector}/$process-message"
        told = answering(asked, bytes(outcome.body), endpoint, taken=not taken.receipt.rejected)
        return JSONResponse(told, outcome.status_code, media_type=FHIR_JSON)

    async def notified(request: Request) -> Response:
        """What a notification brings is on the broker when it is answered; a handshake or heartbeat brings nothing."""
        body = await door.body_of(request, MEDIA_TYPES)
        told = await asyncio.to_thread(notification_of, body)
        brought = told.kind == "event-notification" and told.whole and bool(told.numbers)
        taken = await door.take(body) if brought else None
        assert door.subscriptions is not None
        try:
            await door.subscriptions.caught_up(told, door.take)
        except RetryError:
            raise Refused(503, "broker-slow", retry_after_s=5) from None
        return (
            _answer([_issue("information", "informational", told.kind)], 200, {}) if taken is None else _settled(taken)
        )

    async def post(request: Request) -> Response:
        return await take(request, None, None)

    async def create(request: Request, resource_type: str) -> Response:
        return await take(request, resource_type, None)

    async def update(request: Request, resource_type: str, resource_id: str) -> Response:
        return await take(request, resource_type, resource_id)

    async def metadata() -> Response:
        return JSONResponse(_capabilities(door, began), media_type=FHIR_JSON)

    name, told = door.connector, {"content": {FHIR_JSON: {"schema": _OUTCOME_SCHEMA}}}
    shared: dict[str, Any] = {
        "dependencies": schemes(door),
        "response_class": Response,
        "responses": {
            200: {"description": "The broker has it all", **told},
            202: {"description": "The broker has it all, some of it as dead letters", **told},
            404: {"description": "This resource type is not taken", **told},
            422: {"description": "Not supported; or nothing of it could be read, and it is kept as a dead letter", **told},
            **{status: {"description": about, **told} for status, about in REFUSALS.items()},
        },
        "openapi_extra": request_body(MEDIA_TYPES),
    }  # fmt: skip
    route = router.add_api_route
    route(
        "", post, methods=["POST"], summary=f"A Bundle or a resource for {name}", operation_id=f"fhir-{name}", **shared
    )
    route("/", post, methods=["POST"], include_in_schema=False)
    route(
        "/metadata",
        metadata,
        methods=["GET"],
        summary="CapabilityStatement",
        operation_id=f"fhir-metadata-{name}",
        response_class=Response,
        responses={200: {"description": "CapabilityStatement", "content": {FHIR_JSON: {"schema": {"type": "object"}}}}},
    )
    route(
        "/$process-message", message, methods=["POST"], summary=f"A FHIR message for {name}",
        operation_id=f"fhir-message-{name}", **_of_messages(shared),
    )  # fmt: skip
    if door.subscriptions is not None:
        route(
            "/$notification", notified, methods=["POST"], summary=f"A notification for {name}",
            operation_id=f"fhir-notification-{name}", **shared,
        )  # fmt: skip
    route("/{resource_type}", create, methods=["POST"], summary="Create", operation_id=f"fhir-create-{name}", **shared)
    route(
        "/{resource_type}/{resource_id}",
        update,
        methods=["PUT"],
        summary="Update",
        operation_id=f"fhir-update-{name}",
        **shared,
    )
    return router


def _of_messages(shared: dict[str, Any]) -> dict[str, Any]:
    """The same description, where what was taken is answered by a message."""
    answers = {
        status: {
            "description": shared["responses"][status]["description"],
            "content": {FHIR_JSON: {"schema": _RESOURCE_SCHEMA}},
        }
        for status in (200, 202, 422)
    }
    return {**shared, "responses": {**shared["responses"], **answers}}


def _require_meaning(body: bytes, type_: str | None, id_: str | None) -> None:
    """Refused unless the body is one resource of that type and id, or a Bundle whose entries ask for what can be done."""
    found = list(documents(body))
    if len(found) != 1:
        raise _NotTaken(400, "not-one-resource")
    item = found[0]
    if isinstance(item, Broken):
        raise _NotTaken(400, item.error.reason)
    resource = item.body
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise _NotTaken(400, "not-a-resource")
    if type_ is not None and resource["resourceType"] != type_:
        raise _NotTaken(400, "resource-type-differs", ("resourceType",))
    if id_ is not None and str(resource.get("id", "")) != id_:  # some servers write numbers
        raise _NotTaken(400, "resource-id-differs", (f"{type_}.id",))
    if resource["resourceType"] == "Bundle":
        if resource.get("type") not in (_BUNDLES if type_ is None else _WHOLE):
            raise _NotTaken(422, "bundle-type-not-taken", ("Bundle.type",))
        wrong = _other_interactions(resource)
        if wrong:
            raise _NotTaken(422, "interaction-not-taken", wrong)


def _other_interactions(bundle: dict[str, Any]) -> tuple[str, ...]:
    """Where entries ask for anything but POST or PUT. A collection's entries ask for nothing."""
    entries = bundle.get("entry")
    found: list[str] = []
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        request = entry.get("request") if isinstance(entry, dict) else None
        if isinstance(request, dict) and request.get("method") not in ("POST", "PUT"):
            found.append(f"Bundle.entry[{number}].request.method")
    return tuple(found)


def _settled(taken: Taken) -> Response:
    receipt = taken.receipt
    status = status_of(receipt)
    if status == 500:
        raise Refused(500, "internal-error")
    issues = [_letter(problem, taken.name) for problem in receipt.problems]
    unlisted = receipt.rejected.total() - len(receipt.problems)
    if unlisted > 0:
        issues.append(
            _issue("error", "processing", "more-of-these", f"{unlisted} more records are kept as dead letters")
        )
    odd = [(code, where) for code, places in sorted(receipt.odd.items()) for where in places]
    issues += [_placed("warning", "value", code, where, taken.name) for code, where in odd[:_MOST_WARNINGS]]
    left_out = sorted(receipt.ignored.items())
    issues += [_issue("warning", "business-rule", reason, f"{count} not taken") for reason, count in left_out]
    issues.append(_issue("information", "informational", "taken", _summary(receipt, taken.token)))
    return _answer(issues, status, {})


def _letter(problem: Problem, name: str) -> dict[str, Any]:
    """A dead letter: what was wrong, and where."""
    code = "structure" if problem.stage in ("frame", "parse") else "processing"
    return _placed("error", code, problem.reason, problem.where, name)


def _placed(severity: str, code: str, reason: str, where: str, name: str) -> dict[str, Any]:
    """`where` begins with `name`, which is ours and no file of the sender's, and may end in a path."""
    where = where.removeprefix(name).strip()
    path = _PATH.search(where)
    return _issue(severity, code, reason, where, path[1] if path else "")


def _summary(receipt: Receipt, token: str) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(receipt.events.items())) or "no events"
    return f"receipt {token}: {kinds}"


def _issue(severity: str, code: str, reason: str, diagnostics: str = "", expression: str = "") -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": severity, "code": code, "details": {"text": reason}}
    if diagnostics:
        issue["diagnostics"] = diagnostics
    if expression:
        issue["expression"] = [expression]
    return issue


def _answer(issues: list[dict[str, Any]], status: int, headers: dict[str, str]) -> Response:
    return JSONResponse({"resourceType": "OperationOutcome", "issue": issues}, status, headers, media_type=FHIR_JSON)


def _capabilities(door: PushDoor, began: str) -> dict[str, Any]:
    """What of FHIR this endpoint does: nothing more, nothing less."""
    rest: dict[str, Any] = {
        "mode": "server",
        "documentation": "Takes data in; nothing can be read, searched or deleted. A transaction is taken entry by entry.",
        "interaction": [{"code": "transaction"}, {"code": "batch"}],
        "operation": [{"name": "process-message", "definition": _PROCESS_MESSAGE}],
    }
    if door.options.fhir_types:
        taken = [{"code": "create"}, {"code": "update"}]
        rest["resource"] = [
            {"type": kind, "interaction": taken, "updateCreate": True} for kind in door.options.fhir_types
        ]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": began,
        "kind": "instance",
        "software": {"name": "hub", "version": __version__},
        "implementation": {"description": f"Connector {door.connector}"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [rest],
    }
