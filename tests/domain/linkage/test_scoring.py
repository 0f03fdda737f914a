"""What a pair of records says about being one person (equity-identity.md, requirements 16 and 21)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.domain.linkage.model import shipped_model
from hub.domain.linkage.scoring import score
from hub.domain.linkage.shared import values_of
from tests.domain.linkage.people import ANA, one

MODEL = shipped_model()


def test_r16_the_same_block_twice_is_a_match() -> None:
    """equity-identity.md R16."""
    assert score(one(**ANA), one(**ANA), MODEL).grade == "match"


@pytest.mark.parametrize("field", sorted(ANA))
def test_r16_what_one_side_leaves_out_is_no_evidence(field: str) -> None:
    """equity-identity.md R16: missing = 0 evidence, for either side, whatever the other says."""
    less = {name: value for name, value in ANA.items() if name != field}
    of = {"given_name": "given", "family_name": "family", "middle_name": "middle", "address_line": "address"}.get(
        field, field
    )
    for left, right in ((one(**less), one(**ANA)), (one(**ANA), one(**less))):
        assert of not in {part.field for part in score(left, right, MODEL).parts}


@pytest.mark.parametrize(
    "said",
    [
        {"given_name": "Luis"},
        {"birth_date": date(1990, 1, 2)},
        {"phone": "555-333-1111"},
        {"ssn": "536417703"},
        {"suffix": "Jr"},
    ],
)
def test_either_order_of_a_pair_scores_the_same(said: dict[str, Any]) -> None:
    left, right = one(**ANA), one(**{**ANA, **said})
    assert score(left, right, MODEL) == score(right, left, MODEL)


def test_r16_a_common_name_says_less_than_a_rare_one() -> None:
    """equity-identity.md R16: term frequencies, from the model."""
    common, rare = ({"family_name": name, "birth_date": date(1984, 5, 17)} for name in ("Smith", "Ferreyra"))
    assert score(one(**common), one(**common), MODEL).total < score(one(**rare), one(**rare), MODEL).total


def test_r21_a_shared_value_and_the_place_of_a_shared_address_say_nothing() -> None:
    """equity-identity.md R21."""
    ana = one(**ANA)
    found = score(ana, ana, MODEL, frozenset(values_of(ana)))
    assert not {"phone", "email", "address", "place"} & {part.field for part in found.parts}


def test_contact_details_alone_are_no_match() -> None:
    told = {name: ANA[name] for name in ("phone", "email", "address_line", "city", "postal_code")}
    assert score(one(**told), one(**told), MODEL).grade != "match"


def test_the_grade_follows_the_parts() -> None:
    found = score(one(**ANA), one(**ANA), MODEL)
    assert found.total == pytest.approx(sum(part.weight for part in found.parts))
