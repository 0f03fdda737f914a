"""Who a row of a list speaks of: the person's id in the source, else name and birth date; else nobody, who counts for the area.
Of a source that may not share identifiers it is the id and filters."""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.event_parts import CountySource
from hub.domain.events import PersonBlock
from hub.domain.linkage.filters import filters_of
from hub.mapping.area import area
from hub.mapping.labs_csv_person import word
from hub.mapping.lists import Line
from hub.mapping.lists_hashed import HashedOnly
from hub.mapping.lists_values import plain_word
from hub.mapping.program import NotMapped

__all__ = ["Somebody", "nobody", "somebody"]


_UNNAMED = ("", "")


class Somebody(NamedTuple):
    """`key` names the person under the source (authority, id); empty for nobody. `named` tells two people under one id apart."""

    key: tuple[str, str]
    block: PersonBlock | None
    county_source: CountySource | None
    issues: tuple[str, ...]
    named: tuple[str, ...] = ()


def somebody(line: Line, state: str = "") -> Somebody:
    """The person of a row. `state`: of rows that name none, from the connector's settings. NotMapped (`filters-not-agreed`, or why
    the filters are refused) where a row has filters of nobody's agreement."""
    if line.hashed is not None:
        return _by_filters(line, line.hashed, state)
    if line["filters"]:
        raise NotMapped("filters-not-agreed", field=line.column("filters"))
    born = line.past_day("birth_date")
    given, family = line["given_name"], line["family_name"]
    if not given and not family:
        given, family = _split(line["full_name"])
    place = area(line["state"] or state, line["postal_code"], line["county"])
    home = PersonBlock(state=place.state, postal_code=place.postal_code, county=place.county)
    local_id = line["person"]
    if local_id:
        key = ("id", local_id)
    elif given and family and born:
        key = ("name-and-birth-date", f"{plain_word(family)}|{plain_word(given)}|{born}")
    else:
        return nobody(line, state)
    sex = word("sex", line["sex"]) if line["sex"] else None
    block = home.model_copy(
        update={
            "given_name": given or None,
            "middle_name": line["middle_name"] or None,
            "family_name": family or None,
            "suffix": line["suffix"] or None,
            "birth_date": born,
            "sex": sex,
            "phone": _phone(line["phone"]),
            "address_line": line["street"] or None,
            "city": line["city"] or None,
            "local_id": local_id or None,
        }
    )
    issues = (*place.issues, *(("unknown-sex",) if line["sex"] and sex is None else ()))
    return Somebody(key, block, place.county_source, issues, (plain_word(family), f"{born or ''}"))


def _by_filters(line: Line, hashed: HashedOnly, state: str) -> Somebody:
    """Who is known by the source's own number and by filters. Of a row with filters it must be told when it was written: only so
    those made under a new secret are newer than those before."""
    place = area(line["state"] or state, "", line["county"])
    text = line["filters"]
    block = PersonBlock(state=place.state, county=place.county, local_id=line.needed("person"), hashed=text or None)
    key = ("id", line["person"])
    if not text:
        return Somebody(key, block, place.county_source, (*place.issues, "no-filters"), _UNNAMED)
    if (refused := hashed.refused(text)) is not None:
        raise NotMapped(refused, field=line.column("filters"))
    line.needed("updated")
    alone = () if filters_of(text).fields else ("filters-without-evidence",)
    return Somebody(key, block, place.county_source, (*place.issues, *alone), _UNNAMED)


def nobody(line: Line, state: str = "") -> Somebody:
    """A row of no person: where they live, and nothing else of it."""
    place = area(line["state"] or state, line["postal_code"], line["county"])
    block = PersonBlock(state=place.state, postal_code=place.postal_code, county=place.county)
    known = place.state or place.postal_code or place.county
    return Somebody(("", ""), block if known else None, place.county_source, (*place.issues, "nobody"))


def _split(full: str) -> tuple[str, str]:
    """`Family, Given`, as lists print it; another order is not guessed: (given, family), both empty."""
    family, comma, given = full.partition(",")
    return (given.strip(), family.strip()) if comma else ("", "")


def _phone(text: str) -> str | None:
    digits = "".join(char for char in text if char in "0123456789")
    return (digits.removeprefix("1") if len(digits) == 11 else digits) if len(digits) >= 7 else None
