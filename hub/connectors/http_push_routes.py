"""POST /push/NAME, as the front serves and describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.responses import Response

from hub.connectors.http_push_answer import ProblemDetails, PushReceipt, answered

if TYPE_CHECKING:
    from hub.connectors.http_push_door import PushDoor

__all__ = ["REFUSALS", "push_router", "request_body", "schemes"]

REFUSALS = {
    400: "the body is empty, cut off or not what it says",
    401: "not authenticated",
    408: "the body came too slowly",
    413: "the body is too large",
    415: "this media type or content encoding is not taken",
    429: "too many requests in progress: see Retry-After",
    500: "a bug of ours ended the reading half-way: nothing was promised",
    503: "the broker is away, or the connector is paused: see Retry-After",
}


def schemes(door: PushDoor) -> list[Any]:
    """The ways to authenticate, for the description; hub.connectors.http_push_keys decides."""
    found: list[Any] = []
    if door.options.api_keys:
        found += [
            Security(HTTPBearer(scheme_name="bearerKey", auto_error=False)),
            Security(APIKeyHeader(name="X-API-Key", scheme_name="apiKey", auto_error=False)),
        ]
    if door.options.webhook_keys:
        about = "Standard Webhooks: webhook-id, webhook-timestamp and webhook-signature"
        found.append(
            Security(
                APIKeyHeader(name="webhook-signature", scheme_name="signature", description=about, auto_error=False)
            )
        )
    return found


def request_body(media_types: tuple[str, ...]) -> dict[str, Any]:
    """The request body for the description: JSON, or bytes."""
    schema = {kind: {} if kind.endswith("json") and "nd" not in kind else {"type": "string"} for kind in media_types}
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema[kind]} for kind in media_types}}}


def push_router(door: PushDoor) -> APIRouter:
    """The route of one connector."""
    router = APIRouter()

    async def push(request: Request) -> Response:
        body = await door.body_of(request, door.media_types)
        taken = await door.take(body)
        return answered(taken.receipt, taken.token, taken.name)

    problem = {"content": {"application/problem+json": {"schema": ProblemDetails.model_json_schema()}}}
    router.add_api_route(
        "",
        push,
        methods=["POST"],
        summary=f"Send data to {door.connector}",
        description="Answered 2xx once the broker has it. The body may be gzip (Content-Encoding).",
        operation_id=f"push-{door.connector}",
        dependencies=schemes(door),
        response_class=Response,
        responses={
            200: {"model": PushReceipt, "description": "The broker has it all"},
            202: {"model": PushReceipt, "description": "The broker has it all, some of it as dead letters"},
            422: {"description": "Nothing of it could be read; it is kept as a dead letter", **problem},
            **{status: {"description": about, **problem} for status, about in REFUSALS.items()},
        },
        openapi_extra=request_body(tuple(door.media_types)),
    )
    return router
