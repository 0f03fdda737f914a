"""What every event carries: ids, version, agreement, labels, and who it speaks of."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from pydantic import Field

from hub.domain.event_parts import CountySource, Model, PersonBlock, RaceEthnicity, Sealed

__all__ = ["Event"]


class Event(Model):
    """What every event carries."""

    kind: ClassVar[str] = ""

    event_id: str = Field(description="names this version of this fact; a repeat has the same")
    source: str = Field(description="connector that brought it")
    source_person: str | None = Field(
        description="HMAC of source and local id; None: counts for its area, never becomes a person"
    )
    fact_key: str = Field(description="HMAC of the source's native key of the observation, dose or stay")
    changed_at: datetime = Field(description="the source's own change time, UTC; 1970-01-01 when it gives none")
    status_rank: int = Field(description="breaks ties of changed_at: a later status ranks higher")
    content_hash: str = Field(description="hash of the source record without transport fields")
    mapping_version: int
    occurred_on: date | None = Field(description="when it happened, by the source's civil calendar")
    active: bool = Field(description="false: this fact is withdrawn")
    agreement_id: str
    labels: tuple[str, ...] = Field(description="confidentiality and sensitivity labels, highest first")
    purposes: tuple[str, ...]
    race_ethnicity: RaceEthnicity | None = None
    county_source: CountySource | None = Field(
        default=None, description="what told the county of residence; ambiguous: nothing told it alone"
    )
    person: PersonBlock | Sealed | None = None
