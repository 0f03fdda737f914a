"""Whether two rows that share a key tell of one person or of two (social-standards.md R3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["two_people"]

_DIFFER = 2
"""Identifiers that two rows both tell and tell differently: so many make them two people, one is a correction. (Chosen.)"""


def two_people(one: Mapping[str, str], other: Mapping[str, str], identifiers: Sequence[str]) -> bool:
    """Whether at least two `identifiers` (columns) are told by both rows and differ, in whatever case."""
    told = [(one.get(name, "").casefold(), other.get(name, "").casefold()) for name in identifiers]
    return sum(mine != theirs for mine, theirs in told if mine and theirs) >= _DIFFER
