"""What a person's choices mean for the offer of support: a refusal or a revocation stops it, and takes back what stands open.

Refusal is never guessed: a paper that no machine can read, a consent that ran out and a question that was not asked refuse nothing.
A rule for named recipients, or for some of the data only, is kept on the event and decides nothing here: what one subscriber may
see is for its delivery agreement and the labels. Of what one source tells of a person the newest choice stands; between sources the
stricter one, also after their records were found to be one person's (social-standards.md R23: strictest wins).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from hub.domain.facts import Choice

__all__ = ["SUPPORT_PURPOSES", "refused_since", "support_decision"]

SUPPORT_PURPOSES = frozenset({"isolation-support", "care-coordination", "treatment"})
"""Purposes (hub/mapping/tables/consent_purposes.csv) under which a support need is raised and handed on."""
_WHOLE = {"given": "permit", "expired": "permit", "refused": "deny", "revoked": "deny"}
Name = tuple[str, str]
"""(source_person, fact_key)."""


def support_decision(record: Mapping[str, Any], said_on: int) -> tuple[str, int, int]:
    """Of a consent event: `permit`, `deny` or empty for the offer of support, and the first and last day (ordinals; 0 = open).

    The last rule that speaks of support stands, being an exception to those before it. `said_on` (ordinal) is the first day where
    none is told.
    """
    since, until = _ordinal(record["valid_from"]) or said_on, _ordinal(record["valid_until"])
    status = record["status"]
    if status not in _WHOLE or (status == "expired" and not until):
        return "", since, until
    rules = [rule for rule in map(_plain, record["rules"]) if _of_support(rule)]
    if record["rules"] and not rules:
        return "", since, until
    if status == "revoked":  # what was permitted no longer is: from the day on which they said so
        return "deny", said_on or since, 0
    if not rules:
        return _WHOLE[status], since, until
    last = rules[-1]
    return last["decision"], _ordinal(last["valid_from"]) or since, _ordinal(last["valid_until"]) or until


def refused_since(choices: Iterable[tuple[Name, Choice]], as_of: int) -> int | None:
    """From which day (ordinal; 0: ever) support is refused as it stands on `as_of`; None: it is not."""
    newest: dict[str, tuple[tuple[int, int, bool], Choice]] = {}
    for (source_person, _), choice in choices:
        if not choice.decision or choice.since > as_of or (choice.until and choice.until < as_of):
            continue
        rank = (choice.since, choice.changed_us, choice.decision == "deny")
        if source_person not in newest or rank > newest[source_person][0]:
            newest[source_person] = (rank, choice)
    return min((choice.since for _, choice in newest.values() if choice.decision == "deny"), default=None)


def _plain(rule: Any) -> Mapping[str, Any]:
    """A rule as its fields: decoded records hold dicts, events in a preview models."""
    return rule if isinstance(rule, Mapping) else rule.model_dump()


def _of_support(rule: Mapping[str, Any]) -> bool:
    if rule["recipients"] or rule["narrowed"]:
        return False
    return not rule["purposes"] or bool(SUPPORT_PURPOSES.intersection(rule["purposes"]))


def _ordinal(day: date | None) -> int:
    return day.toordinal() if day is not None else 0
