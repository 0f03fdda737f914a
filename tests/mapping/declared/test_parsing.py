"""Parsers: a value, or a code that says what it is not; never a guess."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.declared.model import Rule
from hub.mapping.declared.parsing import BadValue, parser

ZONE = ZoneInfo("America/New_York")
KINDS = (
    "integer",
    "digits",
    "phone",
    "email",
    "postal-code",
    "state",
    "county",
    "address-line",
    "boolean",
    "yes-no",
    "given-name",
)


def read(kind: str, text: str, **rule: object) -> object:
    return parser(kind, Rule.model_validate({"from": "x", **rule}), ZONE, None)(text)


@pytest.mark.parametrize(
    ("kind", "text", "rule", "value"),
    [
        ("date", "03/09/1980", {"format": "%m/%d/%Y"}, date(1980, 3, 9)),
        ("date", "1980-03-09", {"format": ("%m/%d/%Y", "iso")}, date(1980, 3, 9)),
        (
            "date",
            "2021-01-16T02:00:00Z",
            {"format": "iso"},
            date(2021, 1, 15),
        ),  # still the evening before at the source
        ("date", "19800309", {"format": "hl7"}, date(1980, 3, 9)),
        ("datetime", "2021-01-15T20:00:00", {"format": "iso"}, datetime(2021, 1, 16, 1, tzinfo=UTC)),
        (
            "datetime",
            "2021-01-15T20:00:00",
            {"format": "iso", "timezone": "UTC"},
            datetime(2021, 1, 15, 20, tzinfo=UTC),
        ),
        ("datetime", "20210115200000+0000", {"format": "hl7"}, datetime(2021, 1, 15, 20, tzinfo=UTC)),
        ("integer", "-3", {}, -3),
        ("boolean", "Y", {}, True),
        ("boolean", "oui", {"yes_words": ("oui",), "no_words": ("non",)}, True),
        ("yes-no", "No", {}, "no"),
        ("phone", "+1 (555) 201-3344 ext. 12", {}, "5552013344"),
        ("postal-code", "62704-1234", {}, "62704"),
        ("state", "illinois", {}, "IL"),
        ("address-line", "12 Oak St, Apt 3, Springfield, IL 62704", {}, "12 Oak St, Apt 3"),
        ("address-state", "12 Oak St, Springfield, IL 62704", {}, "IL"),
        ("covid-vaccine", "208", {}, True),
        ("family-name", "Okafor Jr , Tom James", {}, "Okafor Jr"),
        ("given-name", "Okafor, Tom James", {}, "Tom James"),
    ],
)
def test_what_can_be_read(kind: str, text: str, rule: dict[str, object], value: object) -> None:
    assert read(kind, text, **rule) == value


@pytest.mark.parametrize(
    ("kind", "text", "rule", "reason"),
    [
        ("date", "09/03/1980 ", {"format": "iso"}, "not-a-date"),
        ("date", "02/30/1980", {"format": "%m/%d/%Y"}, "not-a-date"),
        ("date", "0001-01-01", {"format": "iso"}, "not-a-date"),
        ("date", "9999-12-31T23:59:59-12:00", {"format": "iso"}, "not-a-date"),
        ("datetime", "9999-12-31T23:59:59-12:00", {"format": "iso"}, "not-a-time"),
        ("datetime", "noon", {"format": "iso"}, "not-a-time"),
        ("integer", "1.9", {}, "not-an-integer"),
        ("integer", "٣", {}, "not-an-integer"),
        ("boolean", "maybe", {}, "not-yes-or-no"),
        ("phone", "555-201", {}, "not-a-phone"),
        ("phone", "call 555-201-3344 Bob", {}, "not-a-phone"),
        ("postal-code", "ABCDE", {}, "not-a-postal-code"),
        ("state", "Springfield", {}, "not-a-state"),
        ("email", "a@b", {}, "not-an-email"),
        ("address-line", "somewhere", {}, "not-an-address"),
        ("family-name", "Tom Okafor", {}, "not-a-name"),
        ("given-name", "Okafor, Tom, Jr", {}, "not-a-name"),
        ("given-name", "Okafor,", {}, "not-a-name"),
    ],
)
def test_what_cannot_be_read_is_a_code(kind: str, text: str, rule: dict[str, object], reason: str) -> None:
    with pytest.raises(BadValue) as refused:
        read(kind, text, **rule)
    assert refused.value.reason == reason


def refusal(kind: str, text: str, **rule: object) -> str:
    """The reason code; `read` where there was none."""
    try:
        read(kind, text, **rule)
    except BadValue as refused:
        return refused.reason
    return "read"


@given(st.sampled_from(KINDS), st.text(min_size=1, max_size=60))
def test_no_text_breaks_a_parser(kind: str, text: str) -> None:
    assert refusal(kind, text).startswith(("not-", "read"))


@given(st.sampled_from(["iso", "hl7", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S%z"]), st.text(min_size=1, max_size=40))
def test_no_text_breaks_a_date(given_format: str, text: str) -> None:
    for kind in ("date", "datetime"):
        assert refusal(kind, text, format=given_format).startswith(("not-a-", "read"))
