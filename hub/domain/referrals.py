"""Referrals as proof of help: only where the source proves that the person got it (social-standards.md R14).

Accepted, eligible, on the way and closed without proof are not help. A part of a referral does not close the whole. A referral that
does not say what it is for has the category of the request that it serves, told by the same person's record of that request.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.domain.facts import AnyFact, Referred
from hub.domain.need_words import UNMAPPED

__all__ = ["helping"]

Name = tuple[str, str]
"""(source_person, fact_key)."""


def helping(facts: Sequence[tuple[Name, AnyFact]], categories: Collection[str], first: int, last: int) -> list[Name]:
    """Names of the referrals for one of these need categories that helped between two days (ordinals), both included."""
    helped = [
        (name, fact)
        for name, fact in facts
        if isinstance(fact, Referred) and fact.whole and first <= fact.helped_on <= last
    ]
    if not helped:
        return []
    asked = {
        (name[0], fact.request): fact.category
        for name, fact in facts
        if isinstance(fact, Referred) and fact.request and fact.category != UNMAPPED
    }
    return [
        name
        for name, fact in helped
        if (fact.category if fact.category != UNMAPPED else asked.get((name[0], fact.request))) in categories
    ]
