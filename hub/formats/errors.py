"""The one error of this room: a closed set of reasons, and a position instead of a value."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["REASONS", "ParseError", "Reason"]

Reason = Literal[
    # any format
    "empty",
    "too-large",
    "unsupported-encoding",
    "nul-byte",
    # HL7 v2
    "no-msh",
    "bad-separators",
    "too-many-segments",
    "too-many-fields",
    "batch-count-mismatch",
    "empty-batch",
    # FHIR and other JSON
    "not-json",
    "xml-not-json",
    "not-utf8",
    "too-deep",
    "duplicate-key",
    "not-a-number",
    "not-a-resource",
    "not-an-object",
    "too-many-entries",
    # delimited tables
    "no-header",
    "unknown-header",
    "duplicate-column",
    "missing-column",
    "unknown-column",
    "empty-row",
    "repeated-header",
    "columns-reordered",
    "short-row",
    "long-row",
    "bad-quoting",
    "field-too-large",
    # spreadsheets
    "cell-without-value",
    "no-such-sheet",
    "sheet-not-read",
    "not-a-workbook",
    "workbook-has-macros",
    "workbook-protected",
    # HMIS
    "missing-file",
    "unknown-version",
    "version-mismatch",
]
"""Every way in which input can be unreadable. Words in dead letters, metrics and runbooks: add, never rename."""

REASONS: frozenset[str] = frozenset(get_args(Reason))


class ParseError(Exception):
    """These bytes cannot be read.

    `reason` says why, `where` is a position (`message 3`, `row 12`, `byte 40`, a file or segment name), `field` the column or field
    that is meant, as the format's specification or the connector's map calls it; never a value.
    """

    def __init__(self, reason: Reason, where: str = "", field: str = "") -> None:
        super().__init__(f"{reason} at {where}" if where else reason)
        self.reason: Reason = reason
        self.where = where
        self.field = field
