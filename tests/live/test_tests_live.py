"""What senders mark as tests, over the live stack: accepted, kept on its topic, and nobody anywhere after it."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from hub.bus.topics import PERSON_TOPIC, intake_topic
from tests.live.records import Made, export, night, result
from tests.live.town import LAB, VXU, Town, Unit
from tests.mapping.made_up_vxu import orc, rxa, vxu

pytestmark = pytest.mark.live

AS_OF = date(2021, 2, 6)
WHO = Made(9_001, "Vera", "Vaccinated")
ON_TRIAL = Made(9_002, "Theo", "Trial")


def given(who: Made, processing: str) -> Unit:
    """A COVID-19 dose of 2021-01-20, as a clinic tells it."""
    pid = (
        f"PID|1||V{who.number}^^^ALDMR^MR||{who.family}^{who.given}^^^^^L||{who.born:%Y%m%d}|F|||"
        "1 Nowhere St^^Alderton^TN^37991^USA^^^47901"
    )
    content = vxu(orc(str(who.number)), rxa(on="20210120"), pid=pid, processing=processing)
    return Unit(VXU, f"{who.number}-{processing}.hl7", content)


def as_a_test(unit: Unit) -> Unit:
    assert isinstance(unit.payload, bytes)
    return Unit(LAB, f"test-{unit.name}", unit.payload.replace(b"|P|2.5.1", b"|T|2.5.1", 1))


def counted(town: Town, indicator: str) -> int:
    return sum(count for stratum, count in town.totals().items() if stratum.startswith(f"{indicator}|"))


def doses(town: Town) -> Counter[str]:
    """How many records of doses the clinics' intake topic holds, by what they say of themselves."""
    found = (fields for fields in town.read(intake_topic("vaccination")) if fields["source"] == VXU)
    return Counter(fields["processing"] for fields in found)


def test_r8_a_test_dose_and_a_test_result_on_their_topics_reach_no_person_no_measure_and_no_need(town: Town) -> None:
    """health-standards §8 R8. The same dose as a test before and after the real one changes nothing of it."""
    town.settle()
    indicators = ("people", "vaccinated", "positive")
    before, there = {indicator: counted(town, indicator) for indicator in indicators}, doses(town)
    town.send([given(ON_TRIAL, "T"), given(ON_TRIAL, "D"), as_a_test(result(ON_TRIAL))])
    town.send([given(WHO, "T"), given(WHO, "P"), given(WHO, "D")])
    town.send([export("trial", [night(WHO, date(2021, 2, 1))], clients=[WHO])])
    town.tick(AS_OF)
    town.assert_equal_to_preview(AS_OF)
    assert {indicator: counted(town, indicator) - before[indicator] for indicator in indicators} == {
        "people": 1, "vaccinated": 1, "positive": 0,
    }  # fmt: skip
    assert doses(town) - there == {"production": 1, "test": 2, "debug": 2}
    beyond = [fields for fields in town.read(PERSON_TOPIC) if fields.get("source") in (VXU, LAB)]
    assert {fields["processing"] for fields in beyond} == {"production"}
