"""Releases of information (ROI) as lists: who agreed to what, when, until when, and who took it back; to consent events.

A status is a word of the table; one that no row decides is refused rather than guessed. A day of revocation revokes whatever
the status says, from that day on; without one a revocation is of the day of the change, else of unknown day, never of the
signature. A signed day without a status is a consent given; what is pending is none. A partial or conditional release cannot
be read by a machine: it permits nothing. A release that names a purpose or recipient holds for these alone; a refusal of a
purpose that no row knows holds for all (R23).

Options beside those of hub.mapping.lists: `state`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import cast

from hub.domain.consents import recipient_parts
from hub.domain.events import Consent
from hub.domain.referral_events import ConsentRule, ConsentStatus, Decision
from hub.mapping.consent_scope import RANKS, WITHDRAWN_RANK, expired, limited
from hub.mapping.lists import Line, Lister, ListKind, ListProgram
from hub.mapping.lists_person import Somebody, somebody
from hub.mapping.lists_shared import SharedIds
from hub.mapping.program import Mapped, NotMapped, accepted, ignored
from hub.mapping.referral_states import NOT_SENT, WITHDRAWN

__all__ = ["LIST", "LISTS"]

LIST = ListKind(
    "consent",
    Consent.kind,
    (
        ("consent_status", "signed", "revoked", "number"),
        ("consent_status", "signed", "revoked"),
        ("person", "full_name", "family_name"),
    ),
    untold=frozenset({"updated"}),
    voided=("consent_status", "void"),
)
_SEVERAL = ";|,"
_OVER = frozenset({"refused", "revoked", "expired", WITHDRAWN})
"""What a record says of a yes that holds no more."""


class _Mapper:
    def __init__(self, lister: Lister) -> None:
        self._lister, self._stamp, self._today = lister, lister.stamp, lister.context.today
        self._state = str(lister.context.options.get("state", ""))
        self._shared = SharedIds()

    def look(self, line: Line) -> None:
        """Note which ids this list has for two people."""
        self._shared.look(somebody(line, self._state))

    def map_line(self, line: Line) -> list[Mapped]:
        who = somebody(line, self._state)
        if not who.key[0]:
            raise NotMapped("missing-key", field=line.column("person", "family_name", "full_name"))
        self._shared.one_person(line, who)
        word = self._word(line)
        if word == NOT_SENT and not line["revoked"]:  # whatever day stands under `signed`: nobody has signed yet
            return [ignored(NOT_SENT, line.where, line.raw, Consent.kind)]
        return [accepted(self._event(line, who, word), line.where, line.raw)]

    def _word(self, line: Line) -> str:
        """The word of the choice, or of a column that is called `Status` and no more: alone it is the choice, and beside a yes it
        may take it back (signed, and revoked since). NotMapped where no row decides it."""
        text, beside = line["consent_status"], line["record_status"]
        said = self._lister.word("consent_status", text) if text else None
        now = self._lister.word("consent_status", beside) if beside else None
        if (text and said is None) or (beside and now is None and not text):
            raise NotMapped("unmapped-code", field=line.column("consent_status" if text else "record_status"))
        return now or "" if said is None or (said == "given" and now in _OVER) else said

    def _status(self, line: Line, word: str) -> ConsentStatus:
        """NotMapped (`missing-key`) where the row says nothing of a choice."""
        if line.day("revoked") is not None:
            return "revoked"
        if word in RANKS and word != "given":
            return cast(ConsentStatus, word)
        if word == "given" or line["signed"] or word == WITHDRAWN:
            return "expired" if expired(line.day("ends"), self._today()) else "given"
        raise NotMapped("missing-key", field=line.column("consent_status", "signed"))

    def _event(self, line: Line, who: Somebody, word: str) -> Consent:
        status, signed, revoked = self._status(line, word), line.past_day("signed"), line.day("revoked")
        since, until = line.day("begins") or signed, line.day("ends")
        rules, issues = self._rules(line, status)
        updated, withdrawn = line.past_day("updated"), word == WITHDRAWN
        said = "given" if status == "expired" and word in ("", "given") else status  # that a day has passed is no news
        return Consent(
            **self._stamp.fields(
                self._stamp.fact_key(Consent.kind, *self._native(line, who, signed)),
                source_person=self._stamp.person(*who.key),
                changed_at=line.changed() or self._latest(line),
                status_rank=WITHDRAWN_RANK if withdrawn else RANKS[said],
                content=line.content(said),
                occurred_on=(revoked or updated) if status == "revoked" else signed or updated or since,
                active=not withdrawn,
            ),
            person=who.block,
            county_source=who.county_source,
            status=status,
            rules=rules,
            valid_from=since,
            valid_until=until,
            issues=(*who.issues, *issues, *(("ends-before-it-begins",) if since and until and until < since else ())),
        )

    def _rules(self, line: Line, status: ConsentStatus) -> tuple[tuple[ConsentRule, ...], tuple[str, ...]]:
        if status not in ("given", "expired", "refused", "revoked"):
            return (), ()
        decision: Decision = "permit" if status in ("given", "expired") else "deny"
        limits = limited(decision, line["purpose"].translate(str.maketrans(_SEVERAL, "\n" * len(_SEVERAL))).split("\n"))
        recipients = (self._stamp.token(*recipient_parts(line["recipient"])),) if line["recipient"] else ()
        if not limits.purposes and not limits.narrowed and not recipients:
            return (), limits.issues
        rule = ConsentRule(
            decision=decision, purposes=limits.purposes, recipients=recipients, narrowed=limits.narrowed
        )  # fmt: skip
        return (rule,), limits.issues

    def _latest(self, line: Line) -> datetime | None:
        return max(filter(None, (line.time("signed"), line.time("revoked"))), default=line.time("begins"))

    def _native(self, line: Line, who: Somebody, signed: date | None) -> tuple[str, ...]:
        """The number of the release, else whose it is, for what and whom, and when it was signed."""
        if line["number"]:
            return (line["number"],)
        return (*who.key, line["purpose"], line["recipient"], f"{signed or ''}")


LISTS = ListProgram(LIST, _Mapper)
