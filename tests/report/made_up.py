"""Made-up vaccinations and lab results as a source might fill them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hub.domain.events import Coded, LabResult, PersonBlock, RaceEthnicity, Vaccination
from hub.domain.minimum import MinimumSet
from hub.report.names import SenderNames
from hub.report.page import make_page, people_fields
from hub.report.parts import About, Page
from hub.report.tally import Tally
from hub.wiring_report import minimum_set

DAY = date(2021, 3, 1)
ASKED: MinimumSet = minimum_set(DAY)
EVERYTHING = frozenset({f"person.{name}" for name in PersonBlock.model_fields}) | {"race_ethnicity"}
GRANTED = {
    "vaccination": EVERYTHING | frozenset(Vaccination.model_fields),
    "lab-result": EVERYTHING | frozenset(LabResult.model_fields),
}


def vaccination(n: int, **changes: Any) -> Vaccination:
    """The n-th dose of the n-th person, everything filled."""
    told: dict[str, Any] = {
        **_common(n), "status": "administered", "cvx": "208", "covid": True, "dose_number": 1, "provider_pin": "123456",
        "series_complete": "no",
    }  # fmt: skip
    return Vaccination.model_validate(told | changes)


def lab_result(n: int, **changes: Any) -> LabResult:
    """The n-th result, everything that is asked for filled."""
    told: dict[str, Any] = {
        **_common(n), "meaning": "negative", "status": "final", "processing": "production", "method": "molecular",
        "loinc": "94500-6",
        "observation_key": f"o{n}", "report_key": f"r{n}", "collected_on": DAY, "resulted_on": DAY, "symptomatic": "no",
        "congregate": "no", "residence": "32911000", "test": Coded(code="94500-6"),
        "result": Coded(code="260415000", mapped="negative"),
    }  # fmt: skip
    return LabResult.model_validate(told | changes)


def _common(n: int) -> dict[str, Any]:
    return {
        "event_id": f"e{n}", "source": "made-up", "source_person": f"p{n}", "fact_key": f"f{n}",
        "changed_at": datetime(2021, 3, 1, 12, tzinfo=UTC), "status_rank": 1, "content_hash": f"c{n}", "mapping_version": 1,
        "occurred_on": DAY, "active": True, "agreement_id": "made-up-1", "labels": ("R",), "purposes": ("x",),
        "race_ethnicity": RaceEthnicity(groups=("black", "not-hispanic")), "person": block(),
    }  # fmt: skip


def block(**changes: Any) -> PersonBlock:
    """Somebody who is nobody."""
    told: dict[str, Any] = {
        "given_name": "Ada", "family_name": "Example", "birth_date": date(1980, 1, 1), "phone": "2175550100", "local_id": "L-1",
        "address_line": "1 Made Up Rd", "city": "Town", "state": "IL", "postal_code": "62701", "county": "17167", "sex": "F",
    }  # fmt: skip
    return PersonBlock.model_validate(told | changes)


def empty_tally() -> Tally:
    return Tally(needed=people_fields(GRANTED, ASKED))


def about(**changes: Any) -> About:
    told: dict[str, Any] = {
        "name": "made-up", "title": "Made up for a test", "standard": "none", "made_on": DAY,
        "window": "1 file", "agreement_id": "a-1",
        "granted": GRANTED, "names": SenderNames.of_program("iis-cvrs"), "reasons": {"bad-date": ("A bad date.", "Ask for it.")},
        "keeps_ignored": True,
    }  # fmt: skip
    return About(**(told | changes))


def page_of(tally: Tally, **changes: Any) -> Page:
    return make_page(tally, about(**changes), ASKED)
