"""Visits to food pantries: a network's export, a row a person and visit or a row a household, to food-assistance.

A visit at which food was handed over is proof that food reached this person (`delivered`); an application, a voucher or a visit
whose kind no row decides is not. Who is anonymous counts for the area and becomes nobody; so does a row of a household that names
no person (social-standards.md R11, R12): a household is not a person. The household's SNAP answer is a fact of its own. The
pantry's household travels as a token with its size, apart from what any other source calls the household of the same person.

What a visit says of needs is decided by tables/needs.csv: who asks for food has said so (`reported`); who is fed may be in need
(`inferred`), which is never a record of need.

A visit is known by its number, else by person, day, place and kind (food, a meal, asked for, neither): small pantries record one
visit a client and day, and a request of that day beside it. Anonymous visits without number that read alike are as many as there
are in the file. Race and ethnicity are kept as told, `Didn't Ask`, `Don't Know` and `Prefer Not to Answer` as the absences they are
(R15).

Options beside those of hub.mapping.lists: `state`.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any, Literal, NamedTuple, cast

from hub.domain.events import FoodAssistance, RaceEthnicity, YesNo
from hub.mapping.lists import Line, Lister, ListKind, ListProgram
from hub.mapping.lists_person import Somebody, nobody, somebody
from hub.mapping.lists_shared import SharedIds
from hub.mapping.need_table import need_of
from hub.mapping.program import Mapped, NotMapped, Program, accepted, ignored
from hub.mapping.race import read_race

__all__ = ["LIST", "PROGRAM"]

_TELLING = ("person", "household", "family_name", "full_name", "visit_type", "visit")
LIST = ListKind(
    "food-pantry",
    FoodAssistance.kind,
    (
        ("visit_day", *_TELLING),
        ("visit_day",),
        _TELLING,
    ),  # one of them is there: it is such a list, and lacks the other
    voided=("status", "void"),
)
_SERVED, _VOID = 1, 2
_MOST_DIGITS = 3


class _Kind(NamedTuple):
    program: Literal["pantry", "meal-delivery"]
    delivered: bool
    issue: str = ""
    asked: bool = False

    @property
    def without_food(self) -> tuple[str, ...]:
        """What tells a visit that handed out no food from one of that day that did: it replaces it in no order."""
        return () if self.delivered else ("asked" if self.asked else "no-food",)


_KINDS = {
    "food": _Kind("pantry", True),
    "anonymous": _Kind("pantry", True),
    "meal": _Kind("meal-delivery", True),
    "no-food": _Kind("pantry", False),
    "asked": _Kind("pantry", False, asked=True),
}


class _Mapper:
    def __init__(self, lister: Lister) -> None:
        self._stamp = lister.stamp
        self._state = str(lister.context.options.get("state", ""))
        self._alike: Counter[str] = Counter()
        self._shared = SharedIds()

    def look(self, line: Line) -> None:
        """Note which ids this list has for two people: often a household's, given to each of its members."""
        self._shared.look(self._who(line, line.word("visit_type")))

    def _who(self, line: Line, word: str | None) -> Somebody:
        return nobody(line, self._state) if word == "anonymous" else somebody(line, self._state)

    def map_line(self, line: Line) -> list[Mapped]:
        day = line.past_day("visit_day")
        if day is None:
            return [ignored("no-visit", line.where, line.raw, FoodAssistance.kind)]  # registered, never served
        word = line.word("visit_type")
        kind = (
            _KINDS.get(word or "", _Kind("pantry", False, "unmapped-visit-type"))
            if line["visit_type"]
            else _KINDS["food"]
        )
        who = self._who(line, word)
        self._shared.one_person(line, who)
        status = line.word("status") if line["status"] else "served"
        if status is None:
            raise NotMapped("unmapped-code", field=line.column("status"))
        race, race_issues = _race(line)
        size, size_issues = _household_size(line)
        issues = (*who.issues, *race_issues, *size_issues, *((kind.issue,) if kind.issue else ()))
        event = self._event(line, self._visit(line, who, day, kind), who, day, race, status == "void", kind)
        found = [event.model_copy(update={"household_size": size}) if size is not None else event]
        snap = line.word("snap")
        if snap is not None and who.key[0]:
            key = self._stamp.fact_key(FoodAssistance.kind, "snap", *who.key, f"{day}")
            common = self._common(line, key, who, day, status == "void")
            need = need_of("food", "snap", snap)
            said: dict[str, Any] = {} if need is None else {"category": need.category, "signal": need.signal}
            found.append(
                FoodAssistance(**common, race_ethnicity=race, program="snap", enrolled=cast(YesNo, snap), **said)
            )
        return [accepted(event, line.where, line.raw)._replace(issues=issues) for event in found]

    def _visit(self, line: Line, who: Somebody, day: date, kind: _Kind) -> str:
        if line["visit"]:
            native: tuple[str, ...] = ("visit", line["visit"], *who.key)
        elif who.key[0]:
            native = ("day", line["site"], f"{day}", kind.program, *kind.without_food, *who.key)
        else:  # nobody's: the first, second … of this file that says so
            told = line.content()
            self._alike[told] += 1
            native = ("nobody", told, *((f"{self._alike[told]}",) if self._alike[told] > 1 else ()))
        return self._stamp.fact_key(FoodAssistance.kind, *native)

    def _event(
        self, line: Line, key: str, who: Somebody, day: date, race: RaceEthnicity | None, void: bool, kind: _Kind
    ) -> FoodAssistance:
        need = need_of("food", kind.program, "delivered" if kind.delivered else "asked" if kind.asked else "")
        return FoodAssistance(
            **self._common(line, key, who, day, void),
            race_ethnicity=race,
            program=kind.program,
            enrolled="yes",
            delivered=kind.delivered,
            category=None if need is None else need.category,
            signal=None if need is None else need.signal,
            household=self._stamp.token("household", line["household"]) if line["household"] else None,
        )

    def _common(self, line: Line, key: str, who: Somebody, day: date, void: bool) -> dict[str, Any]:
        stamped = self._stamp.fields(
            key,
            source_person=self._stamp.person(*who.key) if who.key[0] else None,
            changed_at=line.changed(),
            status_rank=_VOID if void else _SERVED,
            content=line.content(),
            occurred_on=day,
            active=not void,
        )
        return {**stamped, "person": who.block, "county_source": who.county_source}


def _household_size(line: Line) -> tuple[int | None, tuple[str, ...]]:
    """People in the household: as told, else adults and children together; a number that is none is left out."""
    told = [line["household_size"]] if line["household_size"] else [line["adults"], line["children"], line["seniors"]]
    given = [text for text in told if text]
    if not all(text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS for text in given):
        return None, ("unreadable-household-size",)
    size = sum(map(int, given))
    return (size, ()) if size else (None, ())


def _race(line: Line) -> tuple[RaceEthnicity | None, tuple[str, ...]]:
    """Where there is one column for both (Link2Feed calls it Ethnicity), it is read as whichever its label is."""
    if line.column("race") or not line["ethnicity"]:
        return read_race([line["race"]], [line["ethnicity"]])
    as_ethnicity, as_race = read_race([], [line["ethnicity"]]), read_race([line["ethnicity"]], [])
    return as_race if as_race[0] is not None and as_race[0].groups else as_ethnicity


PROGRAM: Program = ListProgram(LIST, _Mapper)
