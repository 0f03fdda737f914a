"""What may stand on the topic of human decisions (equity-identity.md, requirement 27): tokens and codes, nothing about a person."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from hub.domain.identity_reviews import REVIEW_REASONS, ReviewDecision, reviewed

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_decision_names_its_pair_in_one_order_whichever_was_said_first() -> None:
    made = reviewed("b", "a", "same", reason="name-changed", actor="r.lopez", decided_at=AT)
    assert (made.left, made.right) == ("a", "b")
    assert made.numbered(7) == (7, "a", "b", "same")


def test_who_entered_a_decision_for_another_stands_beside_them() -> None:
    by = {entered: reviewed("a", "b", "same", reason="name-changed", actor="r.lopez", decided_at=AT, entered_by=entered)
          for entered in ("svc-reviews", "r.lopez", None)}  # fmt: skip
    assert {entered: made.entered_by for entered, made in by.items()} == {
        "svc-reviews": "svc-reviews",
        "r.lopez": None,
        None: None,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("right", "a"),
        ("left", "z"),
        ("left", ""),
        ("verdict", "perhaps"),
        ("reason", "He is Maria's brother"),
        ("reason", ""),
        ("actor", "R. Lopez, MD"),
        ("entered_by", "R. Lopez, MD"),
    ],
)
def test_words_unknown_verdicts_and_pairs_of_one_are_no_decision(field: str, value: str) -> None:
    made = {"left": "a", "right": "b", "verdict": "same", "reason": "relatives", "actor": "r.lopez", "decided_at": AT}
    ReviewDecision.model_validate(made)
    with pytest.raises(ValidationError):
        ReviewDecision.model_validate(made | {field: value})


def test_every_reason_is_a_code_that_the_topic_takes() -> None:
    assert set(REVIEW_REASONS) == {"same", "different", "withdrawn"}
    for verdict, reasons in REVIEW_REASONS.items():
        for reason in reasons:
            assert reviewed("a", "b", verdict, reason=reason, actor="x", decided_at=AT).reason == reason
