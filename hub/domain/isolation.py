"""Who must isolate, from when until when: episodes out of results and case reports, by the rule in force then.

Day 0 is the onset where one is known, else the day the first positive specimen was collected; the last day is day 0 +
the rule's days (CDC guidance by date: health-standards.md §6). The table is data (`tables/isolation_rules.csv`), handed
in.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import NamedTuple

from hub.domain.facts import AnyFact, CaseReport, Lab

__all__ = ["NATIONAL", "Episode", "FactName", "IsolationRule", "Rules", "episodes", "load_rules"]

NATIONAL = "US"

EPISODE_D = 90
"""Evidence within 90 days of the first belongs to the same infection (CDC/CSTE case definition 2020, interim-20-ID-02:
a new case counts after 90 days)."""

NEW_ONSET_D = 14
"""Symptoms that begin more than two weeks after the first evidence are a new infection's: no isolation rule lasts longer."""

# Sara Alert's reasons for closure: which end the person's isolation, and which only this record's part in it.
_ENDS = frozenset({"meets criteria to discontinue isolation", "deceased"})
_GIVES_UP = frozenset({"duplicate", "transferred to another jurisdiction"})


@dataclass(frozen=True, slots=True)
class IsolationRule:
    """`days` of isolation for episodes that start on or after `since` (ordinal)."""

    since: int
    days: int
    version: str


Rules = tuple[IsolationRule, ...]
FactName = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Episode:
    """One infection. `start` is day 0, `until` the last day of isolation (ordinals); `anchor` its earliest
    evidence. Facts are named by (source_person, fact_key): two people may have been told the same fact."""

    start: int
    until: int
    anchor: FactName
    evidence: tuple[FactName, ...]
    rule: str
    congregate: bool


def load_rules(text: str, jurisdiction: str = NATIONAL) -> Rules:
    """Rules in force in a jurisdiction, of a CSV with columns jurisdiction, effective_from (ISO date), days, version, source;
    newest first. From the day of its own first rule on a state goes by its own rules alone, before that by the national ones.
    ValueError when one cannot be read."""
    rows = [
        (
            row["jurisdiction"],
            IsolationRule(date.fromisoformat(row["effective_from"]).toordinal(), int(row["days"]), row["version"]),
        )
        for row in csv.DictReader(StringIO(text))
    ]
    own = [rule for place, rule in rows if place == jurisdiction != NATIONAL]
    first = min((rule.since for rule in own), default=date.max.toordinal())
    rules = own + [rule for place, rule in rows if place == NATIONAL and rule.since < first]
    if not rules:
        raise ValueError("the isolation rules table is empty")
    return tuple(sorted(rules, key=lambda rule: rule.since, reverse=True))


def episodes(facts: Iterable[tuple[str, Mapping[str, AnyFact]]], rules: Rules) -> list[Episode]:
    """All episodes in a person's active facts, earliest first; `facts` by source_person. A function of the set of facts."""
    evidence = [
        _Evidence(day, source_person, fact_key, fact)
        for source_person, told in facts
        for fact_key, fact in told.items()
        if isinstance(fact, Lab | CaseReport) and (day := _evidence_day(fact))
    ]
    evidence.sort(key=lambda item: item[:3])
    found: list[Episode] = []
    begin = 0
    while begin < len(evidence):
        end = begin + 1
        while end < len(evidence) and _same_infection(evidence[begin], evidence[end]):
            end += 1
        found.append(_episode(evidence[begin:end], rules))
        begin = end
    return found


class _Evidence(NamedTuple):
    day: int
    source_person: str
    fact_key: str
    fact: Lab | CaseReport


def _same_infection(first: _Evidence, later: _Evidence) -> bool:
    """Later evidence belongs to the first's episode, unless new symptoms began when the first must have been over."""
    return later.day <= first.day + EPISODE_D and later.fact.onset <= first.day + NEW_ONSET_D


def _evidence_day(fact: Lab | CaseReport) -> int:
    """The day this fact speaks of, or 0 when it asks nobody to isolate."""
    if not fact.active:
        return 0
    if isinstance(fact, Lab):
        return (fact.onset or fact.collected or fact.occurred) if fact.isolates else 0
    return (fact.onset or fact.first_positive or fact.occurred) if fact.isolating else 0


def _episode(evidence: list[_Evidence], rules: Rules) -> Episode:
    first = evidence[0]
    onsets = [each.fact.onset for each in evidence if each.fact.onset]
    start = min(onsets) if onsets else first.day
    rule = next((rule for rule in rules if rule.since <= start), rules[-1])
    until = max(_own_end(each.fact, start + rule.days) for each in evidence)
    until = min(
        [
            until,
            *(each.fact.closed for each in evidence if isinstance(each.fact, CaseReport) and _over(each.fact, start)),
        ]
    )
    congregate = any(isinstance(each.fact, Lab) and each.fact.congregate for each in evidence)
    anchor = (first.source_person, first.fact_key)
    return Episode(
        start, until, anchor, tuple((e.source_person, e.fact_key) for e in evidence), rule.version, congregate
    )


def _own_end(fact: Lab | CaseReport, by_rule: int) -> int:
    """The last day that this evidence by itself asks for: a case handed on or filed twice asks for nothing after it was
    closed."""
    if isinstance(fact, Lab):
        return by_rule
    if fact.closed and (fact.closed_reason or "").casefold() in _GIVES_UP:
        return min(by_rule, fact.closed)
    return max(by_rule, fact.extended_until)


def _over(case: CaseReport, start: int) -> bool:
    """The tracer says that the isolation which began on `start` is over for the person, whatever other records say."""
    return case.closed >= start and (case.closed_reason or "").casefold() in _ENDS
