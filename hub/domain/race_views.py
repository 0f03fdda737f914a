"""One answer on race and ethnicity, shown under both federal standards: OMB 1997 and SPD-15 of 2024 (tables/race_views.csv).

A person stands in the tallies under the whole set of what they told (`word_of`), so that a view is worked out of totals and
a change of a standard's table needs no person's history. Of each view (social-standards.md 16):

- `omb-1997`, `omb-1997-ethnicity`, `spd-15-2024`: everybody once: in a group alone, `multiracial`, or `unknown`;
- `…-any`: a group alone or in combination: who told two stands in both;
- `race-told`, `ethnicity-told`: whether it was told at all: `known`, `conflict`, or why not; `mena-asked`: whether the question
  that decided offered Middle Eastern or North African (`no` for HMIS FY2022), so that nobody reads white as not MENA.

Under SPD-15 Hispanic is one of the groups; under OMB 1997 it is a question of its own and Middle Eastern or North African
is White.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from hub.domain.race_ethnicity import ETHNICITIES, GROUPS
from hub.domain.race_reports import Resolved
from hub.domain.tables import rows

__all__ = ["COMPLETENESS", "TOLD", "TOLD_BY", "VIEWS", "in_views", "view_totals", "word_of"]

TOLD, TOLD_BY = "told", "told-"
"""Dimension, and beginning of the indicator, of the tallies that count whole answers (`told-vaccinated|47065|told|…`): the views
are made of them. An indicator of their own: nobody is counted twice under `vaccinated`."""
VIEWS = ("omb-1997", "omb-1997-any", "omb-1997-ethnicity", "spd-15-2024", "spd-15-2024-any")
COMPLETENESS = ("race-told", "ethnicity-told", "mena-asked")
_CONFLICT, _MENA_NOT_ASKED = "!conflict", "~mena"


def word_of(found: Resolved) -> str:
    """A whole answer as one word: races `+` joined / ethnicities, `?why` for a half that is not told, and what is to be said
    of it (`~mena` not offered, `!conflict`): `asian+white/not-hispanic`, `?declined/hispanic~mena`."""
    races = "+".join(group for group in GROUPS if group in found.races)
    ethnicities = "+".join(group for group in GROUPS if group in found.ethnicities)
    race = races or (f"?{found.race_absence}" if found.race_absence else "")
    ethnicity = ethnicities or (f"?{found.ethnicity_absence}" if found.ethnicity_absence else "")
    marks = (_MENA_NOT_ASKED if "mena" in found.not_asked else "") + (_CONFLICT if found.conflict else "")
    return f"{race}/{ethnicity}{marks}"


class _Answer(NamedTuple):
    groups: frozenset[str]
    why_no_race: str
    why_no_ethnicity: str
    conflict: bool
    mena_asked: bool


def view_totals(totals: Mapping[str, int]) -> dict[str, int]:
    """Totals of every view and of completeness, out of the totals of whole answers."""
    found: Counter[str] = Counter()
    for stratum, count in totals.items():
        indicator, area, dimension, word = stratum.split("|")
        if dimension == TOLD and count:
            for view, group in in_views(word):
                found[f"{indicator.removeprefix(TOLD_BY)}|{area}|{view}|{group}"] += count
    return dict(found)


@lru_cache(maxsize=4096)
def in_views(word: str) -> tuple[tuple[str, str], ...]:
    """(view, group) of everything in which a person of this answer stands."""
    answer = _answer(word)
    return (*_of_views(answer), *_of_completeness(answer))


def _of_views(answer: _Answer) -> Iterator[tuple[str, str]]:
    ethnic = {_shown("omb-1997")[group] for group in answer.groups & ETHNICITIES}
    race = {_shown("omb-1997")[group] for group in answer.groups - ETHNICITIES}
    combined = {shown for group in answer.groups if (shown := _shown("spd-15-2024")[group])}
    for view, groups in (("omb-1997", race), ("spd-15-2024", combined)):
        yield view, _alone(groups)
        yield from ((f"{view}-any", group) for group in sorted(groups) or ["unknown"])
    yield "omb-1997-ethnicity", "hispanic" if "hispanic" in ethnic else _alone(ethnic)


def _alone(groups: set[str]) -> str:
    return "multiracial" if len(groups) > 1 else next(iter(groups), "unknown")


def _of_completeness(answer: _Answer) -> Iterator[tuple[str, str]]:
    for view, why in (("race-told", answer.why_no_race), ("ethnicity-told", answer.why_no_ethnicity)):
        yield view, why or ("conflict" if answer.conflict else "known")
    if not answer.why_no_race:
        yield "mena-asked", "not-said" if answer.mena_asked else "no"


def _answer(word: str) -> _Answer:
    plain = word.removesuffix(_CONFLICT)
    bare = plain.removesuffix(_MENA_NOT_ASKED)
    race, _, ethnicity = bare.partition("/")
    groups = [part for half in (race, ethnicity) if not half.startswith("?") for part in half.split("+") if part]
    return _Answer(
        frozenset(groups),
        race[1:] if race.startswith("?") else "",
        ethnicity[1:] if ethnicity.startswith("?") else "",
        plain != word,
        bare == plain,
    )


@lru_cache(maxsize=2)
def _shown(standard: str) -> Mapping[str, str]:
    return {row["group"]: row["shown_as"] for row in rows("race_views") if row["standard"] == standard}
