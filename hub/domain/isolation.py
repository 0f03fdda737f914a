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

from hub.domain.history import AnyFact, CaseReport, Lab

__all__ = ["Episode", "IsolationRule", "Rules", "episodes", "load_rules"]

EPISODE_D = 90
"""Evidence within 90 days of the first belongs to the same infection (CDC/CSTE case definition 2020, interim-20-ID-02:
a new case counts after 90 days)."""

_ENDING_REASONS = frozenset(
    {"meets criteria to discontinue isolation", "deceased", "duplicate", "transferred to another jurisdiction"}
)


@dataclass(frozen=True, slots=True)
class IsolationRule:
    """`days` of isolation for episodes that start on or after `since` (ordinal)."""

    since: int
    days: int
    version: str


Rules = tuple[IsolationRule, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """One infection. `start` is day 0, `until` the last day of isolation (ordinals); `anchor` the fact_key of its
    earliest evidence."""

    start: int
    until: int
    anchor: str
    evidence: tuple[str, ...]
    rule: str
    congregate: bool


def load_rules(text: str) -> Rules:
    """Rules of a CSV with columns effective_from (ISO date), days, version, source; newest first. ValueError when one
    cannot be read."""
    rows = csv.DictReader(StringIO(text))
    rules = [
        IsolationRule(date.fromisoformat(row["effective_from"]).toordinal(), int(row["days"]), row["version"])
        for row in rows
    ]
    if not rules:
        raise ValueError("the isolation rules table is empty")
    return tuple(sorted(rules, key=lambda rule: rule.since, reverse=True))


def episodes(facts: Iterable[Mapping[str, AnyFact]], rules: Rules) -> list[Episode]:
    """All episodes in a person's active facts, earliest first. A function of the set of facts, not of their order."""
    evidence: list[tuple[int, str, Lab | CaseReport]] = []
    for sub in facts:
        for fact_key, fact in sub.items():
            if isinstance(fact, Lab | CaseReport) and (day := _evidence_day(fact)):
                evidence.append((day, fact_key, fact))
    evidence.sort(key=lambda item: item[:2])
    found: list[Episode] = []
    begin = 0
    while begin < len(evidence):
        end = begin
        while end < len(evidence) and evidence[end][0] <= evidence[begin][0] + EPISODE_D:
            end += 1
        found.append(_episode(evidence[begin:end], rules))
        begin = end
    return found


def _evidence_day(fact: Lab | CaseReport) -> int:
    """The day this fact speaks of, or 0 when it asks nobody to isolate."""
    if not fact.active:
        return 0
    if isinstance(fact, Lab):
        return (fact.onset or fact.collected or fact.occurred) if fact.isolates else 0
    return (fact.onset or fact.first_positive or fact.occurred) if fact.isolating else 0


def _episode(evidence: list[tuple[int, str, Lab | CaseReport]], rules: Rules) -> Episode:
    onsets = [fact.onset for _, _, fact in evidence if fact.onset]
    first_day, anchor, _ = evidence[0]
    start = min(onsets) if onsets else first_day
    rule = next((rule for rule in rules if rule.since <= start), rules[-1])
    cases = [fact for _, _, fact in evidence if isinstance(fact, CaseReport)]
    until = max([start + rule.days, *(case.extended_until for case in cases)])
    closed = [case.closed for case in cases if case.closed and (case.closed_reason or "").casefold() in _ENDING_REASONS]
    if closed:
        until = min(until, *closed)
    congregate = any(isinstance(fact, Lab) and fact.congregate for _, _, fact in evidence)
    return Episode(start, until, anchor, tuple(key for _, key, _ in evidence), rule.version, congregate)
