"""What a person decided about two source persons, as it stands on its topic: tokens, codes, an account; never words about anybody.

The topic has one partition, so that a decision's place in it is its number: of two on one pair the later one stands
(hub.domain.linkage.decisions). It is kept for ever: a registry that is made anew reads it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Self

from pydantic import Field, model_validator

from hub.domain.events import Model
from hub.domain.linkage.decisions import HumanDecision, Verdict

__all__ = ["REVIEW_REASONS", "ReviewDecision", "reviewed"]

REVIEW_REASONS: Mapping[Verdict, Mapping[str, str]] = {
    "same": {
        "records-compared": "what both records say fits one person only",
        "source-confirmed": "a source that knows the person said so",
        "person-confirmed": "the person said so themselves",
        "document-seen": "a document names both",
        "name-changed": "the same person under a former or a chosen name",
    },
    "different": {
        "records-compared": "what the records say does not fit one person",
        "source-confirmed": "a source that knows both said so",
        "person-confirmed": "the person said that the other record is not theirs",
        "relatives": "twins, siblings, parent and child, a couple",
        "borrowed-number": "one used the other's number or document",
    },
    "withdrawn": {
        "mistaken": "the decision was a mistake, or meant for another pair",
        "record-corrected": "the source corrected a record since",
        "still-unsure": "it needs another look",
    },
}
"""Why, in a code each; others, of later hubs, are read all the same."""

_ACCOUNT = r"^[A-Za-z0-9._-]{1,64}$"


class ReviewDecision(Model):
    """A reviewer's word on a pair, the smaller token first."""

    kind: ClassVar[str] = "review-decision"

    left: str = Field(min_length=1, description="source_person, the smaller token")
    right: str = Field(min_length=1, description="source_person, the greater token")
    verdict: Verdict = Field(description="same, different, or withdrawn: earlier ones on this pair no longer hold")
    reason: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="a code for why, never words about a person")
    actor: str = Field(pattern=_ACCOUNT, description="account of who decided")
    decided_at: datetime
    entered_by: str | None = Field(
        default=None, pattern=_ACCOUNT, description="account that entered it for them; null: the actor, or not told"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.left >= self.right:
            raise ValueError("two different source persons, the smaller token first")
        return self

    def numbered(self, number: int) -> HumanDecision:
        """As linking takes it."""
        return HumanDecision(number, self.left, self.right, self.verdict)


def reviewed(
    one: str,
    other: str,
    verdict: Verdict,
    *,
    reason: str,
    actor: str,
    decided_at: datetime,
    entered_by: str | None = None,
) -> ReviewDecision:
    """The decision on two source persons, in either order; ValueError where they are one. Who entered it is told where that is
    another account than the actor's."""
    left, right = sorted((one, other))
    return ReviewDecision(
        left=left,
        right=right,
        verdict=verdict,
        reason=reason,
        actor=actor,
        decided_at=decided_at,
        entered_by=None if entered_by == actor else entered_by,
    )
