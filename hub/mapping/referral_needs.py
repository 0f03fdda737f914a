"""Which need a FHIR request is for, in the need vocabulary: its category, else what is asked for, else the reason.

Codes by the one need table (hub.mapping.need_table): Gravity categories, SNOMED CT, ICD-10-CM. Source: SDOHCC ServiceRequest
(social-standards.md §3.1): category holds a Gravity code beside SNOMED CT 410606002, social service procedure.
"""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.need_words import NEED_CATEGORIES, UNMAPPED
from hub.mapping.need_table import diagnosis, need_of
from hub.mapping.referral_tasks import codes_of
from hub.mapping.tracing_person import Json, listed

__all__ = ["Need", "need_for"]

_GRAVITY = "SDOHCC-CodeSystemTemporaryCodes"
_SNOMED = "http://snomed.info/sct"
_ICD_10 = "http://hl7.org/fhir/sid/icd-10-cm"
_SOCIAL = "410606002"
"""SNOMED CT: social service procedure."""


class Need(NamedTuple):
    """`social`: the request is one of the social sector, whether its category is known or not."""

    category: str
    labels: tuple[str, ...]
    social: bool


def need_for(request: Json | None, task: Json) -> Need:
    """The need of a ServiceRequest (None: not at hand), else of its Task's own reason."""
    told = request or {}
    categories = [code for each in listed(told.get("category")) for code in codes_of(each)]
    asked = codes_of(told.get("code"))
    reasons = [code for each in listed(told.get("reasonCode")) for code in codes_of(each)] + codes_of(
        task.get("reasonCode")
    )
    for system, code in (*categories, *asked, *reasons):
        found = _category(system, code)
        if found is not None:
            return found
    social = any(system == _SNOMED and code == _SOCIAL for system, code in categories)
    return Need(UNMAPPED, (), social or any(_GRAVITY in system for system, _ in categories))


def _category(system: str, code: str) -> Need | None:
    if _GRAVITY in system or (not system and code in NEED_CATEGORIES):
        row = need_of("gravity", "", code)
    elif system == _SNOMED:
        row = need_of("snomed", "", code)
    else:
        row = diagnosis(code) if system == _ICD_10 else None
    if row is None or row.category not in NEED_CATEGORIES:
        return None
    return Need(row.category, ("R", row.label) if row.label else (), True)
