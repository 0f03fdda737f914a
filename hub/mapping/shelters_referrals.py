"""Referrals of coordinated entry in HMIS (Event.csv): who was sent to a bed, a home or a fund, and what was answered.

Accepted is never helped: a bed night or a move-in tells that. An event that the need table does not have (an assessment, case
management) is no referral for a need. Where somebody was sent to is not told: of whoever is fleeing it would say where they are.

Source: HUD HMIS CSV Format Specifications, Event.csv; social-standards.md §1.1, §1.2, §3.3, R14.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo

from hub.domain.events import Referral
from hub.mapping.dates import civil_date
from hub.mapping.need_table import need_of
from hub.mapping.program import Mapped, NotMapped, accepted, hard_stop, ignored
from hub.mapping.referral_states import ENDED, coded, state_of
from hub.mapping.shelters_facts import AHEAD, STOP, Cells, Facts, Where, needed

__all__ = ["Referrals"]


class Referrals:
    """Takes a row's cells, position and original, and gives its outcomes."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def event(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        facts, zone = self._facts, self._facts.index.zone
        if facts.stopped(facts.enrollment_of(cells)):
            return [hard_stop(STOP, where, Referral.kind)]
        need = need_of("hmis", "Event", needed(cells, "event"))
        if need is None:
            return [ignored("not-a-referral", where, raw, Referral.kind)]
        word = coded("hmis-event", cells.get("referralresult", ""))
        if word is None:
            raise NotMapped("unmapped-code", field="referralresult")
        told, number, sent_on = state_of(word), needed(cells, "eventid"), facts.past_day(cells, "eventdate")
        answered_on = _answered_on(cells)
        if answered_on is not None and answered_on > facts.today and not cells.get("datedeleted"):
            raise NotMapped(AHEAD, field="resultdate")
        answered = _midnight(answered_on, zone)
        event = Referral(
            **facts.fields(cells, facts.stamp.fact_key(Referral.kind, number), occurred_on=sent_on),
            referral=facts.stamp.token(Referral.kind, number),
            category=need.category,
            status=told.status,
            outcome=told.outcome,
            proof=told.proof,
            sent_at=_midnight(sent_on, zone),
            accepted_at=answered if told.status == "accepted" else None,
            outcome_at=answered if told.status in ENDED else None,
            issues=told.issues,
        )
        return [accepted(event, where, raw)]


def _answered_on(cells: Mapping[str, str]) -> date | None:
    return civil_date(cells.get("resultdate", ""))


def _midnight(day: date | None, zone: tzinfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zone).astimezone(UTC)
