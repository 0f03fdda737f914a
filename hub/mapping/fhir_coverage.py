"""Who pays, as FHIR tells it: Coverage resources, and a Medicaid or Medicare number among the identifiers of a Patient.

The payer's class comes from the table alone (hub.domain.payers): from the type of the coverage, its plan, its payor, in that order.
Codes of the Source of Payment Typology are hierarchical: `2111` is a kind of `2`. What is entered in error or cancelled is taken
back; a draft says nothing.

Sources: FHIR R4 Coverage (status, type, class, payor, period, subscriberId); v2-0203 (MA, MC); NAHDO
Source of Payment Typology 9.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from hub.domain.events import Coded, Coverage, PersonBlock, Processing, RaceEthnicity
from hub.domain.ids import content_hash
from hub.domain.lab_meaning import Code
from hub.domain.payers import Payer, payer_of, typology_code
from hub.mapping.dates import iso_time
from hub.mapping.labs_fhir_values import codings, day
from hub.mapping.stamp import Stamp
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["Insured", "Paying", "beneficiary", "coverage", "numbers", "plan"]

MOST = 20
"""So many plans and numbers of a person are read; nobody has more."""
_ID_TYPES = {"MA": Payer("medicaid", "yes", "MA"), "MC": Payer("medicare", "unknown", "MC")}
_TYPOLOGY = frozenset({"https://nahdo.org/sopt", "urn:oid:2.16.840.1.113883.3.221.5"})
_TAKEN_BACK = frozenset({"entered-in-error", "cancelled"})


class Paying(NamedTuple):
    """A payer as told. `key`: of the plan, or of the kind of number; `number`: the member's; `content`: what makes a version."""

    key: tuple[str, ...]
    payer: Payer
    number: str
    since: date | None
    until: date | None
    active: bool
    told_at: str
    content: str


class Insured(NamedTuple):
    """Whose coverage it is."""

    authority: str
    local_id: str
    block: PersonBlock | None
    race: RaceEthnicity | None


def beneficiary(resource: Json) -> object:
    """The reference to whom a Coverage covers (`patient` before R4)."""
    return resource.get("beneficiary", resource.get("patient"))


def numbers(patient: Json) -> Iterator[Paying]:
    """Payers that the identifiers of a Patient name: one a type."""
    seen: set[str] = set()
    for identifier in listed(patient.get("identifier"))[:MOST]:
        number = text(identifier.get("value"))
        kinds = {code.code for code in codings(identifier.get("type"))} & _ID_TYPES.keys()
        if number and len(kinds) == 1 and text(identifier.get("use")) != "old" and not kinds & seen:
            (kind,) = kinds
            seen.add(kind)
            payer = _ID_TYPES[kind]
            yield Paying(("id", payer.payer_class), payer, number, None, None, True, "", content_hash(number))


def plan(resource: Json, payor: str) -> Paying | None:
    """A Coverage; None for a draft, and for one that names neither type nor plan nor payor. `payor`: the name of the organization
    that it refers to, where it is at hand."""
    status = text(resource.get("status"))
    types = codings(resource.get("type"))
    words = _text(resource.get("type"))
    company = payor or next((name for one in listed(resource.get("payor")) if (name := text(one.get("display")))), "")
    classes = [text(one.get("value")) or text(one.get("name")) for one in listed(resource.get("class"))]
    named, kind = next(filter(None, classes), ""), next((code.code for code in types if code.code), words)
    if status == "draft" or not (company or named or kind):
        return None
    period = resource.get("period")
    span: Json = period if isinstance(period, dict) else {}
    payer = _payer(types, words, classes, company)
    member = text(resource.get("subscriberId")) or next(
        (text(one.get("value")) for one in listed(resource.get("identifier"))), ""
    )
    meta = resource.get("meta")
    told = (member, status, company, named, kind, text(span.get("start")), text(span.get("end")))
    return Paying(
        ("plan", company, named, kind), payer, member, day(span.get("start")), day(span.get("end")), status not in _TAKEN_BACK,
        text(meta.get("lastUpdated")) if isinstance(meta, dict) else "", content_hash(*told),
    )  # fmt: skip


def coverage(
    told: Paying, who: Insured, stamp: Stamp, sent: str, occurred_on: date | None, kind: Processing = "production"
) -> Coverage:
    """The event. `sent`: when the bundle was made, where the Coverage does not say when it changed."""
    is_plan = told.key[0] == "plan"
    fields: dict[str, Any] = stamp.fields(
        stamp.fact_key(Coverage.kind, who.authority, who.local_id, *told.key),
        source_person=stamp.person(who.authority, who.local_id),
        changed_at=iso_time(told.told_at) or iso_time(sent),
        status_rank=0 if told.active else 1,
        content=told.content if kind == "production" else content_hash(told.content, kind),
        occurred_on=occurred_on or day(told.told_at) or day(sent),
        active=told.active,
    )
    return Coverage(
        **fields,
        race_ethnicity=who.race,
        person=(who.block or PersonBlock()).model_copy(update={"member_id": told.number or None}),
        payer_class=told.payer.payer_class,
        medicaid=told.payer.medicaid,
        plan=stamp.token("plan", *told.key) if is_plan else None,
        plan_type=Coded(code=told.payer.code, mapped=told.payer.payer_class) if is_plan and told.payer.code else None,
        valid_from=told.since,
        valid_until=told.until,
        processing=kind,
        issues=() if told.payer.code else ("unknown-plan-type",),
    )


def _payer(types: tuple[Code, ...], words: str, classes: list[str], company: str) -> Payer:
    """A bare number is a code of the typology only where it says that it is one."""
    typed = next((code.code for code in types if code.system in _TYPOLOGY), "")
    codes = [code.code for code in types if code.system not in _TYPOLOGY]
    told = (*codes, *(code.display for code in types), words, *classes, company)
    return payer_of(typology_code(typed), *(word for word in told if not word.isdigit()))


def _text(concept: object) -> str:
    return text(concept.get("text")) if isinstance(concept, dict) else ""
