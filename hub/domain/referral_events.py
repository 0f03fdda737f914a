"""The closed loop: a referral and what became of it, what a person allows, and the services that there are.

States of a referral: social-standards.md §3.3, where FHIR Task, findhelp and HMIS words stand beside them. Accepted is never
helped: that word needs the source's explicit proof (R14). Consent: R23. Services: HSDS 3.0.0,
capacity by Gravity's codes (§3.1, §3.4).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from hub.domain.event import Event
from hub.domain.event_parts import Model, Processing, YesNo

__all__ = [
    "Capacity", "Consent", "ConsentRule", "ConsentStatus", "Decision", "NotHelped", "Proof", "Referral", "ReferralStatus",
    "Service", "ServiceStatus",
]  # fmt: skip

ReferralStatus = Literal[
    "sent",
    "accepted",
    "waiting-on-person",
    "in-progress",
    "passed-on",
    "helped",
    "not-helped",
    "person-declined",
    "closed",
]
"""`closed`: its source calls it done and gives no proof that anybody was helped."""
NotHelped = Literal["no-capacity", "not-eligible", "couldnt-contact", "couldnt-get-help", "declined", "failed"]
"""`declined`: by who was asked, for no reason told."""
Proof = Literal["got-help", "output", "service"]
"""Source's word that the person got help; an activity that resulted (FHIR Task.output); a service that was recorded."""
ConsentStatus = Literal["given", "refused", "revoked", "expired", "not-asked", "not-computable"]
"""`not-computable`: a signed paper that no machine can read: it permits nothing, and refuses nothing."""
Decision = Literal["permit", "deny"]
ServiceStatus = Literal["active", "inactive", "defunct", "temporarily-closed", "unknown"]
Capacity = Literal["capacity", "no-capacity", "waitlist", "additional-assessment-required", "unknown"]


class Referral(Event):
    """A person is sent to a service, and how far that has come. `occurred_on`: the day on which it was sent."""

    kind: ClassVar[str] = "referral"

    referral: str = Field(description="token of the referral as its source numbers it")
    request: str | None = Field(
        default=None, description="token of the request that it serves; several referrals may serve one"
    )
    part_of: str | None = Field(
        default=None, description="token of the referral that this is a part of; a part never closes the whole"
    )
    category: str = Field(description="need category (Gravity), `unmapped` where no table row fits")
    status: ReferralStatus
    outcome: NotHelped | None = Field(default=None, description="why nobody was helped; only of not-helped")
    proof: Proof | None = Field(default=None, description="what proves the help; only of helped")
    urgent: YesNo = "unknown"
    sent_at: datetime | None = None
    accepted_at: datetime | None = None
    outcome_at: datetime | None = Field(default=None, description="when it ended, helped or not")
    provider: str | None = Field(default=None, description="token of the organisation that was asked")
    service: str | None = Field(default=None, description="token of the service that was asked for")
    processing: Processing = "production"
    issues: tuple[str, ...] = ()


class ConsentRule(Model):
    """One rule: for these purposes and these recipients, in this period. Empty: all of them; no day: without end. A rule that
    follows another is an exception to it."""

    decision: Decision
    purposes: tuple[str, ...] = ()
    recipients: tuple[str, ...] = Field(default=(), description="tokens of who would receive it")
    narrowed: bool = Field(default=False, description="of some of the data only: by label, class, code or person")
    valid_from: date | None = None
    valid_until: date | None = None


class Consent(Event):
    """What a person said about the use of what is known of them. `occurred_on`: the day on which they said it."""

    kind: ClassVar[str] = "consent"

    status: ConsentStatus
    rules: tuple[ConsentRule, ...] = Field(
        default=(), description="what is permitted or denied; none: the status holds for everything"
    )
    valid_from: date | None = None
    valid_until: date | None = Field(
        default=None, description="the last day; after it a consent that was given is expired"
    )
    processing: Processing = "production"
    issues: tuple[str, ...] = ()


class Service(Event):
    """A service that people may be referred to, at one place. Nobody's; never free text, which may name its staff."""

    kind: ClassVar[str] = "service"

    service: str = Field(description="token of the service")
    organization: str | None = Field(default=None, description="token of the organisation that offers it")
    site: str = Field(description="token of the place; of the service itself where no place is told")
    status: ServiceStatus
    offered: bool = Field(description="true: people may be sent there: active, and not known to be without capacity")
    capacity: Capacity = "unknown"
    categories: tuple[str, ...] = Field(
        default=(), description="need categories (Gravity); none where no table row fits"
    )
    taxonomy: tuple[str, ...] = Field(default=(), description="codes of its taxonomy terms as sent")
    schedule: str | None = Field(default=None, description="days and hours, as `MO,TU 09:00-17:00; SA 10:00-12:00`")
    minimum_age: int | None = None
    maximum_age: int | None = None
    languages: tuple[str, ...] = Field(default=(), description="ISO 639 codes")
    county: str | None = Field(default=None, description="FIPS county of the place")
    postal_code: str | None = Field(default=None, description="ZIP of the place, five digits")
    valid_until: date | None = Field(default=None, description="the last day of its schedule, where one is told")
    name: str | None = Field(default=None, description="what the directory calls the service")
    issues: tuple[str, ...] = ()
