"""What of a person block is compared, normalised once. Placeholders are gone: nothing stands in their place, and is no evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from hub.domain.events import PersonBlock
from hub.domain.identity import (
    SUFFIXES,
    believable_birth_date,
    family_names_nobody,
    given_names_nobody,
    normalise,
)
from hub.domain.linkage.filters import Filters, filters_of
from hub.domain.linkage.names import PARTICLES
from hub.domain.placeholders import real_address, real_birth_date, real_id, real_names

__all__ = ["NORMAL", "Comparable", "comparable"]

NORMAL = 2
"""To be raised with any change by which `comparable` makes something else of some block, also one of what it calls (normalisation,
placeholders, particles), or by which some block tells or no longer tells: a registry keeps comparables, and `identify` reads all
intake again where they are of another number. tests/domain/linkage/test_comparable.py says when."""


@dataclass(frozen=True, slots=True, repr=False)
class Comparable:
    """One telling block, ready to compare. A part is None or empty where the source did not say it. Printed, it shows nothing."""

    given: tuple[str, ...] = ()
    middle: str | None = None
    family: tuple[str, ...] = ()  # two surnames are two parts; a particle is joined to its name
    previous_family: tuple[str, ...] = ()
    suffix: str | None = None  # jr, sr, ii, iii, iv
    birth_date: date | None = None
    birth_weak: bool = False  # approximate, or 1 January: only the year is believed
    sex: str | None = None  # f, m or x
    ssn: str | None = None  # all digits: nine of a Social Security number, as many as there are of another number
    ssn4: str | None = None  # the last four, of a full number too
    phone: str | None = None  # ten digits, or the seven of a local number
    email: str | None = None
    address: str | None = None  # one line, words in common short forms
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    county: str | None = None
    newborn: bool = False
    """A word for a child without a name stands for the given name, and nothing says that it has grown up."""
    hashed: str | None = None
    """What came in place of names and birth date (hub.domain.linkage.filters): who has this has none of these."""
    encoded: tuple[str, ...] = ()
    """Filters of who came in the clear, made in the linkage zone (hub.domain.linkage.encoding). Never kept."""

    def __repr__(self) -> str:
        return "Comparable()"

    @property
    def filters(self) -> tuple[Filters, ...]:
        """Those that were sent, or those made of what came in the clear."""
        return tuple(map(filters_of, self.encoded if self.hashed is None else (self.hashed,)))


def comparable(block: PersonBlock) -> Comparable:
    """A block normalised for comparison. Names as hub.domain.identity.normalise makes them, split at blanks and hyphens; a suffix
    within the family name counts as suffix; `John Doe` is nobody; a birth date nobody alive has is none."""
    told_family, told_given = real_names(block.family_name or "", block.given_name or "")
    nameless = bool(_NEWBORN.fullmatch(" ".join(_parts(block.given_name or ""))))
    given = () if nameless or given_names_nobody(told_given) else _parts(told_given)
    family, within = ((), None) if family_names_nobody(told_family) else _family(told_family)
    if family == ("doe",) and given in {("john",), ("jane",)}:
        given, family = (), ()
    previous, _ = _family(block.previous_family_name or "")
    middle = normalise(block.middle_name or "") or None
    if middle in _NO_MIDDLE or given_names_nobody(middle or ""):
        middle = None
    if middle is None and len(given) > 1 and len(given[-1]) == 1:
        given, middle = given[:-1], given[-1]
    ssn, ssn4 = _ssn(block.ssn)
    born = real_birth_date(block.birth_date)
    born = born if born is not None and believable_birth_date(born) else None
    return Comparable(
        given=given,
        middle=middle,
        family=family,
        previous_family=tuple(part for part in previous if part not in family),
        suffix=_suffix(block.suffix) or within,
        birth_date=born,
        birth_weak=born is not None and (block.birth_date_partial or (born.month, born.day) == (1, 1)),
        sex=_SEX.get((block.sex or "").strip().casefold()),
        ssn=ssn,
        ssn4=ssn4,
        phone=_phone(block.phone),
        email=_email(block.email),
        address=_address(block.address_line),
        city=_plain(block.city),
        state=_plain(block.state),
        postal_code=_postal_code(block.postal_code),
        county=_plain(block.county),
        newborn=nameless and (born is None or born >= _GROWN_UP_BEFORE),
        hashed=_hashed(block) if block.hashed else None,
    )


def _hashed(block: PersonBlock) -> str | None:
    """None where it can't be read, and where anything that identifies stands beside it: the two are never joined."""
    if any((block.given_name, block.family_name, block.birth_date, block.ssn, block.phone, block.email)):
        return None
    try:
        filters_of(block.hashed or "")
    except ValueError:
        return None
    return block.hashed


_SEX = {"f": "f", "female": "f", "m": "m", "male": "m", "x": "x"}
_SUFFIX = {"junior": "jr", "senior": "sr", "2nd": "ii", "3rd": "iii", "4th": "iv", "2": "ii", "3": "iii", "4": "iv"}
_NEWBORN = re.compile(
    r"(?:baby|newborn|infant|twin|triplet) ?(?:boy|girl|male|female)? ?(?:[a-d]|[1-4]|one|two|three)?"
    r"|(?:boy|girl|male|female|bb|bg|nb)(?: [a-d]| ?(?:[1-4]|one|two|three))?"
    r"|(?:baby ?(?:boy|girl)|newborn|infant) .*"
)
"""What birth registrations write for a given name (equity-identity.md B3: Baby Boy, Newborn, Twin A, Male; other forms unverified:
from memory), and `Baby Boy` with another name after it, which is the mother's. A letter right behind `boy` or `male` makes a
name of it: Boyd, Malea."""
_GROWN_UP_BEFORE = date(2008, 1, 1)
"""Whoever was born before is grown up, and called by some name: `Baby Boy` then stands for a name that a source never learnt. A day
and not an age, for nothing here asks a clock."""
_NO_MIDDLE = frozenset({"nmn", "nmi", "na", "nomiddlename", "nomiddle"})
"""What forms write for no middle name (unverified: from memory)."""
_APART = re.compile(r"[\s\-‐‑–/,]+")
_NO_WORD = re.compile(r"[^\w]+")
_NO_DIGIT = re.compile(r"\D+")
_FEWEST_DIGITS, _FEWEST_ID_DIGITS = 7, 5
_SHORT = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr", "lane": "ln", "court": "ct", "place": "pl",
    "boulevard": "blvd", "terrace": "ter", "circle": "cir", "crescent": "cres", "highway": "hwy", "parkway": "pkwy",
    "apartment": "apt", "unit": "apt", "suite": "ste", "north": "n", "south": "s", "east": "e", "west": "w",
}  # fmt: skip


@lru_cache(maxsize=65_536)
def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in (normalise(word) for word in _APART.split(name)) if part)


@lru_cache(maxsize=65_536)
def _family(name: str) -> tuple[tuple[str, ...], str | None]:
    words, suffix = list(_parts(name)), None
    while len(words) > 1 and words[-1] in SUFFIXES:
        suffix = _suffix(words.pop())
    joined: list[str] = []
    before = ""
    for place, word in enumerate(words):
        if word in PARTICLES and place < len(words) - 1:
            before = "" if word in {"y", "e"} else before + word
        else:
            joined.append(before + word)
            before = ""
    return tuple(joined), suffix


def _suffix(text: str | None) -> str | None:
    normal = normalise(text or "")
    normal = _SUFFIX.get(normal, normal)
    return normal if normal in {"jr", "sr", "ii", "iii", "iv"} else None


def _ssn(text: str | None) -> tuple[str | None, str | None]:
    """All digits and the last four; only the last four where the others are masked (`XXX-XX-1234`) or were never told."""
    plain = (text or "").strip()
    digits = _NO_DIGIT.sub("", plain)
    if not digits or not real_id(digits) or len(set(digits)) == 1 or digits in {"123456789", "987654321"}:
        return None, None
    masked = any(letter in "xX*#?" for letter in plain)
    if len(digits) >= _FEWEST_ID_DIGITS and not masked:
        return digits, digits[-4:]
    last = plain.replace("-", "").replace(" ", "")[-4:]
    return None, (last if len(last) == 4 and last.isdigit() and last != "0000" else None)


def _phone(text: str | None) -> str | None:
    digits = _NO_DIGIT.sub("", text or "")
    if len(digits) == 11 and digits[0] == "1":
        digits = digits[1:]
    if len(digits) not in (_FEWEST_DIGITS, 10) or len(set(digits[-7:])) == 1:
        return None
    return digits


def _email(text: str | None) -> str | None:
    plain = (text or "").strip().casefold()
    local, at, domain = plain.partition("@")
    return plain if at and real_id(local) and "." in domain else None


def _address(text: str | None) -> str | None:
    line = real_address(text or "") if text else ""
    words = _NO_WORD.sub(" ", line.casefold().replace("'", "")).split()
    return " ".join(_SHORT.get(word, word) for word in words) or None


@lru_cache(maxsize=4_096)
def _plain(text: str | None) -> str | None:
    return (normalise(text) or None) if text and real_id(text) else None


def _postal_code(text: str | None) -> str | None:
    plain = normalise(text or "")[:5]
    return plain if plain and real_id(plain) else None
