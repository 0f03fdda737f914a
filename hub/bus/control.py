"""What operators want of each connector, on a compacted topic: it outlives every process, and every host sees it.

The newest record of a connector counts as a whole. The role `connectors` follows it and says on its page /connectors which request
it has carried out. Where a connector is to be rewound to may hold a key of the source, so it is sealed, as positions are.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from hub.domain.events import Model, Sealed

__all__ = ["CONTROL_TOPIC", "REWOUND_STREAM", "Control", "Rewind"]

CONTROL_TOPIC = "hub.connector.control.v1"
REWOUND_STREAM = "rewound"
"""Stream of positions that holds the request by which a connector was rewound last: once, not again at each start."""


class Rewind(Model):
    """Read again from somewhere earlier, once."""

    request: str = Field(description="id of the request")
    target: Sealed = Field(
        description="JSON object of the hub, sealed: a position per stream, or since when files come back"
    )


class Control(Model):
    """The wish of an operator for one connector."""

    kind: ClassVar[str] = "control"

    connector: str
    request: str = Field(description="id of the request that wrote this record")
    asked_at: datetime
    asked_by: str = Field(description="name of the operator's account")
    paused: bool
    rewind: Rewind | None = Field(default=None, description="the newest rewind, carried out or not")
