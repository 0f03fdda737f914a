"""How two parts of a name compare: equal, a pet form, one typing error, the same sound, an initial.

Parts are normalised as hub.domain.identity does (no accents, no case). Everything here is of one part at a time; order and number
of parts are the business of `comparisons`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from hub.domain.tables import rows

__all__ = ["PARTICLES", "core", "given_level", "near", "part_level", "roots", "sound", "spelling"]

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


@lru_cache(maxsize=65_536)
def part_level(one: str, other: str) -> str:
    """How two normalised parts compare: `exact`, `nickname`, `close` (one insertion, deletion, change or transposition; or
    Jaro-Winkler ≥ 0.92), `sounds`, `initial` (one is the first letter of the other), `similar` (≥ 0.80) or `different`."""
    if one == other:
        return "exact"
    if len(one) == 1 or len(other) == 1:
        return "initial" if one[0] == other[0] else "different"
    if _share_root(one, other):
        return "nickname"
    alike = JaroWinkler.similarity(one, other)
    if min(len(one), len(other)) < _SLIPS_FROM:
        return "similar" if alike >= _SIMILAR else "different"
    if alike >= _CLOSE or _one_slip(one, other):
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
    if _share_root(one, other):
        return True
    if min(len(one), len(other)) < _SLIPS_FROM:
        return False
    return JaroWinkler.similarity(one, other) >= _CLOSE or _one_slip(one, other)


@lru_cache(maxsize=65_536)
def given_level(one: str, other: str) -> str:
    """`part_level` of given names, with what names are known: two spellings of one name (Yusuf, Youssef) are `sounds` however they
    are written, and two names that look or sound alike (Jayden, Hayden) are `alike`: rather two people than a slip, for a slip
    seldom makes another name. Where one is known and the other is not, one slip is `close` in a short name too (Hai, Hi): many
    names of Asia are short, and were found less."""
    level = part_level(one, other)
    if level in {"exact", "nickname", "initial"}:
        return level
    mine, theirs = spelling(one), spelling(other)
    if mine is None or theirs is None:
        slip = (mine is None) != (theirs is None) and DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1
        return "close" if slip and level in {"similar", "different"} else level
    if mine == theirs:
        return "sounds"
    return level if level == "different" else "alike"


@lru_cache(maxsize=65_536)
def spelling(part: str) -> str | None:
    """The name of which this part is a spelling (`yusuf` → `yousef`); None where it is no given name of the table."""
    return _given_names().get(part)


@lru_cache(maxsize=65_536)
def core(part: str) -> str:
    """A family name without a particle joined to it (`delacruz` → `cruz`); itself where too little would be left."""
    for prefix in _PREFIXES:
        if part.startswith(prefix) and len(part) - len(prefix) >= _SHORTEST_CORE:
            return part[len(prefix) :]
    return part


@lru_cache(maxsize=65_536)
def roots(part: str) -> frozenset[str]:
    """The part and the full names it may be a pet form of (`bob` → `bob`, `robert`)."""
    return _full_names().get(part, frozenset()) | {part}


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


def _share_root(one: str, other: str) -> bool:
    full = _full_names()
    return (one in full or other in full) and not roots(one).isdisjoint(roots(other))


def _one_slip(one: str, other: str) -> bool:
    return abs(len(one) - len(other)) <= 1 and DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1


def _same_sound(one: str, other: str) -> bool:
    heard = sound(one)
    return len(heard) > 1 and heard == sound(other)


@lru_cache(maxsize=1)
def _given_names() -> Mapping[str, str]:
    return {row["name"]: row["spelling_of"] for row in rows("given_names")}


@lru_cache(maxsize=1)
def _full_names() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in rows("nicknames"):
        found.setdefault(row["nickname"], set()).add(row["name"])
    return {nickname: frozenset(names) for nickname, names in found.items()}
