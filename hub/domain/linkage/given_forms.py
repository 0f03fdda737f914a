"""Which given names are known, and what else somebody of a name is called: pet forms, short forms, the name in another language.

Parts are normalised as hub.domain.identity does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from hub.domain.tables import rows

__all__ = ["is_form_of", "known", "one_slip", "roots", "share_root", "spelling"]

_SLIPS_FROM = 4  # letters: in a shorter name one changed letter is another name (Ana, Ada)
_STEM_FROM = 3  # letters that a pet form keeps of the name (Tiff, Winnie)
_CUT_FROM = 3  # letters that are cut off at least: Min and Ming, Ana and Anahi are two names
_LONG_FROM = 6  # letters of a name that pet forms are made of
_DIMINUTIVES = ("ie", "ey", "ee", "y", "i")


@lru_cache(maxsize=65_536)
def spelling(part: str) -> str | None:
    """The name of which this part is a spelling (`yusuf` → `yousef`); None where it is no given name of the table."""
    return _given_names().get(part)


def known(part: str) -> bool:
    """Whether this part is a given name or a pet form of the tables."""
    return part in _given_names() or part in _full_names() or part in _pet_forms()


@lru_cache(maxsize=65_536)
def roots(part: str) -> frozenset[str]:
    """The part and the full names it may be a pet form of (`bob` → `bob`, `robert`)."""
    return _full_names().get(part, frozenset()) | {part}


def share_root(one: str, other: str) -> bool:
    """Whether both are pet forms of one name, or one is of the other."""
    full = _full_names()
    return (one in full or other in full) and not roots(one).isdisjoint(roots(other))


def is_form_of(unknown: str, name: str) -> bool:
    """Whether a word that no table has is made of a name of the table, or mistyped for another form of that name. Two names of the
    tables are what the tables say: twins have names that look alike."""
    if known(unknown) or not known(name):
        return False
    return _made_of(unknown, name) or any(_mistyped(unknown, form) for form in _other_forms(name))


def _made_of(short: str, name: str) -> bool:
    """Whether it is the beginning of the name, by itself (Tiff, Tiffany) or with the ending of a pet form (Winnie, Winifred)."""
    if len(name) < _LONG_FROM or short[:_STEM_FROM] != name[:_STEM_FROM]:
        return False
    if len(name) - len(short) >= _CUT_FROM and name.startswith(short):
        return True
    for ending in _DIMINUTIVES:
        if short.endswith(ending):
            stem = short[: -len(ending)]
            stem = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
            return len(stem) >= _STEM_FROM and name.startswith(stem)
    return False


def _mistyped(unknown: str, form: str) -> bool:
    if not one_slip(unknown, form):
        return False
    return min(len(unknown), len(form)) >= _SLIPS_FROM or (len(form) >= _STEM_FROM and len(unknown) > len(form))


@lru_cache(maxsize=65_536)
def _other_forms(name: str) -> frozenset[str]:
    """What else somebody of this name may be called: the names that it is a pet form of, and their pet forms."""
    names = roots(name)
    return names.union(*(_pet_forms().get(full, frozenset()) for full in names)) - {name}


def one_slip(one: str, other: str) -> bool:
    """Whether one letter more, less or another, or two neighbours exchanged, makes the one of the other."""
    return abs(len(one) - len(other)) <= 1 and DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1


@lru_cache(maxsize=1)
def _given_names() -> Mapping[str, str]:
    return {row["name"]: row["spelling_of"] for row in rows("given_names")}


@lru_cache(maxsize=1)
def _full_names() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in rows("nicknames"):
        found.setdefault(row["nickname"], set()).add(row["name"])
    return {nickname: frozenset(names) for nickname, names in found.items()}


@lru_cache(maxsize=1)
def _pet_forms() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for nickname, names in _full_names().items():
        for name in names:
            found.setdefault(name, set()).add(nickname)
    return {name: frozenset(forms) for name, forms in found.items()}
