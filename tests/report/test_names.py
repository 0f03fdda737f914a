"""The table of senders' names against programs and event models."""

from __future__ import annotations

import csv
from importlib.resources import files

from hub.connectors.installed import programs
from hub.domain.events import EVENT_TYPES
from hub.domain.minimum import EVERYBODY, asked_fields
from hub.report.names import NOWHERE, SenderNames

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
