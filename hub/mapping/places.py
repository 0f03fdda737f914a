"""Codes of places: state, ZIP and FIPS county out of what sources write, and what the dated tables say of them.

Tables: states.csv (ANSI INCITS 38), counties.csv (Census counties; 2018, with the territories and what Alaska divided
since), county_zips.csv (Census ZCTA to County Relationship File 2010: 33,120 ZIP code tabulation areas, 27 % of which reach
into several counties). A ZIP of post-office boxes or of one large customer has no tabulation area and so no county here.
Which of these decides where a person lives: hub.mapping.area.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from hub.mapping.tables import keyed, rows

__all__ = [
    "counties_named",
    "counties_of_zip",
    "county_code",
    "county_fips",
    "known_county",
    "postal_code",
    "state_code",
    "zip_fits",
]

_KIND = re.compile(r"\s+(county|parish|borough|census area|municipality|city and borough|municipio)$")
_CITY_OF, _SAINT, _BETWEEN = (
    re.compile(r"^city of (.+)$"),
    re.compile(r"^(saint|ste|st)\b\.?\s*"),
    re.compile(r"[\s.'’-]+"),
)
_SHORT_ZIP_STATES = frozenset({"CT", "MA", "ME", "NH", "NJ", "RI", "VT", "PR", "VI"})
_NOBODYS = frozenset({"000", "999"})
"""County parts that stand for a whole state or for unknown in federal files, and for no county."""


def state_code(text: str) -> str | None:
    """USPS code of a state given as code or full word; None when it is none."""
    word = text.strip()
    if len(word) == 2 and word.upper() in keyed("states", "state", "fips"):
        return word.upper()
    return _states_by_name().get(word.casefold())


def postal_code(text: str, state: str | None) -> str | None:
    """Five digits of a ZIP or ZIP+4; a lost leading zero is put back only in states whose ZIPs begin with one; None else."""
    digits = text.strip().split("-", 1)[0]
    if not digits.isascii() or not digits.isdigit():
        return None
    if len(digits) == 9:
        return digits[:5]
    if len(digits) == 4 and state in _SHORT_ZIP_STATES:
        return "0" + digits
    return digits if len(digits) == 5 else None


def county_code(text: str, state: str | None) -> str | None:
    """Five digits of a FIPS county code: whole, of three digits within its state, or of four where the state's code begins
    with the zero that was lost. None for a name, and for a code of no state or of no county (000, 999)."""
    word = text.strip()
    if not word.isascii() or not word.isdigit():
        return None
    own = keyed("states", "state", "fips").get(state, "") if state else ""
    if len(word) == 3 and own:
        word = own + word
    elif len(word) == 4 and own == "0" + word[:1]:
        word = "0" + word
    return word if len(word) == 5 and word[:2] in _state_fips() and word[2:] not in _NOBODYS else None


def known_county(fips: str) -> bool:
    """Whether the table of counties holds this code."""
    return fips in _county_codes()


def counties_named(text: str, state: str | None) -> frozenset[str]:
    """FIPS codes of the counties of a state that a name may mean: two where a county and an independent city share it and
    the name says neither (Baltimore, Richmond); none where it is no name of a county there."""
    word = text.strip().casefold()
    if not word or state is None:
        return frozenset()
    if city := _CITY_OF.match(word):
        word = f"{city.group(1)} city"
    plain = _plain(word)
    found = _counties().get((state, plain), frozenset())
    return (
        found
        if _KIND.search(word) or plain.endswith("city")
        else found | _counties().get((state, plain + "city"), frozenset())
    )


def county_fips(text: str, state: str | None) -> str | None:
    """FIPS code (5 digits) of a county given as FIPS code or, within its state, by name; None when unknown or when two
    counties may be meant."""
    named = counties_named(text, state)
    return county_code(text, state) or (next(iter(named)) if len(named) == 1 else None)


def counties_of_zip(postal_code: str) -> frozenset[str]:
    """FIPS codes of every county that a ZIP's tabulation area reaches into; none where it has no such area."""
    return _zips().get(postal_code, frozenset())


def zip_fits(postal_code: str, state: str) -> bool:
    """False where a ZIP is one of other states alone: by itself, else by its first three digits. A ZIP of which no table
    knows anything fits everywhere."""
    states = {fips[:2] for fips in counties_of_zip(postal_code)} or _sections().get(postal_code[:3], frozenset())
    return not states or keyed("states", "state", "fips")[state] in states


@lru_cache(maxsize=1)
def _states_by_name() -> Mapping[str, str]:
    return {name.casefold(): state for name, state in keyed("states", "name", "state").items()}


@lru_cache(maxsize=1)
def _state_fips() -> frozenset[str]:
    return frozenset(keyed("states", "fips", "state"))


@lru_cache(maxsize=1)
def _county_codes() -> frozenset[str]:
    return frozenset(keyed("counties", "fips", "state"))


@lru_cache(maxsize=1)
def _counties() -> Mapping[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows("counties"):
        found[(row["state"], _plain(row["name"].casefold()))].add(row["fips"])
    return {key: frozenset(codes) for key, codes in found.items()}


@lru_cache(maxsize=1)
def _zips() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows("county_zips"):
        for code in row["zips"].split():
            found[code].add(row["fips"])
    return {code: frozenset(counties) for code, counties in found.items()}


@lru_cache(maxsize=1)
def _sections() -> Mapping[str, frozenset[str]]:
    """States by the first three digits of their ZIPs."""
    found: dict[str, set[str]] = defaultdict(set)
    for code, counties in _zips().items():
        found[code[:3]].update(fips[:2] for fips in counties)
    return {section: frozenset(states) for section, states in found.items()}


def _plain(name: str) -> str:
    """A county's name without what kind of county it is, accents, blanks and marks: `St. Mary's Parish` is stmarys."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return _BETWEEN.sub("", _SAINT.sub("st", _KIND.sub("", bare.strip())))
