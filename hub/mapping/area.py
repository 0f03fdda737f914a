"""Where a person lives, told by what: the order of health-standards.md §8 R28, with the source kept.

1. a FIPS county code in the address (PID-11.9, `recip_address_county`, a FHIR district), 2. the county that was asked for
(OBX 87721-7), 3. the name of a county with its state, 4. the ZIP, where it lies in one county alone. A ZIP that reaches into
several counties leaves the county open (`ambiguous`), as does a name that two counties bear unless the ZIP says which.
Always of the residence, never of the clinic or the laboratory.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from hub.domain.event_parts import CountySource
from hub.mapping.places import (
    counties_named,
    counties_of_zip,
    county_code,
    known_county,
    postal_code,
    state_code,
    zip_fits,
)
from hub.mapping.tables import keyed

__all__ = ["Area", "area"]

_MEMORABLE = 120  # characters: what a hostile source writes is not kept in memory


class Area(NamedTuple):
    """State (USPS), ZIP (5 digits) and county (FIPS, 5 digits) of residence; `county_source` is None where nothing told of a
    county. `issues`: `county-not-in-state`, `unknown-county`, `zip-not-in-state`, `unreadable-zip`."""

    state: str | None
    postal_code: str | None
    county: str | None
    county_source: CountySource | None
    issues: tuple[str, ...] = ()


def area(state: str, zip_text: str, county: str = "", asked: str = "") -> Area:
    """The area of a residence out of what a source wrote: state (code or word), ZIP, county (code or name) and the county
    given as an answer (code or name); each empty where it was not told."""
    if len(state) + len(zip_text) + len(county) + len(asked) > _MEMORABLE:
        return _area(state, zip_text, county, asked)
    return _area_before(state, zip_text, county, asked)


def _area(state: str, zip_text: str, county: str, asked: str) -> Area:
    home = state_code(state)
    code = postal_code(zip_text, home)
    misplaced = bool(code and home and not zip_fits(code, home))
    found, source = _county(home, "" if misplaced else code or "", county, asked)
    told = (
        "unreadable-zip" if zip_text.strip() and code is None else "",
        "zip-not-in-state" if misplaced else "",
        "county-not-in-state" if found and home and keyed("states", "state", "fips")[home] != found[:2] else "",
        "unknown-county" if _unheard_of(found, source, county, asked) else "",
    )
    return Area(home, code, found, source, tuple(issue for issue in told if issue))


_area_before = lru_cache(maxsize=8192)(_area)  # a source tells the same few thousand places over and over


def _county(state: str | None, zip_code: str, county: str, asked: str) -> tuple[str | None, CountySource | None]:
    if coded := county_code(county, state):
        return coded, "county-code"
    if answered := county_code(asked, state):
        return answered, "asked"
    in_zip = counties_of_zip(zip_code)
    for text in (county, asked):
        named = counties_named(text, state)
        meant = named if len(named) == 1 else named & in_zip
        if len(meant) == 1:
            return next(iter(meant)), "county-name"
        if named:
            return None, "ambiguous"
    if len(in_zip) == 1:
        return next(iter(in_zip)), "zip"
    return None, "ambiguous" if in_zip else None


def _unheard_of(found: str | None, source: CountySource | None, county: str, asked: str) -> bool:
    """A county was told that no table knows: a code that is taken all the same, or a text that is none."""
    if source in ("county-code", "asked"):
        return not known_county(found or "")
    return bool(county.strip() or asked.strip()) and source not in ("county-name", "ambiguous")
