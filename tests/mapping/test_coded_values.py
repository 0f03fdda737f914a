"""health-standards §8 R39: every coded value as code, system, display, original and mapped, alike whatever format brings it; and
nothing in the clear that neither a table nor a check digit vouches for."""

from __future__ import annotations

import pytest

from hub.domain.event_parts import Coded
from hub.domain.lab_meaning import Code
from hub.mapping.lab_codes import coded_answer, coded_test
from tests.mapping import made_up_fhir, made_up_lab_csv
from tests.mapping.reading import Reader
from tests.mapping.test_labs import one as one_oru
from tests.mapping.test_labs import oru

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
