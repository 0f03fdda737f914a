"""What every program of HL7 v2 gives for an item of a file that is no message it could map."""

from __future__ import annotations

from hub.formats.errors import ParseError
from hub.formats.hl7v2 import Broken, Mismatch
from hub.mapping.program import Mapped, unreadable

__all__ = ["not_read"]


def not_read(item: Broken | Mismatch, file: str) -> Mapped:
    """A wrong count of a batch, or a message that the reader refused."""
    if isinstance(item, Mismatch):
        raw = f"{item.segment}|{'' if item.declared is None else item.declared}".encode()
        return unreadable(
            ParseError("batch-count-mismatch", item.segment), {"file": file, "segment": item.segment}, raw
        )
    return unreadable(item.error, {"file": file, "message": item.number}, item.raw)
