"""What the words of a source say of a referral: its state, why nobody was helped, and whether that is proof of help.

States: social-standards.md §3.3. Words stand in tables (lists_words.csv of `referral-csv`, referral_states.csv for coded
lists); each is a state, or the reason of not-helped. `not-sent` and `withdrawn` are words too: a draft is no referral, an
error takes it back.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, cast, get_args

from hub.domain.referral_events import NotHelped, Proof, ReferralStatus
from hub.mapping.tables import rows

__all__ = ["ENDED", "NOT_SENT", "WITHDRAWN", "Told", "coded", "rank", "state_of"]

NOT_SENT, WITHDRAWN = "not-sent", "withdrawn"
ENDED = frozenset({"helped", "not-helped", "person-declined", "closed"})
_REASONS: tuple[str, ...] = get_args(NotHelped)
_LIVE = ("sent", "waiting-on-person", "accepted", "in-progress", "passed-on")
_RANKS = {
    word: number for number, word in enumerate((*_LIVE, "closed", "not-helped", "person-declined", "helped"), start=1)
}
_DENIALS = frozenset({*_REASONS, "not-helped", "person-declined"})
_LAST = 15
_PRECISE = ("person-declined", "no-capacity", "not-eligible", "couldnt-contact", "couldnt-get-help", "failed")
"""What says more than `declined` or `not-helped`, the surest first."""


class Told(NamedTuple):
    """A state with what belongs to it; `issues`: codes of what does not fit together."""

    status: ReferralStatus
    outcome: NotHelped | None = None
    proof: Proof | None = None
    issues: tuple[str, ...] = ()


def rank(told: Told, *, withdrawn: bool = False) -> int:
    """Which of two words of one time is the later: the one further along the loop."""
    return _LAST if withdrawn else _RANKS[told.status]


def state_of(status: str, outcome: str = "", reason: str = "") -> Told:
    """Of the words of a status, of an outcome and of its reason (any may be empty): the state.

    Proof of help stands only where nothing beside it denies help (`outcome-contradicts`). An outcome ends a referral whose
    status lags behind; a reason explains an end and makes none.
    """
    words = (status, outcome, reason)
    denied = [word for word in words if word in _DENIALS]
    if "helped" in (status, outcome) and not denied:
        return Told("helped", proof="got-help")
    odd = ("outcome-contradicts",) if "helped" in words else ()
    main = outcome if outcome and (outcome not in _LIVE or not status or status in _LIVE) else status
    if main in _LIVE:
        return Told(cast(ReferralStatus, main), issues=odd)
    word = next((word for word in _PRECISE if word in denied), next(iter(denied), "closed"))
    if word in _REASONS:
        return Told("not-helped", cast(NotHelped, word), issues=odd)
    return Told(cast(ReferralStatus, word), issues=odd)


def coded(system: str, code: str) -> str | None:
    """The word for a code of a list (referral_states.csv: `fhir-task`, `task-reason`, `fhir-request`, `hmis-event`); None where
    no row says."""
    return _coded().get((system, code))


@lru_cache(maxsize=1)
def _coded() -> dict[tuple[str, str], str]:
    return {(row["system"], row["code"]): row["word"] for row in rows("referral_states")}
