"""The table of senders' names against programs and event models."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files

from hub.connectors.installed import programs
from hub.domain.events import EVENT_TYPES
from hub.domain.minimum import EVERYBODY, asked_fields
from hub.mapping.own_columns import field_of
from hub.mapping.tables import rows
from hub.report.names import NOWHERE, SenderNames, alternatives, halves
from hub.wiring_reading import catalogue
from hub.wiring_report import minimum_set

ROWS = list(
    csv.DictReader((files("hub.report") / "tables" / "source_fields.csv").read_text(encoding="utf-8").splitlines())
)


def test_every_row_names_a_program_an_event_and_a_field_that_there_are() -> None:
    known = set(programs())
    for row in ROWS:
        assert row["program"] in known, row
        kinds = EVENT_TYPES if row["event"] == EVERYBODY else [row["event"]]
        assert any(row["field"] in asked_fields(kind) for kind in kinds), row
        assert row["path"], row


def test_no_row_stands_twice() -> None:
    keys = [(row["program"], row["event"], row["field"]) for row in ROWS]
    assert len(keys) == len(set(keys))


def test_a_kinds_own_name_wins_and_an_unknown_program_has_none() -> None:
    names = SenderNames({("*", "occurred_on"): "any", ("site", "occurred_on"): "own", ("*", "person.phone"): NOWHERE})
    assert (names.name("site", "occurred_on"), names.name("case", "occurred_on")) == ("own", "any")
    assert SenderNames.of_program("nobodys").name("site", "beds") == ""


def test_every_field_that_is_asked_for_has_a_name_that_a_sender_can_act_on() -> None:
    """None is left to be called as the hub calls it: `person.county` tells a pantry nothing."""
    asked = minimum_set(date(2026, 11, 1))
    lacking = [
        (each.name, kind, field)
        for each in catalogue().values()
        if each.program
        for kind in each.emits
        for field in asked_fields(kind)
        if asked.need(kind, field) != "optional" and not SenderNames.of_program(each.program).name(kind, field)
    ]
    assert lacking == []


def test_every_column_that_a_table_program_is_told_by_is_one_that_it_knows() -> None:
    by_names = {row["program"] for row in rows("lists_columns")} | {"lab-csv", "vaccine-supply"}
    for row in ROWS:
        fhir, columns = halves(row["path"])
        of_columns = row["program"] in by_names and (fhir or row["program"] != "consent")
        for each in alternatives(columns) if of_columns and columns != NOWHERE else ():
            assert all(field_of(row["program"], column) for column in each), row
