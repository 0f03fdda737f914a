"""What may be set of the MLLP door: caps in place of trust."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from hub.connectors.doors import DoorOptions
from hub.connectors.mllp_senders import MllpSender
from hub.connectors.mllp_tls import MllpTls

__all__ = ["MllpOptions"]


class MllpOptions(DoorOptions):
    """Section `door` of a connector with `kind: mllp`. The port is the installation's business: settings.json, `ports`.

    Memory: at most `connections` × 3 × `max_frame_bytes`, if every sender does its worst at once.
    """

    max_frame_bytes: int = Field(
        default=1024 * 1024, ge=1_024, le=3_500_000, description="a record of the broker holds 4 MB"
    )
    messages_per_frame: int = Field(
        default=1_000, ge=1, le=10_000, description="of a batch; more are refused whole (AR)"
    )
    segments_per_frame: int = Field(default=10_000, ge=1, description="lines; a frame with more is refused whole (AR)")
    idle_s: float = Field(default=300.0, gt=0, description="senders keep a connection open between messages")
    frame_s: float = Field(default=15.0, gt=0, description="from a frame's first byte to its last")
    answer_s: float = Field(default=10.0, gt=0, description="for the sender to take our answers")
    connections: int = Field(default=64, ge=1, description="in total; when full, the longest silent one makes room")
    connections_per_address: int = Field(default=32, ge=1)
    connects_per_s: float = Field(default=50.0, gt=0, description="of one address, twice that at once")
    faults_forgiven: int = Field(
        default=20,
        ge=1,
        description="connections of one address that end badly, at once (five more each second: then it is turned away), and its "
        "unreadable messages in a row (then it is read ever more slowly); a readable message clears both, and for an hour neither "
        "counts",
    )
    unanswered: int = Field(default=32, ge=1, description="messages of one connection; then it is not read")
    tls: MllpTls | None = Field(default=None, description="`{}`: TLS, with a client certificate from every sender")
    senders: tuple[MllpSender, ...] = Field(default=(), description="who may send what; empty: everyone everything")

    @model_validator(mode="after")
    def _certificates_are_asked_for(self) -> MllpOptions:
        if any(sender.certificate for sender in self.senders) and (self.tls is None or self.tls.clients == "none"):
            raise ValueError("`senders` names certificates, which needs `tls` with clients `required` or `optional`")
        return self

    @property
    def shape(self) -> Literal["bytes", "file", "folder"]:
        return "bytes"
