"""Exports of referral platforms and of 2-1-1 lines (findhelp, Unite Us and the like): a referral a row, to referral events.

A status is a word of the table or of the connector's settings; one that no row decides is refused rather than guessed. Helped
only where the row says that help was got; accepted, eligible, enrolled, resolved and closed are not (social-standards.md
§3.3, R14). A row that names a parent referral is a part of it. 2-1-1 calls a need met where a referral could be made: that is
sent. What a referral is for is said in the need vocabulary; a service for substance use, mental health or HIV is no need of
that vocabulary and keeps its label. The name of who was asked stays here: a token stands for it. The number of a call is no number
of a referral: of one call there is a row for each need.

Options beside those of hub.mapping.lists: `state`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import cast

from hub.domain.event_parts import YesNo
from hub.domain.events import Referral
from hub.domain.need_words import NEED_CATEGORIES, UNMAPPED
from hub.mapping.lists import Line, Lister, ListKind, ListProgram
from hub.mapping.lists_person import Somebody, somebody
from hub.mapping.program import Mapped, NotMapped, Program, accepted, ignored
from hub.mapping.referral_states import ENDED, NOT_SENT, WITHDRAWN, Told, rank, state_of

__all__ = ["LIST", "PROGRAM", "labels_of"]

LIST = ListKind(
    "referral-csv",
    Referral.kind,
    (
        ("referral", "sent"),
        ("status", "outcome", "met"),
        ("person", "full_name", "family_name", "referral", "call"),
    ),
    untold=frozenset({"updated"}),
    voided=("status", "void"),
)
_SEVERAL = re.compile(r"[;|]")
_LABELS = {
    "intimate-partner-violence": ("R", "SDV"),
    "elder-abuse": ("R", "SDV"),
    "substance-use": ("R", "ETH"),
    "mental-health": ("R", "PSY"),
    "hiv": ("R", "HIV"),
}


def labels_of(word: str) -> tuple[str, ...]:
    """The labels of a referral for this need or service: what it is for tells as much as a diagnosis (R19)."""
    return _LABELS.get(word, ())


class _Mapper:
    def __init__(self, lister: Lister) -> None:
        self._stamp, self._zone = lister.stamp, lister.context.zone
        self._lister = lister
        self._state = str(lister.context.options.get("state", ""))
        self._people: dict[str, tuple[str, ...]] = {}
        self._shared: set[str] = set()

    def look(self, line: Line) -> None:
        """Note which numbers this list has for two people."""
        number, who = line["referral"], somebody(line, self._state)
        if number and who.key[0] and self._people.setdefault(number, who.key) != who.key:
            self._shared.add(number)

    def map_line(self, line: Line) -> list[Mapped]:
        who = somebody(line, self._state)
        if not (who.key[0] or line["referral"] or line["call"]):
            raise NotMapped("missing-key", field=line.column("referral", "call", "person", "full_name", "family_name"))
        words, odd = self._words(line)
        if NOT_SENT in words:
            return [ignored("not-sent", line.where, line.raw, Referral.kind)]
        withdrawn = WITHDRAWN in words
        told = state_of(*("" if word == WITHDRAWN else word for word in words))
        self._one_person(line, who)
        return [
            accepted(self._event(line, who, told, withdrawn, (*who.issues, *odd, *told.issues)), line.where, line.raw)
        ]

    def _words(self, line: Line) -> tuple[list[str], tuple[str, ...]]:
        """Status first, then outcome and reason, as words of the table. NotMapped for a status that no row decides."""
        found, odd = [], []
        for field in ("status", "outcome", "reason"):
            word = self._word(line, field)
            if word is None and line[field]:
                if field == "status":
                    raise NotMapped("unmapped-code", field=line.column(field))
                odd.append(f"unknown-{field}")
            found.append(word or "")
        found[0] = found[0] or line.word("met") or ""
        if not any(found):
            raise NotMapped("unmapped-code" if odd else "missing-key", field=line.column("status", "outcome"))
        return found, tuple(odd)

    def _word(self, line: Line, field: str) -> str | None:
        """Words of outcome and reason are those of a status, unless they have rows of their own."""
        text = line[field]
        return (line.word(field) or self._lister.word("status", text)) if text else None

    def _one_person(self, line: Line, who: Somebody) -> None:
        """NotMapped (`duplicate-key`) where this list has the same referral for somebody else: nobody can say whose it is (R3)."""
        if who.key[0] and line["referral"] in self._shared:
            raise NotMapped("duplicate-key", field=line.column("referral"))

    def _event(self, line: Line, who: Somebody, told: Told, withdrawn: bool, issues: tuple[str, ...]) -> Referral:
        sent_at, accepted_at, ended = line.time("sent"), line.time("accepted"), line.time("ended")
        updated = line.changed()
        category, asked_for, more = self._category(line)
        return Referral(
            **self._stamp.fields(
                self._stamp.fact_key(Referral.kind, *self._native(line, who)),
                source_person=self._stamp.person(*who.key) if who.key[0] else None,
                changed_at=updated or max(filter(None, (sent_at, accepted_at, ended)), default=None),
                status_rank=rank(told, withdrawn=withdrawn),
                content=line.content(told.status, told.outcome or "", category),
                occurred_on=self._day(line),
                active=not withdrawn,
                labels=tuple(dict.fromkeys(label for word in asked_for for label in labels_of(word))),
            ),
            person=who.block,
            county_source=who.county_source,
            referral=self._stamp.token(Referral.kind, *self._native(line, who)),
            part_of=self._stamp.token(Referral.kind, line["parent"]) if line["parent"] else None,
            request=self._stamp.token("request", line["request"]) if line["request"] else None,
            category=category,
            status=told.status,
            outcome=told.outcome,
            proof=told.proof,
            urgent=cast(YesNo, line.word("urgent") or "unknown"),
            sent_at=sent_at,
            accepted_at=accepted_at,
            outcome_at=(ended or updated) if told.status in ENDED else None,
            provider=self._stamp.token("provider", line["provider"]) if line["provider"] else None,
            service=self._stamp.token("service", line["service"]) if line["service"] else None,
            issues=(*issues, *more, *_order(sent_at, ended)),
        )

    def _native(self, line: Line, who: Somebody) -> tuple[str, ...]:
        """The number of the referral; else in which call, else whose it is and when, and to whom."""
        if line["referral"]:
            return (line["referral"],)
        if line["call"]:
            return ("call", line["call"], line["provider"], line["service"], line["category"])
        return (*who.key, f"{self._day(line)}", line["provider"], line["service"], line["category"])

    def _day(self, line: Line) -> date | None:
        return line.past_day("sent") or line.past_day("accepted") or line.past_day("ended") or line.past_day("updated")

    def _category(self, line: Line) -> tuple[str, list[str], tuple[str, ...]]:
        """The first need of the row that a row of the table decides, all that the row is for (needs and services), and issues."""
        parts = [part.strip() for part in _SEVERAL.split(line["category"]) if part.strip()]
        known = list(dict.fromkeys(word for part in parts if (word := self._lister.word("category", part))))
        category = next((word for word in known if word in NEED_CATEGORIES), UNMAPPED)
        if not known:
            return (
                category,
                known,
                ("unknown-need",) if parts else () if line.column("category") else ("no-category-column",),
            )
        return category, known, ("several-needs",) if len(known) > 1 else ()


def _order(sent_at: datetime | None, ended: datetime | None) -> tuple[str, ...]:
    return ("ended-before-sent",) if sent_at and ended and ended < sent_at else ()


PROGRAM: Program = ListProgram(LIST, _Mapper)
