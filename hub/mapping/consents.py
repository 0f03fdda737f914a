"""Program `consent`: what people said about the use of what is known of them, as FHIR Consent or as a list of releases (ROI).

Each file of a unit is read by what it begins with: JSON as FHIR (hub.mapping.consent_resources), all else as a list
(hub.mapping.consent_lists). Options are those of lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.mapping.consent_lists import LISTS
from hub.mapping.consent_resources import read_consents
from hub.mapping.program import Alone, Mapped, MappingContext, Program, Unit

__all__ = ["PROGRAM", "Consents"]

_BLANK = b" \t\r\n\x1e"
_BOM = b"\xef\xbb\xbf"
_HEAD = 512


class Consents:
    """A record of FHIR needs no head, a row of a list needs its own: both are read again as `headed`."""

    name = "consent"
    alone: Alone = "headed"

    def wrong_options(self, options: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        """Those of its lists."""
        return LISTS.wrong_options(options)

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every consent of every file."""
        for file, content in unit.files.items():
            if _is_json(content[:_HEAD] if isinstance(content, bytes) else content().read(_HEAD)):
                yield from read_consents(unit, file, context)
            else:
                yield from LISTS.read(Unit(unit.name, {file: content}), context)


def _is_json(head: bytes) -> bool:
    return head.removeprefix(_BOM).lstrip(_BLANK)[:1] in (b"{", b"[", b"<")


PROGRAM: Program = Consents()
