"""A laboratory test that nothing says is of SARS-CoV-2 becomes no event, in whatever format it comes (health-standards §8 R12,
data minimisation); one that anything says is goes to `review` and is not lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mapping.made_up_fhir import body
from tests.mapping.made_up_lab_csv import LAB as LAB_CSV
from tests.mapping.made_up_lab_csv import standard
from tests.mapping.reading import Reader, counted
from tests.mapping.test_labs import DETECTED, LABS, NOT_DETECTED
from tests.mapping.test_labs_unseen_messages import lines, obr, obx
from tests.mapping.unseen.fhir_lab_bundles import simple_report

COVID_ORDER, OTHER_ORDER = "94500-6^SARS-CoV-2 RNA^LN", "24331-1^Lipids^LN"
UNRELATED = [
    ("75622-1^HIV 1 and 2 tests^LN", "Reactive"), ("75622-1^^LN", "Reactive"), ("HIVAB^HIV 1/2 Ab^L", "Reactive"),
    ("20507-0^RPR^LN", "Reactive"), ("20507-0^^LN", "Reactive"), ("SYPH^Treponema pallidum Ab^L", "Reactive"),
    ("5671-3^Lead^LN", "12"), ("5671-3^^LN", "12"), ("PBB^Lead, blood^L", "12"), ("5196-1^HBsAg^LN", "Positive"),
    ("CTNG^Chlamydia trachomatis and Neisseria gonorrhoeae^L", "Detected"),
]  # fmt: skip


def results(found: Any) -> list[str]:
    return [mapped.event.meaning for mapped in found if mapped.event is not None]


@pytest.mark.parametrize("order", [COVID_ORDER, OTHER_ORDER, ""])
@pytest.mark.parametrize(("test", "answer"), UNRELATED)
def test_hiv_syphilis_and_lead_are_not_kept_even_under_the_number_of_a_covid_order(
    test: str, answer: str, order: str, read: Reader
) -> None:
    kind = "NM" if answer.isdigit() else "ST"
    found = read(LABS, {"m.hl7": lines(obr(code=order), obx(test, answer, kind=kind))})
    assert (results(found), counted(found)["ignored"]) == ([], {"not-covid": 1})


def test_what_comes_beside_it_is_kept(read: Reader) -> None:
    found = read(LABS, {"m.hl7": lines(obr(code=COVID_ORDER), obx(answer=NOT_DETECTED), obx("75622-1^HIV^LN"))})
    assert (results(found), counted(found)["ignored"]) == (["negative"], {"not-covid": 1})


@pytest.mark.parametrize(
    ("test", "order", "answer"),
    [
        ("99999-9^new^LN", COVID_ORDER, DETECTED),
        ("R^Result^L", COVID_ORDER, DETECTED),
        ("99999-9^HIV and SARS-CoV-2^LN", OTHER_ORDER, DETECTED),
        ("94558-5^Ag^LN", OTHER_ORDER, DETECTED),  # a COVID code but for its check digit
        ("R^Result^L", OTHER_ORDER, "840533007^SARS-CoV-2^SCT"),
        ("HIVAB^HIV^L", OTHER_ORDER, "840533007^SARS-CoV-2^SCT"),
        ("R^Result^L", OTHER_ORDER, "^SARS-CoV-2 not detected"),
    ],
)
def test_whatever_says_covid_anywhere_is_looked_at(test: str, order: str, answer: str, read: Reader) -> None:
    assert results(read(LABS, {"m.hl7": lines(obr(code=order), obx(test, answer))})) == ["review"]


@pytest.mark.parametrize(
    ("code", "device"),
    [("75622-1", ""), ("20507-0", "RPR"), ("5671-3", ""), ("HIV12", ""), ("GLU", "Glucose meter"), ("PCR", ""), ("", "HIV 1/2"),
     ("99999-9", ""), ("99999-9", "Orthopoxvirus PCR")],
)  # fmt: skip
def test_rows_of_other_tests_are_not_kept(code: str, device: str, read: Reader) -> None:
    row = {"test_performed_code": code, "equipment_model_name": device}
    found = read(LAB_CSV, {"f.csv": standard(row)})
    assert (results(found), counted(found)["ignored"]) == ([], {"not-covid": 1})


@pytest.mark.parametrize(
    ("code", "device", "answer"),
    [("COVPCR", "", "Detected"), ("X1", "BinaxNOW COVID-19 Ag", "Detected"), ("", "COVID-19 PCR", "Detected"),
     ("94534-6", "", "Detected"), ("94534", "", "Detected"), ("", "", "SARS-CoV-2 not detected"), ("95941-1", "", "Detected")],
)  # fmt: skip
def test_rows_that_say_covid_anywhere_are_looked_at(code: str, device: str, answer: str, read: Reader) -> None:
    row = {"test_performed_code": code, "equipment_model_name": device, "test_result": answer}
    assert results(read(LAB_CSV, {"f.csv": standard(row)})) == ["review"]


def test_a_row_that_names_no_test_at_all_is_a_dead_letter_and_neither_lost_nor_guessed(read: Reader) -> None:
    found = read(LAB_CSV, {"f.csv": standard({"test_performed_code": ""})})
    assert (results(found), counted(found)["rejected"]) == ([], {"test-not-named": 1})
    assert found[0].where["field"] == "test_performed_code"


@pytest.mark.parametrize("code", ["75622-1", "80387-4", "20507-0", "5671-3"])
def test_fhir_reports_of_other_tests_are_not_kept(code: str, read: Reader) -> None:
    found = read("lab-elr-fhir", {"b.json": body(simple_report((code, "260373001")))})
    assert (results(found), counted(found)["ignored"]) == ([], {"not-covid": 1})
