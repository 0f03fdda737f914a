"""The minimum data set against the event models."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files

import pytest

from hub.domain.events import EVENT_TYPES
from hub.domain.minimum import asked_fields, load_minimum, of_person

TEXT = (files("hub.domain") / "tables" / "minimum_data_set.csv").read_text(encoding="utf-8")
HEAD = TEXT.splitlines()[0]
DAY = date(2026, 1, 1)


def row(event: str, field: str, need: str = "required", since: str = "2020-01-01", until: str = "") -> str:
    return f"{HEAD}\n{event},{field},{need},a need,it is lost,,a standard,1,a source,{since},{until}\n"


def test_every_row_names_a_field_that_there_is_and_says_why_by_which_standard() -> None:
    assert list(load_minimum(TEXT, DAY))


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_a_field_that_an_event_cannot_be_made_without_is_not_merely_optional(kind: str) -> None:
    found = load_minimum(TEXT, DAY)
    if kind != "person" and not any(ask.event == kind for ask in found):
        pytest.fail(f"no row in minimum_data_set.csv speaks of {kind}")
    assert any(found.need(kind, name) == "required" for name in asked_fields(kind))


def test_what_is_asked_of_everybody_is_asked_of_each_kind_unless_it_says_otherwise() -> None:
    found = load_minimum(TEXT, DAY)
    assert found.need("shelter-stay", "person.family_name") == "required"
    assert found.need("lab-result", "race_ethnicity") == "expected"
    assert found.need("vaccination", "race_ethnicity") == "required"
    assert found.ask("site", "source_person") is None
    assert not of_person("site")


def test_a_row_holds_from_its_first_day_to_its_last() -> None:
    text = row("site", "beds", since="2021-01-01", until="2021-12-31")
    days = (date(2020, 12, 31), date(2021, 1, 1), date(2021, 12, 31), date(2022, 1, 1))
    needs = [load_minimum(text, day).need("site", "beds") for day in days]
    assert needs == ["optional", "required", "required", "optional"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (row("sites", "beds"), "line 2: there is no event sites"),
        (row("site", "bed"), "line 2: site has no field bed"),
        (row("site", "beds", "needed"), "line 2: needed is none of"),
        (row("site", "beds") + row("site", "beds").splitlines()[1], "line 3: site beds stands twice"),
        (row("site", "beds").replace("a standard", ""), "line 2: only within_days"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        load_minimum(text, DAY)


def test_citations_that_no_reference_here_confirms_say_so() -> None:
    """The notes at hand hold no USCDI, no HHS guidance on laboratory data and few HMIS element numbers."""
    rows = list(csv.DictReader(TEXT.splitlines()))
    cited = [row for row in rows if "USCDI" in row["standard"] or "HHS laboratory" in row["standard"]]
    assert cited
    assert all("unverified: from memory" in row["source"] for row in cited)
