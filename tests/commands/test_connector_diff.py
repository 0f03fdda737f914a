"""What `hub connector try --diff` tells of two readings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.commands.connector_control import _files
from hub.commands.connector_diff import differences
from hub.commands.connector_summary import mask


def line(row: int = 2, **changes: Any) -> str:
    event: dict[str, Any] = {
        "event_id": "e1", "source_person": "p1", "mapping_version": 1, "meaning": "positive", "test": {"mapped": "diagnostic"},
        "collected_on": "2021-02-01", "person": {"family_name": "Vance"},
    }  # fmt: skip
    told = {
        "outcome": "event",
        "type": "lab-result",
        "event": event,
        "reason": None,
        "where": {"file": "a.csv", "row": row},
    }
    event.update({name: value for name, value in changes.items() if name in event})
    return json.dumps(told | {name: value for name, value in changes.items() if name not in event})


def test_two_readings_that_are_the_same_differ_in_nothing() -> None:
    assert differences([line(), line(3)], [line(), line(3)], masked=True) == []


def test_a_field_that_changed_is_told_with_words_of_the_hub_and_without_the_senders_text() -> None:
    now = line(event_id="e2", meaning="negative", person={"family_name": "Oakes"}, collected_on="2021-02-02")
    told = differences([line()], [now], masked=True)
    assert told == [
        "  a.csv row 2: lab-result collected_on: ••• (10 characters) → ••• (10 characters) (another text)",
        "  a.csv row 2: lab-result meaning: positive → negative",
        "  a.csv row 2: lab-result person.family_name: ••• (5 characters) → ••• (5 characters) (another text)",
    ]
    assert "Vance → Oakes" in "".join(differences([line()], [now], masked=False))


def test_a_version_that_rose_everywhere_is_one_line() -> None:
    now = [line(row, event_id=f"n{row}", mapping_version=2) for row in (2, 3, 4)]
    assert differences([line(row) for row in (2, 3, 4)], now, masked=True) == ["  3 records: mapping_version 1 → 2"]


def test_records_that_came_or_went_and_outcomes_that_changed_are_told() -> None:
    refused = line(3, outcome="rejected", reason="unmapped-code.meaning", event=None)
    told = differences([line(2), line(3)], [refused, line(4)], masked=True)
    assert told == [
        "- a.csv row 2: lab-result, event",
        "  a.csv row 3: lab-result, event → rejected (unmapped-code.meaning)",
        "+ a.csv row 4: lab-result, event",
    ]


def test_an_id_alone_is_told_where_nothing_else_differs() -> None:
    assert differences([line()], [line(event_id="e2")], masked=True) == ["  a.csv row 2: lab-result event_id"]


@pytest.mark.parametrize(
    ("text", "said"), [("a", "••• (1 character)"), ("ab", "••• (2 characters)"), ("", "••• (0 characters)")]
)
def test_how_much_there_is_of_a_text_is_said_in_the_right_number(text: str, said: str) -> None:
    assert mask(text) == said


@pytest.mark.parametrize(
    ("names", "said"), [("a", "1 unit in done/ and failed/ goes"), ("ab", "2 units in done/ and failed/ go")]
)
def test_how_many_units_go_back_is_said_in_the_right_number(names: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "done").mkdir()
    for name in names:
        (tmp_path / "done" / f"{name}.csv").write_text("x")
        (tmp_path / "done" / f"{name}.csv.receipt.json").write_text('{"taken_at": "2021-03-01T10:00:00+00:00"}')
    [words] = _files(tmp_path, None).words
    assert words.startswith(f"{said} back into the inbox: a.csv")
