"""What events are made of: the strict model, closed word lists, coded values, a race report, and the person block.

The person block is the only place for identifiers; `Sealed` is how it travels.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Absence", "Coded", "CountySource", "DoseStatus", "LabStatus", "Meaning", "Method", "Model", "PayerClass", "Performer",
    "PersonBlock", "Processing", "RaceEthnicity", "RaceGroup", "RaceMethod", "RaceStandard", "ReportedBy", "Sealed", "SiteKind",
    "Situation", "YesNo",
]  # fmt: skip

YesNo = Literal["yes", "no", "unknown"]
Meaning = Literal["positive", "presumptive-positive", "negative", "inconclusive", "invalid", "review", "not-covid"]
LabStatus = Literal["preliminary", "final", "corrected", "withdrawn"]
Processing = Literal["production", "test", "debug"]
Method = Literal["molecular", "antigen", "serology", "other"]
DoseStatus = Literal["administered", "refused", "not-administered", "withdrawn"]
SiteKind = Literal["congregate", "isolation", "transitional", "outreach", "other"]
Situation = Literal["homeless-unsheltered", "homeless-sheltered", "institutional", "unstable", "housed", "unknown"]
RaceGroup = Literal["aian", "asian", "black", "nhpi", "white", "mena", "other", "hispanic", "not-hispanic"]
Absence = Literal["asked-unknown", "declined", "not-asked", "unknown", "withheld"]
PayerClass = Literal["medicaid", "medicare", "private", "other-public", "self-pay", "none", "other", "unknown"]
ReportedBy = Literal["self", "related-person", "administrative", "derived"]
RaceMethod = Literal["self-reported", "reported-by-related-person", "observed", "administrative", "derived", "other"]
Performer = Literal["person", "related-person", "professional", "other"]
RaceStandard = Literal["omb-1997", "spd-15-2024"]
CountySource = Literal["county-code", "asked", "county-name", "zip", "configured", "ambiguous"]


class Model(BaseModel):
    """Strict, frozen, closed; validation errors never show the input."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Coded(Model):
    """A coded value. `code` and `system` as sent where a table of the hub or a check digit vouches for the code (a code field may
    hold anything, a name too); `display` is the hub's own name of it; `original` what the sender wrote, as far as a table of the
    hub or of a declared map has it; `mapped` what it was understood as, None where no row fits. All else stands in the encrypted
    original of the record alone, while that is kept (docs/dead-letters.md)."""

    code: str | None = None
    system: str | None = None
    display: str | None = None
    original: str | None = None
    mapped: str | None = None


class RaceEthnicity(Model):
    """One report of race and ethnicity (multi-select), or the reason why there is none: who said it, how and when. Never
    inferred; an absence is never `not-hispanic`, nor any other group."""

    groups: tuple[RaceGroup, ...] = ()
    absence: Absence | None = Field(default=None, description="why nothing is told: neither race nor ethnicity")
    reported_by: ReportedBy = Field(
        default="administrative", description="whose word it is, best first; decided by method and performer"
    )
    race_absence: Absence | None = Field(default=None, description="why no race is told")
    ethnicity_absence: Absence | None = Field(default=None, description="why no ethnicity is told")
    details: tuple[str, ...] = Field(default=(), description="detailed CDCREC codes as sent, beneath the groups")
    method: RaceMethod | None = Field(default=None, description="how it was learnt, where the source says so")
    performer: Performer | None = Field(default=None, description="who gave the answer, where the source says so")
    reported_at: datetime | None = Field(
        default=None, description="when it was said, UTC; None: the time of the event stands for it"
    )
    standard: RaceStandard | None = Field(
        default=None, description="the standard of the question, where the source's format fixes it"
    )
    not_asked: tuple[RaceGroup, ...] = Field(default=(), description="groups that the question did not offer")


def _is_none(value: object) -> bool:
    return value is None


class PersonBlock(Model):
    """Direct identifiers and contact details, clear only in the mapping and in the linkage zone."""

    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None
    previous_family_name: str | None = None
    suffix: str | None = None
    birth_date: date | None = None
    birth_date_partial: bool = False
    sex: str | None = None
    ssn: str | None = None
    phone: str | None = None
    email: str | None = None
    address_line: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    county: str | None = Field(default=None, description="FIPS county code of residence, 5 digits")
    local_id: str | None = Field(
        default=None, description="the person's id in the source: for the subscriber's own look-up"
    )
    member_id: str | None = Field(default=None, description="the person's id at the payer, a Medicaid number included")
    hashed: str | None = Field(
        default=None,
        exclude_if=_is_none,
        description="filters in place of names and birth date, of a source that may not share these",
    )

    def __repr_args__(self) -> list[tuple[str | None, object]]:
        """None: whatever prints a block (a traceback, a failed assertion, a log) shows no value of it."""
        return []


class Sealed(Model):
    """The person block under AES-256-GCM: the name of its data key, and nonce + ciphertext."""

    key_id: str
    ciphertext: bytes
