"""An HMIS client: identifiers with their own data quality, race and ethnicity as one multi-select set.

Identifiers that are hashed, placeholders or said to be unreliable are left out rather than linked on. FY2022 did not
ask for Middle Eastern or North African, and its Ethnicity 8, 9, 99 is an absence, never `not Hispanic`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from datetime import date
from functools import lru_cache

from hub.domain.events import PersonBlock, RaceEthnicity
from hub.domain.placeholders import real_birth_date
from hub.domain.race_ethnicity import ETHNICITIES, RACES, Field, Meant, hmis_columns, meant, not_asked
from hub.domain.trusted import Trusted
from hub.mapping.dates import civil_date
from hub.mapping.race import report
from hub.mapping.shelters_hashed import is_digest

__all__ = ["born_on", "client_block", "client_race"]

Cells = Mapping[str, str]

_RELIABLE = frozenset({"", "1", "2"})


def born_on(cells: Cells, exported: date | None) -> tuple[date | None, tuple[str, ...]]:
    """Day of birth of a Client row, and what is odd about it: none where it is unreadable, a placeholder, or after the export."""
    text = cells.get("dob", "")
    told = civil_date(text)
    if told is None:
        return None, ("unreadable-birth-date",) if text else ()
    born = real_birth_date(told)
    if born is None:
        return None, ("placeholder-birth-date",)
    return (None, ("born-after-export",)) if exported is not None and born > exported else (born, ())


def client_block(cells: Cells, born: date | None, placeholder_ssns: Set[str], county: str | None) -> PersonBlock:
    """Identifiers of a Client row.

    `county`: FIPS code of the area that this HMIS serves, from the connector's settings.
    """
    named = cells.get("namedataquality", "") in _RELIABLE
    return _block({
        "given_name": _clear(cells, "firstname") if named else None,
        "middle_name": _clear(cells, "middlename") if named else None,
        "family_name": _clear(cells, "lastname") if named else None,
        "suffix": _clear(cells, "namesuffix") if named else None,
        "birth_date": born,
        "birth_date_partial": born is not None and cells.get("dobdataquality", "") not in ("", "1"),
        "sex": _sex(cells),
        "ssn": _ssn(cells, placeholder_ssns),
        "county": county,
        "local_id": cells["personalid"],
    })  # fmt: skip


_block = Trusted(PersonBlock)


def _clear(cells: Cells, name: str) -> str | None:
    """A value in clear text; a hash is no name, whatever HashStatus says."""
    value = cells.get(name, "")
    return None if not value or is_digest(value) else value


def _ssn(cells: Cells, placeholders: Set[str]) -> str | None:
    """Nine digits that are somebody's; partial, repeated (000000000) and well-known ones carry no weight."""
    value = cells.get("ssn", "").replace("-", "")
    whole = len(value) == 9 and value.isascii() and value.isdigit() and cells.get("ssndataquality", "") in ("", "1")
    if not whole or len(set(value)) == 1 or value in ("123456789", "987654321") or cells.get("ssn", "") in placeholders:
        return None
    return value


def _sex(cells: Cells) -> str | None:
    """FY2026 Sex (0 female, 1 male); before, the gender flags when exactly one of the two is set."""
    if "sex" in cells:
        return {"0": "F", "1": "M"}.get(cells["sex"])
    female, male = cells.get("female", cells.get("woman")) == "1", cells.get("male", cells.get("man")) == "1"
    return ("F" if female else "M") if female != male else None


_Race = tuple[RaceEthnicity, tuple[str, ...]]


def client_race(cells: Cells) -> _Race:
    """The report of a Client row and what is odd about it (`race-none-with-race`). A named group beats RaceNone; `not Hispanic`
    only where it was really said: Ethnicity 0 of FY2022, or the flag 0 beside a group that was chosen; Ethnicity 8, 9 and 99
    are absences. FY2022 did not offer Middle Eastern or North African (social-standards.md 16)."""
    names, read = _of_race(tuple(cells))
    answers = read(cells)
    if sum(map(len, answers)) > _MEMORABLE:
        return _race(dict(zip(names, answers, strict=True)))
    return _race_before(names, answers)


@lru_cache(maxsize=16)
def _of_race(names: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[[Cells], tuple[str, ...]]]:
    """The columns of a header that a report is made of, and what reads them."""
    told = tuple(name for name in names if name in hmis_columns() or name in _ASKED_FOR)
    return told, lambda cells: tuple([cells[name] for name in told])


@lru_cache(maxsize=4_096)
def _race_before(names: tuple[str, ...], answers: tuple[str, ...]) -> _Race:
    """People give the same few answers, and what is one object is written once (hub.bus.model_writer)."""
    return _race(dict(zip(names, answers, strict=True)))


def _race(cells: Cells) -> _Race:
    columns = [column for name, column in hmis_columns().items() if name in cells]
    groups = {column.group for column in columns if column.group and cells[column.name.lower()] == "1"}
    if cells.get("additionalraceethnicity") and not groups:
        groups.add("other")
    none = _list("race", cells.get("racenone", ""))
    odd = ("race-none-with-race",) if none and groups & RACES else ()
    standard = next((column.standard for column in columns if column.name in _OF_ONE_STANDARD), None)
    ethnicity = _list("ethnicity", cells.get("ethnicity", ""))
    if ethnicity is not None:
        groups |= set(ethnicity.groups)
    elif groups and "hispanic" not in groups and standard == "spd-15-2024" and _says_no(cells):
        groups.add("not-hispanic")
    why = none.absence if none else "not-asked"
    told = report(groups, [why], "administrative")
    return told.model_copy(
        update={
            "race_absence": None if groups & RACES else why,
            "ethnicity_absence": _why_no_ethnicity(groups, ethnicity, why),
            "standard": standard,
            "not_asked": not_asked(standard),
        }
    ), odd


_ASKED_FOR = frozenset({"additionalraceethnicity", "racenone", "ethnicity", "hispaniclatinaeo", "hispaniclatinao"})
_MEMORABLE = 40  # characters: codes; what a hostile source writes, or somebody in words, is not kept in memory
_OF_ONE_STANDARD = frozenset({"Ethnicity", "MidEastNAfrican", "HispanicLatinaeo", "HispanicLatinao"})


def _list(field: Field, value: str) -> Meant | None:
    return meant(field, value, "HMIS") if value else None


def _why_no_ethnicity(groups: set[str], ethnicity: Meant | None, why_no_race: str) -> str | None:
    if groups & ETHNICITIES:
        return None
    return ethnicity.absence if ethnicity is not None else why_no_race


def _says_no(cells: Cells) -> bool:
    return "0" in (cells.get("hispaniclatinaeo"), cells.get("hispaniclatinao"))
