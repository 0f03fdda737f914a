"""Dates as spreadsheets count them: days since 1899-12-30, with the day's part behind the point."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from hub.mapping.declared.model import Rule
from hub.mapping.declared.parsing import BadValue, parser

RULE = Rule.model_validate({"from": "DOB", "format": "excel"})
CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("text", "day"), [("44242", date(2021, 2, 15)), ("29221.75", date(1980, 1, 1)), ("61", date(1900, 3, 1))]
)
def test_a_number_of_days_is_a_date(text: str, day: date) -> None:
    assert parser("date", RULE, CHICAGO, None)(text) == day


def test_the_part_behind_the_point_is_the_time_of_day_at_the_source() -> None:
    assert parser("datetime", RULE, CHICAGO, None)("44242.5") == datetime(2021, 2, 15, 18, tzinfo=UTC)


@pytest.mark.parametrize("text", ["60", "-1", "1e5", "2021-02-15", "9999999", "NaN"])
def test_what_is_no_such_number_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="not-a-date"):
        parser("date", RULE, CHICAGO, None)(text)
