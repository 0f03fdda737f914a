from __future__ import annotations

from typing import Any

import pytest

from tests.mapping.reading import Reader, counted

HRSN = "hrsn-screening"
DEMOGRAPHIC = (
    "PAT_MRN_ID",
    "FACILITY_ID",
    "CONSENT",
    "FIRST_NAME",
    "LAST_NAME",
    "PAT_BIRTH_DATE",
    "STATE",
    "ZIP",
    "RACE_CODE",
    "ETHNICITY_CODE",
)
ADMIN = ("PAT_MRN_ID", "FACILITY_ID", "VISIT_PART_2_FLAG", "VISIT_OMH_FLAG", "VISIT_OPWDD_FLAG")
ANSWER = (
    "PAT_MRN_ID", "FACILITY_ID", "ENCOUNTER_ID", "ENCOUNTER_STATUS_CODE", "SCREENING_STATUS_CODE", "RECORDED_TIME", "QUESTION_CODE",
    "ANSWER_CODE", "POTENTIAL_NEED_INDICATED",
)  # fmt: skip
HITS = ("95618-5", "95617-7", "95616-9", "95615-1")


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]], delimiter: str = "|") -> str:
    return "\n".join(delimiter.join(row) for row in (columns, *rows)) + "\n"


def person(consent: str = "Y", mrn: str = "M1", race: str = "1240-1", ethnicity: str = "2156-8") -> tuple[str, ...]:
    return (mrn, "F1", consent, "Person", "Example", "1980-01-01", "NY", "12301", race, ethnicity)


def answer(
    question: str, code: str, status: str = "final", mrn: str = "M1", encounter: str = "finished"
) -> tuple[str, ...]:
    return (mrn, "F1", "E1", encounter, status, "2021-01-06T15:05:13.000000-04:00", question, code, "")


def drop(
    *answers: tuple[str, ...],
    people: tuple[tuple[str, ...], ...] = (person(),),
    flags: str = "No",
    delimiter: str = "|",
) -> dict[str, bytes | str]:
    return {
        "SCREENING_x.csv": table(ANSWER, list(answers), delimiter),
        "DEMOGRAPHIC_DATA_x.csv": table(DEMOGRAPHIC, list(people), delimiter),
        "QE_ADMIN_DATA_x.csv": table(ADMIN, [("M1", "F1", flags, "No", "No")], delimiter),
    }


def screened(read: Reader, files: dict[str, bytes | str]) -> list[Any]:
    return [event for event in read.events(HRSN, files) if event.kind == "screening"]


@pytest.mark.parametrize("delimiter", ["|", ","])
def test_an_answer_is_read_by_question_and_answer_together(delimiter: str, read: Reader) -> None:
    files = drop(
        answer("88122-7", "LA28397-0"), answer("71802-3", "LA31995-6"), answer("93030-5", "LA32-8"), delimiter=delimiter
    )
    assert [(e.category, e.indicates_need, e.final) for e in screened(read, files)] == [
        ("food-insecurity", "yes", True), ("homelessness", "yes", True), ("transportation-insecurity", "no", True),
    ]  # fmt: skip


def test_the_same_question_has_other_answers_in_another_tool(read: Reader) -> None:
    assert [e.category for e in screened(read, drop(answer("71802-3", "LA30190-5")))] == ["homelessness"]


def test_a_pair_in_no_table_is_kept_as_unmapped(read: Reader) -> None:
    (event,) = screened(read, drop(answer("99999-9", "LA33-6")))
    assert (event.category, event.indicates_need) == ("unmapped", "unknown")


@pytest.mark.parametrize("consent", ["N", "No", "", "UNK"])
def test_without_consent_nothing_of_the_person_is_held(consent: str, read: Reader) -> None:
    found = read(HRSN, drop(answer("88122-7", "LA28397-0"), people=(person(consent),)))
    assert [(m.outcome, m.reason, m.raw, m.hard_stop) for m in found] == [("rejected", "no-consent", b"", True)] * 2


def test_a_refusal_among_two_rows_of_a_person_stands(read: Reader) -> None:
    for people in ((person("Y"), person("N")), (person("N"), person("Y"))):
        assert counted(read(HRSN, drop(answer("88122-7", "LA28397-0"), people=people)))["events"] == {}


def test_an_answer_of_somebody_unknown_is_not_held(read: Reader) -> None:
    found = read(HRSN, drop(answer("88122-7", "LA28397-0", mrn="M9")))
    assert [(m.reason, m.hard_stop) for m in found if m.outcome == "rejected"] == [("no-demographics", True)]


@pytest.mark.parametrize(
    ("status", "encounter"), [("unknown", "finished"), ("preliminary", "finished"), ("final", "cancelled")]
)
def test_what_is_not_final_raises_nothing(status: str, encounter: str, read: Reader) -> None:
    found = read(HRSN, drop(answer("88122-7", "LA28397-0", status, encounter=encounter)))
    assert counted(found)["ignored"] == {"not-final": 1}


def test_an_answer_entered_in_error_is_withdrawn(read: Reader) -> None:
    (was,) = screened(read, drop(answer("88122-7", "LA28397-0")))
    (now,) = screened(read, drop(answer("88122-7", "LA28397-0", "entered-in-error")))
    assert now.fact_key == was.fact_key
    assert (now.active, now.status_rank > was.status_rank) == (False, True)


def test_a_changed_answer_is_the_same_fact_but_a_second_choice_is_another(read: Reader) -> None:
    (often,), (never,) = (screened(read, drop(answer("88122-7", code))) for code in ("LA28397-0", "LA28398-8"))
    assert often.fact_key == never.fact_key
    pests, mold = screened(read, drop(answer("96778-6", "LA31996-4"), answer("96778-6", "LA28580-1")))
    assert pests.fact_key != mold.fact_key


@pytest.mark.parametrize(
    ("scores", "need"),
    [
        (("LA6270-8", "LA6482-9", "LA16644-9", "LA10066-1"), "yes"),  # 1 + 5 + 4 + 2 = 12
        (("LA6270-8", "LA6270-8", "LA6270-8", "LA6270-8"), "no"),
        (("LA6482-9", "LA6482-9", "LA6270-8"), "yes"),  # 11 without the fourth
        (("LA6270-8", "LA6270-8"), "unknown"),
    ],
)
@pytest.mark.parametrize("total_sent", [True, False])
def test_safety_is_the_sum_of_its_items_and_not_what_was_sent(
    scores: tuple[str, ...], need: str, total_sent: bool, read: Reader
) -> None:
    items = [answer(question, code) for question, code in zip(HITS, scores, strict=False)]
    (event,) = screened(read, drop(*items, *([answer("95614-4", "")] if total_sent else [])))
    assert (event.category, event.indicates_need, event.labels) == ("intimate-partner-violence", need, ("R", "SDV"))


def test_visit_flags_label_every_event_of_the_person(read: Reader) -> None:
    events = read.events(HRSN, drop(answer("88122-7", "LA28397-0"), flags="Yes"))
    assert {event.labels for event in events} == {("R", "ETH")}


def test_detailed_race_codes_roll_up(read: Reader) -> None:
    (event,) = read.events(HRSN, drop())
    assert event.race_ethnicity.groups == ("aian", "hispanic")


def test_questions_that_are_no_social_need_do_not_enter(read: Reader) -> None:
    found = read(HRSN, drop(answer("68524-8", "LA26460-8"), answer("44250-9", "LA6571-9"), answer("88122-7", "")))
    assert counted(found)["ignored"] == {"not-a-social-need": 2, "no-answer": 1}


def test_a_row_without_question_is_a_dead_letter(read: Reader) -> None:
    assert counted(read(HRSN, drop(answer("", ""))))["rejected"] == {"missing-key": 1}


def test_a_renamed_column_is_named_drift_and_no_silence(read: Reader) -> None:
    files = drop(answer("88122-7", "LA28397-0"))
    files["SCREENING_x.csv"] = str(files["SCREENING_x.csv"]).replace("QUESTION_CODE", "QUESTION")
    assert counted(read(HRSN, files))["rejected"] == {"missing-column": 1}


def test_order_of_rows_and_files_does_not_change_the_set_of_events(read: Reader) -> None:
    answers = [answer("88122-7", "LA28397-0"), *(answer(q, "LA6482-9") for q in HITS), answer("71802-3", "LA31995-6")]
    one_way = {event.model_dump_json() for event in read.events(HRSN, drop(*answers))}
    other = dict(reversed(list(drop(*reversed(answers)).items())))
    assert {event.model_dump_json() for event in read.events(HRSN, other)} == one_way
