"""Projection of a row at `as_of`: its needs, its contribution to the tallies, and when it must be looked at again.

`Projector.project` writes into the row only what must be remembered of outputs: the need ids ever issued (so that a
need whose ground is gone is closed, under the same id, even after a merge) and the current contribution. The caller
must make the row durable before the outputs leave; then a crash between the two repeats them and loses none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from hub.domain.agreement import merge_labels
from hub.domain.consents import changing_days, refused_recipients
from hub.domain.contributions import contributions
from hub.domain.facts import AnyFact, Choice, Referred, Stay
from hub.domain.history import LINK_REVISIONS, Row, SubHistory
from hub.domain.ids import Ids
from hub.domain.isolation import EPISODE_D, Episode, FactName, Rules, episodes
from hub.domain.needs import CONDITION, RULE_VERSION, FoundNeed, SupportNeed, needs_of

__all__ = ["Projection", "Projector"]

_REVISION_STEP = (1 << 63) // LINK_REVISIONS  # 2^40; offsets stay below: 10^12 records of one partition


class Projection(NamedTuple):
    """`needs` to publish (also unchanged ones: a replay must say them again), `gained` and `lost` strata."""

    needs: list[SupportNeed]
    gained: list[str]
    lost: list[str]


class Projector:
    """Projects rows under one installation's ids and isolation rules."""

    def __init__(self, ids: Ids, rules: Rules) -> None:
        self._rules = rules
        self._need_id = lru_cache(maxsize=100_000)(
            lambda support, anchor: ids.need(RULE_VERSION, CONDITION, support, *anchor)
        )

    def project(self, person_key: str, row: Row, as_of: date) -> Projection:
        """Needs and changed strata of this row at the end of day `as_of`; updates `issued`, `contribution`, `due` and `as_of` in
        the row."""
        today = as_of.toordinal()
        owned = {name: sub for name, sub in sorted(row.subs.items()) if sub.owner == person_key}
        by_name = {(name, key): fact for name, sub in owned.items() for key, fact in sub.facts.items()}
        facts = [(name, fact) for name, fact in by_name.items() if fact.active]
        found = episodes(((name, sub.facts) for name, sub in owned.items()), self._rules)
        current = needs_of(facts, found, today) if found else []
        strata = contributions(facts, found, current, today, _said(owned, by_name)) if facts else []
        choices = [(name, fact) for name, fact in facts if isinstance(fact, Choice)]
        refused_to = refused_recipients(choices, today) if choices and current else ()
        needs = self._published(person_key, row, owned, by_name, current, as_of, refused_to)
        before, after = set(row.contribution), set(strata)
        row.contribution = strata
        row.due = _next_due(facts, found, today)
        row.as_of = today
        return Projection(needs, sorted(after - before), sorted(before - after))

    def _published(
        self,
        person_key: str,
        row: Row,
        owned: Mapping[str, SubHistory],
        by_name: Mapping[FactName, AnyFact],
        current: Sequence[FoundNeed],
        as_of: date,
        refused_to: tuple[str, ...],
    ) -> list[SupportNeed]:
        needs: dict[str, SupportNeed] = {}
        for found in current:
            holder = owned[found.anchor[0]]
            need_id = self._need_id(found.support, found.anchor)
            holder.issued[need_id] = (found.support, found.since)
            labels, purposes = _terms(by_name[name] for name in found.evidence)
            needs[need_id] = SupportNeed.model_construct(
                need_id=need_id,
                revision=_revision(holder, row),
                person_key=person_key,
                support=found.support,
                state=found.state,
                urgency="urgent" if found.urgent else "soon",
                since=date.fromordinal(found.since),
                until=date.fromordinal(found.until),
                reasons=found.reasons,
                evidence=tuple(sorted({fact_key for _, fact_key in found.evidence})),
                rule=f"{RULE_VERSION}/{found.rule}",
                successor=None,
                as_of=as_of,
                labels=labels,
                purposes=purposes,
                refused_to=refused_to,
            )
        standing = list(needs.values())
        for sub in owned.values():
            for need_id, (support, since) in sub.issued.items():
                if need_id not in needs:
                    needs[need_id] = _closing(person_key, row, sub, need_id, support, since, standing, as_of)
        return list(needs.values())


def _said(owned: Mapping[str, SubHistory], by_name: Mapping[FactName, AnyFact]) -> Mapping[FactName, Mapping[str, int]]:
    """What earlier versions of the active facts told of race and ethnicity; a withdrawn fact tells nothing any more."""
    return {
        (name, key): reports
        for name, sub in owned.items()
        for key, reports in sub.said.items()
        if by_name[(name, key)].active
    }


def _closing(
    person_key: str,
    row: Row,
    sub: SubHistory,
    need_id: str,
    support: str,
    since: int,
    standing: Sequence[SupportNeed],
    as_of: date,
) -> SupportNeed:
    """The last word on an issued id whose ground is gone; its heir is the need of the same infection, if there is one."""
    heirs = [
        (abs(need.since.toordinal() - since), need.need_id)
        for need in standing
        if need.support == support and need.since is not None and abs(need.since.toordinal() - since) <= EPISODE_D
    ]
    successor = min(heirs)[1] if heirs else None
    labels, purposes = _terms(sub.facts.values())
    return SupportNeed.model_construct(
        need_id=need_id,
        revision=_revision(sub, row),
        person_key=person_key,
        support=support,  # type: ignore[arg-type]
        state="superseded" if successor else "withdrawn",
        urgency="soon",
        since=None,
        until=None,
        reasons=(),
        evidence=(),
        rule=RULE_VERSION,
        successor=successor,
        as_of=as_of,
        labels=labels,
        purposes=purposes,
    )


def _terms(facts: Iterable[AnyFact]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Labels and purposes a need inherits: the highest labels, and only the purposes that all its evidence shares."""
    terms = [each.partition("|") for each in {fact.terms for fact in facts}]
    labels = merge_labels(*([label for label in each.split(",") if label] for each, _, _ in terms))
    purposes = [set(each.split(",")) - {""} for _, _, each in terms]
    return labels, tuple(sorted(set.intersection(*purposes))) if purposes else ()


def _revision(sub: SubHistory, row: Row) -> int:
    """Rises with every change of owner and with every record folded, so the newest word on a need has the highest."""
    return sub.revision * _REVISION_STEP + max(row.offset, 0)


def _next_due(facts: Sequence[tuple[FactName, AnyFact]], found: Sequence[Episode], today: int) -> int:
    """The next day on which this projection can change without a new fact; 0 = never."""
    days = {day for episode in found for day in (episode.start, episode.until + 1)}
    for _, fact in facts:
        if isinstance(fact, Stay):
            days.update((fact.entered, fact.left, fact.current + 1 if fact.current else 0))
            continue
        days.add(fact.occurred)
        if isinstance(fact, Choice):
            days.update(changing_days(fact))
        elif isinstance(fact, Referred):
            days.add(fact.helped_on)
    return min((day for day in days if day > today), default=0)
