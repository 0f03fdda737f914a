"""Race and ethnicity as told: codes and words to groups, by dated tables; never guessed, never merged.

One set of tables (tables/): `race_codes.csv` what a code or word means (CDCREC with HL7 tables 0005 and 0189, NullFlavor and
data-absent reasons, CVRS, HMIS, PRAPARE, words), `cdcrec.csv` to which group a detailed code belongs, `race_fields.csv` where
sources keep it (HMIS columns by year, FHIR extensions), `race_views.csv` what OMB 1997 and SPD-15 of 2024 make of a group.
A row holds from `valid_from` until `valid_until`, both included; without them always.

Absences stay apart (unknown, asked but unknown, declined, not asked, withheld by policy or law): none is a group, and no
absence is `not-hispanic`. A race typed into the ethnicity field tells no ethnicity (health-standards.md §8 R26). One
combined question (SPD-15) may tell `hispanic` in the race field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from hub.domain.event_parts import (
    Absence,
    Performer,
    RaceEthnicity,
    RaceGroup,
    RaceMethod,
    RaceStandard,
    ReportedBy,
)
from hub.domain.tables import keyed, rows

__all__ = [
    "ETHNICITIES", "GROUPS", "RACES", "Field", "HmisColumn", "Meant", "contradicts", "extension_urls", "hmis_columns", "in_force",
    "meant", "not_asked", "reporter", "told",
]  # fmt: skip

Field = Literal["race", "ethnicity"]
GROUPS: tuple[RaceGroup, ...] = ("aian", "asian", "black", "nhpi", "white", "mena", "other", "hispanic", "not-hispanic")
ETHNICITIES = frozenset({"hispanic", "not-hispanic"})
RACES = frozenset(GROUPS) - ETHNICITIES
_ABSENCES: tuple[Absence, ...] = ("declined", "asked-unknown", "withheld", "not-asked", "unknown")
"""The most telling first: who declined was asked."""
_MEMORABLE = 200  # characters: what a hostile source writes is not kept in memory


class Meant(NamedTuple):
    """What one value means: `groups`, or the reason why it is none; `detail`: its code where it is finer than its group."""

    groups: tuple[str, ...]
    absence: str
    detail: str = ""


class HmisColumn(NamedTuple):
    """A column of HMIS Client.csv: the half of the question, the group that 1 means (empty: a list of its own)."""

    name: str
    field: Field
    group: str
    standard: RaceStandard


def in_force(row: Mapping[str, str], on: date | None) -> bool:
    """Whether a row of a dated table holds on a day; on no day in particular every row does."""
    if on is None:
        return True
    day = on.isoformat()
    return (not row["valid_from"] or row["valid_from"] <= day) and (not row["valid_until"] or day <= row["valid_until"])


def meant(field: Field, value: str, system: str = "", on: date | None = None) -> Meant | None:
    """What a code or word means in a field, exact and case-free; None where no row says. `system`: HMIS has numbers of its
    own, which mean nothing elsewhere."""
    if len(value) > _MEMORABLE:
        return None
    return _meant(field, value.strip().upper(), system, on)


def contradicts(field: Field, code: str, text: str) -> bool:
    """Whether a code and the text beside it tell different groups (`2135-2^Non Hispanic`): then the code is right."""
    coded, said = meant(field, code), meant(field, text)
    return coded is not None and said is not None and bool(said.groups) and set(coded.groups).isdisjoint(said.groups)


def told(
    races: Iterable[str],
    ethnicities: Iterable[str],
    *,
    reported_by: ReportedBy = "administrative",
    on: date | None = None,
) -> tuple[RaceEthnicity | None, tuple[str, ...]]:
    """A report out of what stands in the two fields, and what is odd about it (`race-in-ethnicity`, `unmapped-race`,
    `unmapped-ethnicity`, `ethnicity-contradicts`). None when nothing at all was sent."""
    sent = tuple(filter(None, races)), tuple(filter(None, ethnicities))
    if sum(map(len, sent[0])) + sum(map(len, sent[1])) > _MEMORABLE:
        return _told(*sent, reported_by, on)
    return _told_before(*sent, reported_by, on)


def reporter(method: RaceMethod | None, performer: Performer | None) -> ReportedBy:
    """Whose word a report is, by how it was learnt and who gave it (social-standards.md 15). Self-reported, but written by
    a professional, is administrative; so is whatever does not say."""
    if method == "derived":
        return "derived"
    if performer == "person" and method in (None, "self-reported"):
        return "self"
    if performer == "related-person" or (performer is None and method == "reported-by-related-person"):
        return "related-person"
    return "self" if performer is None and method == "self-reported" else "administrative"


@lru_cache(maxsize=4)
def not_asked(standard: RaceStandard | None) -> tuple[RaceGroup, ...]:
    """Groups that a question under a standard does not offer: OMB 1997 knows no Middle Eastern or North African."""
    found = {row["group"] for row in rows("race_views") if row["standard"] == standard and row["offered"] == "no"}
    return tuple(group for group in GROUPS if group in found and group != "other")


@lru_cache(maxsize=1)
def hmis_columns() -> Mapping[str, HmisColumn]:
    """Columns of HMIS Client.csv of every year (FY2022, FY2024, FY2026), by their name in lower case."""
    return {
        row["name"].lower(): HmisColumn(
            row["name"], cast(Field, row["field"]), row["group"], cast(RaceStandard, row["standard"])
        )
        for row in rows("race_fields")
        if row["kind"] == "hmis-column"
    }


@lru_cache(maxsize=2)
def extension_urls(field: Field) -> frozenset[str]:
    """URLs of the FHIR extensions that hold race or ethnicity: US Core, and what ReportStream and SimpleReport send."""
    return frozenset(
        row["name"] for row in rows("race_fields") if row["kind"] == "fhir-extension" and row["field"] == field
    )


def _told(
    races: tuple[str, ...], ethnicities: tuple[str, ...], reported_by: ReportedBy, on: date | None
) -> tuple[RaceEthnicity | None, tuple[str, ...]]:
    if not races and not ethnicities:
        return None, ()
    as_race = [(value, meant("race", value, on=on)) for value in races]
    as_ethnicity = [(value, meant("ethnicity", value, on=on)) for value in ethnicities]
    misplaced = [value for value, known in as_ethnicity if known is None and _is_race(value)]
    issues: tuple[str, ...] = (
        "race-in-ethnicity" if misplaced else "",
        "unmapped-race" if any(known is None for _, known in as_race) else "",
        "unmapped-ethnicity" if any(known is None for value, known in as_ethnicity if value not in misplaced) else "",
    )
    known = [known or _UNKNOWN for _, known in (*as_race, *as_ethnicity)]
    groups = {group for each in known for group in each.groups}
    race = _absence((each or _UNKNOWN).absence for _, each in as_race)
    ethnicity = _absence((each or _UNKNOWN).absence for _, each in as_ethnicity)
    if groups >= ETHNICITIES:  # nobody is both: which field is right cannot be told
        groups, ethnicity = groups - ETHNICITIES, ethnicity or "unknown"
        issues = (*issues, "ethnicity-contradicts")
    report = RaceEthnicity(
        groups=tuple(group for group in GROUPS if group in groups),
        absence=None if groups else cast(Absence, _absence((race, ethnicity)) or "unknown"),
        reported_by=reported_by,
        race_absence=cast(Absence, race) if race and not groups & RACES else None,
        ethnicity_absence=cast(Absence, ethnicity) if ethnicity and not groups & ETHNICITIES else None,
        details=tuple(sorted({each.detail for each in known if each.detail})),
    )
    return report, tuple(issue for issue in issues if issue)


_told_before = lru_cache(maxsize=4096)(_told)  # a source tells the same few answers over and over


def _absence(words: Iterable[str]) -> str:
    found = set(words)
    return next((word for word in _ABSENCES if word in found), "")


def _is_race(value: str) -> bool:
    known = meant("race", value)
    return known is not None and bool(RACES.intersection(known.groups))


_UNKNOWN = Meant((), "unknown")


@lru_cache(maxsize=4096)
def _meant(field: Field, value: str, system: str, on: date | None) -> Meant | None:
    for row in _codes().get((system == "HMIS", field, value), ()):
        if in_force(row, on):
            finer = "." in keyed("cdcrec", "code", "hierarchy").get(value, "")
            return Meant(tuple(row["groups"].split()), row["absence"], value if finer else "")
    if field == "race" and (group := keyed("cdcrec", "code", "group").get(value)):
        return Meant((group,), "", value)
    return _between(field, value) if system != "HMIS" else None


def _between(field: Field, value: str) -> Meant | None:
    """A code within a stretch of codes that one row names: `2137-8..2184-0`."""
    number, dash, check = value.partition("-")
    if not (dash and len(number) == 4 and number.isascii() and number.isdigit() and len(check) == 1):
        return None
    for first, last, row in _stretches():
        if row["field"] == field and first <= int(number) <= last and check == _check_digit(number):
            return Meant(tuple(row["groups"].split()), row["absence"], value)
    return None


def _check_digit(number: str) -> str:
    """Of a CDCREC code, as of LOINC: mod 10 (health-standards.md: `2135-2`, `2186-5`)."""
    doubled = [int(digit) * (1 if place % 2 else 2) for place, digit in enumerate(reversed(number))]
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


@lru_cache(maxsize=1)
def _codes() -> Mapping[tuple[bool, str, str], tuple[Mapping[str, str], ...]]:
    found: dict[tuple[bool, str, str], tuple[Mapping[str, str], ...]] = {}
    for row in rows("race_codes"):
        key = (row["system"] == "HMIS", row["field"], row["value"])
        found[key] = (*found.get(key, ()), row)
    return found


@lru_cache(maxsize=1)
def _stretches() -> tuple[tuple[int, int, Mapping[str, str]], ...]:
    found = [(row["value"].partition(".."), row) for row in rows("race_codes") if ".." in row["value"]]
    return tuple((int(first[:4]), int(last[:4]), row) for (first, _, last), row in found)
