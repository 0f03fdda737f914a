"""What a consent is limited to: purposes by one table, so that a permit never grows and a refusal never shrinks.

A purpose that no row knows: a permit for it is for `other` and nothing else; a refusal of it counts for every purpose
(strictest wins, social-standards.md R23). Words of lists and codes of FHIR (v3 PurposeOfUse) stand in
tables/consent_purposes.csv.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from hub.domain.referral_events import ConsentStatus, Decision
from hub.mapping.lists_values import plain_word
from hub.mapping.tables import rows

__all__ = ["RANKS", "WITHDRAWN_RANK", "Limits", "expired", "limited"]

EVERYTHING, PART = "*", "part"
"""Rows that limit nothing, and rows for a part of the data (substance use records, say)."""
OTHER = "other"
RANKS: dict[ConsentStatus, int] = {
    "not-asked": 0, "not-computable": 1, "given": 2, "expired": 3, "refused": 4, "revoked": 5,
}  # fmt: skip
"""Of two words of one time the stricter one stands."""
WITHDRAWN_RANK = 6


class Limits(NamedTuple):
    """`purposes` empty: all; `narrowed`: of a part of the data."""

    purposes: tuple[str, ...]
    narrowed: bool
    issues: tuple[str, ...]


def limited(decision: Decision, told: Iterable[str]) -> Limits:
    """The limits of a decision for purposes as a source tells them (codes or words); none told: no limits."""
    words = [plain_word(each) for each in told if each.strip()]
    known = {word: found for word in words if (found := _purposes().get(word)) is not None}
    odd = ("unknown-purpose",) if len(known) < len(set(words)) else ()
    meant = set(known.values())
    if not words or EVERYTHING in meant or (odd and decision == "deny"):
        return Limits((), False, odd)
    purposes = {purpose for purpose in meant if purpose != PART} | ({OTHER} if odd else set())
    return Limits(tuple(sorted(purposes)), PART in meant, odd)


def expired(until: date | None, today: date) -> bool:
    """Whether its last day is past; never where nobody says what day it is (`date.max`)."""
    return until is not None and today != date.max and until < today


@lru_cache(maxsize=1)
def _purposes() -> dict[str, str]:
    return {row["word"]: row["purpose"] for row in rows("consent_purposes")}
