"""social-standards.md, requirements 6 and 7: hashes that are none, and identifiers that name nobody."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hub.connectors.installed import programs
from hub.connectors.packing import Packer
from hub.domain.ids import Ids
from hub.mapping.program import Mapped, MappingContext, Unit
from tests.connectors.pretend import Agreed, PretendPack, unit
from tests.connectors.test_packing import Handed
from tests.mapping.made_up_hmis import Export, Guest
from tests.mapping.reading import MadeUpAgreement, Reader

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
        ("4", "Plain", "512000007", 0),  # says hashed, is not: clear-not-hashed
        ("3", "Plain", "512000007", 0),
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
    assert issues(found)["clear-not-hashed"] == (status != "1" and first == "Plain")
    (person,) = of(found, "person")
    assert (person.person.given_name, person.person.ssn is None) == (
        ("Plain", False) if first == "Plain" else (None, True)
    )


@pytest.mark.parametrize("status", ["1", "3", "4"])
@pytest.mark.parametrize(
    ("first", "ssn", "stopped"),
    [
        (SHA, f"1234{SHA}", False),
        (SHA, "xxxxx1234", False),  # HUD's hashing leaves the last four clear
        ("", "", False),
        ("Plain", f"1234{SHA}", True),
        (SHA, "512000007", True),
        (SHA, "512-00-0007", True),
        ("JohnDoeUnknownHomeless42", "", True),
        ("JohnDoeUnknownHomeles4", "", True),  # as long as an MD5 in base64
        ("Guest-of-Shelter-2024-01-05", "", True),
        ("Guest-of-a-Shelter-1-5", "", True),
        ("maria_gonzalez_lopez_1985", "", True),
        ("Maria_Gonzalez_del_Lopez985", "", True),  # as long as a SHA-1
        ("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", "", False),
        ("n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", "", False),
        ("CY9rzUYh03PK3k6DJie09g==", "", False),
        ("1234rzUYh03PK3k6DJie0g", "", False),
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "", False),
        (SHA, "1234n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", False),
    ],
)
def test_social_6_clear_text_of_a_source_that_may_send_hashes_only_is_not_held(
    status: str, first: str, ssn: str, stopped: bool, read: Reader
) -> None:
    export = Export([Guest(1, more={"FirstName": first, "LastName": SHA, "MiddleName": "", "SSN": ssn})])
    export.tables["Export"][0]["HashStatus"] = status
    found = read(HMIS, export.files(), hashed_only=True)
    stops = [mapped for mapped in found if mapped.reason == "clear-identifiers"]
    assert [(mapped.hard_stop, mapped.raw) for mapped in stops] == [(True, b"")] * stopped
    assert len(of(found, "person")) == (not stopped)
    assert of(found, "shelter-stay"), "rows without identifiers are read"


def test_social_6_nor_is_a_client_row_that_is_refused_for_something_else(read: Reader) -> None:
    export = Export([Guest(1, more={"FirstName": "Plain", "PersonalID": ""})])
    files = dict(export.files())
    table = files["Client.csv"]
    assert isinstance(table, str)
    files["Client.csv"] = f'{table}9,"Plain,Plain\n'
    clients = [mapped for mapped in read(HMIS, files, hashed_only=True) if mapped.where.get("file") == "Client.csv"]
    assert clients
    assert not any(mapped.raw for mapped in clients)
    assert all(mapped.hard_stop for mapped in clients if mapped.outcome == "rejected")


def stopped(table: str) -> dict[str, int]:
    """By reason: what forbids to keep a copy of an export whose Client.csv is this."""
    export = Export([Guest(1, more={"FirstName": SHA, "LastName": SHA, "MiddleName": "", "SSN": ""})])
    content = {name: text.encode() for name, text in export.files().items() if isinstance(text, str)}
    content["Client.csv"] += table.encode()
    context = MappingContext(HMIS, MadeUpAgreement(), Ids(b"k" * 32), options={"hashed_only": True})
    packer = Packer(lambda _: programs()[HMIS].read(Unit("unit", content), context), Agreed(), PretendPack())
    job = packer.begin(Handed(unit("one")))
    while job.records is not None:
        packer.chunk([job])
    return dict(job.receipt.stopped or {})


def test_social_6_of_a_file_with_a_broken_client_row_that_may_hold_a_name_no_copy_is_kept() -> None:
    assert stopped('9,"Plain,Plain\n') == {"clear-identifiers": 1}
    assert stopped("9,Plain,Plain\n") == {"clear-identifiers": 1}
    assert stopped("\n,,,\n") == {}, "a row without values holds no name"


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
