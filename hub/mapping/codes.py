"""What is allowed to pass as a code, in the clear: only what has the shape of its code system, check digit included.

A source may write anything into a code field, a name or a social security number too; whatever does not pass stays in
the encrypted original.

Sources: LOINC Users' Guide (mod 10 check digit), SNOMED CT Release File Specification (SCTID, Verhoeff), CDC CVX and
NDC formats, HRSA/VTrckS provider numbers as the samples show them.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["LOINC", "SNOMED", "code_of", "cvx_code", "ndc_code", "provider_pin", "system_of"]

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
_SYSTEMS = frozenset({
    "LN", "LOINC", "SCT", "SNOMED", "SNOMED-CT", "SNM", "L", "99ELR", "CDCREC", "NULLFL",
    "HL70005", "HL70078", "HL70136", "HL70189", "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96", LOINC.upper(), SNOMED.upper(),
})  # fmt: skip
_LOINC_SHAPE = re.compile(r"\d{1,7}-\d$")
_LOINC_PART_SHAPE = re.compile(r"L[AP]\d{1,6}-\d$")
_SNOMED_SHAPE = re.compile(r"[1-9]\d{5,17}$")
_LONGEST_CODE = 18  # characters: an SCTID has 6 to 18 digits
_CVX_SHAPE = re.compile(r"\d{1,3}$")
_PIN_SHAPE = re.compile(r"(?=.*\d)[A-Za-z0-9]{1,6}(?:\.0)?$")
_NDC_SHAPE = re.compile(r"\d{4,5}-\d{3,4}-\d{1,2}$")


def code_of(code: str) -> str | None:
    """A LOINC code (terms LN, answers LA, parts LP) or SNOMED CT identifier as sent; None for anything else."""
    return _code_of(code) if len(code) <= _LONGEST_CODE else None


@lru_cache(maxsize=2_048)  # the same few codes in every report; check digits take 3 us
def _code_of(code: str) -> str | None:
    if _LOINC_PART_SHAPE.match(code) or (_LOINC_SHAPE.match(code) and _luhn(code.replace("-", ""))):
        return code
    return code if _SNOMED_SHAPE.match(code) and _verhoeff(code) else None


def system_of(system: str) -> str | None:
    """The name of a code system that we know; None for anything else."""
    return system if system.upper() in _SYSTEMS else None


def cvx_code(text: str) -> str | None:
    """A CVX code: up to three digits."""
    return text if _CVX_SHAPE.match(text) else None


def ndc_code(text: str) -> str | None:
    """An NDC with its hyphens (5-4-2 and its short forms)."""
    return text if _NDC_SHAPE.match(text) else None


def provider_pin(text: str) -> str | None:
    """A provider's number in VTrckS as sent: short, with a digit in it; spreadsheets take its zeros and put `.0` behind it
    (hub.domain.provider_pin says which are one)."""
    return text if _PIN_SHAPE.match(text) else None


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _verhoeff(digits: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _TIMES[check][_PERMUTED[place % 8][int(digit)]]
    return check == 0


def _dihedral(left: int, right: int) -> int:
    """The product in the dihedral group of order 10."""
    if left < 5:
        return (left + right) % 5 if right < 5 else 5 + (left + right) % 5
    return 5 + (left - right) % 5 if right < 5 else (left - right) % 5


_TIMES = [[_dihedral(left, right) for right in range(10)] for left in range(10)]
_PERMUTED = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
while len(_PERMUTED) < 8:
    _PERMUTED.append([_PERMUTED[1][digit] for digit in _PERMUTED[-1]])
