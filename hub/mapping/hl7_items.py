"""What every program of HL7 v2 reads alike: whether a message is a test, and an item of a file that is no message at all."""

from __future__ import annotations

from hub.domain.events import Processing
from hub.formats.errors import ParseError
from hub.formats.hl7v2 import Broken, Message, Mismatch
from hub.mapping.program import Mapped, unreadable

__all__ = ["NOT_SAID", "not_read", "processing"]

NOT_SAID = "processing-missing"
"""What is odd about a message whose MSH-11 is empty; it is taken for a test."""
_PROCESSING: dict[str, Processing] = {"P": "production", "D": "debug"}
"""Table 0103. T (training) is a test, and so is whatever else is there, or nothing: only P says production."""


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
