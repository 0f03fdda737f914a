"""What made-up sources tell of made-up people, one function a telling: events as connectors publish them, person blocks clear.

A source person is `<source>/<number>`; `who` is what its source says of their name and birth date in this telling, `version` the
day on which it says so.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hub.domain.events import Coded, LabResult, Person, PersonBlock, RaceEthnicity, Screening, ShelterStay
from hub.domain.events import Vaccination as Dose
from hub.domain.ids import content_hash

__all__ = ["ANA", "BEA", "CAI", "dose", "night", "no_food", "result", "tells_who"]

ANA = PersonBlock(
    given_name="Ana", family_name="Zolaris", birth_date=date(1980, 2, 3), sex="F", phone="6155550111", county="47065"
)
BEA = PersonBlock(
    given_name="Beatrix",
    family_name="Quillon",
    birth_date=date(1971, 9, 14),
    sex="F",
    phone="6155550122",
    county="47065",
)
CAI = PersonBlock(
    given_name="Caius", family_name="Ormsby", birth_date=date(1964, 6, 27), sex="M", phone="6155550133", county="47011"
)
_RACES = {"Ana": ("black", "not-hispanic"), "Beatrix": ("white", "not-hispanic"), "Caius": ("white",)}


def tells_who(source_person: str, who: PersonBlock, version: int) -> Person:
    """Demographics."""
    return Person(**_common(source_person, "who", version, who))


def result(
    source_person: str, who: PersonBlock | None, version: int, *, day: int, status: str = "final",
    meaning: str = "positive", fact: str = "lab",
) -> LabResult:  # fmt: skip
    """A molecular test of somebody who lives where many do."""
    return LabResult(
        **_common(
            source_person, fact, version, who, active=status != "withdrawn", day=day, status=status, meaning=meaning
        ),
        processing="production",
        method="molecular",
        loinc="94500-6",
        observation_key=f"{source_person}/{fact}",
        report_key=f"{source_person}/{fact}",
        collected_on=date(2021, 2, day),
        congregate="yes",
    )


def dose(source_person: str, who: PersonBlock | None, version: int, *, day: int, status: str = "administered") -> Dose:
    """A dose of a COVID-19 vaccine."""
    return Dose(
        **_common(source_person, "dose", version, who, active=status != "withdrawn", day=day, status=status),
        cvx="208",
        covid=True,
    )


def night(source_person: str, version: int, *, day: int, active: bool = True) -> ShelterStay:
    """A bed night, told without a name."""
    return ShelterStay(
        **_common(source_person, f"night-{day}", version, None, active=active, day=day),
        stay="night",
        presence=True,
        site="s1",
        site_kind="congregate",
        entered_on=date(2021, 2, day),
    )


def no_food(source_person: str, who: PersonBlock | None, version: int, *, day: int) -> Screening:
    """An answer: food runs out."""
    return Screening(
        **_common(source_person, "food", version, who, day=day),
        category="food-insecurity",
        indicates_need="yes",
        question=Coded(code="88122-7"),
        answer=Coded(code="LA28397-0"),
        final=True,
    )


def _common(
    source_person: str, fact: str, version: int, who: PersonBlock | None, *, active: bool = True, day: int | None = None,
    **told: str,
) -> dict[str, Any]:  # fmt: skip
    source, fact_key = source_person.partition("/")[0], fact if fact.startswith("/") else f"{source_person}/{fact}"
    named = who.given_name or "" if who is not None else ""
    content = content_hash(fact_key, named, str(active), str(day), repr(sorted(told.items())))
    return {
        **told,
        "event_id": content_hash(source_person, content, str(version)),
        "source": source,
        "source_person": source_person,
        "fact_key": fact_key,
        "changed_at": datetime(2021, 1, version, tzinfo=UTC),
        "status_rank": 0,
        "content_hash": content,
        "mapping_version": 1,
        "occurred_on": date(2021, 2, day) if day is not None else None,
        "active": active,
        "agreement_id": "a",
        "labels": ("R",),
        "purposes": ("isolation-support", "vaccine-equity"),
        "race_ethnicity": RaceEthnicity(groups=_RACES[named], reported_by="self") if named else None,  # type: ignore[arg-type]
        "person": who.model_copy(update={"local_id": source_person}) if who is not None else None,
    }
