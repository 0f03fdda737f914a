"""One provider is one PIN, however a spreadsheet wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.provider_pin import pin_of


@pytest.mark.parametrize("written", ["A4512", "a4512", " A4512 ", "A 4512", "00A4512", "A4512\t"])
def test_blanks_case_and_leading_zeros_make_no_other_provider(written: str) -> None:
    assert pin_of(written) == "A4512"


def test_a_spreadsheet_that_took_the_pin_for_a_number_still_means_the_same_provider() -> None:
    assert {pin_of("004512"), pin_of("4512"), pin_of("4512.0"), pin_of("0004512")} == {"4512"}


@pytest.mark.parametrize("written", [None, "", "   ", "0000", "0.0", "Luna", "1234567", "12-34", "१२३", "A" * 17 + "1"])
def test_what_is_no_pin_is_none(written: str | None) -> None:
    assert pin_of(written) is None


def test_a_zero_inside_or_at_the_end_belongs_to_the_pin() -> None:
    assert pin_of("100200") == "100200"
    assert pin_of("A00") == "A00"


@given(st.text(max_size=20))
def test_a_pin_is_its_own_pin(text: str) -> None:
    pin = pin_of(text)
    assert pin is None or pin_of(pin) == pin
