from __future__ import annotations

import pytest

from hub.domain.lab_tables import observations, results
from hub.domain.tables import rows
from hub.mapping.codes import code_of, cvx_code, ndc_code, provider_pin, system_of
from tests.privacy.canary import CANARIES


@pytest.mark.parametrize("code", ["94500-6", "260373001", "455371000124106", "LA28397-0", "LP217198-3"])
def test_a_code_of_a_system_we_know_passes(code: str) -> None:
    assert code_of(code) == code


@pytest.mark.parametrize(
    "code", ["94500-7", "260373002", "912-73-8846", "912738846", "9165550173", "1937-11-29", "Smith", "LA-1"]
)
def test_what_only_looks_like_a_code_does_not(code: str) -> None:
    assert code_of(code) is None


@pytest.mark.parametrize("field", CANARIES)
def test_no_field_of_a_person_passes_as_any_code(field: str) -> None:
    for written in (CANARIES[field], "".join(filter(str.isalnum, CANARIES[field]))):
        assert [code_of(written), system_of(written), cvx_code(written), ndc_code(written)] == [None] * 4
        assert provider_pin(written) is None


def test_every_code_of_our_own_tables_passes() -> None:
    assert [code for code, _ in results() if code_of(code) is None] == []
    assert [code for code in observations() if code_of(code) is None] == ["PLT40", "LAB202"]  # one state's own
    assert [row["cvx"] for row in rows("cvx") if cvx_code(row["cvx"]) is None] == []
