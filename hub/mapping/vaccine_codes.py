"""Which codes of a vaccine are CVX and which NDC, by the name of their system, however HL7 v2 and FHIR senders write it.

Sources: HL7 v2 table 0396 (CVX, NDC) and table 0292, OIDs 2.16.840.1.113883.12.292 and .6.69, FHIR R4 (`http://hl7.org/fhir/sid/cvx`,
`.../ndc`), the form of terminology.hl7.org (unverified: from memory).
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.vaccines import product

__all__ = ["is_cvx", "vaccine_codes"]

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


def _plain(system: str) -> str:
    """Without case, scheme and slash at the end."""
    name = system.strip().upper().rstrip("/")
    for scheme in ("URN:OID:", "HTTP://", "HTTPS://"):
        name = name.removeprefix(scheme)
    return name.removeprefix("WWW.")
