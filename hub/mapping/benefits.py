"""Status files of SNAP and WIC: who is enrolled in which benefit, to food-assistance.

A row of one benefit and its status, or a row a person with a column for each. Enrolment is never proof that food reached anybody:
`delivered` stays false. Pending, and on a waiting list, is not enrolled (Gravity's Program Enrollment Status); a status that no
row decides is rejected rather than guessed. The fact is a benefit of a person: a later status replaces an earlier one, by the row's
own change time, else its as-of day. SNAP and WIC rows may be used only for what the agreement names (social-standards.md R21).

Options beside those of hub.mapping.lists: `state`.
"""

from __future__ import annotations

from typing import Literal, cast

from hub.domain.events import FoodAssistance, YesNo
from hub.mapping.lists import Line, Lister, ListKind, ListProgram
from hub.mapping.lists_person import Somebody, somebody
from hub.mapping.lists_shared import SharedIds
from hub.mapping.need_table import need_of
from hub.mapping.program import Mapped, NotMapped, Program, accepted, ignored

__all__ = ["LIST", "PROGRAM"]

LIST = ListKind(
    "food-benefits",
    FoodAssistance.kind,
    (
        ("program", "snap", "wic"),
        ("status", "snap", "wic"),
        ("person", "full_name", "family_name"),
        ("begins", "as_of", "updated"),
    ),
    untold=frozenset({"updated", "as_of"}),
)
Benefit = Literal["snap", "wic"]
_BENEFITS: tuple[Benefit, ...] = ("snap", "wic")


class _Mapper:
    def __init__(self, lister: Lister) -> None:
        self._stamp = lister.stamp
        self._state = str(lister.context.options.get("state", ""))
        self._shared = SharedIds()

    def look(self, line: Line) -> None:
        """Note which ids this file has for two people: often a case number, given to each member of the household."""
        self._shared.look(somebody(line, self._state))

    def map_line(self, line: Line) -> list[Mapped]:
        who = somebody(line, self._state)
        if not who.key[0]:
            raise NotMapped("missing-key", field=line.column("person", "family_name", "full_name"))
        self._shared.one_person(line, who)
        told = self._told(line)
        if not told:
            return [ignored("no-answer", line.where, line.raw, FoodAssistance.kind)]
        return [
            accepted(self._event(line, who, *each), line.where, line.raw)._replace(issues=who.issues) for each in told
        ]

    def _told(self, line: Line) -> list[tuple[Benefit, YesNo]]:
        """(benefit, enrolled) of the row. Another benefit (TANF, Medicaid) tells nothing of food."""
        if not line.column("program"):
            return [(name, self._enrolled(line, name)) for name in _BENEFITS if line[name]]
        name = line.word("program")
        if name is None:
            raise NotMapped("unmapped-code" if line["program"] else "missing-key", field=line.column("program"))
        return [(name, self._enrolled(line, "status"))] if name in _BENEFITS else []

    def _enrolled(self, line: Line, field: str) -> YesNo:
        word = line.word(field)
        if word is None:
            raise NotMapped("unmapped-code" if line[field] else "missing-key", field=line.column(field))
        ends, seen = line.day("ends"), line.day("as_of") or line.day("begins")
        if word == "yes" and ends is not None and seen is not None and ends < seen:
            return "no"  # certified until a day that had passed when the file was written
        return cast(YesNo, word)

    def _event(self, line: Line, who: Somebody, benefit: Benefit, enrolled: YesNo) -> FoodAssistance:
        stamped = self._stamp.fields(
            self._stamp.fact_key(FoodAssistance.kind, benefit, *who.key),
            source_person=self._stamp.person(*who.key),
            changed_at=line.changed() or line.time("as_of") or line.time("begins"),
            status_rank=1,
            content=line.content(enrolled),
            occurred_on=line.past_day("as_of") or line.day("begins") or line.past_day("updated"),
        )
        need = need_of("food", benefit, enrolled)
        return FoodAssistance(
            **stamped,
            person=who.block,
            county_source=who.county_source,
            program=benefit,
            enrolled=enrolled,
            category=None if need is None else need.category,
            signal=None if need is None else need.signal,
            household=self._stamp.token("household", line["household"]) if line["household"] else None,
        )


PROGRAM: Program = ListProgram(LIST, _Mapper)
