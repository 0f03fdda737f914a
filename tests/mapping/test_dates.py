"""Dates and times as sources write them; the quick way for the usual HL7 form gives what the general way gives."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mapping.dates import hl7_time

CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20210216134500-0600", datetime(2021, 2, 16, 19, 45, tzinfo=UTC)),
        ("20210216134500", datetime(2021, 2, 16, 19, 45, tzinfo=UTC)),
        ("20210216134560-0600", datetime(2021, 2, 16, 19, 45, 59, tzinfo=UTC)),
        ("20210230134500-0600", None),
        ("2021", None),
        ("00010101000000+2300", None),
    ],
)
def test_a_time_of_hl7_is_read_as_utc(text: str, expected: datetime | None) -> None:
    assert hl7_time(text, CHICAGO) == expected


@settings(max_examples=500, deadline=None)
@given(
    st.builds(
        lambda at, hours, minutes, sign: f"{at}{sign}{hours:02d}{minutes:02d}",
        st.datetimes().map(lambda at: at.strftime("%Y%m%d%H%M%S").zfill(14)) | st.text("0123456789", min_size=14, max_size=14),
        st.integers(0, 23), st.integers(0, 99), st.sampled_from("+-"),
    )
)  # fmt: skip
def test_the_usual_form_reads_like_the_same_time_with_a_fraction(text: str) -> None:
    """A fraction of a second is not of the usual form, and is dropped."""
    assert hl7_time(text, CHICAGO) == hl7_time(f"{text[:14]}.0{text[14:]}", CHICAGO)
