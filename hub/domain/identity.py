"""What a source says of who somebody is: which block tells, which is newer, what is a placeholder. Who is one person is found by
weights (hub.domain.linkage)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime

from hub.domain.events import Event, PersonBlock

__all__ = [
    "NEVER",
    "SUFFIXES",
    "Record",
    "Version",
    "believable_birth_date",
    "family_names_nobody",
    "given_names_nobody",
    "linked_fields",
    "normalise",
    "records",
    "tells",
    "version_of",
]

Version = tuple[datetime, int, str, int]
"""(changed_at, status_rank, content_hash, mapping_version): which of two blocks of one source person is newer."""
Record = tuple[str, Version, PersonBlock | None]
"""(source_person, version, block): one thing a source said about one of its persons."""

SUFFIXES = frozenset({"jr", "sr", "junior", "senior", "ii", "iii", "iv"})
# First names that say "no name yet" or "name withheld": immunization registries' and RecordLinker's skip lists, HMIS
# data
# quality answers (reference: equity-identity.md B1, B3).
_NO_NAME = frozenset({
    "anon", "anonymous", "babyboy", "babygirl", "client", "confidential", "declined", "donotuse", "infant", "missing",
    "namewithheld", "newborn", "noname", "none", "notavailable", "notcollected", "patient", "redacted", "refused",
    "testpatient", "unavailable", "unk", "unknown", "unnamed", "withheld", "xxx", "xxxx",
})  # fmt: skip
_NO_GIVEN = _NO_NAME | {
    "baby", "boy", "bb", "bg", "female", "girl", "male", "test", "twin", "twina", "twinb", "triplet", "tripleta",
    "tripletb",
}  # fmt: skip
_RAW_PLACEHOLDERS = frozenset({"n/a", "#n/a", "?", "-", "--", ".", "*"})
_EARLIEST = date(1901, 1, 2)  # 1900-01-01 and 1901-01-01 are the usual "unknown"; nobody alive was born before
_LATEST = date(2100, 1, 1)  # 3000-01-01 and 9999-12-31 are, too; a birth date is never compared with the clock here
NEVER: Version = (datetime(1, 1, 1, tzinfo=UTC), -1, "", -1)


def normalise(name: str) -> str:
    """A name for comparison: NFKD without marks, case-folded, letters and digits only ("de la Cruz-Díaz" →
    "delacruzdiaz").

    Particles are joined, not dropped: dropping them makes different people equal.
    """
    if name.isascii():
        return "".join(filter(str.isalnum, name.casefold()))
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return "".join(filter(_counts, folded))


def believable_birth_date(day: date) -> bool:
    """Whether somebody now alive may be born on this day; 1900-01-01, 3000-01-01 and the like stand for an unknown one."""
    return _EARLIEST <= day < _LATEST


def given_names_nobody(name: str) -> bool:
    """Whether this stands where a given name is missing or withheld (`Baby Boy`, `Unk`, `?`)."""
    return _placeholder(name, _NO_GIVEN)


def family_names_nobody(name: str) -> bool:
    """Whether this stands where a family name is missing or withheld."""
    return _placeholder(name, _NO_NAME)


def tells(block: PersonBlock | None) -> bool:
    """Whether a block says who this is: all three parts are given, or filters in their place, or one of them is a placeholder
    (the name is withheld now).

    A block with parts left out says less than an earlier one, not otherwise: it undoes no link.
    """
    if block is None:
        return False
    if block.hashed is not None:
        return True
    names = (block.given_name, block.family_name)
    if all(name and name.strip() for name in names) and block.birth_date is not None:
        return True
    return _placeholder(block.given_name, _NO_GIVEN) or _placeholder(block.family_name, _NO_NAME)


def version_of(event: Event) -> Version:
    """The version of what an event says about its person."""
    return (event.changed_at, event.status_rank, event.content_hash, event.mapping_version)


def records(events: Iterable[Event]) -> list[Record]:
    """What these events (person blocks clear) say about persons of their sources."""
    return [
        (event.source_person, version_of(event), event.person if isinstance(event.person, PersonBlock) else None)
        for event in events
        if event.source_person is not None
    ]


def _counts(letter: str) -> bool:
    # Spacing vowel signs (Devanagari and others) tell names apart as letters do; accents do not.
    return letter.isalnum() or (unicodedata.category(letter)[0] == "M" and not unicodedata.combining(letter))


def _placeholder(name: str | None, placeholders: frozenset[str]) -> bool:
    if name is None:
        return False
    return name.strip().casefold() in _RAW_PLACEHOLDERS or normalise(name) in placeholders


def linked_fields(block: PersonBlock | None) -> tuple[str | None, str | None, str | None]:
    """(birth year-month, county, postal code) of a block, as they stand on the person topic: all that passes the linkage
    zone. A birth date out of any living person's range is none; of a postal code only the first five characters pass."""
    if block is None:
        return None, None, None
    born = block.birth_date
    year_month = f"{born.year:04d}-{born.month:02d}" if born is not None and _EARLIEST <= born < _LATEST else None
    postal_code = (block.postal_code or "").strip()[:5] or None
    return year_month, block.county, postal_code
