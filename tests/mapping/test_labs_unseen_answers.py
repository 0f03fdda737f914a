"""Answers and tests as laboratories write them into OBX-2, OBX-3 and OBX-5, each with what a careful epidemiologist would say.

Made up in the manner of hospital, commercial, state and point-of-care senders (health-standards.md §1.4, §1.5); none is a copy.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.mapping.reading import Reader, counted
from tests.mapping.test_labs import DETECTED, LABS, PCR, oru

# OBX-2, OBX-5 to a molecular test of SARS-CoV-2, meaning
ANSWERS = [
    ("CWE", "260373001^Detected^SCT^^^^2.68", "positive"),
    ("CE", "10828004^Positive^SNM", "positive"),
    ("CNE", "260373001^Detected^2.16.840.1.113883.6.96", "positive"),
    ("CWE^^HL70125", "260373001^Detected^SCT", "positive"),
    ("", "260373001^Detected^SCT", "positive"),
    ("CWE", "DET^Detected^L^260373001^Detected^SCT", "positive"),
    ("CWE", "260373001^Detected^SCT^DET^Detected^L^09012018^V1^DETECTED", "positive"),
    ("CWE", "LA11882-0^Detected^LN", "positive"),
    ("CWE", "^Detected", "positive"),
    ("CWE", "^^^^Positive^L", "positive"),
    ("CWE", "^^^^^^^^DETECTED", "positive"),
    ("CWE", "Detected", "positive"),
    ("IS", "POS", "positive"),
    ("ID", "DETECTED", "positive"),
    ("ST", "DETECTED (A)", "positive"),
    ("ST", "Positive *** Abnormal ***", "positive"),
    ("ST", "260373001^Detected^SCT", "positive"),
    ("ST", "260373001", "positive"),
    ("TX", "SARS-CoV-2 RNA Detected", "positive"),
    ("TX", "DETECTED~~A detected result means that RNA was found.", "positive"),
    ("FT", "DETECTED\\.br\\\\.br\\This test has been authorized under an EUA.", "positive"),
    ("FT", "\\H\\POSITIVE\\N\\", "positive"),
    ("NM", "POSITIVE", "positive"),
    ("ST", "Presumptive Pos", "presumptive-positive"),
    ("CWE", "720735008^Presumptive positive^SCT", "presumptive-positive"),
    ("CWE", "462371000124108^Detected in pooled specimen^SCT", "presumptive-positive"),
    ("CWE", "895231008^Not detected in pooled specimen^SCT", "negative"),
    ("ST", "Not Detected.", "negative"),
    ("ST", "SARS-CoV-2 RNA NOT detected", "negative"),
    ("TX", "Not Detected~Detected results are reported to the state.", "negative"),
    ("ST", "NEG", "negative"),
    ("CWE", "NEG^Negative^L", "negative"),
    ("CWE", "LA6577-6^Negative^LN", "negative"),
    ("ST", "Indeterminate", "inconclusive"),
    ("CWE", "419984006^Inconclusive^SCT", "inconclusive"),
    ("ST", "TNP", "invalid"),
    ("ST", "QNS", "invalid"),
    ("CWE", "125154007^Specimen unsatisfactory for evaluation^SCT", "invalid"),
    ("ST", "See note", "review"),
    ("TX", "DETECTED~NOT DETECTED", "review"),
    ("ST", "Detected or not detected", "review"),
    ("ST", "22.4", "review"),
    ("NM", "22.4", "review"),
    ("NM", "1", "review"),
    ("SN", ">^100", "review"),
    ("ED", "^application^pdf^Base64^JVBERi0xLjQ=", "review"),
    ("CWE", "Y^POSITIVE^L", "review"),
    ("CWE", "A^Abnormal^HL70078", "review"),
    ("CWE", "1234^Detected^SCT", "review"),
    ("CWE", "840539006^Disease caused by SARS-CoV-2^SCT", "review"),
    ("CWE", "840534001^Vaccination^SCT", "review"),
    ("CWE", "260415000^Not detected^SCT~260373001^Detected^SCT", "review"),
    ("ST", "", "review"),
    ("ST", '""', "review"),
    ("ZZ", "B.1.1.7", "review"),
]


@pytest.mark.parametrize(("kind", "answer", "meaning"), ANSWERS)
def test_an_answer_means_what_an_epidemiologist_reads_in_it(kind: str, answer: str, meaning: str, read: Reader) -> None:
    (event,) = read.events(LABS, {"m.hl7": oru(kind=kind, answer=answer)})
    assert event.meaning == meaning


COVID, OTHER = "94531-1^SARS-CoV-2 RNA panel^LN", "58410-2^CBC panel^LN"
YES = "Y^Yes^HL70136"
# OBX-3, OBR-4, OBX-5, meaning; None: nothing to keep
TESTS = [
    ("94500-6^^LN", OTHER, DETECTED, "positive"),
    ("94500-6", OTHER, DETECTED, "positive"),
    ("94500-6^RNA^L", OTHER, DETECTED, "positive"),
    ("94500-6^RNA^LOINC 2.68", OTHER, DETECTED, "positive"),
    ("94500-6&x^RNA^LN", OTHER, DETECTED, "positive"),
    ("SARS2^SARS-CoV-2^LAB_IN^94500-6^SARS-CoV-2^LN", OTHER, DETECTED, "positive"),
    ("SARS2^SARS-CoV-2^LAB_IN^94500-6^^", OTHER, DETECTED, "positive"),
    ("99999-9^new^LN^94500-6^RNA^LN", OTHER, DETECTED, "positive"),
    ("97097-0^Ag^LN", OTHER, DETECTED, "positive"),
    ("95209-3^SARS-CoV+SARS-CoV-2 Ag^LN", OTHER, DETECTED, "positive"),
    ("94745-7^Ct^LN", COVID, "22.1", "review"),
    ("94502-2^SARS-related coronavirus^LN", COVID, DETECTED, "presumptive-positive"),
    ("95423-0^Flu A B and SARS-CoV-2^LN", COVID, "840533007^SARS-CoV-2^SCT", "positive"),
    ("95423-0^Flu A B and SARS-CoV-2^LN", COVID, "407480007^Influenza B^SCT", "not-covid"),
    ("95423-0^Flu A B and SARS-CoV-2^LN", COVID, DETECTED, "review"),
    ("94563-4^IgG^LN", COVID, DETECTED, "not-covid"),
    ("94661-6^Ab interpretation^LN", COVID, DETECTED, "not-covid"),
    ("95970-0^T-cell^LN", COVID, DETECTED, "not-covid"),
    ("68993-5^RNase P^LN", COVID, DETECTED, "not-covid"),
    ("80382-5^Flu A Ag^LN", OTHER, DETECTED, "not-covid"),
    ("99999-9^Influenza virus A H3 RNA^LN", COVID, DETECTED, "not-covid"),
    ("RSVPCR^RSV RNA^L", COVID, DETECTED, "not-covid"),
    ("OC43^Human coronavirus OC43^L", COVID, DETECTED, "not-covid"),
    ("96895-8^lineage^LN", COVID, "^B.1.617.2", "review"),
    ("96741-4^variant^LN", COVID, DETECTED, "review"),
    ("94531-1^SARS-CoV-2 RNA panel^LN", COVID, DETECTED, "review"),
    ("94558-5^SARS-CoV-2 Ag^LN", OTHER, DETECTED, "review"),
    ("COVIDPCR^COVID-19 PCR^L", OTHER, DETECTED, "review"),
    ("^SARS-CoV-2 RNA", OTHER, DETECTED, "review"),
    ("2019NCOV^2019-nCoV^L", OTHER, DETECTED, "review"),
    ("99999-9^SARS-CoV-2 new method^LN", OTHER, DETECTED, "review"),
    ("R^Result^L", "C19^COVID-19 PCR^L", DETECTED, "review"),
    ("R^Result^L", COVID, DETECTED, "review"),
    ("", COVID, DETECTED, "review"),
    ("VAX^COVID-19 vaccine received^L", COVID, YES, None),
    ("94531-1^SARS-CoV-2 RNA panel^LN", COVID, "", None),
    ("R^Result^L", OTHER, DETECTED, None),
    ("5196-1^HBsAg^LN", OTHER, DETECTED, None),
    ("100434-0^Orthopoxvirus DNA^LN", OTHER, DETECTED, "not-covid"),
    ("99999-9^Monkeypox virus DNA^LN", OTHER, DETECTED, None),
    ("95417-2^First test^LN", COVID, YES, None),
    ("86947-9^Reason for hospitalization^LN", COVID, "840539006^COVID-19^SCT", None),
]  # fmt: skip


@pytest.mark.parametrize(("test", "order", "answer", "meaning"), TESTS)
def test_a_test_counts_by_its_code_and_only_asks_for_a_look_by_its_name(
    test: str, order: str, answer: str, meaning: str | None, read: Reader
) -> None:
    kind = "ST" if answer[:1].isdigit() and "^" not in answer else "CWE"
    found = read(LABS, {"m.hl7": oru(code=test, ordered=order, answer=answer, kind=kind)})
    assert counted(found)["rejected"] == {}
    assert [event.meaning for event in events(found)] == ([] if meaning is None else [meaning])


def events(found: list[Any]) -> list[Any]:
    return [mapped.event for mapped in found if mapped.event is not None]


# OBX-11, OBR-25, what stands: status and whether it may flag
STATUSES = [
    ("F", "F", "final"), ("F^Final results^HL70085", "P", "final"), ("f", "F", "final"), ("Final", "F", "final"),
    ("U", "F", "final"), ("C", "F", "corrected"), ("A", "C", "corrected"), ("", "F", "final"), ("", "C", "corrected"),
    ("", "", "final"), ("P", "F", "preliminary"), ("S", "F", "preliminary"), ("R", "F", "preliminary"), ("", "P", "preliminary"),
    ("Q", "F", "preliminary"), ("D", "C", "withdrawn"), ("W", "C", "withdrawn"), ("X", "X", "withdrawn"), ("", "X", "withdrawn"),
    ("I", "F", None), ("N", "F", None), ("O", "O", None), ("", "I", None),
]  # fmt: skip


@pytest.mark.parametrize(("observed", "reported", "status"), STATUSES)
def test_how_final_a_result_is_decides_whether_it_may_flag(
    observed: str, reported: str, status: str | None, read: Reader
) -> None:
    found = events(read(LABS, {"m.hl7": oru(status=observed, report=reported)}))
    assert [event.status for event in found] == ([] if status is None else [status])
    assert all(event.meaning == "positive" and event.active is (status != "withdrawn") for event in found)


@pytest.mark.parametrize("more", ["OBX|2|TX|94500-6^SARS-CoV-2 RNA^LN||NOT DETECTED||||||F|||20210105"])
def test_two_answers_to_one_test_are_two_facts_and_neither_hides_the_other(more: str, read: Reader) -> None:
    found = events(read(LABS, {"m.hl7": oru(more=(more,))}))
    assert sorted(event.meaning for event in found) == ["negative", "positive"]
    assert PCR.startswith("94500-6")
