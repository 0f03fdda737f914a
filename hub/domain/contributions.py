"""What one person adds to the tallies at `as_of`: a set of strata, each counting this person once.

A stratum is `indicator|area|dimension|group`; `series-complete` is judged by product and dated rule
(hub.domain.vaccine_series). Race and ethnicity come from reports alone (social-standards.md 15–16): the best reporter, then the
newest; never inferred; unknown stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.history import AnyFact, Dose, Stay
from hub.domain.isolation import Episode, FactName
from hub.domain.needs import FoundNeed
from hub.domain.vaccine_series import Given, completed_on, distinct_doses
from hub.domain.vaccines import family

__all__ = ["UNKNOWN_AREA", "contributions", "county_of", "doses_given", "race_group"]

UNKNOWN_AREA = "unknown"
_REPORTERS = ("self", "related-person", "administrative", "derived")

Facts = Sequence[tuple[FactName, AnyFact]]


def race_group(facts: Facts) -> str:
    """One reporting group: `hispanic` (any race), a single race, `multiracial`, or `unknown`.

    The best reporter who tells anything decides, within one the newest telling; who declined is not asked behind their back.
    """
    told = [(fact.race.split(":"), fact.version, name) for name, fact in facts if fact.race is not None]
    for reporter in _REPORTERS:
        reports = [
            (version, name, listed, absence) for (who, listed, absence), version, name in told if who == reporter
        ]
        values = [report for report in reports if _groups(report[2])]
        if values:
            return _reporting_group(_groups(max(values)[2]))
        if any(absence == "declined" for _, _, _, absence in reports):
            break
    return "unknown"


def _groups(listed: str) -> frozenset[str]:
    return frozenset(listed.split(",")) - {"", "not-hispanic"}


def _reporting_group(groups: frozenset[str]) -> str:
    if "hispanic" in groups:
        return "hispanic"
    return next(iter(groups)) if len(groups) == 1 else "multiracial"


def county_of(facts: Facts) -> str:
    """FIPS county of residence: the newest report."""
    told = [(fact.version, name, fact.county) for name, fact in facts if fact.county is not None]
    return max(told)[2] if told else UNKNOWN_AREA


def doses_given(facts: Facts, as_of: int) -> list[Given]:
    """The COVID-19 doses given until `as_of`, each once however many sources tell of it (health-standards.md §8 R22)."""
    return distinct_doses(
        Given(fact.occurred, fact.historical, family(fact.cvx))
        for _, fact in facts
        if isinstance(fact, Dose) and fact.given and fact.occurred <= as_of
    )


def contributions(facts: Facts, found: Sequence[Episode], needs: Sequence[FoundNeed], as_of: int) -> list[str]:
    """The strata this person counts in, sorted; `facts` are the active ones with their names."""
    place = f"{county_of(facts)}|race_ethnicity|{race_group(facts)}"
    strata = {f"people|{place}"}
    given = doses_given(facts, as_of)
    if given:
        strata.add(f"vaccinated|{place}")
        if completed_on(given) is not None:
            strata.add(f"series-complete|{place}")
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
