"""What every program of HL7 v2 reads alike: whether a message is a test, and an item of a file that is no message at all."""

from __future__ import annotations

import re

from hub.domain.events import Processing
from hub.formats.errors import ParseError
from hub.formats.hl7v2 import Broken, Message, Mismatch
from hub.mapping.program import Mapped, unreadable

__all__ = ["NOT_SAID", "is_version_2", "kind_of", "not_read", "processing"]

_VERSION_2 = re.compile(r"(?:HL7)?[ _]*V?[ _]*2(?:\.|$)", re.IGNORECASE)

NOT_SAID = "processing-missing"
"""What is odd about a message whose MSH-11 is empty; it is taken for a test."""
_PROCESSING: dict[str, Processing] = {"P": "production", "D": "debug"}
"""Table 0103. T (training) is a test, and so is whatever else is there, or nothing: only P says production."""


def kind_of(message: Message) -> str:
    """What MSH-9 says that a message is: `ORU`, `VXU`, `ACK`; some write the structure there (`VXU_V04`)."""
    return message.code[:3].upper()


def is_version_2(message: Message) -> bool:
    """Whether MSH-12 says version 2, as senders write it (`2.5.1`, `v2.5.1`, `HL7 2.5`), or nothing."""
    version = message.msh.text(12)
    return not version or _VERSION_2.match(version) is not None


def processing(message: Message) -> Processing:
    """MSH-11.1. Source: HL7 v2.5.1 §2.16.11; health-standards.md §8 R8."""
    return _PROCESSING.get(message.msh.text(11).upper(), "test")


def not_read(item: Broken | Mismatch, file: str) -> Mapped:
    """A wrong count of a batch, or a message that the reader refused."""
    if isinstance(item, Mismatch):
        raw = f"{item.segment}|{'' if item.declared is None else item.declared}".encode()
        return unreadable(
            ParseError("batch-count-mismatch", item.segment), {"file": file, "segment": item.segment}, raw
        )
    return unreadable(item.error, {"file": file, "message": item.number}, item.raw)
