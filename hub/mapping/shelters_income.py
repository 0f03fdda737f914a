"""Income and benefits in HMIS rows: SNAP and WIC to food-assistance; no income, no health insurance to screening.

A row says how it was on its InformationDate, at entry, exit or in between (DataCollectionStage): each is a fact of its own, and
the newest counts. `BenefitsFromAnySource` 0 says no to SNAP and WIC where these are left empty; where one of them is 1, that counts
and the answers differ. What a field means for a need is in tables/needs.csv (`hmis`): told by the person (`reported`). Amounts,
and from which source income comes, are not read: no need hangs on them.

Source: HUD HMIS CSV Format Specifications, IncomeBenefits.csv; social-standards.md §1.1, §2 (SNAP / WIC in data), R13.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from hub.domain.events import Coded, FoodAssistance, Screening, YesNo
from hub.mapping.need_table import need_of
from hub.mapping.program import Mapped, accepted, hard_stop, ignored
from hub.mapping.shelters_facts import STOP, Cells, Facts, Where, needed

__all__ = ["Income"]

_YES_NO: dict[str, YesNo] = {"0": "no", "1": "yes"}
_BENEFITS: tuple[Literal["snap"], Literal["wic"]] = ("snap", "wic")
_NEEDS = ("IncomeFromAnySource", "InsuranceFromAnySource")
_DIFFER = "answers-differ"


class Income:
    """Takes a row's cells, position and original, and gives its outcomes."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._system = f"HMIS-IncomeBenefits-{facts.export.dialect}"

    def benefits(self, cells: Cells, where: Where, raw: bytes) -> list[Mapped]:
        facts = self._facts
        if facts.stopped(facts.enrollment_of(cells)):
            return [hard_stop(STOP, where, FoodAssistance.kind)]
        day, number, found = facts.past_day(cells, "informationdate"), needed(cells, "incomebenefitsid"), list[Mapped]()
        none = cells.get("benefitsfromanysource") == "0"
        for program in _BENEFITS:
            enrolled = _YES_NO.get(cells.get(program, ""), "no" if none and not cells.get(program) else None)
            if enrolled is not None:
                issues = (_DIFFER,) if none and enrolled == "yes" else ()
                event = self._benefit(cells, number, program, enrolled, day)
                found.append(accepted(event, where, raw)._replace(issues=issues))
        needs = (self._need(cells, number, column, day) for column in _NEEDS)
        found += [accepted(need, where, raw) for need in needs if need is not None]
        return found or [ignored("no-answer", where, raw, FoodAssistance.kind)]

    def _benefit(
        self, cells: Cells, number: str, program: Literal["snap", "wic"], enrolled: YesNo, day: date
    ) -> FoodAssistance:
        facts, need = self._facts, need_of("food", program, enrolled)
        return FoodAssistance(
            **facts.fields(cells, facts.stamp.fact_key(FoodAssistance.kind, number, program), occurred_on=day),
            program=program,
            enrolled=enrolled,
            category=need.category if need else None,
            signal=need.signal if need else None,
        )

    def _need(self, cells: Cells, number: str, column: str, day: date) -> Screening | None:
        """None where the answer says nothing (8, 9, 99, empty)."""
        facts, code = self._facts, cells.get(column.lower(), "")
        need = need_of("hmis", column, code)
        if need is None:
            return None
        return Screening(
            **facts.fields(cells, facts.stamp.fact_key(Screening.kind, number, column), occurred_on=day),
            category=need.category,
            indicates_need=need.indicates_need,
            question=Coded(code=column, system=self._system),
            answer=Coded(code=code, system=self._system, mapped=need.category),
            final=True,
            signal=need.signal,
        )
