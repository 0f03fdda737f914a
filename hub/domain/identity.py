"""What a source says of who somebody is: which block tells, which is newer, what is a placeholder. And the comparison from before
weights (hub.domain.linkage): equal normalised name and birth date.

By that one two source persons are one person when their newest telling blocks give the same given name, family name and birth
date. A part that is missing, a placeholder or only approximate gives no match key: such a source person stays alone
until its source knows more.
`clusters` is the truth that a registry without weights must equal for every order of arrival; hub.domain.who says which is in use.

Its known limits, on purpose: nicknames, swapped or double surnames cut short, and typing errors
do not match; two people with the same full name and birth date do.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime

from hub.domain.events import Event, PersonBlock
from hub.domain.ids import Ids

__all__ = [
    "NEVER",
    "SUFFIXES",
    "Record",
    "Version",
    "believable_birth_date",
    "clusters",
    "family_names_nobody",
    "given_names_nobody",
    "latest",
    "linked_fields",
    "match_key",
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


def match_key(block: PersonBlock | None, ids: Ids) -> str | None:
    """The equality key of a block, a token of 26 characters; None where any part is missing, a placeholder or
    approximate."""
    if block is None or block.birth_date is None or block.birth_date_partial:
        return None
    if not believable_birth_date(block.birth_date):
        return None
    given, family = _given(block.given_name), _family(block.family_name)
    if given is None or family is None or (family == "doe" and given in {"john", "jane"}):
        return None
    return ids.match_key(given, family, block.birth_date.isoformat())


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


def latest(version: Version, key: str | None, known: tuple[Version, str | None]) -> bool:
    """Whether a telling block with this version and match key replaces the known one. Equal versions: the higher key
    stands."""
    return (version, key or "") > (known[0], known[1] or "")


def clusters(told: Iterable[Record], ids: Ids) -> set[frozenset[str]]:
    """The people behind these records: each a set of source_persons, together all of them. Order and repeats do not
    matter."""
    newest: dict[str, tuple[Version, str | None]] = {}
    for source_person, version, block in told:
        known = newest.setdefault(source_person, (NEVER, None))
        if tells(block) and latest(version, key := match_key(block, ids), known):
            newest[source_person] = (version, key)
    groups: dict[tuple[str, str], set[str]] = {}
    for source_person, (_, found) in newest.items():
        groups.setdefault(("alone", source_person) if found is None else ("key", found), set()).add(source_person)
    return {frozenset(group) for group in groups.values()}


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


def _given(name: str | None) -> str | None:
    return _name(name, _NO_GIVEN)


def _family(name: str | None) -> str | None:
    if name is None:
        return None
    words = name.split()
    while (
        len(words) > 1 and normalise(words[-1]) in SUFFIXES
    ):  # "Smith Jr." compares as "Smith": the birth date decides
        words.pop()
    return _name(" ".join(words), _NO_NAME)


def _name(name: str | None, placeholders: frozenset[str]) -> str | None:
    """The normalised name; None where it is missing, a placeholder, or a single Latin letter (an initial says too
    little)."""
    if name is None or _placeholder(name, placeholders):
        return None
    normal = normalise(name)
    if not normal or (len(normal) == 1 and normal.isascii()):
        return None
    return normal


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
