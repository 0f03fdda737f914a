"""A workbook is as good as the CSV of its first sheet, wherever a declared CSV connector reads."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from hub.connectors.archive import is_archive
from hub.domain.agreement import IntakeAgreement
from hub.wiring_reading import OFFLINE_IDS, explained
from tests.formats.workbooks import workbook
from tests.mapping.declared.shelter import declared, write

ROWS: list[list[Any]] = [
    ["Guest ID", "First", "Last", "DOB", "Phone", "Night", "Bed Type", "Race", "Updated"],
    [
        "G-1",
        "Ana",
        "Lopez",
        date(1980, 3, 9),
        5552013344,
        date(2021, 1, 15),
        "DORM",
        "Latina",
        datetime(2021, 1, 16, 6),
    ],
    ["G-2", "Bo", "Ray", None, None, "=TODAY()", "ROOM", "Black", None],
]

AGREED = IntakeAgreement(
    kind="intake", agreement_id="made-up", connector="night-shelter", discloser="shelter", recipient="county", basis="made up",
    valid_from=date(2020, 1, 1), valid_until=date(2030, 1, 1), purposes=("care",), labels=("N",), retention_days=30,
    events={"shelter-stay": ("stay", "presence", "site", "site_kind", "entered_on")},
)  # fmt: skip


def test_a_workbook_in_the_inbox_or_on_the_command_line_is_read_row_by_row(tmp_path: Path) -> None:
    document = declared()
    document["map"][0]["occurred_on"]["format"] = ["%m/%d/%Y", "iso"]
    document["map"][0]["fields"]["entered_on"]["format"] = ["%m/%d/%Y", "iso"]
    document["identity"]["block"]["birth_date"]["format"] = ["%m/%d/%Y", "iso"]
    connector = write(tmp_path, document)
    path = tmp_path / "beds.xlsx"
    path.write_bytes(workbook(ROWS))
    found = [mapped for _, mapped in explained(connector, AGREED, OFFLINE_IDS, path)]
    assert [(each.outcome, each.reason, each.where.get("row")) for each in found] == [
        ("event", None, 2), ("rejected", "cell-without-value", 3),
    ]  # fmt: skip
    assert found[0].event is not None
    assert found[0].event.occurred_on == date(2021, 1, 15)


def test_a_workbook_is_no_archive() -> None:
    assert is_archive("beds.xlsx", b"PK\x03\x04") is None
    assert is_archive("beds.zip", b"PK\x03\x04") == "zip"
