"""Which codes of a vaccine are CVX and which NDC, by the name of their system, however HL7 v2 and FHIR senders write it.

Sources: HL7 v2 table 0396 (CVX, NDC) and table 0292, OIDs 2.16.840.1.113883.12.292 and .6.69, FHIR R4 (`http://hl7.org/fhir/sid/cvx`,
`.../ndc`), the form of terminology.hl7.org (unverified: from memory).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from hub.domain.code_names import name_of_vaccine
from hub.domain.events import Coded
from hub.domain.vaccines import Judged, ndc_11, product
from hub.mapping.codes import cvx_code

__all__ = ["coded_vaccine", "is_cvx", "vaccine_codes"]

_CVX_URL, _NDC_URL = "http://hl7.org/fhir/sid/cvx", "http://hl7.org/fhir/sid/ndc"
_OTHER = "other"
_MEMORABLE = 40  # characters: what a hostile source writes is not kept in memory

_CVX = frozenset({
    "CVX", "HL70292", "292", "2.16.840.1.113883.12.292", "HL7.ORG/FHIR/SID/CVX", "TERMINOLOGY.HL7.ORG/CODESYSTEM/CVX",
    "TERMINOLOGY.HL7.ORG/CODESYSTEM/V2-0292",
})  # fmt: skip
_NDC = frozenset({"NDC", "2.16.840.1.113883.6.69", "HL7.ORG/FHIR/SID/NDC", "TERMINOLOGY.HL7.ORG/CODESYSTEM/NDC"})


def is_cvx(system: str) -> bool:
    """Whether a code of this system is a CVX code."""
    return _plain(system) in _CVX


def vaccine_codes(pairs: Sequence[tuple[str, str]]) -> tuple[str, str, tuple[str, ...]]:
    """CVX and NDC among codes with their systems, empty where not sent; and what is odd about them. A code of the CVX table that
    names no system is one: where a vaccine is coded, it is coded so."""
    cvx = next((code for code, system in pairs if code and is_cvx(system)), "")
    ndc = next((code for code, system in pairs if code and _plain(system) in _NDC), "")
    unsaid = "" if cvx else next((code for code, system in pairs if not system and code and product(code)), "")
    return cvx or unsaid, ndc, ("code-system-unknown",) if unsaid else ()


def coded_vaccine(judged: Judged, cvx: str, ndc: str) -> Coded | None:
    """The product as sent (`cvx`, `ndc`; empty where not sent): the CVX code, else the NDC, only where it has the shape of one.
    `mapped`: the family of a COVID-19 vaccine, `other` for another of the table."""
    return (_coded_before if len(cvx) + len(ndc) <= _MEMORABLE else _coded)(judged, cvx, ndc)


def _coded(judged: Judged, cvx: str, ndc: str) -> Coded | None:
    known = product(judged.cvx) if judged.cvx else None
    mapped = (judged.family or None) if judged.covid else _OTHER if known is not None else None
    name = name_of_vaccine(known.cvx) if known is not None else None
    if cvx and (code := cvx_code(judged.cvx or "")):
        return Coded(code=code, system=_CVX_URL, display=name, original=cvx_code(cvx), mapped=mapped)
    if code := ndc_11(ndc):
        return Coded(code=code, system=_NDC_URL, display=name, original=ndc, mapped=mapped)
    return None


_coded_before = lru_cache(maxsize=2_048)(_coded)  # a season has few products


def _plain(system: str) -> str:
    """Without case, scheme and slash at the end."""
    name = system.strip().upper().rstrip("/")
    for scheme in ("URN:OID:", "HTTP://", "HTTPS://"):
        name = name.removeprefix(scheme)
    return name.removeprefix("WWW.")
