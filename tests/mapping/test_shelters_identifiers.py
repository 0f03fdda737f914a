"""social-standards.md, requirements 6 and 7: hashes that are none, and identifiers that name nobody."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hub.mapping.program import Mapped
from tests.mapping.made_up_hmis import Export, Guest
from tests.mapping.reading import Reader

HMIS = "hmis-csv"


def of(found: list[Mapped], kind: str) -> list[Any]:
    return [mapped.event for mapped in found if mapped.event is not None and mapped.type == kind]


def issues(found: list[Mapped]) -> Counter[str]:
    return Counter(code for mapped in found for code in mapped.odd)


SHA = "ab" * 32


@pytest.mark.parametrize(
    ("status", "first", "ssn", "odd"),
    [
        ("4", SHA, f"1234{SHA}", 0),
        ("4", "ab" * 16, "", 1),  # a vendor's demonstration: 4, with 32 digits
        ("4", "Plain", "512000007", 1),
        ("3", "Plain", "512000007", 0),  # says hashed, is not: read as it is
        ("1", SHA, "", 1),
        ("1", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", "", 1),
        ("3", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", "", 0),
        ("3", "CY9rzUYh03PK3k6DJie09g==", "", 0),
        ("2", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "", 0),
        ("3", SHA + SHA, "", 0),
        ("1", "Plain", "512000007", 0),
    ],
)
def test_social_6_hash_status_is_checked_and_not_believed(
    status: str, first: str, ssn: str, odd: int, read: Reader
) -> None:
    export = Export([Guest(1, more={"FirstName": first, "LastName": first, "MiddleName": "", "SSN": ssn})])
    export.tables["Export"][0]["HashStatus"] = status
    found = read(HMIS, export.files())
    assert issues(found)["hash-unknown"] == odd
    (person,) = of(found, "person")
    assert (person.person.given_name, person.person.ssn is None) == (
        ("Plain", False) if first == "Plain" else (None, True)
    )


@pytest.mark.parametrize(
    ("ssn", "quality"),
    [
        ("000000000", "1"),
        ("123456789", "1"),
        ("512000007", "2"),
        ("512000007", "8"),
        ("512000007", "9"),
        ("512000007", "99"),
        ("51200000", "1"),
    ],
)
def test_social_7_placeholder_and_partial_numbers_carry_no_weight(ssn: str, quality: str, read: Reader) -> None:
    (person,) = of(read(HMIS, Export([Guest(1, more={"SSN": ssn, "SSNDataQuality": quality})]).files()), "person")
    assert person.person.ssn is None


def test_social_7_a_number_on_three_people_is_a_placeholder_and_a_blank_or_partial_birth_date_is_no_crash(
    read: Reader,
) -> None:
    shared = [Guest(n, more={"SSN": "970454707"}) for n in (1, 2, 3)]
    shared += [Guest(4, more={"DOB": "", "DOBDataQuality": "99"}), Guest(5, more={"DOBDataQuality": "2"})]
    people = of(read(HMIS, Export(shared).files()), "person")
    assert [p.person.ssn for p in people[:3]] == [None] * 3
    assert (people[3].person.birth_date, people[4].person.birth_date_partial) == (None, True)


@pytest.mark.parametrize(
    "name", ["Wolfeschlegelsteinhausenbergerdorff", "Maria del Carmen de los Angeles 2", "O'Neill-Fitzgerald"]
)
def test_a_long_name_is_no_hash(name: str, read: Reader) -> None:
    export = Export([Guest(1, more={"FirstName": name})])
    (person,) = of(read(HMIS, export.files()), "person")
    assert person.person.given_name == name
