"""Made-up people in a line or two: person-side records as the join reads them.

`a_person("p1").tested_positive(on="2021-02-01").slept_at("s1", on="2021-02-02").records` is a list of (kind, fields).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from hub.domain.ids import Ids, content_hash

IDS = Ids(b"made-up secret of the tests, 32+ bytes")
FAR_PAST = datetime(1970, 1, 1, tzinfo=UTC)


def day(text: str | None) -> date | None:
    """An ISO date."""
    return date.fromisoformat(text) if text else None


@dataclass
class Story:
    """One source's telling of one person's life; each verb adds a record."""

    source_person: str
    owner: str = "person-a"
    revision: int = 1
    records: list[dict[str, Any]] = field(default_factory=list)

    def tells(self, kind: str, fact: str, *, version: int = 1, active: bool = True, **fields: Any) -> Story:
        """Add one fact at one version."""
        self.records.append(
            {
                "kind": kind,
                "source_person": self.source_person,
                "link_revision": self.revision,
                "person_key": self.owner,
                "fact_key": fact if fact.startswith("/") else f"{self.source_person}/{fact}",
                "event_id": f"{fact}-{version}",
                "changed_at": datetime(2021, 1, version, tzinfo=UTC),
                "status_rank": 0,
                "content_hash": content_hash(fact, repr((active, sorted(fields.items())))),
                "mapping_version": 1,
                "active": active,
                "race_ethnicity": None,
                "county": None,
                "labels": ["N"],
                "purposes": ["isolation-support", "vaccine-equity"],
                **fields,
            }
        )
        return self

    def lives_in(self, county: str, *, race: tuple[str, ...] = (), version: int = 1) -> Story:
        """Demographics."""
        report = {"groups": list(race), "absence": None if race else "unknown", "reported_by": "self"}
        return self.tells("person", "who", version=version, occurred_on=None, county=county, race_ethnicity=report)

    def tested(
        self,
        meaning: str = "positive",
        *,
        on: str,
        fact: str = "lab",
        onset: str | None = None,
        status: str = "final",
        version: int = 1,
        active: bool = True,
    ) -> Story:
        """A laboratory result, collected on a day."""
        return self.tells(
            "lab-result",
            fact,
            version=version,
            active=active,
            occurred_on=day(on),
            meaning=meaning,
            status=status,
            processing="production",
            onset_on=day(onset),
            collected_on=day(on),
            resulted_on=None,
            congregate="unknown",
        )

    def slept_at(
        self,
        site: str,
        *,
        on: str,
        site_kind: str = "congregate",
        fact: str | None = None,
        version: int = 1,
        active: bool = True,
    ) -> Story:
        """A bed night."""
        return self.tells(
            "shelter-stay",
            fact or f"night-{on}",
            version=version,
            active=active,
            occurred_on=day(on),
            stay="night",
            presence=True,
            site=site,
            site_kind=site_kind,
            entered_on=day(on),
            left_on=None,
        )

    def lacks_food(self, *, on: str, final: bool = True, answer: str = "yes") -> Story:
        """A screening answer."""
        return self.tells(
            "screening",
            f"food-{on}",
            occurred_on=day(on),
            category="food-insecurity",
            indicates_need=answer,
            final=final,
        )

    def lived(self, situation: str, *, on: str) -> Story:
        """A living situation as asked."""
        return self.tells("living-situation", f"living-{on}", occurred_on=day(on), situation=situation)

    def got_dose(self, *, on: str, fact: str = "dose", status: str = "administered", covid: bool = True) -> Story:
        """A vaccination."""
        return self.tells("vaccination", fact, occurred_on=day(on), status=status, covid=covid)

    def isolates(
        self, *, onset: str, closed: str | None = None, reason: str | None = None, extended: str | None = None
    ) -> Story:
        """A tracer's case record."""
        return self.tells(
            "case",
            "case",
            occurred_on=day(onset),
            isolating=True,
            onset_on=day(onset),
            first_positive_on=None,
            extended_until=day(extended),
            closed_on=day(closed),
            closed_reason=reason,
        )


def a_person(source_person: str = "sp-1", owner: str = "person-a", revision: int = 1) -> Story:
    """Begin a story."""
    return Story(source_person, owner, revision)


def belongs(source_person: str, revision: int, owner: str) -> dict[str, Any]:
    """A membership record."""
    return {"kind": "membership", "source_person": source_person, "revision": revision, "owner": owner}
