"""Where a person lives: state, ZIP and FIPS county out of what sources write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from hub.mapping.tables import keyed, rows

__all__ = ["county_fips", "postal_code", "state_code"]

_SUFFIXES = re.compile(r"\s+(county|parish|borough|census area|municipality|city and borough)$")
_SHORT_ZIP_STATES = frozenset({"CT", "MA", "ME", "NH", "NJ", "RI", "VT", "PR", "VI"})


def state_code(text: str) -> str | None:
    """USPS code of a state given as code or full word; None when it is none."""
    word = text.strip()
    if len(word) == 2 and word.upper() in keyed("states", "state", "fips"):
        return word.upper()
    return _states_by_name().get(word.casefold())


def postal_code(text: str, state: str | None) -> str | None:
    """Five digits of a ZIP or ZIP+4; a lost leading zero is put back only in states that have one; None else."""
    digits = text.strip().split("-", 1)[0]
    if not digits.isascii() or not digits.isdigit():
        return None
    if len(digits) == 9:
        return digits[:5]
    if len(digits) == 4 and state in _SHORT_ZIP_STATES:
        return "0" + digits
    return digits if len(digits) == 5 else None


def county_fips(text: str, state: str | None) -> str | None:
    """FIPS code (5 digits) of a county given as FIPS code or, within its state, by name; None when unknown."""
    word = text.strip()
    if len(word) == 5 and word.isascii() and word.isdigit():
        return word
    if not word or state is None:
        return None
    if len(word) == 3 and word.isascii() and word.isdigit():
        return keyed("states", "state", "fips")[state] + word
    return _counties().get((state, _plain(word)))


@lru_cache(maxsize=1)
def _states_by_name() -> Mapping[str, str]:
    return {name.casefold(): state for name, state in keyed("states", "name", "state").items()}


@lru_cache(maxsize=1)
def _counties() -> Mapping[tuple[str, str], str]:
    return {(row["state"], _plain(row["name"])): row["fips"] for row in rows("counties")}


def _plain(name: str) -> str:
    return _SUFFIXES.sub("", name.casefold().strip()).replace(".", "").replace("'", "")
