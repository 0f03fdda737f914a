"""What goes into a filter, to the letter. Senders with two releases of the hub must write alike: where a value here changes, the
linkage schemas need new names (`name-birth-2`), and senders hash again."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.events import PersonBlock
from hub.domain.linkage.comparable import comparable
from hub.identity.hashed.making import values

BLOCKS = [
    (
        PersonBlock(given_name="José Luis", family_name="García-Márquez", birth_date=date(1980, 5, 17), city="San Antonio"),
        ("jose luis", "garcia marquez", "19800517", "sanantonio", ""),
    ),
    (
        PersonBlock(given_name="Ana M", family_name="de la Cruz Jr.", birth_date=date(1975, 1, 1), postal_code="78207-1234"),
        ("ana", "delacruz", "1975", "", "78207"),
    ),
    (
        PersonBlock(given_name="Unknown", family_name="O'Brien", birth_date=date(1900, 1, 1), postal_code="99999"),
        ("", "obrien", "", "", ""),
    ),
    (PersonBlock(given_name="John", family_name="Doe", birth_date=date(1991, 3, 2)), ("", "", "19910302", "", "")),
]  # fmt: skip


@pytest.mark.parametrize(("block", "told"), BLOCKS)
def test_values_stay_as_they_are_while_the_schemas_keep_their_names(block: PersonBlock, told: tuple[str, ...]) -> None:
    found = values(comparable(block))
    assert tuple(found) == ("given_name", "family_name", "birth_date", "city", "postal_code")
    assert tuple(found.values()) == told
