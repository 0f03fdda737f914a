"""Lists of sources that may not share identifiers: filters in place of names, and nothing in the clear beside them.

Requirement 26 of equity-identity.md."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain.linkage.encoding import HashKey
from hub.mapping.program import Mapped
from tests.domain.linkage.filtered import BEFORE, KEY, sent
from tests.mapping.reading import Reader

ROSTER = "shelter-roster-csv"
SCHEMA = "name-birth-1"
OPTIONS: dict[str, Any] = {
    "hashed": {"schema": SCHEMA, "secrets": {key.key_id: key.check(SCHEMA) for key in (KEY, BEFORE)}}
}
COLUMNS = "Shelter ID,Night Of,Guest ID,Filters,Bed,Printed At,County,State,Last Name,First Name,DOB,Phone,Zip,Notes"
ANA = ("Anahita", "Villalobos")


def row(filters: str = "", who: str = "G-1", at: str = "02/15/2021 9:45 PM", **cells: str) -> str:
    told = {
        "site": "SH-1", "night": "02/15/2021", "who": who, "filters": filters, "bed": "A-1", "at": at, "county": "06067",
        "state": "CA", "family": "", "given": "", "born": "", "phone": "", "zip": "", "notes": "",
    } | cells  # fmt: skip
    return ",".join(told.values())


def beds(*rows: str, head: str = COLUMNS) -> dict[str, str]:
    return {"beds.csv": "\n".join([head, *rows, ""])}


def only(found: list[Mapped]) -> Mapped:
    (mapped,) = (each for each in found if each.type != "site")
    return mapped


@pytest.mark.parametrize("key", [KEY, BEFORE])
def test_r26_a_row_is_told_by_filters_of_this_version_or_the_one_before(read: Reader, key: HashKey) -> None:
    text = sent(*ANA, key=key)
    mapped = only(read(ROSTER, beds(row(text)), **OPTIONS))
    assert mapped.event is not None
    told = mapped.event.person
    assert told is not None
    assert told.model_dump(exclude_none=True) == {
        "birth_date_partial": False, "county": "06067", "state": "CA", "local_id": "G-1", "hashed": text,
    }  # fmt: skip
    outside = mapped.event.model_dump_json(exclude={"person"})
    assert text not in outside
    assert "G-1" not in outside


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (sent(*ANA, key=HashKey("2024-11", KEY.secret)), "old-secret"),
        (sent(*ANA, key=HashKey(KEY.key_id, BEFORE.secret)), "other-secret"),
        (sent(*ANA)[:-8], "bad-filters"),
        (sent(*ANA).replace(SCHEMA, "name-birth-place-1"), "bad-filters"),
        ("Villalobos", "bad-filters"),
    ],
)
def test_r26_any_other_secret_or_text_is_refused_with_a_reason(read: Reader, text: str, reason: str) -> None:
    mapped = only(read(ROSTER, beds(row(text)), **OPTIONS))
    assert (mapped.outcome, mapped.reason, mapped.where["field"], mapped.hard_stop) == (
        "rejected",
        reason,
        "filters",
        False,
    )


@pytest.mark.parametrize("cell", ["family", "given", "born", "phone", "zip"])
def test_a_row_with_anything_in_the_clear_is_kept_nowhere(read: Reader, cell: str) -> None:
    value = {"born": "03/19/1962", "phone": "9165550134", "zip": "95814"}.get(cell, "Villalobos")
    mapped = only(read(ROSTER, beds(row(sent(*ANA), **{cell: value})), **OPTIONS))
    assert (mapped.reason, mapped.hard_stop, mapped.raw, mapped.event) == ("clear-identifiers", True, b"", None)


def test_a_row_that_is_none_is_kept_nowhere(read: Reader) -> None:
    (mapped,) = read(
        ROSTER, beds(row(sent(*ANA)) + ",Villalobos,Anahita", head=COLUMNS.replace(",Notes", "")), **OPTIONS
    )
    assert (mapped.outcome, mapped.hard_stop, mapped.raw) == ("rejected", True, b"")


def test_what_no_list_has_a_field_for_is_never_kept(read: Reader) -> None:
    mapped = only(read(ROSTER, beds(row("cut", notes="really Anahita")), **OPTIONS))
    assert b"cut" in mapped.raw
    assert b"Anahita" not in mapped.raw


def test_filters_that_nobody_agreed_to_are_refused(read: Reader) -> None:
    assert only(read(ROSTER, beds(row(sent(*ANA))))).reason == "filters-not-agreed"


def test_filters_need_the_time_of_their_row(read: Reader) -> None:
    """Those made anew under another secret must be the newer ones."""
    assert only(read(ROSTER, beds(row(sent(*ANA), at="")), **OPTIONS)).reason == "missing-key"


def test_filters_need_the_sources_own_number(read: Reader) -> None:
    assert only(read(ROSTER, beds(row(sent(*ANA), who="")), **OPTIONS)).reason == "missing-key"


def test_a_person_without_filters_is_known_by_the_sources_own_number(read: Reader) -> None:
    mapped = only(read(ROSTER, beds(row()), **OPTIONS))
    assert (mapped.outcome, mapped.odd) == ("event", ("no-filters",))


def test_filters_without_evidence_are_taken_and_it_is_said(read: Reader) -> None:
    bare = ":".join((*sent(*ANA).split(":")[:6], "-", "-", "-"))
    mapped = only(read(ROSTER, beds(row(bare)), **OPTIONS))
    assert (mapped.outcome, mapped.odd) == ("event", ("filters-without-evidence",))


@pytest.mark.parametrize(
    ("program", "head", "cells"),
    [
        (
            "food-pantry",
            "Client ID,Filters,Visit Date,Service,Last Updated",
            "G-1,{},02/15/2021,Food Pantry,02/15/2021 9:45 PM",
        ),
        (
            "food-benefits",
            "Client ID,Filters,Program,Status,Start Date,Last Updated",
            "G-1,{},SNAP,Active,02/01/2021,02/15/2021 9:45 PM",
        ),
    ],
)
def test_any_list_can_be_of_such_a_source(read: Reader, program: str, head: str, cells: str) -> None:
    text = sent(*ANA)
    (event,) = read.events(program, {"list.csv": f"{head}\n{cells.format(text)}\n"}, **OPTIONS)
    assert event.person.hashed == text
