"""What one person adds to the tallies at `as_of`: a set of strata, each counting this person once.

A stratum is `indicator|area|dimension|group`. Race and ethnicity come from reports alone (social-standards.md 15–16):
the best reporter, then the newest; never inferred; unknown stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.history import AnyFact, Dose, Stay
from hub.domain.isolation import Episode
from hub.domain.needs import FoundNeed

__all__ = ["UNKNOWN_AREA", "contributions", "county_of", "race_group"]

UNKNOWN_AREA = "unknown"
_RANK = {"self": 3, "related-person": 2, "administrative": 1, "derived": 0}
_ABSENCE_RANK = {"declined": 1}

Facts = Sequence[tuple[str, AnyFact]]


def race_group(facts: Facts) -> str:
    """One reporting group: `hispanic` (any race), a single race, `multiracial`, or `unknown`."""
    best: tuple[bool, int, tuple[int, int, str, int], str] | None = None
    groups: frozenset[str] = frozenset()
    for key, fact in facts:
        if fact.race is None:
            continue
        reporter, listed, _ = fact.race.split(":")
        told = frozenset(listed.split(",")) - {"", "not-hispanic"}
        rank = (bool(told), _RANK[reporter], fact.version, key)
        if best is None or rank > best:
            best, groups = rank, told
    if "hispanic" in groups:
        return "hispanic"
    if len(groups) > 1:
        return "multiracial"
    return next(iter(groups), "unknown")


def county_of(facts: Facts) -> str:
    """FIPS county of residence: the newest report."""
    best: tuple[tuple[int, int, str, int], str] | None = None
    county = UNKNOWN_AREA
    for key, fact in facts:
        if fact.county is not None and (best is None or (fact.version, key) > best):
            best, county = (fact.version, key), fact.county
    return county


def contributions(facts: Facts, found: Sequence[Episode], needs: Sequence[FoundNeed], as_of: int) -> list[str]:
    """The strata this person counts in, sorted; `facts` are the active ones with their fact_keys."""
    place = f"{county_of(facts)}|race_ethnicity|{race_group(facts)}"
    strata = {f"people|{place}"}
    if any(isinstance(fact, Dose) and fact.given and fact.occurred <= as_of for _, fact in facts):
        strata.add(f"vaccinated|{place}")
    started = [episode for episode in found if episode.start <= as_of]
    if started:
        strata.add(f"positive|{place}")
    for need in needs:
        strata.add(f"need-{need.state}|all|support|{need.support}")
    isolating = any(episode.until >= as_of for episode in started)
    for _, fact in facts:
        if isinstance(fact, Stay) and fact.presence and fact.entered <= as_of and (not fact.left or as_of < fact.left):
            strata.add(f"present|{fact.site}|site|{fact.site_kind}")
            if isolating:
                strata.add(f"isolating|{fact.site}|site|{fact.site_kind}")
    return sorted(strata)
