"""How far each connector that fetches has come: one record per connector and stream, on a compacted topic.

The position itself is sealed: a cursor may hold a key of the source, which may be a person's number. What it holds is the door's
own business (hub.connectors.positions).
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from hub.domain.events import Model, Sealed

__all__ = ["LAST_RECORD_STREAM", "POSITION_TOPIC", "Position", "position_key"]

POSITION_TOPIC = "hub.connector.position.v1"
LAST_RECORD_STREAM = "last-record"
"""Of every connector, whatever its door: when its source last sent something (hub.wiring_last_records). No stream to be rewound."""


class Position(Model):
    """Everything up to here is on the broker; what follows was perhaps taken in, and will be fetched again."""

    kind: ClassVar[str] = "position"

    connector: str
    stream: str = Field(description="which of the connector's streams; its own word, never the source's")
    moved_at: datetime
    position: Sealed = Field(description="JSON object of the door, sealed")


def position_key(connector: str, stream: str) -> bytes:
    """Key of the record. Neither part holds a blank."""
    return f"{connector} {stream}".encode()
