"""Door kind `http-push`: senders POST to the front, and are answered 2xx when the broker has it and not before.

POST /push/NAME takes whatever the connector's format is; a connector of FHIR has an endpoint at /fhir/NAME as well. What a sender
may rely on is told in `http_push_answer`; the door itself is `http_push_door`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from hub.connectors.door import Door
from hub.connectors.doors import Around, DoorKind, DoorOptions
from hub.connectors.http_push_subscription import SubscriptionOptions

__all__ = ["KIND", "PushOptions"]

_MIB = 1024 * 1024


class PushOptions(DoorOptions):
    """Section `door` of a connector with `kind: http-push`. At least one of `api_keys`, `webhook_keys` and `client_names`."""

    api_keys: str | None = Field(
        default=None,
        description="secret file of API keys, one a line: the key itself (24 characters or more) or `sha256:` and its hash in hex",
    )
    webhook_keys: str | None = Field(
        default=None, description="secret file of Standard Webhooks keys, one a line: `whsec_` and base64"
    )
    client_names: tuple[str, ...] = Field(
        default=(),
        description="only clients whose certificate has one of these names (common name or DNS name) are let in",
    )
    content_types: tuple[str, ...] = Field(
        default=(), description="media types that are taken; left out: those of the connector's format"
    )
    fhir_types: tuple[str, ...] = Field(
        default=(), description="resource types that have an address of their own at /fhir/NAME; left out: any"
    )
    subscription: SubscriptionOptions | None = Field(
        default=None,
        description="FHIR Subscription: notifications at /fhir/NAME/$notification, missed ones are read again",
    )
    max_body_bytes: int = Field(default=8 * _MIB, ge=1, le=64 * _MIB)
    max_unpacked_bytes: int = Field(default=32 * _MIB, ge=1, le=256 * _MIB, description="what a gzip body may come to")
    body_s: float = Field(default=30.0, gt=0, description="from the end of the header to the end of the body")
    answer_s: float = Field(default=30.0, gt=0, description="for the broker to confirm; then 503")
    requests: int = Field(default=64, ge=1, le=1_024, description="in progress; beyond it 429")

    @property
    def shape(self) -> Literal["bytes", "file", "folder"]:
        return "bytes"

    @model_validator(mode="after")
    def _guarded(self) -> PushOptions:
        if not (self.api_keys or self.webhook_keys or self.client_names):
            raise ValueError("who may send? give api_keys, webhook_keys or client_names")
        return self


def _build(options: PushOptions, around: Around) -> Door:
    from hub.connectors.http_push_door import PushDoor  # FastAPI takes 0.3 s to import: only a process that serves pays

    return PushDoor(options, around)


KIND = DoorKind(PushOptions, _build)
