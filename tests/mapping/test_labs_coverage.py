"""Who pays, as a laboratory message tells it: IN1 segments and the numbers of PID-3."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain.events import Coverage
from tests.mapping.reading import Reader, counted
from tests.mapping.test_labs import LABS, PID, oru


def told(read: Reader, *segments: str, **changes: Any) -> list[Any]:
    message = oru(**changes).split("\r")
    message[2:2] = segments
    return [event for event in read.events(LABS, {"m": "\r".join(message)}) if isinstance(event, Coverage)]


def in1(plan: str = "", company: str = "C-1", kind: str = "", *, since: str = "", number: str = "") -> str:
    return f"IN1|1|{plan}|{company}||||||||{since and ''}|{since}|||{kind}{'|' * 21}{number}"


@pytest.mark.parametrize(
    ("plan", "kind", "payer_class", "medicaid"),
    [
        ("X^Plan^L", "Medicaid", "medicaid", "yes"),
        ("MEDI-CAL^Plan^L", "", "medicaid", "yes"),
        ("X", "PPO", "private", "unknown"),  # who pays privately may have Medicaid too
        ("X^MEDICAID PLAN", "MC", "unknown", "unknown"),  # Medicaid to X12, Medicare to HL7: never guessed
        ("X", "", "unknown", "unknown"),
    ],
)
def test_the_plan_says_who_pays_by_the_table_alone(
    plan: str, kind: str, payer_class: str, medicaid: str, read: Reader
) -> None:
    (coverage,) = told(read, in1(plan, kind=kind))
    assert (coverage.payer_class, coverage.medicaid) == (payer_class, medicaid)
    assert coverage.issues == (() if payer_class != "unknown" else ("unknown-plan-type",))


def test_a_medicaid_number_among_the_ids_is_coverage_and_stays_in_the_person_block(read: Reader) -> None:
    (coverage,) = told(read, pid=PID.replace("^PI||", "^PI~99887766^^^State&2.16.1&ISO^MA||"))
    assert (coverage.payer_class, coverage.medicaid, coverage.person.member_id) == ("medicaid", "yes", "99887766")
    assert "99887766" not in coverage.model_copy(update={"person": None}).model_dump_json()


def test_a_plan_has_dates_and_a_number_that_stays_in_the_person_block(read: Reader) -> None:
    (coverage,) = told(read, in1("X", kind="HMO", since="20200101", number="POLICY-7"))
    assert coverage.valid_from.isoformat() == "2020-01-01"
    assert coverage.person.member_id == "POLICY-7"
    assert coverage.source_person is not None
    assert "POLICY-7" not in coverage.model_copy(update={"person": None}).model_dump_json()


def test_the_same_plan_told_twice_or_later_again_is_one_fact(read: Reader) -> None:
    (first,) = told(read, in1("X", kind="HMO"), in1("X", kind="HMO"))
    (later,) = told(read, in1("X", kind="HMO"), at="20210301120000+0000", order="F-9")
    assert (first.fact_key, first.source_person) == (later.fact_key, later.source_person)
    assert later.changed_at > first.changed_at


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": "PID|1||X-1^^^Lab~9^^^State^MA||^^^^^^S||||||^^^^02139"},  # nobody is named
        {"code": "4548-4^A1c^LN", "ordered": "4548-4^A1c^LN"},  # nothing else of this message is kept either
    ],
)
def test_coverage_is_told_of_nobody_where_no_result_of_a_person_counts(changes: dict[str, Any], read: Reader) -> None:
    message = oru(**changes).replace("ORC|", in1("X", kind="HMO") + "\rORC|")
    assert "coverage" not in counted(read(LABS, {"m": message}))["events"]


def test_the_payer_in_a_test_message_is_a_test_too(read: Reader) -> None:
    """health-standards §8 R8."""
    kinds = []
    for sent in "PTD":
        found = read(LABS, {"m": oru(processing=sent).replace("ORC|", in1("X", kind="HMO") + "\rORC|")})
        kinds.append([event for m in found if isinstance(event := m.event, Coverage)])
    ((real,), (test,), (debug,)) = kinds
    assert [each.processing for each in (real, test, debug)] == ["production", "test", "debug"]
    assert real.fact_key == test.fact_key
    assert len({real.event_id, test.event_id, debug.event_id}) == 3
