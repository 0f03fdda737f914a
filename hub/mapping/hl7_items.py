"""What every program of HL7 v2 reads alike: whether a message is a test, and an item of a file that is no message at all."""

from __future__ import annotations

import re
from typing import NamedTuple

from hub.domain.events import Processing
from hub.formats.errors import ParseError
from hub.formats.hl7v2 import Broken, Message, Mismatch, Segment
from hub.formats.hl7v2_segment import remembering
from hub.mapping.program import Mapped, ignored, unreadable

__all__ = ["EMPTY_BATCH", "NOT_SAID", "Header", "header", "is_version_2", "kind_of", "not_read", "processing"]

_VERSION_2 = re.compile(r"(?:HL7)?[ _]*V?[ _]*2(?:\.|$)", re.IGNORECASE)

NOT_SAID = "processing-missing"
"""What is odd about a message whose MSH-11 is empty; it is taken for a test."""
EMPTY_BATCH = "empty-batch"
_PROCESSING: dict[str, Processing] = {"P": "production", "D": "debug"}
"""Table 0103. T (training) is a test, and so is whatever else is there, or nothing: only P says production."""


class Header(NamedTuple):
    """What MSH says of a message beside its time and number. `code`: MSH-9.1; `facility`: who sent it, MSH-4: the universal
    id (CLIA, OID), else its name; `is_version_2`: MSH-12 says version 2, as senders write it (`2.5.1`, `v2.5.1`, `HL7 2.5`), or
    nothing; `processing`: MSH-11.1; `issue`: NOT_SAID or empty. Source: HL7 v2.5.1 §2.16.11; health-standards.md §8 R8."""

    code: str
    facility: str
    is_version_2: bool
    processing: Processing
    issue: str


@remembering(4, 9, 11, 12)
def header(msh: Segment) -> Header:
    """The header of a message."""
    version, kind = msh.text(12), msh.text(11)
    return Header(
        code=msh.text(9, 1).upper(),
        facility=msh.text(4, 2) or msh.text(4),
        is_version_2=not version or _VERSION_2.match(version) is not None,
        processing=_PROCESSING.get(kind.upper(), "test"),
        issue="" if kind else NOT_SAID,
    )


def kind_of(message: Message) -> str:
    """What MSH-9 says that a message is: `ORU`, `VXU`, `ACK`; some write the structure there (`VXU_V04`)."""
    return header(message.msh).code[:3]


def is_version_2(message: Message) -> bool:
    """Whether MSH-12 says version 2."""
    return header(message.msh).is_version_2


def processing(message: Message) -> Processing:
    """MSH-11.1."""
    return header(message.msh).processing


def not_read(item: Broken | Mismatch, file: str) -> Mapped:
    """A wrong count of a batch, a message that the reader refused, or a batch that holds none and says so (set aside)."""
    if isinstance(item, Mismatch):
        raw = f"{item.segment}|{'' if item.declared is None else item.declared}".encode()
        return unreadable(
            ParseError("batch-count-mismatch", item.segment), {"file": file, "segment": item.segment}, raw
        )
    where: dict[str, str | int] = {"file": file, "message": item.number}
    if item.error.reason == EMPTY_BATCH:
        return ignored(EMPTY_BATCH, where, item.raw)
    return unreadable(item.error, where, item.raw)
