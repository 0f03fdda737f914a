"""What a person's choices mean for the offer of support: a refusal or a revocation stops it, and takes back what stands open.

Refusal is never guessed: a paper that no machine can read, a consent that ran out and a question that was not asked refuse nothing.
A rule for named recipients stops no offer: who is refused stands on the need (`refused_to`), and delivery hands it to none of
them. A rule for some of the data only decides nothing here: that is for the labels. Of what one source tells of a person the newest
choice stands, purpose by purpose, and of one day the refusal; a refusal of unknown day is newer than any permit. What a clinic may
do to treat lifts no refusal of care coordination; what is permitted for everything does. Between sources the stricter one stands,
also after their records were found to be one person's (social-standards.md R23: strictest wins).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

from hub.domain.facts import Choice

__all__ = [
    "SUPPORT_PURPOSES", "UNNAMED_RECIPIENT", "SupportDecision", "changing_days", "recipient_parts", "refused_at",
    "refused_recipients", "refused_since", "support_decision",
]  # fmt: skip

SUPPORT_PURPOSES = frozenset({"isolation-support", "care-coordination", "treatment"})
"""Purposes (hub/mapping/tables/consent_purposes.csv) under which a support need is raised and handed on."""
_OFFER = frozenset({"isolation-support", "care-coordination"})
"""Of these, those that speak of the offer itself: who refuses everything else but permits one of them, permits it."""
UNNAMED_RECIPIENT = "?"
"""Stands for a recipient whom a consent does not name: it may be anybody."""
_EVERYTHING = ""
_WHOLE = {"given": "permit", "expired": "permit", "refused": "deny", "revoked": "deny"}
_UNKNOWN_DAY = date.max.toordinal()
Name = tuple[str, str]
"""(source_person, fact_key)."""
Part = tuple[str, str, int, int]
"""One purpose (empty: all), `permit` or `deny`, first and last day (ordinals; 0 = open)."""
Named = tuple[str, str, str, int, int]
"""The same for one recipient alone, whose token (`refused_at`) comes first."""


class SupportDecision(NamedTuple):
    """The last fields of a `Choice`: what it comes to for the offer of support on whatever day, and purpose by purpose."""

    decision: str
    since: int
    until: int
    parts: tuple[Part, ...] = ()
    named: tuple[Named, ...] = ()


def recipient_parts(name: str) -> tuple[str, str]:
    """A recipient's name or reference as it goes into its token after the source: alike however it is spaced, and in any case."""
    return "recipient", " ".join(name.casefold().split()) or UNNAMED_RECIPIENT


def refused_at(source: str, recipient: str) -> str:
    """A recipient's token beside the connector that tells it: each names recipients in its own words, and only who knows these can
    say that somebody is not meant. Without a connector nobody can."""
    return f"{source}:{recipient}" if source else recipient


def support_decision(record: Mapping[str, Any], said_on: int) -> SupportDecision:
    """Of a consent event. `said_on` (ordinal) is the first day where none is told; nobody permits before they say so."""
    told = list(_parts(record, said_on))
    parts = tuple(
        (purpose, decision, since, until) for recipient, purpose, decision, since, until in told if not recipient
    )
    named = tuple(each for each in told if each[0])
    standing = _standing((purpose, (decision, since)) for purpose, decision, since, _ in parts)
    word = "deny" if _denied(standing) is not None else "permit" if parts else ""
    _, _, since, until = next((part for part in parts if part[1] == word), ("", "", 0, 0))
    return SupportDecision(word, since, until, parts, named)


def refused_since(choices: Iterable[tuple[Name, Choice]], as_of: int) -> int | None:
    """From which day (ordinal; 0: ever) support is refused as it stands on `as_of`; None: it is not."""
    return _refused_since(choices, as_of, "")


def refused_recipients(choices: Iterable[tuple[Name, Choice]], as_of: int) -> tuple[str, ...]:
    """Those (`refused_at`) to whom nothing of the person's needs may go as it stands on `as_of`, sorted."""
    told = list(choices)
    named = {recipient for _, choice in told for recipient, *_ in choice.named}
    return tuple(sorted(each for each in named if _refused_since(told, as_of, each) is not None))


def _refused_since(choices: Iterable[tuple[Name, Choice]], as_of: int, recipient: str) -> int | None:
    """Of everybody's offer, and of what is decided for one recipient beside it (empty: nobody)."""
    told: dict[str, list[tuple[tuple[int, bool], str, tuple[str, int]]]] = {}
    for (source_person, _), choice in choices:
        in_force = [
            part for part in _parts_of(choice, recipient) if part[2] <= as_of and (not part[3] or part[3] >= as_of)
        ]
        own = _standing((purpose, (decision, since)) for purpose, decision, since, _ in in_force)
        for purpose, verdict in own.items():
            denies = verdict[0] == "deny"
            rank = (choice.occurred or (_UNKNOWN_DAY if denies else 0), denies)
            told.setdefault(source_person, []).append((rank, purpose, verdict))
    found = (_denied(_standing(each[1:] for each in sorted(of_one))) for of_one in told.values())
    return min((since for since in found if since is not None), default=None)


def changing_days(choice: Choice) -> Iterator[int]:
    """The days (ordinals) on which what a choice decides begins or is over."""
    whole = ((since, until) for _, _, since, until in _parts_of(choice))
    named = ((since, until) for _, _, _, since, until in choice.named)
    for since, until in chain(whole, named):
        yield since
        if until:
            yield until + 1


def _parts(record: Mapping[str, Any], said_on: int) -> Iterator[Named]:
    """In the order of the rules: a rule that follows another is an exception to it."""
    since, until = _ordinal(record["valid_from"]) or said_on, _ordinal(record["valid_until"])
    status, source = record["status"], record.get("source", "")
    if status not in _WHOLE or (status == "expired" and not until):
        return
    if status == "revoked":  # what was permitted no longer is: from the day on which they said so
        since, until = said_on or since, 0
    if not record["rules"]:
        yield "", _EVERYTHING, _WHOLE[status], since if status in ("refused", "revoked") else max(since, said_on), until
        return
    for rule in filter(_of_support, map(_plain, record["rules"])):
        first, last = since, until
        if status != "revoked":
            first, last = _ordinal(rule["valid_from"]) or since, _ordinal(rule["valid_until"]) or until
        if rule["decision"] == "permit":
            first = max(first, said_on)
        for purpose in sorted(SUPPORT_PURPOSES.intersection(rule["purposes"])) or (_EVERYTHING,):
            for recipient in [refused_at(source, each) for each in rule["recipients"]] or ("",):
                yield recipient, purpose, rule["decision"], first, last


def _parts_of(choice: Choice, recipient: str = "") -> Sequence[Part]:
    """What it decides for everybody, then for that recipient. Of a choice that an earlier release stored, its decision for
    everything."""
    whole = ((_EVERYTHING, choice.decision, choice.since, choice.until),) if choice.decision else ()
    alone = [
        (purpose, decision, since, until) for who, purpose, decision, since, until in choice.named if who == recipient
    ]
    return (*(choice.parts or whole), *alone)


def _standing(told: Iterable[tuple[str, tuple[str, int]]]) -> dict[str, tuple[str, int]]:
    """What stands for each purpose (decision and first day), of verdicts in order: the last one on a purpose, or on all."""
    standing: dict[str, tuple[str, int]] = {}
    for purpose, verdict in told:
        permits = verdict[0] == "permit"
        if purpose == _EVERYTHING and permits:
            standing.clear()
        elif purpose in _OFFER and permits and standing.get(_EVERYTHING, verdict)[0] == "deny":
            del standing[_EVERYTHING]
        standing[purpose] = verdict
    return standing


def _denied(standing: Mapping[str, tuple[str, int]]) -> int | None:
    return min((since for decision, since in standing.values() if decision == "deny"), default=None)


def _plain(rule: Any) -> Mapping[str, Any]:
    """A rule as its fields: decoded records hold dicts, events in a preview models."""
    return rule if isinstance(rule, Mapping) else rule.model_dump()


def _of_support(rule: Mapping[str, Any]) -> bool:
    if rule["narrowed"]:
        return False
    return not rule["purposes"] or bool(SUPPORT_PURPOSES.intersection(rule["purposes"]))


def _ordinal(day: date | None) -> int:
    return day.toordinal() if day is not None else 0
