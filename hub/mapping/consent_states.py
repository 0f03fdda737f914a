"""What a FHIR Consent comes to, by its status and its rules: one reading for what is told to the hub and for what is held at all.

Its own words alone decide, never the day on which it is read: `inactive` is revoked, or expired where it was changed after its
period was over. An opt-out that was taken back (`inactive`, and nothing was permitted) refuses nothing and permits nothing; one
that was rejected still refuses (social-standards.md R23: strictest wins).

Source: FHIR R4 Consent.status, consent-scope; R5 (not-done, unknown): unverified, from memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from hub.domain.consents import refused_since, support_decision
from hub.domain.facts import Choice
from hub.domain.referral_events import ConsentRule, ConsentStatus
from hub.formats.fhir import Resource
from hub.mapping.consent_provisions import ReadRules, rules_of, simplest, taken_back
from hub.mapping.dates import civil_date
from hub.mapping.referral_tasks import codes_of
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["STATUSES", "ConsentState", "Who", "of_patient", "of_something_else", "refusing", "state_of"]

Who = tuple[str, str]
"""(authority, local id)."""
STATUSES: Mapping[str, ConsentStatus] = {
    "active": "given", "rejected": "refused", "inactive": "revoked", "not-done": "not-asked", "unknown": "not-computable",
}  # fmt: skip
_OTHER_SCOPES = frozenset({"treatment", "adr"})
"""Consent to be treated and advance care directives: not about the use of data (FHIR R4 consent-scope)."""
_DIRECTIVES = frozenset({"acd", "dnr", "emrgonly", "hcd", "hcpoa", "polst"})
_EVER = date.max.toordinal()


class ConsentState(NamedTuple):
    """`said_on`: the day on which they said it; None: nobody knows, as of a revocation whose change is not told."""

    status: ConsentStatus
    rules: tuple[ConsentRule, ...]
    signed: date | None
    said_on: date | None


def state_of(consent: Json, read: ReadRules) -> ConsentState:
    """Of a Consent with a status of `STATUSES` (any other: as if it were active) and its rules."""
    told = STATUSES.get(text(consent.get("status")), "given")
    signed = _day(consent.get("dateTime")) or _day(consent.get("date"))
    meta = consent.get("meta")
    changed = _day(meta.get("lastUpdated")) if isinstance(meta, dict) else None
    said_on = signed or read.since or changed
    if told == "given":
        status: ConsentStatus = (
            "not-computable" if read.decision is None else "given" if read.decision == "permit" else "refused"
        )
        return ConsentState(status, simplest(read.rules), signed, said_on)
    if told == "refused":
        return ConsentState(told, simplest(taken_back(read.rules, denied_too=True)), signed, said_on)
    if told != "revoked":
        return ConsentState(told, (), signed, said_on)
    if read.until is not None and changed is not None and changed > read.until:
        return ConsentState("expired", simplest(read.rules), signed, said_on)
    revoked = taken_back(read.rules)
    if read.rules and not revoked:
        return ConsentState("not-computable", (), signed, changed or said_on)
    return ConsentState("revoked", simplest(revoked), signed, changed)


def of_patient(item: Resource) -> Resource:
    """The Consent with its person in `patient`: R5 names them in `subject`."""
    if "patient" in item.body or "subject" not in item.body:
        return item
    return Resource(item.number, item.path, {**item.body, "patient": item.body["subject"]}, item.raw, item.bundle)


def of_something_else(consent: Json) -> bool:
    """Whether it is about being treated, or a directive, and not about the use of data."""
    scopes = {code for _, code in codes_of(consent.get("scope"))}
    categories = {code.casefold() for each in listed(consent.get("category")) for _, code in codes_of(each)}
    return bool(scopes and scopes <= _OTHER_SCOPES) or bool(categories and categories <= _DIRECTIVES)


def refusing(consents: Iterable[tuple[Who, Json]]) -> frozenset[Who]:
    """Whose Consents refuse that what is told beside them is held, as hub.domain.consents judges them.

    Days on which they begin or end are passed over: what was said last stands. A refusal for named recipients or of some of the
    data counts whole here, for these may be meant.
    """
    choices: dict[Who, list[tuple[tuple[str, str], Choice]]] = {}
    for who, consent in consents:
        if text(consent.get("status")) in STATUSES and not of_something_else(consent):
            choices.setdefault(who, []).append((("", ""), _choice(consent)))
    return frozenset(who for who, told in choices.items() if refused_since(told, _EVER) is not None)


def _choice(consent: Json) -> Choice:
    state = state_of(consent, rules_of(consent, lambda _: "?"))
    widened = {"recipients": (), "narrowed": False} if state.status in ("refused", "revoked") else {}
    rules = [
        rule.model_copy(
            update={"valid_from": None, "valid_until": None, **(widened if rule.decision == "deny" else {})}
        )
        for rule in state.rules
    ]
    record = {"status": state.status, "rules": rules, "valid_from": None, "valid_until": None}
    said = state.said_on.toordinal() if state.said_on else 0
    return Choice(0, 0, "", 0, True, said, None, None, "|", *support_decision(record, said))


def _day(told: object) -> date | None:
    return civil_date(text(told))
