"""Answers in HMIS rows: where somebody lives (at entry, at exit, at a contact).

An answer that says nothing (does not know, prefers not to say, not collected, no exit interview, worker unable) is no event, so it
never stands over a known one (social-standards.md R9). A code that the lists do not have is kept as `unknown`, with an issue.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Literal, cast

from hub.domain.events import Coded, LivingSituation, Situation
from hub.domain.trusted import Trusted
from hub.mapping.program import Mapped, NotMapped, accepted, hard_stop, ignored
from hub.mapping.shelters_exits import planned
from hub.mapping.shelters_facts import AHEAD, STOP, Cells, Facts, Where, day_of, needed
from hub.mapping.shelters_lists import UNKNOWN_CODE
from hub.mapping.tables import keyed

__all__ = ["Answers"]

_SYSTEM = "HMIS-3.12"


class Answers:
    """Each method takes a row's cells, position and original, and gives its outcomes."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        dialect = facts.export.dialect
        self._codes = f"{_SYSTEM}-{dialect}"
        self._situations = _situations(fy2022=dialect == "FY2022")
        self._known: dict[str, Coded] = {}
        self.built = Trusted(LivingSituation)
        """Every event is given all fields of an event, `situation` and `code`."""

    def lived(
        self,
        cells: Cells,
        told: Literal["entry", "exit", "contact"],
        key: str,
        day: date,
        code: str,
        where: Where,
        raw: bytes,
    ) -> list[Mapped]:
        """A living situation, or nothing where the answer says nothing."""
        if not code or (situation := self._situations.get(code, "unknown")) is None:
            return []
        facts = self._facts
        fields = facts.fields(cells, facts.stamp.fact_key("living-situation", told, key), occurred_on=day)
        fields["situation"], fields["code"] = situation, self._coded(code, situation)
        odd = () if code in self._situations else (UNKNOWN_CODE,)
        return [accepted(self.built(fields), where, raw, issues=odd)]

    def _coded(self, code: str, situation: Situation) -> Coded:
        """One object for all who gave this answer, where it is one of the list."""
        known = self._known.get(code)
        if known is None:
            known = Coded(code=code, system=self._codes, mapped=situation)
            if code in self._situations:
                self._known[code] = known
        return known

    def exit(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        facts = self._facts
        if facts.stopped(facts.enrollment_of(cells)):
            return [hard_stop(STOP, where, "living-situation")]
        left_on = day_of(cells, "exitdate")
        if not planned(left_on, facts.today) and not cells.get("datedeleted"):
            raise NotMapped(AHEAD, field="exitdate")
        lived = self.lived(cells, "exit", cells["enrollmentid"], left_on, cells.get("destination", ""), where, raw)
        return lived or [ignored("no-answer", where, raw, "living-situation")]

    def living(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        facts = self._facts
        if facts.stopped(facts.enrollment_of(cells)):
            return [hard_stop(STOP, where, "living-situation")]
        day, key = facts.past_day(cells, "informationdate"), needed(cells, "currentlivingsitid")
        lived = self.lived(cells, "contact", key, day, cells.get("currentlivingsituation", ""), where, raw)
        return lived or [ignored("no-answer", where, raw, "living-situation")]


@lru_cache(maxsize=2)
def _situations(*, fy2022: bool) -> Mapping[str, Situation | None]:
    """Code as sent to what it says; None for the codes that say nothing (8, 9, 99, 30, 37, 17, 24)."""
    words = keyed("living_situations", "code", "situation")
    said = {code: cast(Situation, word) if word else None for code, word in words.items()}
    if not fy2022:
        return said
    newer = keyed("living_situations_fy2022", "code", "fy2024_code")
    return {code: said[now] for code, now in newer.items() if now in said}
