"""Line lists of NBS, Maven and REDCap: who isolates, who was exposed, and what takes back what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import hub.domain.isolation as isolation
from hub.connectors.catalog import SHIPPED
from hub.domain.measures import Denominators
from hub.mapping.program import Mapped
from hub.preview import Preview
from hub.wiring_reading import Taken
from tests.builders import IDS
from tests.mapping.reading import Reader, counted

LINES = "case-line-list"
RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())
NBS = (
    "INV_LOCAL_ID,PATIENT_LOCAL_ID,PATIENT_LAST_NAME,PATIENT_FIRST_NAME,PATIENT_DOB,"
    "CONDITION_CD,INV_CASE_STATUS,ILLNESS_ONSET_DT,SPECIMEN_COLL_DT,INV_CLOSE_DATE,LAST_CHG_TIME"
)
MAVEN = (
    "Event ID|Event Type|Disease|Party ID|Party Name|Birth Date|Status|Onset Date|"
    "Exposure Date|Quarantine End Date|Closed Date|Closure Reason|Last Update"
)
REDCAP = (
    "record_id,redcap_repeat_instrument,redcap_repeat_instance,record_type,"
    "first_name,last_name,dob,case_classification,symptom_onset,last_exposure"
)


def case(record: str = "CAS1", **cells: str) -> str:
    """A row of NBS."""
    told = {
        "record": record, "person": "PSN1", "family": "Vega", "given": "Marisol", "born": "03/09/1984", "condition": "11065",
        "status": "Confirmed", "onset": "02/10/2021", "positive": "02/12/2021", "closed": "", "changed": "02/14/2021 08:15",
    } | cells  # fmt: skip
    return ",".join(told.values())


def contact(record: str = "200", **cells: str) -> str:
    """A row of Maven."""
    told = {
        "record": record, "kind": "Contact", "disease": "COVID-19", "person": "P-1", "name": "Brandt, Lena", "born": "1968-01-05",
        "status": "", "onset": "", "exposed": "2021-02-09", "until": "2021-02-23", "closed": "", "why": "",
        "changed": "2021-02-10 11:00",
    } | cells  # fmt: skip
    return "|".join(told.values())


def lines(head: str, *rows: str) -> dict[str, str]:
    return {"lines.csv": "\n".join([head, *rows, ""])}


def standing(events: Iterable[Any]) -> dict[str, Any]:
    """What stands of each fact."""
    order = sorted(events, key=lambda event: (event.changed_at, event.status_rank, event.content_hash))
    return {event.fact_key: event for event in order}


def reason(found: list[Mapped]) -> tuple[str | None, object]:
    (mapped,) = found
    return mapped.reason, mapped.where.get("field")


def isolating(events: Iterable[Any], day: date = date(2021, 2, 15)) -> int:
    """How many people have an isolation that began by that day."""
    preview = Preview(IDS, RULES, Denominators({}, "none"))
    preview.take(Taken("event", event, None, "") for event in events)
    totals = preview.finish(day).totals
    return sum(n for stratum, n in totals.items() if stratum.startswith("positive|") and "|race_ethnicity|" in stratum)


@pytest.mark.parametrize(
    ("status", "said", "isolates"),
    [
        ("Confirmed", "Confirmed", True),
        ("C", "Confirmed", True),
        ("probable", "Probable", True),
        ("Suspect", "Suspect", False),
        ("Not a Case", "Not a Case", False),
        ("Unknown", "Unknown", False),
    ],
)
def test_the_status_says_who_isolates(read: Reader, status: str, said: str, isolates: bool) -> None:
    (event,) = read.events(LINES, lines(NBS, case(status=status)))
    assert (event.kind, event.case_status, event.isolating) == ("case", said, isolates)
    assert (event.onset_on, event.first_positive_on, event.occurred_on) == (
        date(2021, 2, 10), date(2021, 2, 12), date(2021, 2, 10),
    )  # fmt: skip
    assert isolating([event]) == isolates


def test_r4_a_case_that_proves_to_be_none_is_taken_back_in_any_order(read: Reader) -> None:
    events = read.events(LINES, lines(NBS, case(), case(status="Not a Case", changed="02/15/2021 16:40")))
    assert len({event.fact_key for event in events}) == 1
    assert isolating(events[:1]) == 1
    assert isolating(events) == isolating(events[::-1]) == 0


def test_a_contact_is_an_exposure_with_its_days(read: Reader) -> None:
    (event,) = read.events(LINES, lines(MAVEN, contact()))
    assert (event.kind, event.last_exposure_on, event.monitoring_until) == (
        "exposure",
        date(2021, 2, 9),
        date(2021, 2, 23),
    )
    assert (event.person.family_name, event.person.given_name, event.person.local_id) == ("Brandt", "Lena", "P-1")
    assert isolating([event]) == 0


def test_a_contact_that_became_a_case_is_one_fact_and_now_a_case(read: Reader) -> None:
    now = contact(kind="Case", status="Confirmed", onset="2021-02-14", changed="2021-02-15 10:30")
    events = read.events(LINES, lines(MAVEN, contact(), now))
    (stands,) = standing(events).values()
    assert stands.kind == "case"
    assert isolating(events) == isolating(events[::-1]) == 1


def test_a_contact_whose_day_of_exposure_nobody_knows_is_kept_without(read: Reader) -> None:
    (event,) = read.events(LINES, lines(MAVEN, contact(exposed="", until="")))
    assert (event.kind, event.last_exposure_on, event.occurred_on) == ("exposure", None, None)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("Recovered", "Meets criteria to discontinue isolation"),
        ("unable to reach", "Lost to follow-up (contact never established)"),
        ("Duplicate", "Duplicate"),
        ("she said her brother drove her", "Other"),
    ],
)
def test_r20_a_reason_of_closure_is_a_word_of_the_list_and_never_free_text(read: Reader, why: str, said: str) -> None:
    (event,) = read.events(LINES, lines(MAVEN, contact(closed="2021-02-20", why=why)))
    assert (event.closed_on, event.closed_reason) == (date(2021, 2, 20), said)


@pytest.mark.parametrize(
    ("condition", "taken"), [("11065", True), ("COVID-19", True), ("", True), ("Salmonellosis", False)]
)
def test_other_conditions_are_set_aside(read: Reader, condition: str, taken: bool) -> None:
    found = read(LINES, lines(NBS, case(condition=condition)))
    assert reason(found)[0] == (None if taken else "not-covid")
    assert read.events(LINES, lines(NBS, case(condition=condition)), condition="any")


def test_in_redcap_a_contact_is_an_instance_of_its_case_and_a_person_of_its_own(read: Reader) -> None:
    rows = (
        "1,,,case,Minh,Tran,1981-05-20,Probable,2021-02-11,",
        "1,contacts,1,contact,Hoa,Tran,1985-08-08,,,2021-02-12",
        "1,contacts,2,contact,Linh,Tran,,,,2021-02-12",
    )
    index, hoa, linh = read.events(LINES, lines(REDCAP, *rows))
    assert [event.kind for event in (index, hoa, linh)] == ["case", "exposure", "exposure"]
    assert len({event.source_person for event in (index, hoa, linh)}) == 3
    assert (linh.person.local_id, linh.person.birth_date) == ("1/contacts/2", None)


def test_a_projects_own_codes_are_settings_and_never_guessed(read: Reader) -> None:
    row = "1,,,case,Minh,Tran,1981-05-20,2,2021-02-11,"
    assert reason(read(LINES, lines(REDCAP, row))) == ("unmapped-code", "case_classification")
    (event,) = read.events(LINES, lines(REDCAP, row), words={"status": {"1": "confirmed", 2: "probable"}})
    assert event.case_status == "Probable"


def test_r12_columns_and_the_order_of_dates_are_settings(read: Reader) -> None:
    head, row = "Fall;Zuletzt gesehen;Art", "7;09.02.2021;contact"
    columns = {"record": "Fall", "exposed_on": "Zuletzt gesehen", "role": "Art"}
    assert reason(read(LINES, lines(head, row)))[0] == "unknown-header"
    (event,) = read.events(LINES, lines(head, row), columns=columns, date_order="dmy")
    assert event.last_exposure_on == date(2021, 2, 9)


def test_a_line_that_says_nothing_is_ignored_and_one_without_a_number_refused(read: Reader) -> None:
    assert reason(read(LINES, lines(MAVEN, contact(kind="Case", exposed="")))) == ("no-status", None)
    assert reason(read(LINES, lines(NBS, case("")))) == ("missing-key", "inv_local_id")


@pytest.mark.parametrize("cell", ["onset", "positive", "closed", "born"])
def test_days_that_are_none_are_refused(read: Reader, cell: str) -> None:
    (found,) = read(LINES, lines(NBS, case(**{cell: "02/30/2021"})))
    assert found.reason == "bad-date"


def test_r7_a_blank_birth_date_is_no_fault_and_times_are_of_the_zone(read: Reader) -> None:
    (event,) = read.events(LINES, lines(NBS, case(born="")), timezone="America/Chicago")
    assert event.person.birth_date is None
    assert event.changed_at == datetime(2021, 2, 14, 14, 15, tzinfo=UTC)


def test_r20_comments_are_neither_kept_nor_forwarded(read: Reader) -> None:
    for row in (case(), case(status="Awaiting review")):
        (mapped,) = read(LINES, lines(f"{NBS},INV_COMMENTS", f"{row},lives with mother"))
        assert b"mother" not in mapped.raw
        (again,) = read(LINES, {"x.csv": mapped.head + mapped.raw})
        assert (again.outcome, again.reason, again.event) == (mapped.outcome, mapped.reason, mapped.event)


def test_a_file_sent_again_tells_nothing_new(read: Reader) -> None:
    content = lines(NBS, case(), case("CAS2", person="PSN2"))["lines.csv"]
    again = [[e.event_id for e in read.events(LINES, {name: content})] for name in ("a.csv", "b.csv")]
    assert again[0] == again[1]


def test_the_shipped_samples_hold_the_traps(read: Reader) -> None:
    folder = SHIPPED / LINES / "samples"
    found = [mapped for path in sorted(folder.iterdir()) for mapped in read(LINES, {path.name: path.read_bytes()})]
    assert counted(found)["events"] == {"case": 12, "exposure": 7}
    assert counted(found)["rejected"] == {"bad-date": 1, "missing-key": 1, "short-row": 1, "unmapped-code": 1}
    assert counted(found)["ignored"] == {"not-covid": 2, "no-status": 1, "repeated-instrument": 1}


LABELLED = (
    "Record ID,Repeat Instrument,Repeat Instance,Record Type,First Name,Last Name,Date of Birth,"
    "Race (choice=White),Race (choice=Black or African American),Case Classification,Symptom Onset,Last Exposure"
)


def test_a_labelled_export_of_redcap_says_the_same_as_a_raw_one(read: Reader) -> None:
    raw = "1,,,case,Minh,Tran,1981-05-20,Probable,2021-02-11,"
    labelled = "1,,,case,Minh,Tran,02/11/1981,Checked,Checked,Probable,02/11/2021,"
    (one,), (other,) = read.events(LINES, lines(REDCAP, raw)), read.events(LINES, lines(LABELLED, labelled))
    assert (other.fact_key, other.source_person, other.onset_on) == (one.fact_key, one.source_person, one.onset_on)
    assert set(other.race_ethnicity.groups) == {"white", "black"}
    assert one.race_ethnicity is None


def test_check_boxes_are_read_by_the_projects_dictionary_and_bare_numbers_never_guessed(read: Reader) -> None:
    head = f"{REDCAP},race___1,race___2,race___99"
    row = "1,,,case,Minh,Tran,1981-05-20,Probable,2021-02-11,,0,1,0"
    (guessed,) = read(LINES, lines(head, row))
    assert guessed.event.race_ethnicity is None  # type: ignore[union-attr]
    assert guessed.issues == ("unmapped-code",)
    (event,) = read.events(LINES, lines(head, row), words={"race": {"1": "White", "2": "Asian", "99": "unknown"}})
    assert event.race_ethnicity.groups == ("asian",)
    (unticked,) = read(LINES, lines(head, row[: -len("0,1,0")] + "0,0,0"))
    assert not unticked.issues
    assert guessed.event.content_hash != unticked.event.content_hash  # type: ignore[union-attr]
    (again,) = read(LINES, {"x.csv": guessed.head + guessed.raw})
    assert again.event == guessed.event


def test_r20_boxes_of_other_questions_are_neither_kept_nor_read(read: Reader) -> None:
    head, row = (
        f"{REDCAP},symptoms___1,drugs_used (choice=Opioids)",
        "1,,,case,Minh,Tran,1981-05-20,Probable,,,1,Checked",
    )
    (mapped,) = read(LINES, lines(head, row))
    assert b"Checked" not in mapped.raw
    assert set(mapped.unread) == {"symptoms___1", "drugs_used (choice=opioids)"}


def test_a_repeated_instrument_that_is_no_contact_makes_no_further_case(read: Reader) -> None:
    rows = (
        "1,,,case,Minh,Tran,1981-05-20,Probable,2021-02-11,",
        "1,daily_call,1,,,,,Confirmed,,",
        "1,specimens,1,,,,,,,",
    )
    found = read(LINES, lines(REDCAP, *rows))
    assert [mapped.reason for mapped in found] == [None, "repeated-instrument", "repeated-instrument"]


def test_a_record_that_nbs_deleted_but_still_lists_is_withdrawn(read: Reader) -> None:
    head = f"{NBS},RECORD_STATUS_CD"
    events = read.events(LINES, lines(head, f"{case()},ACTIVE", f"{case()},LOG_DEL"))
    assert [event.active for event in events] == [True, False]
    assert isolating(events) == isolating(events[::-1]) == 0


@pytest.mark.parametrize(
    "onset",
    ["02/10/2021", "2021-02-10", "10-Feb-2021", "10FEB2021", "Feb 10, 2021", "10FEB2021:00:00:00", "2/10/2021 0:00"],
)
def test_days_are_read_as_nbs_sas_and_people_write_them(read: Reader, onset: str) -> None:
    (event,) = read.events(LINES, lines(NBS, case(onset=f'"{onset}"')))
    assert event.onset_on == date(2021, 2, 10)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("Laboratory-confirmed case", "Confirmed"),
        ("410605003", "Confirmed"),
        ("2931005", "Probable"),
        ("Patient Under Investigation (PUI)", "Suspect"),
        ("Does not meet case definition", "Not a Case"),
        ("LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_CONFIRMED", "Confirmed"),
        ("NOT_A_CASE_DISCARDED", "Not a Case"),
    ],
)
def test_words_of_many_systems_are_one_of_five(read: Reader, status: str, said: str) -> None:
    (event,) = read.events(LINES, lines(NBS, case(status=status)))
    assert event.case_status == said


def test_an_outcome_of_being_alive_closes_nothing(read: Reader) -> None:
    head = "uuid,classification,date_of_onset,date_of_outcome,outcome_id"
    rows = ("a,CONFIRMED,2021-02-10,2021-02-12,ALIVE", "b,CONFIRMED,2021-02-10,2021-02-20,RECOVERED")
    alive, recovered = read.events(LINES, lines(head, *rows))
    assert (alive.closed_on, alive.closed_reason) == (None, None)
    assert (recovered.closed_on, recovered.closed_reason) == (
        date(2021, 2, 20),
        "Meets criteria to discontinue isolation",
    )
