"""How two parts of a name compare: equal, a pet form, one typing error, the same sound, an initial.

Parts are normalised as hub.domain.identity does (no accents, no case). Everything here is of one part at a time; order and number
of parts are the business of `comparisons`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from hub.domain.linkage.given_forms import is_form_of, one_slip, share_root, spelling
from hub.domain.tables import rows

__all__ = [
    "PARTICLES", "core", "family_level", "family_spellings", "given_level", "heard", "near", "part_level", "sound",
]  # fmt: skip

PARTICLES = frozenset({
    "abu", "al", "ap", "ben", "bin", "bint", "da", "dal", "das", "de", "del", "della", "der", "des", "di", "do", "dos", "du", "e",
    "el", "ibn", "la", "las", "le", "los", "mac", "mc", "san", "st", "ten", "ter", "van", "vander", "vanden", "von", "y", "zu",
})  # fmt: skip
"""Words before a family name that sources write apart, joined, or leave out (reference: equity-identity.md B3; the list is
unverified: from memory)."""

_PREFIXES = (
    "delos",
    "delas",
    "dela",
    "vander",
    "vanden",
    "della",
    "del",
    "van",
    "von",
    "bin",
    "ibn",
    "bint",
    "de",
    "el",
    "al",
    "la",
)
_SHORTEST_CORE = 4
_CLOSE = 0.92  # Jaro-Winkler; one slip in a name of six letters or more
_SIMILAR = 0.80
_SAME_SOUND = 0.70
_SLIPS_FROM = 4  # letters: in a shorter name one changed letter is another name (Ana, Ada)
_TWO_SLIPS_FROM = 6  # letters: in a shorter name two slips leave too little of it


@lru_cache(maxsize=65_536)
def part_level(one: str, other: str) -> str:
    """How two normalised parts compare: `exact`, `nickname`, `close` (one insertion, deletion, change or transposition; or
    Jaro-Winkler ≥ 0.92), `sounds`, `initial` (one is the first letter of the other), `similar` (≥ 0.80) or `different`."""
    if one == other:
        return "exact"
    if len(one) == 1 or len(other) == 1:
        return "initial" if one[0] == other[0] else "different"
    if share_root(one, other):
        return "nickname"
    if min(len(one), len(other)) < _SLIPS_FROM:
        return "similar" if JaroWinkler.similarity(one, other) >= _SIMILAR else "different"
    alike = JaroWinkler.similarity(one, other)
    if _is_close(one, other, alike):
        return "close"
    if core(one) == core(other) or (alike >= _SAME_SOUND and _same_sound(one, other)):
        return "sounds"
    return "similar" if alike >= _SIMILAR else "different"


def near(one: str, other: str) -> bool:
    """Whether two parts are `exact`, `nickname` or `close` by `part_level`; of strangers' names quicker than that to say no."""
    if one == other:
        return True
    if len(one) == 1 or len(other) == 1:
        return False
    if share_root(one, other):
        return True
    return min(len(one), len(other)) >= _SLIPS_FROM and _is_close(one, other, JaroWinkler.similarity(one, other))


@lru_cache(maxsize=65_536)
def given_level(one: str, other: str) -> str:
    """`part_level` of given names, with what names are known: spellings of one name (Yusuf, Youssef) are `spelling` however they
    are written, and two names that look or sound alike (Jayden, Hayden) are `alike`: rather two people than a slip, for a slip
    seldom makes another name. Where not both are known, one slip is `close` in a short name too (Hai, Hi; of two unknown names a
    letter left out or doubled, or neighbours exchanged: Kee, Ke), and two in a long one are `similar` (Viliami, Velimi): many
    names of Asia and the Pacific are short or unknown to the table, and were found less. `nickname` too is a form that no table
    has, where it is made of a known name as pet forms are (Tiff, Winnie), or is a slip in one of its other forms (Suue, Susan)."""
    level = part_level(one, other)
    if level in {"exact", "nickname", "initial"}:
        return level
    mine, theirs = spelling(one), spelling(other)
    if mine is not None and mine == theirs:
        return "spelling"
    if level in {"similar", "different"}:
        if heard(one) == heard(other):
            return "sounds"
        if is_form_of(one, other) or is_form_of(other, one):
            return "nickname"
    if mine is not None and theirs is not None:
        return level if level == "different" else "alike"
    if level in {"similar", "different"}:
        slips = DamerauLevenshtein.distance(one, other, score_cutoff=2)
        if slips <= 1 and (mine is not theirs or _left_out(one, other)):
            return "close"
        if slips <= 2 and min(len(one), len(other)) >= _TWO_SLIPS_FROM:
            return "similar"
    return level


@lru_cache(maxsize=65_536)
def family_level(one: str, other: str) -> str:
    """`part_level` of family names, with the spellings of one name in Latin letters: `spelling` where the table has both as forms
    of one (Zhang, Cheung; Jung, Jeong), however they are written. In short names that are heard alike `sounds` (Vu, Voo). Pet forms
    are of given names alone: the families Henry and Enrique are two."""
    level = part_level(one, other)
    if level == "nickname":
        alike = JaroWinkler.similarity(one, other)
        level = "close" if alike >= _CLOSE or one_slip(one, other) else "similar" if alike >= _SIMILAR else "different"
    if level in {"exact", "close", "initial"}:
        return level
    if not family_spellings(one).isdisjoint(family_spellings(other)):
        return "spelling"
    return "sounds" if level in {"similar", "different"} and heard(one) == heard(other) else level


def family_spellings(part: str) -> frozenset[str]:
    """The names of which this part may be a spelling (`chang` → `zhang`, `jang`); none where the table does not have it."""
    return _family_spellings().get(part, frozenset())


@lru_cache(maxsize=65_536)
def heard(part: str) -> str:
    """A part written as it is heard, vowels too (`cuc`, `cuk` → `kuk`; `yoo` → `yu`): less rough than `sound`, so that it tells
    short names apart."""
    text = _SOFT_C.sub("s", part)
    for written, one in _HEARD_AS:
        text = text.replace(written, one)
    return _DOUBLED.sub(r"\1", text)


@lru_cache(maxsize=65_536)
def core(part: str) -> str:
    """A family name without a particle joined to it (`delacruz` → `cruz`); itself where too little would be left."""
    for prefix in _PREFIXES:
        if part.startswith(prefix) and len(part) - len(prefix) >= _SHORTEST_CORE:
            return part[len(prefix) :]
    return part


@lru_cache(maxsize=65_536)
def sound(part: str) -> str:
    """Up to four letters for how a Latin-written part sounds, rough on purpose: spellings of one name in another alphabet or
    language fall together (`muhammad`, `mohamed`; `hernandez`, `ernandes`). A part in another script is its own sound."""
    if not part.isascii():
        return part
    text = (
        part.replace("ph", "f")
        .replace("ck", "k")
        .replace("ch", "x")
        .replace("sh", "x")
        .replace("kh", "h")
        .replace("gh", "g")
    )
    if text.startswith("h") and len(text) > 1:
        text = text[1:]
    letters: list[str] = []
    for position, letter in enumerate(text):
        heard = _HEARD.get(letter, letter)
        if heard == "a" and position:
            heard = ""
        if heard and (not letters or letters[-1] != heard):
            letters.append(heard)
    return "".join(letters[:4])


_HEARD: Mapping[str, str] = {
    **dict.fromkeys("aeiouwyh", "a"), **dict.fromkeys("bvp", "b"), **dict.fromkeys("ckqg", "k"), **dict.fromkeys("sz", "s"),
    **dict.fromkeys("dt", "t"), **dict.fromkeys("jx", "x"),
}  # fmt: skip


_SOFT_C = re.compile("c(?=[eiy])")
_DOUBLED = re.compile(r"(.)\1+")
_HEARD_AS = (
    ("ph", "f"), ("sh", "ch"), ("ck", "k"), ("qu", "kw"), ("ch", "C"), ("c", "k"), ("q", "k"), ("z", "s"), ("oo", "u"), ("ou", "u"),
    ("ee", "i"), ("ie", "i"), ("y", "i"), ("w", "v"), ("x", "ks"),
)  # fmt: skip
"""Letters in place of which another is heard, in this order (unverified: from memory)."""


def _is_close(one: str, other: str, alike: float) -> bool:
    """Of parts of four letters or more, given their Jaro-Winkler similarity. One slip leaves 0.738 of it at least (seven letters,
    two of them in turn: abababa, zbababa), so that most strangers' names are not looked at twice."""
    return alike >= _CLOSE or (alike >= _SAME_SOUND and one_slip(one, other))


def _left_out(one: str, other: str) -> bool:
    """Whether two parts one slip apart differ by a letter left out or by neighbours exchanged, not by another letter."""
    return len(one) != len(other) or sorted(one) == sorted(other)


def _same_sound(one: str, other: str) -> bool:
    heard = sound(one)
    return len(heard) > 1 and heard == sound(other)


@lru_cache(maxsize=1)
def _family_spellings() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in rows("family_spellings"):
        found.setdefault(row["name"], set()).add(row["spelling_of"])
    return {name: frozenset(names) for name, names in found.items()}
