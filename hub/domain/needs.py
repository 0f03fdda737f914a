"""Support needs: who must isolate and lacks a place or food. One small function per support, listed in `RULES`.

A need is a projection of a history at `as_of`; its id is of its rule, condition, support and anchor fact, never of a
person_key, so a merge or split keeps it. States: `open` (nobody has helped yet), `helped` (proof that somebody did),
`ended` (isolation is over without help). `withdrawn` and `superseded` close an id that later facts took the ground
from; a superseded one names its successor. Reasons are disclosable: what is lacking, never a diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from hub.domain.events import Model
from hub.domain.history import AnyFact, Benefit, Living, ScreenAnswer, Stay
from hub.domain.isolation import Episode

__all__ = ["CONDITION", "RULES", "RULE_VERSION", "FoundNeed", "NeedState", "Support", "SupportNeed", "needs_of"]

Support = Literal["place", "food"]
NeedState = Literal["open", "helped", "ended", "withdrawn", "superseded"]
RULE_VERSION = "isolation-support-1"
CONDITION = "isolation"

LOOK_BACK_D = 14
"""Where somebody slept in the two weeks before isolation began is where they would sleep now (chosen: one bed-list
cycle of weekly exports, doubled)."""

FOOD_LOOK_BACK_D = 365
"""A food screening holds for 12 months (social-standards.md requirement 10)."""

_HOMELESS = frozenset({"homeless-unsheltered", "homeless-sheltered"})
_PLACE_CATEGORIES = frozenset({"homelessness"})
_FOOD_CATEGORIES = frozenset({"food-insecurity"})


class SupportNeed(Model):
    """A need as it stands on `hub.alert.support-need.v1`, keyed by `need_id`. The highest `revision` of an id is its
    state."""

    kind: ClassVar[str] = "support-need"

    need_id: str
    revision: int
    person_key: str
    support: Support
    state: NeedState
    urgency: Literal["urgent", "soon"]
    since: date | None
    until: date | None
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]
    rule: str
    successor: str | None = None
    as_of: date
    labels: tuple[str, ...] = Field(description="high-water mark over the evidence")
    purposes: tuple[str, ...] = Field(description="what every piece of evidence may be used for")


class FoundNeed(NamedTuple):
    """What a rule found: dates are ordinals, `evidence` fact_keys."""

    support: Support
    state: NeedState
    urgent: bool
    since: int
    until: int
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]
    anchor: str
    rule: str


class _Finding(NamedTuple):
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]
    urgent: bool
    helped: str | None  # fact_key of the proof that somebody helped


Facts = Sequence[tuple[str, AnyFact]]


def _place(facts: Facts, episode: Episode, as_of: int) -> _Finding | None:
    """Who must isolate cannot do so in a congregate site or without a home; a stay at an isolation site is help."""
    reasons: set[str] = {"stays-in-congregate-site"} if episode.congregate else set()
    evidence: list[str] = []
    beds: list[str] = []
    for key, fact in facts:
        if reason := _why_no_place(fact, episode, as_of):
            reasons.add(reason)
            evidence.append(key)
        elif isinstance(fact, Stay) and fact.isolates and episode.start <= fact.entered <= min(as_of, episode.until):
            beds.append(key)
    return _Finding(tuple(sorted(reasons)), tuple(evidence), True, min(beds, default=None)) if reasons else None


def _why_no_place(fact: AnyFact, episode: Episode, as_of: int) -> str | None:
    """The disclosable reason this fact gives why there is no place to isolate in, if it gives one."""
    from_day = episode.start - LOOK_BACK_D
    if isinstance(fact, Stay):
        here = fact.presence and fact.site_kind == "congregate" and (not fact.left or fact.left > from_day)
        return "stays-in-congregate-site" if here and fact.entered <= min(as_of, episode.until) else None
    if isinstance(fact, Living):
        homeless = fact.situation in _HOMELESS
    else:
        homeless = isinstance(fact, ScreenAnswer) and fact.needs and fact.category in _PLACE_CATEGORIES
    return "no-home" if homeless and from_day <= fact.occurred <= episode.until else None


def _food(facts: Facts, episode: Episode, as_of: int) -> _Finding | None:
    """Who must isolate and said within 12 months that food runs out; food handed over since day 0 is help."""
    asked = (episode.start - FOOD_LOOK_BACK_D, episode.until)
    evidence = [
        key
        for key, fact in facts
        if isinstance(fact, ScreenAnswer) and fact.needs and fact.category in _FOOD_CATEGORIES
        if asked[0] <= fact.occurred <= asked[1]
    ]
    meals = [
        key
        for key, fact in facts
        if isinstance(fact, Benefit) and fact.delivered and episode.start <= fact.occurred <= min(as_of, episode.until)
    ]
    return _Finding(("lacks-food",), tuple(evidence), False, min(meals, default=None)) if evidence else None


RULES: Mapping[Support, Callable[[Facts, Episode, int], _Finding | None]] = {"place": _place, "food": _food}


def needs_of(facts: Facts, found: Sequence[Episode], as_of: int) -> list[FoundNeed]:
    """All needs of a person at the end of day `as_of` (ordinal); `facts` are the active ones with their fact_keys."""
    needs: list[FoundNeed] = []
    for episode in found:
        if episode.start > as_of:
            continue
        for support, rule in RULES.items():
            finding = rule(facts, episode, as_of)
            if finding is None:
                continue
            state: NeedState = "helped" if finding.helped else "ended" if as_of > episode.until else "open"
            proof = (finding.helped,) if finding.helped else ()
            needs.append(
                FoundNeed(
                    support,
                    state,
                    finding.urgent,
                    episode.start,
                    episode.until,
                    finding.reasons,
                    tuple(sorted({*episode.evidence, *finding.evidence, *proof})),
                    episode.anchor,
                    episode.rule,
                )
            )
    return needs
