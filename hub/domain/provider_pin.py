"""A vaccine provider's PIN: what joins doses handed out to doses given.

CDC gives every provider of its programmes a PIN in VTrckS; vaccinations carry it as `vtrcks_prov_pin` (CVRS; health-standards.md
§2.3). One site is written `004512`, `4512`, `4512.0`, ` a4512 ` by one spreadsheet and the next: they are one PIN here. A PIN is
unique within the jurisdiction that gave it; the hub is one jurisdiction's.

Unverified, from memory: at most six letters and digits.
"""

from __future__ import annotations

import re

__all__ = ["pin_of"]

_SHAPE = re.compile(r"0*([A-Z0-9]{0,6})$")
_LONGEST = 16


def pin_of(text: str | None) -> str | None:
    """The PIN as it is joined: no blanks, upper case, no leading zeros, no `.0` of a spreadsheet.

    None for what is no PIN: empty, all zeros, without any digit, longer than six characters.
    """
    if not text or len(text) > _LONGEST or not text.isascii():
        return None
    match = _SHAPE.match("".join(text.split()).upper().removesuffix(".0"))
    if match is None or not any(letter.isdigit() for letter in match.group()):
        return None
    return match.group(1) or None
