"""The minimum data set: which fields of an event are needed, what rests on each, and which standard asks for it.

A dated table (`tables/minimum_data_set.csv`), handed in as text. `*` as event holds for every kind that speaks of a person; a row
of the kind itself wins. A field without a row is optional. `race_ethnicity.race` and `.ethnicity` are the two halves of one
field, `person.<name>` an identifier.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Literal, cast, get_args

from hub.domain.agreement import grantable
from hub.domain.events import EVENT_TYPES, PLACE_KINDS, Consent, Event, PersonBlock, Referral, Vaccination

__all__ = [
    "EVERYBODY", "HALVES", "NOTHING", "Ask", "MinimumSet", "Need", "asked_fields", "cannot_have", "load_minimum", "of_person",
]  # fmt: skip

Need = Literal["required", "expected", "optional"]
EVERYBODY = "*"
NOTHING = "nothing"
"""`rests_on` begins so where a kind does not need what every other one does, and why."""
HALVES = ("race_ethnicity.race", "race_ethnicity.ethnicity")
"""SPD 15 of 1997 asks for race and for ethnicity, that of 2024 for one list: a Hispanic answer to it fills only the second half."""
ANSWERED = frozenset({"declined", "withheld"})
"""Reasons for no race or ethnicity that are an answer: the sender asked, and can do no more."""
_OF_REFERRALS: Mapping[str, tuple[str, ...]] = {
    "helped": ("outcome",), "closed": ("outcome",), "not-helped": ("proof",), "person-declined": ("outcome", "proof"),
}  # fmt: skip
"""By state in which a referral has ended, what it does not have; `closed` is asked for the proof that it lacks."""
_COMMON = ("source_person", "occurred_on", "changed_at")
_NEEDS: tuple[str, ...] = get_args(Need)


@dataclass(frozen=True, slots=True)
class Ask:
    """One row. `without`: what cannot be done without the field, in plain words. `within_days`: of a date, how late is too late
    (None: nothing is said). `valid_from` and `valid_until` are days, both included."""

    event: str
    field: str
    need: Need
    rests_on: str
    without: str
    within_days: int | None
    standard: str
    version: str
    source: str
    valid_from: date
    valid_until: date | None


class MinimumSet:
    """The rows in force on one day, by kind and field."""

    def __init__(self, rows: Mapping[tuple[str, str], Ask]) -> None:
        self._rows = dict(rows)

    def ask(self, kind: str, field: str) -> Ask | None:
        """What is asked of a field; None: nothing, it is optional."""
        own = self._rows.get((kind, field))
        return own if own is not None or not of_person(kind) else self._rows.get((EVERYBODY, field))

    def need(self, kind: str, field: str) -> Need:
        found = self.ask(kind, field)
        return found.need if found is not None else "optional"

    def __iter__(self) -> Iterator[Ask]:
        return iter(self._rows.values())


def of_person(kind: str) -> bool:
    """Whether events of this kind speak of a person, not of a place."""
    return kind not in PLACE_KINDS


def asked_fields(kind: str) -> tuple[str, ...]:
    """Every field of a kind that can be asked for, in the order of its model: common ones, its own, then who it speaks of."""
    own = (name for name in grantable(kind) if name != "race_ethnicity" and name not in Event.model_fields)
    common = tuple(name for name in _COMMON if of_person(kind) or name != "source_person")
    if not of_person(kind):
        return (*common, *own)
    return (*common, *own, "race_ethnicity", *HALVES, *(f"person.{name}" for name in PersonBlock.model_fields))


def cannot_have(event: Event) -> frozenset[str]:
    """Fields that a record in this state does not have, and is not asked for: a referral that is on its way has no outcome, and one
    that helped nobody no proof of help; a choice that permits nothing has no purposes and no end; whoever gave a dose that is told
    from memory is not known; who was asked for race and ethnicity and declined has answered."""
    told = event.race_ethnicity
    answered = ("race_ethnicity", *HALVES) if told is not None and told.absence in ANSWERED else ()
    return frozenset((*answered, *_not_in_this_state(event)))


def _not_in_this_state(event: Event) -> tuple[str, ...]:
    if isinstance(event, Referral):
        return _OF_REFERRALS.get(event.status, ("outcome", "proof", "outcome_at"))
    if isinstance(event, Consent) and event.status not in ("given", "expired"):
        return ("rules", "valid_until")
    return ("provider_pin",) if isinstance(event, Vaccination) and event.historical else ()


def load_minimum(text: str, day: date) -> MinimumSet:
    """The rows of a CSV (columns as `Ask`) that hold on `day`. ValueError names the line that cannot be read, stands twice, or
    speaks of a kind, field or need that there is none of."""
    found: dict[tuple[str, str], Ask] = {}
    for line, row in enumerate(csv.DictReader(StringIO(text)), 2):
        ask = _ask(row, line)
        if ask.valid_from <= day and (ask.valid_until is None or day <= ask.valid_until):
            if (ask.event, ask.field) in found:
                raise ValueError(f"line {line}: {ask.event} {ask.field} stands twice on one day")
            found[ask.event, ask.field] = ask
    return MinimumSet(found)


def _ask(row: Mapping[str, str], line: int) -> Ask:
    event, field = row["event"], row["field"]
    if event != EVERYBODY and event not in EVENT_TYPES:
        raise ValueError(f"line {line}: there is no event {event}")
    known = asked_fields("person" if event == EVERYBODY else event)
    if field not in known:
        raise ValueError(f"line {line}: {event} has no field {field}")
    if row["need"] not in _NEEDS:
        raise ValueError(f"line {line}: {row['need']} is none of {', '.join(_NEEDS)}")
    if not all(row[name] for name in ("rests_on", "without", "standard", "version", "source", "valid_from")):
        raise ValueError(f"line {line}: only within_days and valid_until may be empty")
    return Ask(
        event, field, cast(Need, row["need"]), row["rests_on"], row["without"],
        int(row["within_days"]) if row["within_days"] else None, row["standard"], row["version"], row["source"],
        date.fromisoformat(row["valid_from"]), date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
    )  # fmt: skip
