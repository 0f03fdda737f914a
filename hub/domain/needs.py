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

from hub.domain.consents import refused_since
from hub.domain.events import Model
from hub.domain.facts import AnyFact, Benefit, Choice, Living, Referred, ScreenAnswer, Stay
from hub.domain.isolation import Episode, FactName
from hub.domain.presence import is_current, last_known_night
from hub.domain.referrals import helping

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

PLACE_UNKNOWN = "place-unknown"
"""Last seen in a congregate site, longer ago than its source's cadence: where they must isolate now, nobody knows."""
_STAYS = "stays-in-congregate-site"
NO_SNAP_LOOK_BACK_D = 2 * FOOD_LOOK_BACK_D
"""Of whoever has no SNAP it holds longer: nothing took over since (requirement 10: SNAP 0 with food need; two years chosen)."""

_HOMELESS = frozenset({"homeless-unsheltered", "homeless-sheltered"})
_ROOM_OF_ONES_OWN = frozenset({"housed", "institutional"})
"""Answers that take an earlier lack back. `unstable` (a friend's sofa) is neither a room to isolate in nor proof of none."""
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
    refused_to: tuple[str, ...] = Field(
        default=(),
        description="those who may learn nothing of it, as the person said (Consent): connector, colon, token",
    )


class FoundNeed(NamedTuple):
    """What a rule found: dates are ordinals; evidence and anchor name facts."""

    support: Support
    state: NeedState
    urgent: bool
    since: int
    until: int
    reasons: tuple[str, ...]
    evidence: tuple[FactName, ...]
    anchor: FactName
    rule: str


class _Finding(NamedTuple):
    reasons: tuple[str, ...]
    evidence: tuple[FactName, ...]
    urgent: bool
    helped: FactName | None  # the earliest proof that somebody helped


class _Answer(NamedTuple):
    """What one fact says about a need on a day: `reason` None = it says that there is none."""

    day: int
    reason: str | None
    name: FactName


Facts = Sequence[tuple[FactName, AnyFact]]


def _place(facts: Facts, episode: Episode, as_of: int) -> _Finding | None:
    """Who must isolate cannot do so in a congregate site or without a home; a stay at an isolation site is help. Whoever was only
    last seen in such a site needs a place too: `place-unknown`."""
    answers = [answer for name, fact in facts if (answer := _where_they_live(name, fact, episode, as_of))]
    reasons, evidence = _newest(answers)
    if episode.congregate:
        reasons.add(_STAYS)
    if _STAYS in reasons:
        reasons.discard(PLACE_UNKNOWN)
    last = min(as_of, episode.until)
    beds = [
        name
        for name, fact in facts
        if isinstance(fact, Stay)
        if fact.isolates and fact.entered <= last and (not fact.left or fact.left > episode.start)
    ]
    beds += helping(facts, _PLACE_CATEGORIES, episode.start, last)
    return _Finding(tuple(sorted(reasons)), evidence, True, _earliest(facts, beds)) if reasons else None


def _where_they_live(name: FactName, fact: AnyFact, episode: Episode, as_of: int) -> _Answer | None:
    """What this fact says of where somebody lived between two weeks before isolation and its last day."""
    first, last = episode.start - LOOK_BACK_D, min(as_of, episode.until)
    if isinstance(fact, Stay):
        if not fact.presence or fact.site_kind != "congregate" or fact.entered > last:
            return None
        night, told = last_known_night(fact, last), _STAYS if is_current(fact, last) else PLACE_UNKNOWN
        return _Answer(night, told, name) if night >= first else None
    if isinstance(fact, Living) and fact.situation in _HOMELESS | _ROOM_OF_ONES_OWN:
        reason = "no-home" if fact.situation in _HOMELESS else None
    elif isinstance(fact, ScreenAnswer) and fact.category in _PLACE_CATEGORIES:
        reason = "no-home" if fact.needs else None
    else:
        return None
    latest = (
        episode.until if reason else episode.start
    )  # a home found later does not unmake the need of the days before
    return _Answer(fact.occurred, reason, name) if first <= fact.occurred <= latest else None


def _food(facts: Facts, episode: Episode, as_of: int) -> _Finding | None:
    """Who must isolate and said within 12 months that food runs out, or asked for food; food handed over since day 0 is help."""
    reasons, evidence = _newest(_lacking_food(facts, episode, FOOD_LOOK_BACK_D))
    if not reasons and (without := _without_snap(facts, episode, as_of)) is not None:
        reasons, evidence = _newest(_lacking_food(facts, episode, NO_SNAP_LOOK_BACK_D))
        evidence = (*evidence, without)
    meals = [
        name
        for name, fact in facts
        if isinstance(fact, Benefit) and fact.delivered and episode.start <= fact.occurred <= min(as_of, episode.until)
    ]
    meals += helping(facts, _FOOD_CATEGORIES, episode.start, min(as_of, episode.until))
    return _Finding(tuple(sorted(reasons)), evidence, False, _earliest(facts, meals)) if reasons else None


def _lacking_food(facts: Facts, episode: Episode, look_back_d: int) -> list[_Answer]:
    """What a person said of food: answers of a screening, diagnoses, and asking for it."""
    told: list[_Answer] = []
    for name, fact in facts:
        if isinstance(fact, ScreenAnswer) and fact.category in _FOOD_CATEGORIES:
            lacks = fact.needs
        elif isinstance(fact, Benefit) and fact.asks:
            lacks = True
        else:
            continue
        if episode.start - look_back_d <= fact.occurred <= (episode.until if lacks else episode.start):
            told.append(_Answer(fact.occurred, "lacks-food" if lacks else None, name))
    return told


def _without_snap(facts: Facts, episode: Episode, as_of: int) -> FactName | None:
    """The newest word on SNAP until now, where it is that the person is not enrolled."""
    told = [
        (fact.occurred, fact.enrolled == "no", name)
        for name, fact in facts
        if isinstance(fact, Benefit) and fact.program == "snap" and fact.enrolled in ("yes", "no")
        if fact.occurred <= min(as_of, episode.until)
    ]
    newest = max(told, default=None)
    return newest[2] if newest is not None and newest[1] else None


def _newest(answers: Sequence[_Answer]) -> tuple[set[str], tuple[FactName, ...]]:
    """Reasons and evidence that no later answer took back; on one day the answer that asks for help stands."""
    denied = max((answer.day for answer in answers if answer.reason is None), default=0)
    standing = [answer for answer in answers if answer.reason is not None and answer.day >= denied]
    return {answer.reason for answer in standing if answer.reason}, tuple(answer.name for answer in standing)


RULES: Mapping[Support, Callable[[Facts, Episode, int], _Finding | None]] = {"place": _place, "food": _food}


def _past(facts: Facts, episode: Episode, finding: _Finding, day: int) -> bool:
    """Whether the need was over, or helped, before a day."""
    if episode.until < day:
        return True
    proof = next((fact for name, fact in facts if name == finding.helped), None)
    return proof is not None and _helped_on(proof) < day


def _earliest(facts: Facts, proofs: Sequence[FactName]) -> FactName | None:
    """The proof that helped first: whoever refuses support after it was helped before."""
    named = frozenset(proofs)
    return min(((_helped_on(fact), name) for name, fact in facts if name in named), default=(0, None))[1]


def _helped_on(proof: AnyFact) -> int:
    """The day on which a fact that is proof of help helped."""
    if isinstance(proof, Stay):
        return proof.entered
    return proof.helped_on if isinstance(proof, Referred) else proof.occurred


def needs_of(facts: Facts, found: Sequence[Episode], as_of: int) -> list[FoundNeed]:
    """All needs of a person on day `as_of` (ordinal); `facts` are the active ones with their names.

    Who refuses support, or revoked their consent to it, has none: what stands open is taken back, nothing new is raised
    (social-standards.md R23). What was over or helped before that day stays as it was.
    """
    needs: list[FoundNeed] = []
    refused = refused_since(((name, fact) for name, fact in facts if isinstance(fact, Choice)), as_of)
    for episode in found:
        if episode.start > as_of:
            continue
        for support, rule in RULES.items():
            finding = rule(facts, episode, as_of)
            if finding is None or (refused is not None and not _past(facts, episode, finding, refused)):
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
