"""Who pays, by a code or a word: exact, but for the typology whose codes are hierarchical."""

from __future__ import annotations

import pytest

from hub.domain.payers import UNKNOWN_PAYER, payer_of, typology_code


@pytest.mark.parametrize(
    ("code", "row", "payer_class", "medicaid"),
    [
        ("2", "2", "medicaid", "yes"), ("2111", "2", "medicaid", "yes"), ("24", "24", "unknown", "unknown"),
        ("119", "1", "medicare", "unknown"), ("31115", "3", "other-public", "unknown"), ("512", "5", "private", "unknown"),
        ("811", "81", "self-pay", "unknown"), ("95", "95", "other", "unknown"),
    ],
)  # fmt: skip
def test_a_code_of_the_typology_is_a_kind_of_what_it_begins_with(
    code: str, row: str, payer_class: str, medicaid: str
) -> None:
    found = payer_of(typology_code(code))
    assert (found.code, found.payer_class, found.medicaid) == (row, payer_class, medicaid)


@pytest.mark.parametrize("code", ["", "7", "82", "99", "2a", "21111111", "MEDICAID", "\u0662"])
def test_what_no_row_says_stays_unknown(code: str) -> None:
    assert typology_code(code) == ""
    assert payer_of(typology_code(code)) == UNKNOWN_PAYER


def test_a_plans_own_number_is_no_code_of_the_typology() -> None:
    assert payer_of("2111", "20881") == UNKNOWN_PAYER
