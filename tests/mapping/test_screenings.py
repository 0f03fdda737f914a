from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hub.connectors.installed import programs
from hub.errors import ConfigError
from hub.mapping.program import MappingContext, Unit
from tests.builders import IDS
from tests.mapping.reading import MadeUpAgreement, Reader, counted

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


def flagged(part_2: str = "No", omh: str = "No", opwdd: str = "No") -> dict[str, bytes | str]:
    files = drop(answer("88122-7", "LA28397-0"))
    return {**files, "QE_ADMIN_DATA_x.csv": table(ADMIN, [("M1", "F1", part_2, omh, opwdd)])}


@pytest.mark.parametrize("flag", ["Yes", "Y", "1", "Unknown"])
def test_r20_r21_of_a_visit_under_part_2_nothing_is_held_without_a_consent_that_covers_it(
    flag: str, read: Reader
) -> None:
    """social-standards R20, R21: a hard stop leaves no bytes; a flag that is neither yes nor no counts as yes."""
    found = read(HRSN, flagged(part_2=flag))
    assert [(m.reason, m.raw, m.hard_stop) for m in found] == [("part-2-not-covered", b"", True)] * 2
    events = read.events(HRSN, flagged(part_2=flag), consent_covers=["part-2"])
    assert {event.labels for event in events} == {("R", "42CFRPart2", "ETH")}


@pytest.mark.parametrize("name", ["QE_ADMIN_DATA_x.csv", "named-otherwise.csv"])
@pytest.mark.parametrize("row", ["M1|F1|Yes|No|No|extra", "M1|F1|Yes", "|F1|Yes|No|No", "|F1||Yes|"])
def test_r20_r21_a_row_of_visit_flags_that_is_nobodys_may_be_anybodys(row: str, name: str, read: Reader) -> None:
    files = drop(answer("88122-7", "LA28397-0"))
    del files["QE_ADMIN_DATA_x.csv"]
    files[name] = table(ADMIN, [("M1", "F1", "No", "No", "No")]) + row + "\n"
    found = [m for m in read(HRSN, files) if m.where["file"] != name]
    assert [(m.reason, m.raw, m.hard_stop) for m in found] == [("flags-unread", b"", True)] * 2


@pytest.mark.parametrize("broken", ["a row", "the file"])
def test_r20_r21_where_the_consent_covers_part_2_unread_flags_label_everybody(broken: str, read: Reader) -> None:
    files = drop(answer("88122-7", "LA28397-0"))
    flags = table(ADMIN, [("M1", "F1", "No", "No", "No")])
    files["QE_ADMIN_DATA_x.csv"] = flags + "M1|F1|Yes\n" if broken == "a row" else flags.replace("VISIT_PART_2", "X")
    events = [m.event for m in read(HRSN, files, consent_covers=["part-2"]) if m.event is not None]
    assert [event.labels for event in events] == [("R", "42CFRPart2", "ETH", "PSY")] * 2


def test_r20_whom_the_flags_leave_out_is_restricted_and_told(read: Reader) -> None:
    """social-standards R20: nobody said that the visit is under no special law, and nobody that it is."""
    asked = drop(answer("88122-7", "LA28397-0"))
    files = {**asked, "QE_ADMIN_DATA_x.csv": table(ADMIN, [("M7", "F1", "Yes", "No", "No")])}
    assert [(m.type, m.odd) for m in read(HRSN, files)] == [("person", ("no-visit-flags",)), ("screening", ())]
    context = MappingContext(HRSN, replace(MadeUpAgreement(), labels=()), IDS)
    unit = Unit("u", {name: f"{text!s}".encode() for name, text in files.items()})
    assert {m.event and m.event.labels for m in programs()[HRSN].read(unit, context)} == {("R",)}


def test_other_visit_flags_label_every_event_of_the_person(read: Reader) -> None:
    assert {event.labels for event in read.events(HRSN, flagged(omh="Yes"))} == {("R", "PSY")}
    assert {event.labels for event in read.events(HRSN, flagged(opwdd="Yes"))} == {("R",)}


def test_what_no_consent_can_cover_is_a_wrong_setting(read: Reader) -> None:
    with pytest.raises(ConfigError):
        read(HRSN, drop(), consent_covers=["everything"])


def test_detailed_race_codes_roll_up(read: Reader) -> None:
    (event,) = read.events(HRSN, drop())
    assert event.race_ethnicity.groups == ("aian", "hispanic")


def test_questions_that_are_no_social_need_do_not_enter(read: Reader) -> None:
    found = read(HRSN, drop(answer("68524-8", "LA26460-8"), answer("44250-9", "LA6571-9"), answer("88122-7", "")))
    assert counted(found)["ignored"] == {"not-a-social-need": 2, "no-answer": 1}


def told(columns: tuple[str, ...], *rows: dict[str, str]) -> dict[str, bytes | str]:
    """A drop with rows by column."""
    plain = dict(zip(ANSWER, answer("88122-7", "LA28397-0"), strict=True))
    return {
        **drop(),
        "SCREENING_x.csv": table(columns, [tuple({**plain, **row}.get(name, "") for name in columns) for row in rows]),
    }


def test_r12_a_total_is_compared_with_the_sum_of_its_items(read: Reader) -> None:
    """social-standards R12: HITS total recomputed from the four items and compared."""
    items = [{"QUESTION_CODE": q, "ANSWER_CODE": "LA6482-9"} for q in HITS]
    for sent, issues in (("20", ()), ("12", ("score-mismatch",)), ("", ())):
        total = {"QUESTION_CODE": "95614-4", "ANSWER_CODE": "", "ANSWER_CODE_DESCRIPTION": sent}
        (event,) = screened(read, told((*ANSWER, "ANSWER_CODE_DESCRIPTION"), *items, total))
        assert (event.indicates_need, event.issues) == ("yes", issues)


@pytest.mark.parametrize(
    ("items", "sent", "need", "issues"),
    [
        (0, "12", "yes", ("score-not-checked",)),
        (0, "4", "no", ("score-not-checked",)),
        (2, "6", "unknown", ("score-mismatch",)),  # two items of 5 are 10 already
        (2, "12", "yes", ("score-not-checked",)),
        (0, "99", "unknown", ("score-mismatch",)),
    ],
)
def test_a_total_without_all_its_items_is_believed_where_they_allow_it(
    items: int, sent: str, need: str, issues: tuple[str, ...], read: Reader
) -> None:
    there = [{"QUESTION_CODE": q, "ANSWER_CODE": "LA6482-9"} for q in HITS[:items]]
    total = {"QUESTION_CODE": "95614-4", "ANSWER_CODE": "", "ANSWER_CODE_DESCRIPTION": sent}
    (event,) = screened(read, told((*ANSWER, "ANSWER_CODE_DESCRIPTION"), *there, total))
    assert (event.indicates_need, event.issues) == (need, issues)


def test_items_that_are_not_final_add_nothing_and_one_in_error_withdraws_the_score(read: Reader) -> None:
    high, low = [answer(q, "LA6482-9") for q in HITS], [answer(q, "LA6482-9", "preliminary") for q in HITS]
    assert screened(read, drop(*low)) == []
    (event,) = screened(read, drop(*[answer(q, "LA6482-9", "entered-in-error") for q in HITS]))
    assert (event.active, event.fact_key) == (False, screened(read, drop(*high))[0].fact_key)


def test_r12_a_score_without_question_code_is_set_aside_by_its_domain(read: Reader) -> None:
    """Two such rows stand in every drop of the New York set: physical activity and mental health."""
    files = told((*ANSWER, "SDOH_DOMAIN"), {"QUESTION_CODE": "", "SDOH_DOMAIN": "Physical Activity"},
                 {"QUESTION_CODE": "", "SDOH_DOMAIN": "Food Insecurity"})  # fmt: skip
    found = counted(read(HRSN, files))
    assert (found["ignored"], found["rejected"]) == ({"not-a-social-need": 1}, {"missing-key": 1})


def test_a_domain_that_is_misspelt_changes_nothing(read: Reader) -> None:
    (event,) = screened(read, told((*ANSWER, "SDOH_DOMAIN"), {"QUESTION_CODE": "96778-6", "ANSWER_CODE": "LA31996-4",
                                                             "SDOH_DOMAIN": "Inadequate Housng"}))  # fmt: skip
    assert (event.category, event.issues) == ("inadequate-housing", ())


def test_what_the_sender_says_of_a_need_is_compared(read: Reader) -> None:
    (event,) = screened(read, told(ANSWER, {"POTENTIAL_NEED_INDICATED": "No"}))
    assert (event.indicates_need, event.issues) == ("yes", ("need-differs",))


@pytest.mark.parametrize(
    ("time", "day"),
    [
        ("2021-01-06T23:41:20.000000+04:00", date(2021, 1, 6)),
        ("2021-01-06T00:41:20-12:00", date(2021, 1, 6)),
        ("2021-01-06", date(2021, 1, 6)),
        ("1/6/2021 15:05", date(2021, 1, 6)),
        ("2021-01-06 15:05:13", date(2021, 1, 6)),
        ("2021-01-06T15:05:13Z", date(2021, 1, 6)),
    ],
)
def test_the_day_is_the_one_that_was_written_whatever_the_time_zone(time: str, day: date, read: Reader) -> None:
    (event,) = screened(read, told(ANSWER, {"RECORDED_TIME": time}))
    assert (event.occurred_on, event.changed_at.year) == (day, 2021)


@pytest.mark.parametrize(("time", "reason"), [("", "missing-key"), ("yesterday", "bad-date")])
def test_an_answer_of_no_day_is_a_dead_letter_and_not_silently_useless(time: str, reason: str, read: Reader) -> None:
    assert counted(read(HRSN, told(ANSWER, {"RECORDED_TIME": time})))["rejected"] == {reason: 1}


@pytest.mark.parametrize("without", ["DEMOGRAPHIC_DATA_x.csv", "SCREENING_x.csv", "QE_ADMIN_DATA_x.csv"])
def test_r12_a_file_without_facility_is_joined_on_the_record_number(without: str, read: Reader) -> None:
    files = drop(answer("88122-7", "LA28397-0"))
    files[without] = "\n".join("|".join(c for n, c in enumerate(line.split("|")) if n != 1)
                               for line in str(files[without]).splitlines()) + "\n"  # fmt: skip
    assert counted(read(HRSN, files))["events"] == {"person": 1, "screening": 1}


def test_one_record_number_at_two_facilities_is_two_people(read: Reader) -> None:
    people = (person(), ("M1", "F2", "N", "Another", "Example", "1990-01-01", "NY", "12301", "", ""))
    files = drop(answer("88122-7", "LA28397-0"), people=people)
    assert counted(read(HRSN, files))["events"] == {"person": 1, "screening": 1}
    files["SCREENING_x.csv"] = str(files["SCREENING_x.csv"]).replace("M1|F1", "M1|F2")
    assert counted(read(HRSN, files))["events"] == {"person": 1}


def test_a_broken_row_is_not_held_since_nobody_can_say_who_consented_to_it(read: Reader) -> None:
    files = drop(answer("88122-7", "LA28397-0"))
    files["SCREENING_x.csv"] = str(files["SCREENING_x.csv"]) + "M1|F1\n"
    (broken,) = [m for m in read(HRSN, files) if m.outcome == "rejected"]
    assert (broken.raw, broken.hard_stop) == (b"", True)


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
