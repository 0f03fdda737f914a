"""FHIR Consent (R4, and the changed elements of R5) and the Patients beside it, to consent and person events.

The signed paper (`sourceAttachment`, `sourceReference`, narrative) is neither kept nor forwarded: of a Consent only the
elements that a machine can read stay, dead letters included; of any other resource, and of what is none, nothing stays. A
consent without a provision or an opt-in or opt-out policy permits nothing, whatever its paper says (`not-computable`). A
provision limited to some of the data by label, class, code or reference is `narrowed`. States: hub.mapping.consent_states.

Source: FHIR R4 Consent, R5 Consent (decision, list of provisions, grantee; unverified: from memory); social-standards.md
§3.1, R23.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hub.domain.consents import recipient_parts
from hub.domain.events import Consent
from hub.formats.fhir import Broken, Resource
from hub.mapping.consent_provisions import rules_of
from hub.mapping.consent_scope import RANKS, WITHDRAWN_RANK, expired
from hub.mapping.consent_states import STATUSES, of_patient, of_something_else, state_of
from hub.mapping.fhir_beside import Beside
from hub.mapping.fhir_modifiers import Modified
from hub.mapping.fhir_outcomes import each_resource, position
from hub.mapping.fhir_person import changed_at, content, patient_event, whose
from hub.mapping.fhir_processing import Surroundings
from hub.mapping.immunization_patients import Patients
from hub.mapping.program import Mapped, MappingContext, NotMapped, Unit, accepted, unreadable
from hub.mapping.referral_states import NOT_SENT
from hub.mapping.stamp import Stamp
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["read_consents"]

_KEPT = (
    "resourceType", "id", "meta", "identifier", "status", "scope", "category", "patient", "subject", "dateTime", "date", "period",
    "performer", "grantee", "policyRule", "decision", "provision",
)  # fmt: skip
_SILENT = frozenset({"meta"})
_DRAFTS = frozenset({"draft", "proposed"})
_ERROR = "entered-in-error"


def read_consents(unit: Unit, file: str, context: MappingContext) -> Iterator[Mapped]:
    """Every resource of one file."""
    mapper = _Mapper(context, file)
    map_item = Modified(unit).checked(file, mapper.map_item)
    yield from each_resource(file, unit.data(file), map_item, mapper.locate, empty=b"")


class _Mapper:
    def __init__(self, context: MappingContext, file: str) -> None:
        self._context, self._stamp, self._file = context, Stamp.of(context), file
        self._patients, self._beside, self._surroundings = Patients(), Beside(), Surroundings()

    def locate(self, item: Resource | Broken) -> tuple[Mapping[str, str | int], bytes]:
        where = position(self._file, item.number, item.path)
        if isinstance(item, Broken) or item.type not in ("Consent", "Patient"):
            return where, b""
        kept = (
            item
            if item.type == "Patient"
            else Resource(item.number, item.path, item.body, _slim(item.body), item.bundle)
        )
        whom = [item.body.get("patient"), item.body.get("subject")]
        alone = self._beside.alone(kept, self._patients.of_server(item), *whom)
        return where, self._surroundings.alone(item, alone)

    def map_item(self, item: Resource | Broken) -> list[Mapped]:
        where, raw = self.locate(item)
        if isinstance(item, Broken):  # it may hold a part of the paper
            return [unreadable(item.error, where, b"")._replace(hard_stop=True)]
        if item.type == "Patient":
            kind = self._surroundings.kind(item)
            return [
                patient_event(self._patients, item, self._stamp, self._context, kind)._replace(where=where, raw=raw)
            ]
        if item.type != "Consent":
            raise NotMapped("resource-not-used", "ignored")
        return [accepted(self._consent(item), where, raw)]

    def _consent(self, item: Resource) -> Consent:
        consent, status = item.body, text(item.body.get("status"))
        if status in _DRAFTS:
            raise NotMapped(NOT_SENT, "ignored")
        if of_something_else(consent):
            raise NotMapped("not-about-data-use", "ignored", field="scope")
        if status not in STATUSES and status != _ERROR:
            raise NotMapped("unmapped-code" if status else "missing-key", field="status")
        name = self._beside.own_name(consent, self._patients.of_server(item))
        if not name:
            raise NotMapped("missing-key", field="id")
        who = whose(self._patients, of_patient(item), self._stamp, "patient")
        read = rules_of(consent, lambda reference: self._recipient(item, reference))
        state = state_of(consent, read)
        said = state.status
        over = said == "given" and status != _ERROR and expired(read.until, self._context.today())
        kind = self._surroundings.kind(item, *self._patients.told_beside(item))
        at = changed_at(consent, self._context, "dateTime", "date")
        return Consent(
            **self._stamp.fields(
                self._stamp.fact_key(Consent.kind, name),
                source_person=who.source_person,
                changed_at=at,
                status_rank=WITHDRAWN_RANK if status == _ERROR else RANKS[said],
                content=content({name: consent[name] for name in _KEPT if name in consent}, kind, _SILENT),
                occurred_on=state.said_on,
                active=status != _ERROR,
            ),
            **who.told,
            status="expired" if over else said,
            rules=state.rules,
            valid_from=read.since or (state.signed if said == "revoked" else None),
            valid_until=read.until,
            processing=kind,
            issues=(*who.issues, *read.issues),
        )

    def _recipient(self, item: Resource, reference: object) -> str:
        """A token of who may or may not receive; of one that nothing names, one that is nobody else's."""
        name = self._beside.name_of(item, reference, self._patients.of_server(item))
        display = text(reference.get("display")) if isinstance(reference, dict) else ""
        return self._stamp.token(*recipient_parts(name or display))


def _slim(consent: Json) -> bytes:
    """A Consent without its paper, narrative, notes and extensions; of what it contains, the Patients."""
    kept: dict[str, Any] = {name: consent[name] for name in _KEPT if name in consent}
    contained = [one for one in listed(consent.get("contained")) if one.get("resourceType") == "Patient"]
    if contained:
        kept["contained"] = [
            {name: value for name, value in one.items() if name not in ("photo", "text")} for one in contained
        ]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
