"""The provisions of a FHIR Consent as rules: base decision first, then the exceptions, each for its purposes, recipients and
period.

R4: one provision with nested ones, `policyRule` as base (v3 ActCode OPTIN, OPTOUT and their kin); R5: `decision` as base and
a list of provisions. Without a base or an exception that says permit or deny there is nothing that a machine can decide.

Source: FHIR R4 Consent.provision; R5 and the codes of policies: unverified, from memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple, cast

from hub.domain.referral_events import ConsentRule, Decision
from hub.mapping.consent_scope import limited
from hub.mapping.dates import civil_date
from hub.mapping.referral_tasks import codes_of
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["ReadRules", "rules_of", "simplest", "taken_back"]

_POLICIES: dict[str, Decision] = {"OPTIN": "permit", "OPTINR": "permit", "OPTOUT": "deny", "OPTOUTE": "deny"}
_NARROWING = ("securityLabel", "class", "documentType", "resourceType", "code", "data", "dataPeriod", "expression")
_SHARING = frozenset({"disclose", "access", "use", "collect"})
_KEEPERS = frozenset({"CST", "AUT", "AUTHEN", "INF", "WIT", "GUARD"})
"""Roles of who keeps, writes, tells or witnesses: no recipients (v3 ParticipationType and RoleClass)."""
_DEEPEST = 8


class ReadRules(NamedTuple):
    """`decision`: of the consent as a whole, None where no machine can tell; `since` and `until`: its period."""

    decision: Decision | None
    rules: tuple[ConsentRule, ...]
    since: date | None
    until: date | None
    issues: tuple[str, ...]


def rules_of(consent: Json, recipient: Callable[[object], str]) -> ReadRules:
    """Every rule, each level before what it holds; of exceptions beside each other what is denied comes last, and so stands.

    Where the policy opts out, a first provision that permits is an exception to it.
    """
    told = consent.get("provision")
    root = told if isinstance(told, dict) else {}
    policy = _policy(consent)
    base = _decision(text(root.get("type")) or text(consent.get("decision"))) or policy
    since, until = _period(root)
    if since is None and until is None:
        since, until = _period(consent)
    issues: list[str] = []
    found: list[ConsentRule] = []
    whole = {
        **root,
        "actor": [*listed(root.get("actor")), *({"reference": each} for each in listed(consent.get("grantee")))],
    }
    if policy == "deny" and base == "permit":
        found.append(ConsentRule(decision=policy))
    if base is not None:
        found.append(_rule(base, whole, consent, recipient, issues, whole=True))
    for level in _exceptions(told):
        beside: list[ConsentRule] = []
        for provision in level:
            decision = _decision(text(provision.get("type"))) or (_opposite(base) if base else None)
            if decision is None:
                issues.append("rule-without-decision")
                continue
            beside.append(_rule(decision, provision, consent, recipient, issues, whole=False))
        found += sorted(beside, key=lambda rule: rule.decision == "deny")
    base = policy if policy == "deny" and base == "permit" else base
    decision = base or (("permit" if any(rule.decision == "permit" for rule in found) else "deny") if found else None)
    return ReadRules(decision, tuple(found), since, until, tuple(dict.fromkeys(issues)))


def taken_back(rules: Sequence[ConsentRule], *, denied_too: bool = False) -> tuple[ConsentRule, ...]:
    """What is denied where a consent with these rules ended: what they would have permitted; where it was rejected, also what they
    deny (`denied_too`)."""
    return tuple(
        rule.model_copy(update={"decision": "deny"}) for rule in rules if denied_too or rule.decision == "permit"
    )


def simplest(rules: Sequence[ConsentRule]) -> tuple[ConsentRule, ...]:
    """None where one rule holds for everything: the status says it all."""
    whole = len(rules) == 1 and not (rules[0].purposes or rules[0].recipients or rules[0].narrowed)
    return () if whole else tuple(rules)


def _exceptions(told: object) -> Iterator[Sequence[Json]]:
    """Nested provisions of R4, the provisions of R5, level by level."""
    level = listed(told) if isinstance(told, list) else listed(told.get("provision")) if isinstance(told, dict) else []
    for _ in range(_DEEPEST):
        if not level:
            return
        yield level
        level = [inner for each in level for inner in listed(each.get("provision"))]


def _rule(
    decision: Decision,
    provision: Json,
    consent: Json,
    recipient: Callable[[object], str],
    issues: list[str],
    *,
    whole: bool,
) -> ConsentRule:
    codings = listed(provision.get("purpose"))
    purposes = [text(coding.get("code")) or "?" for coding in codings]
    if whole and not purposes and {code for _, code in codes_of(consent.get("scope"))} == {"research"}:
        purposes = ["research"]
    limits = limited(decision, purposes)
    issues.extend(limits.issues)
    actors = [actor for actor in listed(provision.get("actor")) if not _keeps(actor)]
    since, until = (None, None) if whole else _period(provision)
    return ConsentRule(
        decision=decision,
        purposes=limits.purposes,
        recipients=tuple(dict.fromkeys(recipient(actor.get("reference")) for actor in actors)),
        narrowed=limits.narrowed or _narrows(provision),
        valid_from=since,
        valid_until=until,
    )


def _narrows(provision: Json) -> bool:
    actions = {code.casefold() for each in listed(provision.get("action")) for _, code in codes_of(each)}
    return any(provision.get(name) for name in _NARROWING) or bool(actions and not actions & _SHARING)


def _keeps(actor: Json) -> bool:
    roles = {code for _, code in codes_of(actor.get("role"))}
    return bool(roles) and roles <= _KEEPERS


def _policy(consent: Json) -> Decision | None:
    codes = {code.upper() for _, code in codes_of(consent.get("policyRule"))}
    return next((decision for code, decision in _POLICIES.items() if code in codes), None)


def _decision(word: str) -> Decision | None:
    return cast(Decision, word) if word in ("permit", "deny") else None


def _opposite(decision: Decision) -> Decision:
    return "deny" if decision == "permit" else "permit"


def _period(provision: Json) -> tuple[date | None, date | None]:
    period = provision.get("period")
    if not isinstance(period, dict):
        return None, None
    return civil_date(text(period.get("start"))), civil_date(text(period.get("end")))
