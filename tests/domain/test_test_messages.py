"""Whatever a source marks as a test starts nothing and counts nowhere, even where it stands on the person topic already."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

import hub.domain.isolation as isolation
from hub.domain.events import PersonBlock
from hub.domain.history import decode_row
from hub.domain.measures import Denominators
from hub.domain.projection import Projector
from hub.preview import Preview
from hub.wiring_reading import Taken
from tests.builders import IDS, a_person
from tests.mapping.made_up_vxu import orc, rxa, vxu
from tests.mapping.reading import Reader

RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())
DAY = date(2021, 3, 20)


def strata(*records: dict[str, Any]) -> list[str]:
    row = decode_row(None)
    for record in records:
        row.apply("person-a", 0, record)
    projection = Projector(IDS, RULES).project("person-a", row, DAY)
    return [*projection.gained, *(need.need_id for need in projection.needs)]


@pytest.mark.parametrize("processing", ["test", "debug"])
def test_r8_only_production_is_folded(processing: str) -> None:
    story = a_person().lives_in("47901").tested(on="2021-03-15").got_dose(on="2021-03-01").isolates(onset="2021-03-15")
    real = [record | {"processing": "production"} for record in story.records]
    assert any(each.startswith("vaccinated|") for each in strata(*real))
    assert strata(*(record | {"processing": processing} for record in real)) == []


def test_r8_a_test_of_the_same_dose_neither_withdraws_nor_replaces_it() -> None:
    (real,) = a_person().got_dose(on="2021-03-01").records
    (gone,) = a_person().got_dose(on="2021-03-01", status="withdrawn").records
    later = {**gone, "active": False, "changed_at": gone["changed_at"].replace(year=2022), "processing": "test"}
    assert strata(real, later) == strata(later, real) == strata(real)


@pytest.mark.parametrize(("include_test", "people", "vaccinated"), [(False, 1, 1), (True, 2, 2)])
def test_r8_preview_counts_tests_only_when_asked(include_test: bool, people: int, vaccinated: int) -> None:
    messages = (
        vxu(orc("1"), rxa()),
        vxu(orc("2"), rxa(), processing="T", pid="PID|1||T-9^^^ALDMR^MR||Trial^Tom||19700101"),
    )
    preview = Preview(IDS, RULES, Denominators({}, "none"), include_test=include_test)
    for message in messages:
        (event,) = Reader().events("iis-vxu", {"f": message})
        assert isinstance(event.person, PersonBlock)
        preview.take([Taken("event", event, None, "")])
    found = preview.finish(DAY)
    assert (len(found.people), found.events) == (people, {"vaccination": 2})
    assert sum(n for stratum, n in found.totals.items() if stratum.startswith("vaccinated|")) == vaccinated
