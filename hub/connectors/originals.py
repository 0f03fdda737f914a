"""What is kept of accepted records, on its way to the broker."""

from __future__ import annotations

from typing import NamedTuple

from hub.connectors.door import Unit
from hub.domain.events import Event

__all__ = ["ToKeep"]


class ToKeep(NamedTuple):
    """The original of one accepted record of `unit`. `event`: the first that was made of it; `where`: its position in the unit.
    `head` and `file`: what a row of a table needs beside itself to be read again."""

    unit: Unit
    event: Event
    raw: bytes
    where: str
    head: bytes = b""
    file: str = ""
