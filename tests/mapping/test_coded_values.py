"""health-standards §8 R39: every coded value as code, system, display, original and mapped, alike whatever format brings it; and
nothing in the clear that neither a table nor a check digit vouches for."""

from __future__ import annotations

import pytest

from hub.domain.event_parts import Coded
from hub.domain.lab_meaning import Code
from hub.domain.vaccines import judge
from hub.mapping.dates import as_told
from hub.mapping.lab_codes import coded_answer, coded_test
from hub.mapping.vaccine_codes import coded_vaccine
from tests.mapping import made_up_fhir, made_up_lab_csv
from tests.mapping.made_up_vxu import orc, rxa
from tests.mapping.reading import Reader
from tests.mapping.test_immunization_resources import one as one_fhir
from tests.mapping.test_immunizations import one as one_vxu
from tests.mapping.test_labs import one as one_oru
from tests.mapping.test_labs import oru
from tests.mapping.test_vaccinations import one as one_cvrs

ANTIGEN = "SARS-CoV-2 (COVID-19) Ag [Presence] in Respiratory specimen by Rapid immunoassay"


def test_r39_a_laboratory_result_tells_test_and_answer_alike_in_every_format(read: Reader) -> None:
    hl7 = one_oru(read, code="94558-4^Rapid test of ours^LN", answer="260373001^Detected!^SCT")
    table = made_up_lab_csv.one(read, made_up_lab_csv.pdi({}))
    bundle = made_up_fhir.body(made_up_fhir.message()).replace("94500-6", "94558-4")
    (fhir,) = read.events("lab-elr-fhir", {"f.json": bundle})
    for event in (hl7, table, fhir):
        test, result = event.test, event.result
        assert (test.code, test.display, test.original, test.mapped) == ("94558-4", ANTIGEN, "94558-4", "diagnostic")
        said = (result.code, result.display, result.original, result.mapped)
        assert said == ("260373001", "Detected", "260373001", "positive")
    assert (hl7.test.system, hl7.result.system) == ("LN", "SCT")
    assert (fhir.test.system, fhir.result.system) == (table.test.system, table.result.system)


def test_r39_of_two_codings_the_one_that_was_understood_is_told() -> None:
    told = coded_test((Code("SARS2", "L", "Covid"), Code("94500-6", "LN", "SARS-CoV-2")), "94500-6")
    assert (told.code, told.system, told.original, told.mapped) == ("94500-6", "LN", "94500-6", "diagnostic")
    assert told.display is not None
    assert told.display.startswith("SARS-CoV-2 (COVID-19) RNA")


@pytest.mark.parametrize("word", ["NEGATIVE", "Not Detected", "neg"])
def test_r39_an_answer_in_words_is_an_original_where_the_table_has_it(word: str, read: Reader) -> None:
    expected = Coded(original=word, mapped="negative")
    assert coded_answer((), "negative", word) == coded_answer((Code(word),), "negative") == expected
    assert made_up_lab_csv.one(read, made_up_lab_csv.standard({"test_result": word})).result == expected
    text = oru(answer=word, kind="ST")
    assert read.events("lab-elr-hl7v2", {"m": text})[0].result == expected


@pytest.mark.parametrize(
    "secret", ["EXAMPLE", "Person Example", "123-45-6789", "555 0100", "94558-4 Person Example", "x" * 500]
)
def test_r39_what_no_table_vouches_for_is_never_told_in_the_clear(secret: str, read: Reader) -> None:
    for told in (
        coded_test((Code(secret, secret, secret),), None),
        coded_answer((Code(secret, "SCT", secret),), "review", secret),
        one_oru(read, answer=f"{secret}^{secret}^{secret}").result,
        made_up_lab_csv.one(read, made_up_lab_csv.standard({"test_result": secret})).result,
    ):
        assert secret not in repr(told)
        assert (told.code, told.display, told.original) == (None, None, None)


def test_r39_a_damaged_code_of_a_test_is_an_original_and_no_code() -> None:
    assert coded_test((Code("94558-5", "LN"),), None) == Coded(system="LN", original="94558-5")
    assert coded_answer((Code("94558-5", "LN"),), "review") == Coded(system="LN", mapped="review")


def test_r39_a_code_that_a_spreadsheet_took_for_a_number_is_told_with_its_original(read: Reader) -> None:
    result = made_up_lab_csv.one(read, made_up_lab_csv.pdi({"Test_result_code": "260373001.0"})).result
    assert (result.code, result.display, result.original) == ("260373001", "Detected", "260373001.0")


CVX, NDC = "http://hl7.org/fhir/sid/cvx", "http://hl7.org/fhir/sid/ndc"
PFIZER = Coded(code="208", system=CVX, display="Pfizer 30 mcg", original="208", mapped="pfizer")
BY_NDC = PFIZER.model_copy(update={"code": "59267-1000-01", "system": NDC, "original": "59267-1000-1"})


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (("208", ""), PFIZER),
        (("208", "59267-1000-1"), PFIZER),
        (("8", ""), Coded(code="08", system=CVX, display="HepB pediatric", original="8", mapped="other")),
        (("777", ""), Coded(code="777", system=CVX, original="777")),
        (("", "59267-1000-1"), BY_NDC),
        (("EXAMPLE", ""), None),
        (("", "EXAMPLE"), None),
    ],
)
def test_r39_a_vaccine_is_told_by_cvx_else_ndc_with_the_name_of_the_table(
    codes: tuple[str, str], told: Coded | None
) -> None:
    assert coded_vaccine(judge(*codes), *codes) == told


def test_r39_a_dose_tells_its_vaccine_and_its_day_alike_in_every_format(read: Reader) -> None:
    for event in (
        one_vxu(read, orc(), rxa("20210120")),
        one_cvrs(read),
        one_fhir(read, occurrenceDateTime="2021-01-20"),
    ):
        assert event.vaccine == PFIZER
        assert event.occurred_as_told == event.occurred_on.isoformat()


def test_r39_a_dose_of_which_only_the_month_is_told_tells_the_month(read: Reader) -> None:
    month = {"admin_date": "2021-01"}
    for event in (
        one_vxu(read, orc(), rxa("202101")), one_cvrs(read, **month), one_fhir(read, occurrenceDateTime="2021-01"),
    ):  # fmt: skip
        assert (event.occurred_on, event.occurred_as_told) == (None, "2021-01")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("20240904222121+0000", "2024-09-04T22:21:21+00:00"),
        ("20210616034212.4002-0500", "2021-06-16T03:42:12-05:00"),
        ("202106160342", "2021-06-16T03:42"),
        ("2021061603", "2021-06-16T03"),
        ("20210616", "2021-06-16"),
        ("202106", "2021-06"),
        ("2021-06-16T03:42:10.123Z", "2021-06-16T03:42:10Z"),
        ("2021-06-16T03:42+01:00", "2021-06-16T03:42+01:00"),
        ("2021-06", "2021-06"),
        ("20210616EXAMPLE", "2021-06-16"),
        ("2021061699", "2021-06-16"),
        ("20210230", None),
        ("2021", None),
        ("EXAMPLE", None),
    ],
)
def test_r39_a_time_keeps_the_precision_and_the_zone_that_it_was_told_in(sent: str, told: str | None) -> None:
    assert as_told(sent) == told


def test_r39_when_a_specimen_was_taken_is_told_as_far_as_the_source_told_it(read: Reader) -> None:
    hl7 = oru().replace("|20210105", "|202101051430-0600")
    assert [event.collected_as_told for event in read.events("lab-elr-hl7v2", {"m": hl7})] == ["2021-01-05T14:30-06:00"]
    assert one_oru(read).collected_as_told == "2021-01-05"
    row = made_up_lab_csv.standard({"specimen_collection_date": "12/20/21 9:00"})
    assert made_up_lab_csv.one(read, row).collected_as_told == "2021-12-20T09:00"
    bundle = made_up_fhir.message()
    taken = "2021-02-16T09:30:00-06:00"
    next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation")[
        "effectiveDateTime"
    ] = taken
    (event,) = read.events("lab-elr-fhir", {"f.json": made_up_fhir.body(bundle)})
    assert (event.collected_as_told, f"{event.collected_on}") == (taken, "2021-02-16")
