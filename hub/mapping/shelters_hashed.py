"""Hashed names and SSNs of HMIS clients: Export.HashStatus is checked, not believed (social-standards.md R6).

1 is unhashed, 2 SHA-1 RHY, 3 hashed in another way, 4 SHA-256 RHY: of names 64 hexadecimal digits, of the SSN as many behind its
last four. Both lies occur: 4 over other digests, 3 over plain names. Dates of birth are never hashed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hub.mapping.lists_hashed import CLEAR_STOP

__all__ = ["CLEAR_STOP", "hash_issues", "holds_clear_text", "is_digest"]

Cells = Mapping[str, str]

_NAMES = ("firstname", "middlename", "lastname")
_HASH = re.compile(r"[0-9A-Fa-fxX]{0,4}[0-9A-Fa-f]{32,128}$|(?=[^0-9]*[0-9])[A-Za-z0-9+/_-]{22,}={0,2}$")
"""Digests as they are written: hexadecimal (MD5 to SHA-512; of an SSN behind its last four), or base64, which no name is like: so
long, one word, and with a digit in it. (Forms beside SHA-256 chosen: HashStatus 3 is `other`.)"""
_SHORTEST = 22
"""Characters of such a digest: most names are shorter, and need not be looked at."""
_HEXADECIMAL = re.compile(r"[0-9A-Fa-fxX]{0,4}[0-9A-Fa-f]{32,128}")
_BASE64 = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])([A-Za-z0-9+/_-]{22,86})={0,2}")
_DIGEST_LENGTHS = frozenset({22, 27, 43, 64, 86})
"""Characters of MD5, SHA-1, SHA-256, SHA-384 and SHA-512 in base64 without padding (RFC 4648, section 4)."""
_WORD = r"(?:[A-Z]?[a-z]+(?:[A-Z][a-z]+)*|[A-Z]+)?[0-9]*"
_WORDS = re.compile(rf"{_WORD}(?:[_-]{_WORD})*")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_SSN_SHA256 = re.compile(r"[0-9xX]{4}[0-9A-Fa-f]{64}")
_CLEAR_PART = re.compile(r"[0-9xX]{4}")
_LAST_FOUR = 4
"""Digits of an SSN that HUD's hashing leaves clear."""


def is_digest(value: str) -> bool:
    """Whether this is no name but a hash, whatever HashStatus says."""
    return len(value) >= _SHORTEST and _HASH.match(value) is not None


def holds_clear_text(cells: Cells) -> bool:
    """Whether a Client row holds a name, or more of an SSN than its last four digits, that is not hashed for certain: what only
    resembles a digest (a name and a year written as one word) counts as clear."""
    ssn = cells.get("ssn", "")
    digits = sum(map(str.isdigit, ssn))
    return not all(map(_is_certainly_digest, _names(cells))) or (digits > _LAST_FOUR and not _is_certainly_digest(ssn))


def hash_issues(cells: Cells, hash_status: str) -> tuple[str, ...]:
    """What is odd about a Client row: `clear-not-hashed` where HashStatus says hashed and a name or SSN is in clear; `hash-unknown`
    where values look hashed, and not as HashStatus says. Nothing hashed is compared with clear text."""
    if hash_status in ("2", "3", "4") and holds_clear_text(cells):
        return ("clear-not-hashed",)
    ssn = cells.get("ssn", "")
    if hash_status == "4":
        fits = all(_SHA256.fullmatch(name) for name in _names(cells)) and (not ssn or _SSN_SHA256.fullmatch(ssn))
    else:
        fits = hash_status in ("2", "3") or not (is_digest(ssn) or any(map(is_digest, _names(cells))))
    return () if fits else ("hash-unknown",)


def _names(cells: Cells) -> Iterator[str]:
    return (value for name in _NAMES if (value := cells.get(name, "")))


def _is_certainly_digest(value: str) -> bool:
    if _HEXADECIMAL.fullmatch(value):
        return True
    written = [value, value[_LAST_FOUR:]] if _CLEAR_PART.match(value) else [value]
    found = [match[1] for each in written if (match := _BASE64.fullmatch(each))]
    return any(len(each) in _DIGEST_LENGTHS and not _WORDS.fullmatch(each) for each in found)
