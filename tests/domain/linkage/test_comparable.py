"""Registries keep comparables. Whoever changes what one is made to must say so, or old ones stand beside new ones for good."""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import product

from hub.domain.events import PersonBlock
from hub.domain.identity import tells
from hub.domain.linkage.comparable import NORMAL, comparable

GOLDEN = (2, "a34a4ac106fe9c94")
"""NORMAL, and what `_digest` gives by it."""

NAMES = (
    "Ana", "ANA-LUCÍA", "Mary Ann", "Baby Boy", "Baby Boy Smith", "Boyd", "Twin A", "Unknown", "Unk", "Refused", "?", "X",
    "de la Cruz-Díaz", "O'Neil", "van der Berg", "Ortega y Gasset", "Nguyễn", "Müller Jr.", "St. John III", "Doe", "John",
    "Jane", "Test", "nmn", "N/A", "Łukasz", "अनिता", "王", "Smith/Jones", "al-Amin", "Baby", "Declined", "Zoë M",
)  # fmt: skip
DAYS = (
    date(1900, 1, 1),
    date(1980, 1, 1),
    date(1980, 2, 3),
    date(2007, 12, 31),
    date(2021, 6, 5),
    date(9999, 12, 31),
    None,
)
OTHERS: dict[str, tuple[str, ...]] = {
    "middle_name": ("M", "Lee", "NMN", "unknown", "No Middle Name"),
    "previous_family_name": ("Smith", "de la Cruz", "unknown"),
    "suffix": ("Jr.", "Junior", "2nd", "III", "Esq"),
    "sex": ("F", "male", "X", "unknown", "2"),
    "ssn": ("219-09-9999", "XXX-XX-1234", "1234", "000-00-0000", "123456789", "999999999", "90012", "078-05-1120"),
    "phone": ("+1 (916) 555-0134", "555-0134", "0000000000", "9165550134 x7", "unknown"),
    "email": ("Ana@Example.org ", "none@example.org", "unknown@x", "a@b.c"),
    "address_line": (
        "12 North Main Street, Apt. 4",
        "General Delivery",
        "homeless",
        "unknown",
        "PO Box 7",
        "1 O'Farrell Blvd",
    ),
    "city": ("Sacramento", "St. Louis", "unknown", "N/A"),
    "state": ("CA", "California", "XX"),
    "postal_code": ("95814-1234", "95814", "00000", "99999"),
    "county": ("06067", "unknown"),
}


def _digest() -> str:
    blocks = [PersonBlock(given_name=given, family_name=family) for given, family in product(NAMES, repeat=2)]
    for day, partial in product(DAYS, (False, True)):
        for given in ("Ana", "Baby Girl"):
            block = PersonBlock(given_name=given, family_name="Zolaris", birth_date=day, birth_date_partial=partial)
            blocks.append(block)
    for name, values in OTHERS.items():
        blocks += [PersonBlock.model_validate({name: value}) for value in values]
    seen = [(tells(block), _parts(block)) for block in blocks]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _parts(block: PersonBlock) -> list[str]:
    one = comparable(block)
    return [f"{name}={getattr(one, name)!r}" for name in sorted(type(one).__dataclass_fields__)]


def test_whoever_changes_what_a_comparable_is_raises_its_number() -> None:
    assert (NORMAL, _digest()) == GOLDEN, "raise NORMAL (hub/domain/linkage/comparable.py) and take both down in GOLDEN"
