"""Who a row of a laboratory CSV speaks of, and where they live: never where they were tested (`Site_of_care`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from hub.domain.event_parts import CountySource
from hub.domain.events import PersonBlock, RaceEthnicity
from hub.domain.placeholders import (
    PLACEHOLDER_BIRTH_DATE,
    PLACEHOLDER_ID,
    PLACEHOLDER_NAME,
    real_birth_date,
    real_id,
    real_names,
)
from hub.mapping.area import area
from hub.mapping.cells import ABSENT
from hub.mapping.places import state_code
from hub.mapping.race import read_race
from hub.mapping.tables import rows

__all__ = ["Patient", "patient", "residence_issue", "word"]

Fields = Mapping[str, str]

_BETWEEN = re.compile(r"\s*[;~|,]\s*")


class Patient(NamedTuple):
    """`key` names the person under the laboratory: its id, else name and birth date; empty where neither was told. Such a
    row counts for its area and becomes nobody."""

    key: tuple[str, ...]
    block: PersonBlock | None
    race: RaceEthnicity | None
    issues: tuple[str, ...]
    county_source: CountySource | None = None


def patient(cells: Fields, born: date | None) -> Patient:
    """The person of a row, its values by field name."""
    local_id = real_id(cells["local_id"])
    family, given = real_names(cells["family_name"], cells["given_name"])
    nobody = (
        PLACEHOLDER_ID if local_id != cells["local_id"] else "",
        PLACEHOLDER_NAME if (family, given) != (cells["family_name"], cells["given_name"]) else "",
        PLACEHOLDER_BIRTH_DATE if real_birth_date(born) != born else "",
    )
    born = real_birth_date(born)
    state, accented = _state(cells["state"])
    place = area(state or "", cells["postal_code"], cells["county"])
    county, zip_code = place.county, place.postal_code
    sex = word("sex", cells["sex"])
    race, race_issues = _race(cells)
    issues = (
        "state-accented" if accented else "",
        "unknown-state" if cells["state"] and state is None else "",
        "unknown-sex" if cells["sex"] and sex is None else "",
        *nobody,
        *place.issues,
        *race_issues,
    )
    told = tuple(issue for issue in issues if issue)
    if not (family or given or born):
        home = PersonBlock(state=state, postal_code=zip_code, county=county)
        return Patient((), home if state or zip_code or county else None, race, told, place.county_source)
    block = PersonBlock(
        given_name=given or None,
        middle_name=_further(cells["middle_name"]),
        family_name=family or None,
        suffix=_further(cells["suffix"]),
        birth_date=born,
        sex=sex,
        phone=_phone(cells["phone"]),
        email=cells["email"] if "@" in cells["email"] else None,
        address_line=cells["street"] or None,
        city=cells["city"] or None,
        state=state,
        postal_code=zip_code,
        county=county,
        local_id=local_id or None,
    )
    return Patient(_key(local_id, family, given, born), block, race, told, place.county_source)


def word(field: str, text: str) -> str | None:
    """What a word or code of this field stands for (tables/lab_csv_words.csv), exact and case-free; None when unknown."""
    return _words().get((field, text.strip().upper()))


def residence_issue(cells: Fields) -> str:
    """`unknown-residence` where a word or code says where somebody lives and nobody knows it."""
    told = cells["residence"]
    return "unknown-residence" if told and not (told.isdigit() or word("residence", told)) else ""


def _further(name: str) -> str | None:
    """A further part of a name; none where it is a word for nothing that is not of letters alone (`N/A`, `\\N`)."""
    return None if not name or (name in ABSENT and not name.isalpha()) else name


def _key(local_id: str, family: str, given: str, born: date | None) -> tuple[str, ...]:
    if local_id:
        return ("patient-id", local_id)
    if family and given and born:
        return ("name-and-birth-date", family.casefold(), given.casefold(), f"{born}")
    return ()


def _state(text: str) -> tuple[str | None, bool]:
    """The state, and whether it was only understood without its accents."""
    state = state_code(text)
    if state is not None or text.isascii():
        return state, False
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    state = state_code(plain)
    return state, state is not None


def _phone(text: str) -> str | None:
    digits = "".join(char for char in text if char in "0123456789")
    return (digits.removeprefix("1") if len(digits) == 11 else digits) if len(digits) >= 7 else None


def _race(cells: Fields) -> tuple[RaceEthnicity | None, tuple[str, ...]]:
    races = _BETWEEN.split(cells["race"] or cells["race_text"])
    ethnicities = _BETWEEN.split(cells["ethnicity"] or cells["ethnicity_text"])
    return read_race(races, ethnicities)


@lru_cache(maxsize=1)
def _words() -> Mapping[tuple[str, str], str]:
    return {(row["field"], row["word"]): row["code"] for row in rows("lab_csv_words")}
