"""What to fix first: every finding of a page as one thing to do, the costliest first.

Rank: first what loses records or leaves out what is required; then what is expected, or late; last the answers that are asked on
order entry, which no laboratory has by itself. Among these: records it costs × weight. A refused record is lost whole (4); a
required field left out, or its code not understood, leaves a record that cannot do what it is for (3); an expected one takes away
one use of it (2); a late one comes when help is late (2).
Optional fields, fields that the agreement leaves out or the format has no place for, and what is ignored are never asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.report.parts import DelayLine, FieldLine, KindPage, Page, ReasonLine

__all__ = ["Fix", "fixes", "words"]

_LOST, _ASKED, _ON_ORDER = 1, 2, 3  # tiers
_ORDER_ENTRY = "ask on order entry"
_REFUSED, _REQUIRED, _EXPECTED, _LATE, _SILENT = 4.0, 3.0, 2.0, 2.0, 1.0
_ON_PURPOSE = frozenset({"no-consent", "part-2-not-covered", "victim-service-provider", "key-erased"})
"""Refusals that protect somebody: nothing is to be fixed."""


@dataclass(frozen=True)
class Fix:
    """`where`: the sender's own name of the field at fault (empty: none). `standard`: what asks for it. `of` is what the share of
    `records` is of. `people` None: not counted for this finding. `tier`, then `cost` rank. `do` is for the hub's operator, `ask`
    (where the words differ) for the sender; `ours`: the sender can do nothing about it, and is not asked. `places`: where the first
    such records are."""

    what: str
    where: str
    costs: str
    do: str
    standard: str
    records: int
    of: int
    people: int | None
    people_exact: bool
    cost: float
    tier: int = _ASKED
    ask: str = ""
    places: tuple[str, ...] = ()
    ours: bool = False

    def advice(self, *, partner: bool = False) -> tuple[str, str, str]:
        """What to do, in three parts of which the middle is the sender's name of a field, or empty. `partner`: in words for the
        sender, else for the hub's operator."""
        do = (self.ask if partner else "") or self.do
        if not self.where:
            return do, "", ""
        if do.endswith("."):
            return "In", self.where, f": {do[:1].lower()}{do[1:]}"
        return do, self.where, "."


def fixes(page: Page) -> tuple[Fix, ...]:
    """All of them, the costliest first; equals by their words."""
    found = [*_refused(page), *(fix for kind in page.kinds for fix in _of_kind(kind)), *_silence(page)]
    return tuple(sorted(found, key=lambda fix: (fix.tier, -fix.cost, fix.what)))


def _refused(page: Page) -> Iterator[Fix]:
    for line in page.rejected:
        if line.reason not in _ON_PURPOSE:
            yield Fix(
                what=f"Refused: {line.reason}", where=line.field, costs=f"the record is lost. {line.means}".rstrip(),
                do=line.do or _explain(line), standard="", records=line.records, of=page.records, people=None, people_exact=True,
                cost=_REFUSED * line.records, tier=_LOST, ask=line.ask, places=line.places,
            )  # fmt: skip


def _explain(line: ReasonLine) -> str:
    return f"Ask for the records: hub rejected list --reason {line.reason}"


def _of_kind(kind: KindPage) -> Iterator[Fix]:
    for line in kind.fields:
        weight = {"required": _REQUIRED, "expected": _EXPECTED}.get(line.need, 0.0)
        if line.status != "counted":
            continue
        missing = line.of - line.filled
        if weight and missing:
            yield _missing(kind, line, missing, weight)
        if line.unmapped:
            yield _unmapped(kind, line, max(weight, _EXPECTED))
    late = [line for line in kind.delays if line.late]
    if late:
        yield _late(kind, max(late, key=lambda line: (line.clock == "happened-to-received", line.late)))


def _missing(kind: KindPage, line: FieldLine, missing: int, weight: float) -> Fix:
    if line.setting:
        do = "Nobody sends it: set it in connector.yaml, as"
    elif not line.sender:
        do = "Give it."
    elif not line.theirs:
        do = "Give it in a column such as"
    else:
        do = "Write it as the format asks, in" if line.unread >= missing else "Give it in"
    return Fix(
        what=f"{kind.kind}: {words(line.field)} {_how(line, missing)}", where=line.setting or line.sender, costs=line.without,
        do=do, standard=line.standard, records=missing, of=line.of, people=line.people,
        people_exact=line.people_exact, cost=weight * missing, tier=_tier(line), places=line.places, ours=bool(line.setting),
    )  # fmt: skip


def _how(line: FieldLine, missing: int) -> str:
    if not line.unread:
        return "is missing"
    return "cannot be read" if line.unread >= missing else "is missing, or cannot be read"


def _tier(line: FieldLine) -> int:
    if line.need == "required":
        return _LOST
    return _ON_ORDER if _ORDER_ENTRY in line.standard else _ASKED


def _unmapped(kind: KindPage, line: FieldLine, weight: float) -> Fix:
    where = line.sender if line.theirs else ""
    end = " in" if where else "."
    return Fix(
        what=f"{kind.kind}: codes of {words(line.field)} that no table has", where=where,
        costs=line.without or "the value is kept, and means nothing to anybody",
        do=f"Decide what they mean, one row each in the code table, or ask for standard ones{end}",
        ask=f"Tell the hub's people what your codes mean, or send standard ones{end}",
        standard=line.standard,
        records=line.unmapped, of=line.filled, people=None, people_exact=True, cost=weight * line.unmapped,
        tier=_tier(line), places=line.unmapped_places,
    )  # fmt: skip


def _late(kind: KindPage, line: DelayLine) -> Fix:
    return Fix(
        what=f"{kind.kind}: later than {line.late_after} {'day' if line.late_after == 1 else 'days'}",
        where="", costs=f"help and numbers come late, from {line.since} to {line.until}",
        do="Send each record as soon as it is final, or more often than now.", standard="", records=line.late, of=line.records,
        people=None, people_exact=True, cost=_LATE * line.late,
    )  # fmt: skip


def _silence(page: Page) -> Iterator[Fix]:
    arrival = page.arrival
    if arrival is None or not arrival.expected_h or arrival.silent_h is None or arrival.silent_h <= arrival.expected_h:
        return
    yield Fix(
        what=f"Silent for {arrival.silent_h} h, expected every {arrival.expected_h:g} h", where="", people=None,
        costs="nothing new is known from this source", do="Look whether the sender's export and its queue run.",
        ask="Look whether your export and its queue run.", standard="",
        records=0, of=0, people_exact=True, cost=_SILENT * page.records,
    )  # fmt: skip


def words(field: str) -> str:
    """`person.birth_date` → `birth date`."""
    plain = {
        "source_person": "an id of the person", "occurred_on": "the day it happened", "changed_at": "the time of the last change",
        "race_ethnicity": "race and ethnicity", "race_ethnicity.race": "race", "race_ethnicity.ethnicity": "ethnicity",
        "loinc": "LOINC code", "cvx": "vaccine (CVX)", "ndc": "vaccine (NDC)", "person.ssn": "social security number",
        "person.local_id": "the source's id of the person", "person.address_line": "street address",
        "person.postal_code": "ZIP code", "person.email": "e-mail",
    }  # fmt: skip
    return plain.get(field) or field.removeprefix("person.").removesuffix("_on").replace("_", " ")
