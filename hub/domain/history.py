"""A person's history: one row, sub-histories by source_person, each a set of facts; the fold is a merge.

`Row.apply` is commutative and idempotent: per fact the highest version wins, per sub-history the highest link revision
wins, needs that were issued are united. So any order, repeat or crash ends in the same row for the same set of records.
The row of a person_key that no longer owns a sub-history keeps it inactive: it contributes nothing and is sent whole to
the owner, as is every later arrival. A link revision of a later life (hub.domain.erasures) ends the one before: its facts are gone,
and none comes back, whichever comes first.

What a fact holds stands in hub.domain.facts. Every fact is kept, and every report of race and ethnicity that any version of it
told (`SubHistory.said`): a bed night takes about 95 bytes, a year of them 35 kB of the 900 kB that a row may have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from hub.domain.consents import support_decision
from hub.domain.erasures import LATER_LIVES, life
from hub.domain.facts import (
    AnyFact,
    Benefit,
    CaseReport,
    Choice,
    Demographics,
    Dose,
    Lab,
    Living,
    Quarantine,
    Referred,
    ScreenAnswer,
    Stay,
)
from hub.domain.provider_pin import pin_of
from hub.domain.race_reports import stored
from hub.errors import ConfigError

__all__ = [
    "LINK_REVISIONS",
    "UNNUMBERED_UPDATE",
    "Row",
    "SubHistory",
    "decode_row",
    "encode_row",
]

SCHEMA = 1
LINK_REVISIONS = 1 << 23
"""Link revisions stay below: those of a need are 2^40 times as high (hub.domain.projection) and must fit a signed 64-bit number."""
UNNUMBERED_UPDATE = "update-without-number"
"""The issue of a dose that corrects another and does not say which."""
_HASH_LENGTH = 16  # of 32 hex characters: 64 bits settle ties between versions of one fact


class SubHistory(msgspec.Struct, array_like=True):
    """All that one source_person brought, who owns it now, and the needs issued on its ground: id → (support, day 0).

    `said`: by fact, every report of race and ethnicity that an earlier version of it told and its newest does not, each with
    when it was told last (microseconds). A version may be replaced, a report never.
    """

    revision: int
    owner: str
    facts: dict[str, AnyFact]
    issued: dict[str, tuple[str, int]]
    said: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)

    def keep(self, fact_key: str, fact: AnyFact) -> None:
        """Take a version of a fact: the highest stands, whatever the order; what any of them said of race stays."""
        known = self.facts.get(fact_key)
        if known is None:
            self.facts[fact_key] = fact
            return
        newest = fact if fact.version > known.version else known
        self.facts[fact_key] = newest
        if known.race != fact.race:
            self.keep_said(fact_key, {each.race: each.changed_us for each in (known, fact) if each.race is not None})

    def forget(self) -> None:
        """Their source person was erased: what was told of them is gone. Which needs were issued stays: they must be closed."""
        self.facts.clear()
        self.said.clear()

    def keep_said(self, fact_key: str, reports: Mapping[str, int]) -> None:
        """Take reports of a fact that is known here."""
        kept = self.said.get(fact_key, {})
        every = {race: max(kept.get(race, at), reports.get(race, at)) for race, at in {**kept, **reports}.items()}
        every.pop(self.facts[fact_key].race or "", None)
        if every:
            self.said[fact_key] = dict(sorted(every.items()))
        else:
            self.said.pop(fact_key, None)


class Row(msgspec.Struct, array_like=True):
    """One person_key's table value. `contribution`, `due` and `as_of` are what the last projection left (see
    hub.domain.projection)."""

    schema: int
    offset: int
    subs: dict[str, SubHistory]
    contribution: list[str]
    due: int
    as_of: int

    def apply(self, person_key: str, offset: int, record: Mapping[str, Any]) -> list[str]:
        """Fold one decoded record (its `kind` added) of the person topic into this row.

        Returns the source_persons whose sub-history must now be sent on, because its owner is another key. Raises
        KeyError/TypeError/ValueError on a record that is not what its schema promises: the caller dead-letters it, and
        the row is as it was before. A record that its source marks as a test is no fact of anybody. A link revision that no need
        could be written with is refused at once: kept, it would refuse every later record of the person.
        """
        kind = record["kind"]
        source_person = record["source_person"]
        if record.get("processing", "production") != "production":
            self.offset = max(self.offset, offset)
            return []
        if kind == "membership":
            sub = self._sub(source_person, record["revision"], record["owner"])
        elif kind == "carry":
            carried = _SUB_DECODER.decode(record["sub_history"])
            sub = self._sub(source_person, record["revision"], record["owner"])
            if sub.revision < LATER_LIVES or life(record["revision"]) == life(sub.revision):
                for fact_key, fact in carried.facts.items():
                    sub.keep(fact_key, fact)
                for fact_key, reports in carried.said.items():
                    sub.keep_said(fact_key, reports)
            sub.issued.update(carried.issued)  # of who was erased too: their needs have to be closed
        else:
            fact = _FACTS[kind](_common(record), record)
            sub = self._sub(source_person, record["link_revision"], person_key)
            if sub.revision < LATER_LIVES or life(record["link_revision"]) == life(sub.revision):
                sub.keep(record["fact_key"], fact)
        self.offset = max(self.offset, offset)
        return [source_person] if sub.owner != person_key else []

    def _sub(self, source_person: str, revision: int, owner: str) -> SubHistory:
        if not 0 <= revision < LINK_REVISIONS:
            raise ValueError("link revision out of range")
        sub = self.subs.get(source_person)
        if sub is None:
            sub = self.subs[source_person] = SubHistory(revision, owner, {}, {})
        elif (revision, owner) > (sub.revision, sub.owner):
            if revision >= LATER_LIVES and life(revision) > life(sub.revision):
                sub.forget()
            sub.revision, sub.owner = revision, owner
        return sub


_ROW_DECODER = msgspec.msgpack.Decoder(Row)
_SUB_DECODER = msgspec.msgpack.Decoder(SubHistory)
_ENCODER = msgspec.msgpack.Encoder()


def decode_row(value: bytes | None) -> Row:
    """The row of a stored value; an empty row for None. ConfigError when the value is of another schema."""
    if value is None:
        return Row(SCHEMA, -1, {}, [], 0, 0)
    try:
        row = _ROW_DECODER.decode(value)
        known = row.schema == SCHEMA
    except msgspec.DecodeError:
        known = False
    if not known:
        raise ConfigError(
            f"a row of the table is not of schema {SCHEMA}: rebuild the state (a new version of the join app)"
        )
    return row


def encode_row(row: Row) -> bytes:
    """The stored value of a row (MessagePack, arrays: compact, no field names)."""
    return _ENCODER.encode(row)


def encode_sub_history(sub: SubHistory) -> bytes:
    """A sub-history as it is carried to its owner."""
    return _ENCODER.encode(sub)


def _ordinal(day: date | None) -> int:
    return day.toordinal() if day is not None else 0


_Common = tuple[int, int, str, int, bool, int, str | None, str | None, str]


def _common(record: Mapping[str, Any]) -> _Common:
    changed_at: datetime = record["changed_at"]
    return (
        int(changed_at.timestamp() * 1_000_000),
        record["status_rank"],
        record["content_hash"][:_HASH_LENGTH],
        record["mapping_version"],
        record["active"],
        _ordinal(record["occurred_on"]),
        record.get("county"),
        stored(record.get("race_ethnicity")),
        f"{','.join(record['labels'])}|{','.join(record['purposes'])}",
    )


def _lab(common: _Common, record: Mapping[str, Any]) -> Lab:
    isolates = record["meaning"] == "positive" and record["status"] in ("final", "corrected")
    collected = record["collected_on"] or record["resulted_on"] or record["occurred_on"]
    return Lab(
        *common, isolates, _ordinal(record["onset_on"]), _ordinal(collected), record["congregate"] == "yes" and isolates
    )


def _dose(common: _Common, record: Mapping[str, Any]) -> Dose:
    given = record["covid"] and record["status"] == "administered"
    pin = pin_of(record.get("provider_pin")) or ""
    vague = UNNUMBERED_UPDATE in (record.get("issues") or ())
    return Dose(*common, given, record.get("cvx") or "", record.get("historical") or False, pin, vague)


def _case(common: _Common, record: Mapping[str, Any]) -> CaseReport:
    return CaseReport(
        *common,
        record["isolating"],
        _ordinal(record["onset_on"]),
        _ordinal(record["first_positive_on"]),
        _ordinal(record["extended_until"]),
        _ordinal(record["closed_on"]),
        record["closed_reason"],
    )


def _stay(common: _Common, record: Mapping[str, Any]) -> Stay:
    entered = _ordinal(record["entered_on"])
    left = entered + 1 if record["stay"] == "night" else _ordinal(record["left_on"])
    known, current = _ordinal(record.get("known_as_of")), _ordinal(record.get("current_until"))
    return Stay(*common, record["presence"], record["site"], record["site_kind"], entered, left, known, current)


def _screening(common: _Common, record: Mapping[str, Any]) -> ScreenAnswer:
    """What is not final, or neither yes nor no, answers nothing; nor does a guess (social-standards.md requirement 10)."""
    answers = record["final"] and record["indicates_need"] in ("yes", "no") and record.get("signal") != "inferred"
    return ScreenAnswer(*common, record["category"] if answers else "", record["indicates_need"] == "yes")


def _benefit(common: _Common, record: Mapping[str, Any]) -> Benefit:
    asks = record.get("signal") == "reported" and record.get("category") == "food-insecurity"
    return Benefit(*common, record["program"], record["delivered"], record.get("enrolled") or "", asks)


def _referral(common: _Common, record: Mapping[str, Any]) -> Referred:
    """The day of the proof: when it ended, else when its source last changed it, else when it was sent."""
    ended: datetime | None = record["outcome_at"] or (record["changed_at"] if common[0] else None)
    helped_on = (ended.date().toordinal() if ended else common[5]) if record["proof"] is not None else 0
    return Referred(*common, record["category"], helped_on, record["part_of"] is None, record["request"] or "")


_FACTS: dict[str, Callable[[_Common, Mapping[str, Any]], AnyFact]] = {
    "person": lambda common, _: Demographics(*common),
    "lab-result": _lab,
    "vaccination": _dose,
    "case": _case,
    "exposure": lambda common, record: Quarantine(*common, _ordinal(record["last_exposure_on"])),
    "shelter-stay": _stay,
    "living-situation": lambda common, record: Living(*common, record["situation"]),
    "food-assistance": _benefit,
    "screening": _screening,
    "coverage": lambda common, _: Demographics(*common),
    "referral": _referral,
    "consent": lambda common, record: Choice(*common, *support_decision(record, common[5])),
}
