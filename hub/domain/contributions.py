"""What one person adds to the tallies at `as_of`: a set of strata, each counting this person once.

A stratum is `indicator|area|dimension|group`; `series-complete` is judged by product and dated rule (hub.domain.vaccine_series),
`series-not-judged` counts those of whom no rule can say that it is incomplete (a product without a rule, a dose without a day).
Race and ethnicity come from reports alone (hub.domain.race_reports): never inferred, unknown stays unknown. Dimension
`race_ethnicity` has everybody in one reporting group; `told-…|told` the whole answer, of which both federal views are made
(hub.domain.race_views). So a later, better answer moves the doses that were counted before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from hub.domain.facts import AnyFact, Dose, Stay
from hub.domain.isolation import Episode, FactName
from hub.domain.needs import FoundNeed
from hub.domain.presence import is_present
from hub.domain.race_reports import Dated, Resolved, resolve, unstored
from hub.domain.race_views import TOLD, TOLD_BY, word_of
from hub.domain.supply import seen_strata
from hub.domain.vaccine_series import Given, completed_on, distinct_doses, unjudged
from hub.domain.vaccines import family

__all__ = ["UNKNOWN_AREA", "contributions", "county_of", "doses_given", "race_group", "resolved_race"]

UNKNOWN_AREA = "unknown"

Facts = Sequence[tuple[FactName, AnyFact]]
Said = Mapping[FactName, Mapping[str, int]]
"""Reports that earlier versions of facts told (hub.domain.history.SubHistory.said), by the fact."""


def resolved_race(facts: Facts, said: Said = MappingProxyType({})) -> Resolved:
    """What stands of a person's race and ethnicity, out of all that the active facts tell and told before (`said`)."""
    reports: list[Dated] = []
    for name, fact in facts:
        for text, changed_us, current in _told(fact, said.get(name)):
            report = unstored(text)
            reports.append((changed_us if report.told_us is None else report.told_us, current, report, name))
    return resolve(reports)


def _told(fact: AnyFact, before: Mapping[str, int] | None) -> Iterator[tuple[str, int, bool]]:
    if fact.race is not None:
        yield fact.race, fact.changed_us, True
    if before:
        yield from ((text, changed_us, False) for text, changed_us in before.items())


def race_group(facts: Facts, said: Said = MappingProxyType({})) -> str:
    """One reporting group: `hispanic` (any race), a single race, `multiracial`, or `unknown`."""
    return _reporting_group(resolved_race(facts, said))


def _reporting_group(found: Resolved) -> str:
    if "hispanic" in found.ethnicities:
        return "hispanic"
    return next(iter(found.races), "unknown") if len(found.races) < 2 else "multiracial"


def county_of(facts: Facts) -> str:
    """FIPS county of residence: the newest report."""
    told = [(fact.version, name, fact.county) for name, fact in facts if fact.county is not None]
    return max(told)[2] if told else UNKNOWN_AREA


def doses_given(facts: Facts, as_of: int) -> list[Given]:
    """The COVID-19 doses given until `as_of`, each once however many sources tell of it (health-standards.md §8 R22).

    A dose whose day is not told whole is none of these: they have a day. An update that does not say which dose it corrects
    (`vague`) tells of no further one; of a person of whom nothing else is told, the first of them is a dose.
    """
    told = [
        (fact.vague, Given(fact.occurred, fact.historical, family(fact.cvx), fact.pin))
        for _, fact in facts
        if isinstance(fact, Dose) and fact.given and 0 < fact.occurred <= as_of
    ]
    return distinct_doses(dose for vague, dose in told if not vague) or distinct_doses(dose for _, dose in told)[:1]


def contributions(
    facts: Facts,
    found: Sequence[Episode],
    needs: Sequence[FoundNeed],
    as_of: int,
    said: Said = MappingProxyType({}),
) -> list[str]:
    """The strata this person counts in, sorted; `facts` are the active ones with their names, `said` what they told before."""
    area, race = county_of(facts), resolved_race(facts, said)
    group, answer = f"{area}|race_ethnicity|{_reporting_group(race)}", f"{area}|{TOLD}|{word_of(race)}"
    started = [episode for episode in found if episode.start <= as_of]
    indicators = list(_indicators(facts, started, as_of))
    strata = {f"{each}|{group}" for each in indicators} | {f"{TOLD_BY}{each}|{answer}" for each in indicators}
    for need in needs:
        strata.add(f"need-{need.state}|all|support|{need.support}")
    isolating = any(episode.until >= as_of for episode in started)
    for _, fact in facts:
        if not isinstance(fact, Stay):
            continue
        site = f"{fact.site}|site|{fact.site_kind}"
        if is_present(fact, as_of):
            strata.add(f"present|{site}")
            if isolating:
                strata.add(f"isolating|{site}")
        elif fact.presence and not fact.left and fact.entered <= as_of:
            strata.add(f"last-seen|{site}")
    strata |= seen_strata(doses_given(facts, as_of))
    return sorted(strata)


def _indicators(facts: Facts, started: Sequence[Episode], as_of: int) -> Iterator[str]:
    yield "people"
    given = doses_given(facts, as_of)
    of_no_day = any(isinstance(fact, Dose) and fact.given and not fact.occurred for _, fact in facts)
    if given or of_no_day:
        yield "vaccinated"
        if completed_on(given) is not None:
            yield "series-complete"
        elif of_no_day or unjudged(given):
            yield "series-not-judged"
    if started:
        yield "positive"
