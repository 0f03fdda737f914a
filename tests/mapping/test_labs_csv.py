"""What rows of laboratory CSV mean: each requirement of health-standards §8 by its number (R11 is requirement 11)."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.mapping.made_up_lab_csv import LAB, one, pdi, standard, state
from tests.mapping.reading import Reader, counted, identity

# R11 to R16: meaning


@pytest.mark.parametrize(
    ("code", "result", "meaning"),
    [
        ("94534-5", "Detected", "positive"), ("94534-5", "DETECTED", "positive"), ("94534-5", "10828004", "positive"),
        ("94534-5", "Not Detected", "negative"), ("94534-5", "Detected, sort of", "review"), ("94534-5", "1234", "review"),
        ("94534-5", "Presumptive Positive", "presumptive-positive"), ("94534-5", "462371000124108", "presumptive-positive"),
        ("94534-5", "840539006", "review"), ("94534-5", "", "review"), ("97097-0", "Invalid Result", "invalid"),
        ("94502-2", "Detected", "presumptive-positive"), ("94507-1", "Positive", "not-covid"),
        ("80383-3", "260373001", "not-covid"),
        ("94531-1", "Detected", "review"), ("94534-6", "Detected", "review"),
    ],
)  # fmt: skip
def test_r11_r12_r13_r14_positive_needs_a_diagnostic_test_and_a_positive_answer(
    code: str, result: str, meaning: str, read: Reader
) -> None:
    assert one(read, standard({"test_performed_code": code, "test_result": result})).meaning == meaning


def test_a_test_of_another_disease_is_not_kept(read: Reader) -> None:
    assert counted(read(LAB, {"f.csv": standard({"test_performed_code": "75622-1"})}))["ignored"] == {"not-covid": 1}


def test_r13_the_policy_decides_on_presumptive_positives(read: Reader) -> None:
    text = standard({"test_result": "Presumptive Positive"})
    assert one(read, text, presumptive="isolate").meaning == "positive"


@pytest.mark.parametrize(
    ("word", "status", "active"),
    [("F", "final", True), ("C", "corrected", True), ("P", "preliminary", True), ("W", "withdrawn", False), ("", "final", True)],
)  # fmt: skip
def test_r11_r19_the_status_column_says_how_final_it_is(word: str, status: str, active: bool, read: Reader) -> None:
    event = one(read, standard({"test_result_status": word}))
    assert (event.status, event.active) == (status, active)


def test_r8_only_production_is_production(read: Reader) -> None:
    words = ("P", "", "T", "D", "prod-ish")
    found = [one(read, pdi({"Processing_mode_code": word})).processing for word in words]
    assert found == ["production", "production", "test", "debug", "test"]


def test_r15_unknown_is_never_no(read: Reader) -> None:
    told = {
        "symptomatic_for_disease": "Y",
        "hospitalized": "No",
        "icu": "U",
        "pregnant": "77386006",
        "illness_onset_date": "12/15/2021",
    }
    event = one(read, standard(told))
    assert (event.symptomatic, event.hospitalized, event.icu, event.pregnant) == ("yes", "no", "unknown", "yes")
    assert (event.employed_in_healthcare, event.onset_on.isoformat()) == ("unknown", "2021-12-15")


def test_r16_congregate_residence_and_site_of_care_are_separate_facts(read: Reader) -> None:
    event = one(read, standard({"resident_congregate_setting": "Y"}))
    assert (event.congregate, event.residence) == ("yes", None)
    for word in ("Homeless", "32911000"):
        event = one(read, standard({"residence_type": word}))
        assert (event.congregate, event.residence) == ("unknown", "32911000")
    event = one(read, pdi({"Site_of_care": "shelter"}))
    assert (event.congregate, event.residence) == ("unknown", None)
    assert one(read, standard({"residence_type": "a tree house"})).issues == ("unknown-residence",)


# R17 to R20: keys and corrections


def test_r17_analytes_of_one_order_are_facts_of_one_report(read: Reader) -> None:
    found = read.events(
        LAB, {"f.csv": standard({}, {"test_performed_code": "80382-5"}, {"test_performed_code": "80383-3"})}
    )
    assert len({event.fact_key for event in found}) == 3
    assert len({event.report_key for event in found}) == 1
    assert [event.meaning for event in found] == ["positive", "not-covid", "not-covid"]


def test_r18_the_key_is_of_laboratory_order_and_test(read: Reader) -> None:
    key = one(read, standard({})).fact_key
    assert one(read, standard({"patient_id": "P2", "test_result": "Not Detected"})).fact_key == key
    others = {"accession_number": "A2"}, {"testing_lab_clia": "01D1058443"}, {"test_performed_code": "94558-4"}
    assert key not in {one(read, standard(other)).fact_key for other in others}


def test_r18_without_any_id_person_and_time_are_the_key(read: Reader) -> None:
    first = one(read, standard({"accession_number": ""}))
    assert one(read, standard({"accession_number": "", "test_result": "Not Detected"})).fact_key == first.fact_key
    assert one(read, standard({"accession_number": "", "patient_id": "P2"})).fact_key != first.fact_key
    nobody = {
        "accession_number": "",
        "patient_id": "",
        "patient_last_name": "",
        "patient_first_name": "",
        "patient_dob": "",
    }
    (mapped,) = read(LAB, {"f.csv": standard(nobody)})
    assert (mapped.reason, mapped.where["field"]) == ("missing-key", "accession_number")


def test_r18_identical_rows_are_one_fact_told_once(read: Reader) -> None:
    found = read.events(LAB, {"f.csv": standard({}, {})})
    assert len({identity(event) for event in found}) == 1


def test_r19_r20_corrections_end_alike_in_any_order(read: Reader) -> None:
    versions = [
        {},
        {"test_result": "Not Detected", "test_result_status": "C", "test_result_date": "12/21/2021"},
        {"test_result_status": "W", "test_result_date": "12/22/2021"},
    ]
    ends = [state(read.events(LAB, {"f.csv": standard(*order)})) for order in permutations(versions)]
    assert all(end == ends[0] for end in ends)
    assert list(ends[0].values()) == [("positive", "withdrawn", False)]


def test_r19_r20_a_chain_of_corrections_under_new_ids_leaves_only_the_last(read: Reader) -> None:
    chain = [
        {},
        {"Result_ID": "R2", "Corrected_result_ID": "R1", "Test_result_status": "C", "Date_result_released": "20220403"},
        {"Result_ID": "R3", "Corrected_result_ID": "R2", "Test_result_status": "C", "Date_result_released": "20220404",
         "Test_result_code": "260415000"},
    ]  # fmt: skip
    ends = [state(read.events(LAB, {"f.csv": pdi(*order)})) for order in permutations(chain)]
    assert all(end == ends[0] for end in ends)
    assert sorted(said for said in ends[0].values() if said[2]) == [("negative", "corrected", True)]
    assert len(ends[0]) == 3


def test_r19_r20_a_row_that_names_what_it_corrects_replaces_it_though_its_status_is_final(read: Reader) -> None:
    correction = {"Result_ID": "R2", "Corrected_result_ID": "R1", "Test_result_code": "260415000",
                  "Date_result_released": "20220403"}  # fmt: skip
    rows = [{}, correction]
    ends = [
        state(read.events(LAB, {"f.csv": pdi(*order)})) for order in (*permutations(rows), [*rows, *rows], [*rows, {}])
    ]
    assert all(end == ends[0] for end in ends)
    assert sorted(ends[0].values()) == [("negative", "corrected", True), ("review", "withdrawn", False)]
    corrected, withdrawn = read.events(LAB, {"f.csv": pdi(correction)})
    assert (corrected.status, corrected.issues) == ("corrected", ("correction-without-status",))
    assert (withdrawn.status, withdrawn.fact_key) == ("withdrawn", one(read, pdi({})).fact_key)


def test_r19_a_row_that_names_itself_as_corrected_wins_over_the_original_of_that_day(read: Reader) -> None:
    rows = [{}, {"Corrected_result_ID": "R1", "Test_result_code": "260415000"}]
    for order in permutations(rows):
        assert list(state(read.events(LAB, {"f.csv": pdi(*order)})).values()) == [("negative", "corrected", True)]


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"Corrected_result_ID": "R0", "Test_result_status": "P"}, "preliminary"),
        ({"Test_correction_reason": "typing error"}, "final"),
        ({"Corrected_result_ID": "UNKNOWN"}, "final"),
    ],
)
def test_what_names_no_result_or_is_no_result_yet_withdraws_nothing(
    row: dict[str, str], status: str, read: Reader
) -> None:
    event = one(read, pdi(row))
    assert (event.status, event.issues) == (status, ("correction-without-status",))


# R24 to R28: people and places


def test_r24_a_patient_id_is_of_its_laboratory(read: Reader) -> None:
    person = one(read, standard({})).source_person
    assert one(read, standard({"accession_number": "A9"})).source_person == person
    assert one(read, standard({"testing_lab_clia": "01D1058443"})).source_person != person


def test_r25_without_name_and_birth_date_it_counts_for_its_area_and_is_nobody(read: Reader) -> None:
    event = one(read, standard({"patient_last_name": "", "patient_first_name": "", "patient_dob": ""}))
    assert (event.source_person, event.person.family_name, event.person.local_id) == (None, None, None)
    assert (event.person.county, event.person.postal_code) == ("01073", "35226")


def test_r25_without_a_patient_id_name_and_birth_date_name_the_person_and_with_less_nobody(read: Reader) -> None:
    person = one(read, standard({"patient_id": ""})).source_person
    assert person is not None
    assert one(read, standard({"patient_id": "", "patient_last_name": "EXAMPLE"})).source_person == person
    assert one(read, standard({"patient_id": "", "patient_dob": ""})).source_person is None


@pytest.mark.parametrize(
    ("race", "ethnicity", "groups", "absence"),
    [
        ("White", "Hispanic or Latino", ("white", "hispanic"), None),
        ("2106-3;2028-9", "2186-5", ("asian", "white", "not-hispanic"), None),
        ("Other Race,White", "", ("white", "other"), None), ("ASKU", "UNK", (), "asked-unknown"), ("UNK", "", (), "unknown"),
        ("Asian Indian", "N", ("asian", "not-hispanic"), None),
    ],
)  # fmt: skip
def test_r26_race_is_a_set_or_the_reason_why_not(
    race: str, ethnicity: str, groups: tuple[str, ...], absence: str | None, read: Reader
) -> None:
    told = one(read, standard({"patient_race": race, "patient_ethnicity": ethnicity})).race_ethnicity
    assert (told.groups, told.absence) == (groups, absence)


def test_r26_a_race_in_the_ethnicity_field_leaves_it_unknown_and_is_told(read: Reader) -> None:
    event = one(read, standard({"patient_ethnicity": "Black"}))
    assert (event.race_ethnicity.groups, event.issues) == (("white",), ("race-in-ethnicity",))


@pytest.mark.parametrize(
    ("state", "zip_code", "padded"), [("VT", "5495", "05495"), ("MA", "2139-1234", "02139"), ("AL", "5495", None)]
)
def test_r28_a_lost_zero_comes_back_only_where_zips_begin_with_one(
    state: str, zip_code: str, padded: str | None, read: Reader
) -> None:
    assert one(read, standard({"patient_state": state, "patient_zip_code": zip_code})).person.postal_code == padded


def test_r28_accents_in_a_state_code_are_told(read: Reader) -> None:
    event = one(read, standard({"patient_state": "ÇA", "patient_county": "Monterey", "patient_zip_code": "93923"}))
    assert (event.person.state, event.person.county, event.issues) == ("CA", "06053", ("state-accented",))


@pytest.mark.parametrize(
    ("word", "sex"), [("F", "F"), ("male", "M"), ("A", "A"), ("Unknown", "U"), ("", None), ("?", None)]
)
def test_sex_is_a_word_or_a_letter_of_the_list(word: str, sex: str | None, read: Reader) -> None:
    assert one(read, standard({"patient_gender": word})).person.sex == sex
