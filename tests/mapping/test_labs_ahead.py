"""A specimen or result of a day to come, or a patient born after the test: the result stands without the day, marked."""

from __future__ import annotations

from datetime import date
from typing import Any

from hub.connectors.installed import programs
from hub.mapping.program import MappingContext, Unit
from tests.builders import IDS
from tests.mapping.made_up_fhir import body, message
from tests.mapping.made_up_lab_csv import standard
from tests.mapping.reading import MadeUpAgreement
from tests.mapping.test_labs import LABS, PID, oru

AHEAD, BORN = "date-in-the-future", "born-after-test"


def one(program: str, data: str | bytes, today: date) -> Any:
    context = MappingContext(program, MadeUpAgreement(), IDS, today=lambda: today)
    content = data.encode() if isinstance(data, str) else data
    (found,) = [
        each.event for each in programs()[program].read(Unit("u", {"f": content}), context) if each.type == "lab-result"
    ]
    return found


def told(event: Any) -> tuple[Any, ...]:
    return event.collected_on, event.resulted_on, event.occurred_on, event.issues


SPECIMEN, RESULT = date(2021, 1, 5), date(2021, 1, 7)


def test_hl7_takes_no_day_ahead() -> None:
    assert told(one(LABS, oru(), RESULT)) == (SPECIMEN, RESULT, SPECIMEN, ())
    wrong = oru().replace("|||20210105", "|||20620105", 1)
    assert told(one(LABS, wrong, RESULT)) == (SPECIMEN, RESULT, SPECIMEN, (AHEAD,)), "as OBX-14 tells it"
    wrong = oru().replace("20210105", "20620105")
    assert told(one(LABS, wrong, RESULT)) == (None, RESULT, RESULT, (AHEAD,))
    assert one(LABS, wrong, RESULT).collected_as_told is None


def test_a_correction_stands_over_a_report_that_was_dated_ahead() -> None:
    wrong = one(LABS, oru(at="20620107120000+0000", sent="20210107120000+0000"), RESULT)
    right = one(LABS, oru(status="C", sent="20210108120000+0000", control="M2"), date(2021, 1, 8))
    assert (wrong.fact_key, wrong.resulted_on) == (right.fact_key, None)
    assert (wrong.changed_at, wrong.status_rank) < (right.changed_at, right.status_rank)


def test_hl7_takes_no_birth_after_the_message_and_one_of_its_day() -> None:
    late = one(LABS, oru(pid=PID.replace("19800101", "20800101")), RESULT)
    assert (late.person.birth_date, late.issues, late.source_person) == (
        None,
        (BORN,),
        one(LABS, oru(), RESULT).source_person,
    )
    after = one(LABS, oru(pid=PID.replace("19800101", "20210108")), date(2021, 3, 1))
    assert (after.person.birth_date, after.issues) == (None, (BORN,))
    assert one(LABS, oru(pid=PID.replace("19800101", "20210107")), RESULT).person.birth_date == RESULT


def test_csv_takes_no_day_ahead_and_no_birth() -> None:
    today = date(2021, 12, 20)
    event = one("lab-csv", standard({"specimen_collection_date": "12/20/2062 9:00"}), today)
    assert told(event) == (None, today, today, (AHEAD,))
    assert event.changed_at.date() == today
    assert told(one("lab-csv", standard({}), today)) == (today, today, today, ())
    undated = {"patient_dob": "1/20/2080", "specimen_collection_date": "", "test_result_date": ""}
    born = one("lab-csv", standard(undated), today)
    assert (born.person.birth_date, born.issues) == (None, (BORN,))


def test_fhir_takes_no_day_ahead_and_no_birth() -> None:
    today, text = date(2021, 2, 16), body(message())
    right = one("lab-elr-fhir", text, today)
    assert told(right) == (date(2021, 2, 14), today, date(2021, 2, 14), ())
    raw = text if isinstance(text, str) else text.decode()
    wrong = one("lab-elr-fhir", raw.replace("2021-02-14", "2062-02-14").replace("2021-02-16", "2062-02-16"), today)
    assert told(wrong) == (None, None, None, (AHEAD,))
    assert wrong.changed_at < right.changed_at
    born = one(
        "lab-elr-fhir", raw.replace(f'"birthDate": "{right.person.birth_date}"', '"birthDate": "2080-01-01"'), today
    )
    assert (born.person.birth_date, born.issues) == (None, (BORN,))
