"""A draft leaves out of a record's version what, by its name, only says when or how it was exported."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from hub.connectors.drafting import draft

CSV = "Guest ID,Night,Batch No,Exported At,Line\nG-1,2021-02-15,7,2021-02-16T06:00:00,1\n"
JSON = {
    "exported_at": "x",
    "house": {"batch": 7},
    "guests": [{"guest_id": 1, "night": "2021-02-15", "meta": {"row_number": 3}}],
}


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("beds.csv", CSV, ["Batch No", "Exported At", "Line"]),
        ("beds.csv", "Guest ID,Night\nG-1,2021-02-15\n", None),
        ("beds.json", json.dumps(JSON), ["$.exported_at", "$.house.batch", "meta.row_number"]),
    ],
)
def test_what_changes_with_every_export_is_proposed_as_transport(
    tmp_path: Path, name: str, text: str, found: list[str] | None
) -> None:
    (tmp_path / name).write_text(text)
    made = draft("house", tmp_path / name, date(2021, 3, 1))
    source = yaml.safe_load(made.files["connector.yaml"])["source"]
    assert source.get("transport") == found
    assert any(each.startswith("source.transport: ") for each in made.todo) == (found is not None)


def test_a_column_that_the_draft_maps_is_no_transport(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Guest ID,Night,Printed\nG-1,2021-02-15,1\n")
    (tmp_path / "b.csv").write_text("Batch,Night\n7,2021-02-15\n")
    assert "transport" in made_of(tmp_path / "a.csv")
    assert "transport" not in made_of(tmp_path / "b.csv"), "the only column that could be an id"


def made_of(sample: Path) -> str:
    return draft("house", sample, date(2021, 3, 1)).files["connector.yaml"]
