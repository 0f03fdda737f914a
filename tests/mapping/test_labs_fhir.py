"""FHIR laboratory bundles: what is a result, whose it is, how final, and what it may never become."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.mapping.made_up_fhir import (
    DETECTED,
    FLU_A,
    NOT_DETECTED,
    PCR,
    SNOMED,
    body,
    bundle,
    coded,
    header,
    message,
    observation,
    organization,
    patient,
    question,
    refer,
    report,
    specimen,
)  # fmt: skip
from tests.mapping.reading import Reader, counted

FHIR = "lab-elr-fhir"
YES, NO = coded("http://terminology.hl7.org/CodeSystem/v2-0136", "Y"), coded("v2-0136", "N")


def events(read: Reader, *documents: dict[str, Any], **options: Any) -> list[Any]:
    return read.events(FHIR, {"f.json": body(*documents)}, **options)


def outcomes(read: Reader, *documents: dict[str, Any]) -> dict[str, dict[str, int]]:
    return counted(read(FHIR, {"f.json": body(*documents)}))


def test_a_report_in_a_bundle_is_resolved_to_person_specimen_and_sender(read: Reader) -> None:
    (result,) = events(read, message())
    assert (result.meaning, result.status, result.processing, result.method) == (
        "positive",
        "final",
        "production",
        "molecular",
    )
    assert (result.loinc, result.person.family_name, result.person.county) == (PCR, "Example", "47037")
    assert result.collected_on == date(2021, 2, 14), (
        "of the specimen, where the observation has none (health-standards §8 R10)"
    )
    assert result.resulted_on == date(2021, 2, 16)
    assert result.issues == ()


def sent_of(read: Reader, kind: str, number: int = 1, **told: Any) -> Any:
    """The result of a bundle whose Patient has no identifier."""
    who, of = patient(number, identifier=[], **told), refer("Patient", number)
    sent = bundle(organization(), who, report(1, subject=of), observation(1, subject=of), kind=kind)
    (event,) = events(read, sent)
    return event


@pytest.mark.parametrize("kind", ["message", "collection", "document", "transaction"])
def test_a_patient_id_of_a_bundle_that_was_sent_names_nobody_in_another(kind: str, read: Reader) -> None:
    """FHIR R4: an id is unique on its server; each of these calls its patient `1`."""
    other = sent_of(read, kind, name=[{"family": "Other", "given": ["Zoe"]}], birthDate="1990-01-01")
    assert sent_of(read, kind).source_person not in (None, other.source_person)
    assert sent_of(read, kind).source_person == sent_of(read, kind, 7).source_person
    assert sent_of(read, kind, birthDate="1980").source_person is None
    assert sent_of(read, "searchset").source_person != sent_of(read, "searchset", 7).source_person


def test_the_observations_own_time_comes_before_the_specimens(read: Reader) -> None:
    told = observation(effectiveDateTime="2021-02-13", specimen=refer("Specimen", "swab"))
    (result,) = events(read, bundle(patient(), specimen(), report(1), told))
    assert result.collected_on == date(2021, 2, 13)


@pytest.mark.parametrize("kind", ["message", "document", "searchset", "collection", "transaction", "batch"])
def test_a_bundle_of_any_type_gives_the_same_fact(kind: str, read: Reader) -> None:
    """health-standards §8 R10."""
    (result,) = events(read, {**message(), "type": kind})
    (first,) = events(read, message())
    assert (result.fact_key, result.meaning) == (first.fact_key, "positive")


def test_several_documents_in_a_body_and_lines_of_ndjson_are_read(read: Reader) -> None:
    """health-standards §8 R10."""
    assert len(events(read, message(), message(status="corrected", issued="2021-02-17T08:00:00Z"))) == 2
    spaced = "\n\n".join(
        body(message()).replace('{"resourceType": "Bundle"', '{\n"resourceType": "Bundle"') for _ in range(2)
    )
    assert len(read.events(FHIR, {"f.json": spaced})) == 2
    loose = body(patient(), observation(), report(1))
    assert len(read.events(FHIR, {"f.ndjson": loose})) == 1, "loose resources of a file refer to each other"


@pytest.mark.parametrize(
    ("status", "told", "active"),
    [
        ("final", "final", True), ("corrected", "corrected", True), ("amended", "corrected", True),
        ("preliminary", "preliminary", True), ("entered-in-error", "withdrawn", False), ("cancelled", "withdrawn", False),
    ],
)  # fmt: skip
def test_a_status_says_how_final_a_result_is(status: str, told: str, active: bool, read: Reader) -> None:
    """health-standards §8 R11, R19."""
    (result,) = events(read, message(status=status))
    assert (result.status, result.active, result.meaning) == (told, active, "positive")


def test_a_registered_test_has_no_result_yet(read: Reader) -> None:
    assert outcomes(read, message(status="registered"))["ignored"] == {"no-result-yet": 1}


def test_a_report_entered_in_error_takes_its_results_with_it(read: Reader) -> None:
    """health-standards §8 R19."""
    (result,) = events(read, bundle(header(), patient(), report(1, status="entered-in-error"), observation()))
    assert (result.status, result.active, result.issues) == ("withdrawn", False, ("status-conflict",))


def test_a_withdrawal_need_not_repeat_the_value(read: Reader) -> None:
    """health-standards §8 R19."""
    without = observation(status="entered-in-error", valueCodeableConcept=None)
    (withdrawn,) = events(read, bundle(patient(), report(1, status="entered-in-error"), without))
    (result,) = events(read, bundle(patient(), report(1), observation()))
    assert (withdrawn.fact_key, withdrawn.active) == (result.fact_key, False)
    assert outcomes(read, bundle(patient(), report(status="entered-in-error")))["rejected"] == {
        "withdrawal-names-no-result": 1
    }


def test_answers_asked_at_order_entry_are_no_results(read: Reader) -> None:
    """health-standards §8 R15: before, after or behind the order; 65222-2 and 11368-8 are both onset."""
    order = {"resourceType": "ServiceRequest", "id": "s", "supportingInfo": [refer("Observation", "a")]}
    (result,) = events(
        read,
        bundle(
            question("b", "95419-8", valueCodeableConcept=YES),
            patient(),
            order,
            report(1, basedOn=[refer("ServiceRequest", "s")]),
            observation(),
            question("a", "11368-8", valueDateTime="2021-02-10"),
            question("c", "95421-4", valueCodeableConcept=YES),
            question("d", "75617-1", valueCodeableConcept=coded(SNOMED, "32911000")),
            question("e", "77974-4", valueCodeableConcept=NO),
            question("f", "95420-6", valueCodeableConcept=coded("NULLFL", "UNK")),
            question("g", "95417-2", valueBoolean=True),
        ),
    )  # fmt: skip
    assert (result.onset_on, result.symptomatic, result.congregate) == (date(2021, 2, 10), "yes", "yes")
    assert (result.residence, result.hospitalized, result.icu, result.first_test) == (
        "32911000",
        "no",
        "unknown",
        "yes",
    )


def test_each_question_code_for_onset_is_heard(read: Reader) -> None:
    """health-standards §8 R15."""
    for code in ("65222-2", "11368-8"):
        (result,) = events(read, message(question("q", code, valueDateTime="2021-02-09T10:00:00Z")))
        assert result.onset_on == date(2021, 2, 9)


def test_another_patients_answers_are_not_heard(read: Reader) -> None:
    other = question("q", "95421-4", valueCodeableConcept=YES, subject=refer("Patient", 2))
    (result,) = events(read, message(patient(2), other))
    assert result.congregate == "unknown"


US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"


@pytest.mark.parametrize(
    "extensions",
    [
        [
            {"url": US_CORE + "race", "extension": [{"url": "ombCategory", "valueCoding": {"code": "2054-5"}}]},
            {"url": US_CORE + "ethnicity", "extension": [{"url": "ombCategory", "valueCoding": {"code": "2186-5"}}]},
        ],
        [
            {
                "url": "http://ibm.com/fhir/cdm/StructureDefinition/local-race-cd",
                "valueCodeableConcept": {**coded("v3-Race", "2054-5"), "text": "White"},
            },
            {
                "url": "https://reportstream.cdc.gov/fhir/StructureDefinition/ethnic-group",
                "valueCodeableConcept": coded("v2-0189", "N"),
            },
        ],
    ],
)
def test_race_is_found_by_either_spelling_and_the_code_wins(extensions: list[Any], read: Reader) -> None:
    """health-standards §8 R10, R26."""
    (result,) = events(read, bundle(patient(extension=extensions), report(1), observation()))
    assert result.race_ethnicity.groups == ("black", "not-hispanic")


def test_a_race_typed_into_the_ethnicity_field_leaves_ethnicity_unknown(read: Reader) -> None:
    """health-standards §8 R26."""
    extension = {
        "url": "https://reportstream.cdc.gov/fhir/StructureDefinition/ethnic-group",
        "valueCodeableConcept": {"text": "Black"},
    }
    (result,) = events(read, bundle(patient(extension=[extension]), report(1), observation()))
    assert (result.race_ethnicity.groups, result.race_ethnicity.absence) == ((), "unknown")
    assert "race-in-ethnicity" in result.issues


@pytest.mark.parametrize(
    "changes",
    [
        {"name": [], "birthDate": None},
        {"name": [{"family": "", "given": [""]}], "birthDate": None},
        {"name": [{"use": "anonymous", "family": "X"}]},
    ],
)
def test_a_result_that_names_nobody_counts_for_its_area_and_never_becomes_a_person(changes: Any, read: Reader) -> None:
    """health-standards §8 R25."""
    age = question("q", "30525-0", valueQuantity={"value": 24, "unit": "years", "code": "a"})
    (result,) = events(read, bundle(patient(**changes), report(1), observation(), age))
    assert result.source_person is None
    assert (result.person.postal_code, result.person.county, result.person.local_id) == ("37201", "47037", None)
    assert (result.person.birth_date, result.age_years) == (None, 24)


def test_the_county_of_residence_asked_at_order_entry_fills_a_gap(read: Reader) -> None:
    """health-standards §8 R28."""
    where = patient(address=[{"state": "TN", "postalCode": "37201"}])
    (result,) = events(read, bundle(where, report(1), observation(), question("q", "87721-7", valueString="47037")))
    assert result.person.county == "47037"


@pytest.mark.parametrize(
    ("bundle_", "processing", "issues"),
    [
        (bundle(header("P"), patient(), report(1), observation()), "production", ()),
        (bundle(header("T"), patient(), report(1), observation()), "test", ()),
        (bundle(header("D"), patient(), report(1), observation()), "debug", ()),
        (bundle(header(None), patient(), report(1), observation()), "production", ("processing-missing",)),
        (bundle(patient(), report(1), observation(), kind="searchset"), "production", ()),
        (bundle(patient(meta={"security": [{"code": "HTEST"}]}), report(1), observation()), "test", ()),
        (bundle(patient(), report(1), observation(), meta={"tag": [{"code": "HTEST"}]}), "test", ()),
    ],
)
def test_test_markers_are_found_and_production_is_assumed(
    bundle_: Any, processing: str, issues: tuple[str, ...], read: Reader
) -> None:
    """health-standards §8 R8: judged whatever it is, and only production starts anything."""
    (result,) = events(read, bundle_)
    assert (result.meaning, result.processing, result.issues) == ("positive", processing, issues)


def test_several_analytes_are_several_events_of_one_report(read: Reader) -> None:
    """health-standards §8 R12, R17."""
    found = events(read, bundle(patient(), report(1, 2), observation(1, FLU_A), observation(2, answer=NOT_DETECTED)))
    assert [result.meaning for result in found] == ["not-covid", "negative"]
    assert len({result.report_key for result in found}) == 1
    assert len({result.fact_key for result in found}) == 2


def test_components_and_members_are_results_and_their_heading_is_none(read: Reader) -> None:
    panel = observation(
        1, "95941-1", valueCodeableConcept=None, hasMember=[refer("Observation", 2), refer("Observation", 1)]
    )
    parts = [{"code": coded("http://loinc.org", PCR), "valueCodeableConcept": coded(SNOMED, DETECTED)}]
    split = observation(3, "95941-1", valueCodeableConcept=None, component=parts)
    found = events(read, bundle(patient(), report(1, 3), panel, observation(2, FLU_A), split))
    assert {(result.loinc, result.meaning) for result in found} == {(FLU_A, "not-covid"), (PCR, "positive")}


@pytest.mark.parametrize(
    ("changes", "meaning", "issue"),
    [
        ({"answer": "1234"}, "review", "unknown-result-code"),
        ({"answer": "840539006"}, "review", None),
        ({"answer": "720735008"}, "presumptive-positive", None),
        ({"code": "94563-4"}, "not-covid", None),
        ({"valueCodeableConcept": None}, "review", "no-result"),
        ({"valueCodeableConcept": None, "valueString": " positive "}, "positive", None),
        ({"valueCodeableConcept": None, "valueQuantity": {"value": 31.5}}, "review", "result-not-coded"),
        ({"valueCodeableConcept": {"text": "Detected"}}, "positive", None),
        ({"code": "99999-9"}, "review", "unknown-test"),
        ({"answer": NOT_DETECTED, "interpretation": [coded("v2-0078", "POS")]}, "negative", None),
    ],
)
def test_meaning_is_judged_by_code_and_never_guessed(
    changes: dict[str, Any], meaning: str, issue: str | None, read: Reader
) -> None:
    """health-standards §8 R11 to R14."""
    (result,) = events(read, bundle(patient(), report(1), observation(**changes)))
    assert result.meaning == meaning
    assert issue is None or issue in result.issues


def test_presumptive_positives_follow_the_configured_policy(read: Reader) -> None:
    """health-standards §8 R13."""
    told = bundle(patient(), report(1), observation(answer="720735008"))
    (result,) = events(read, told, presumptive="isolate")
    assert result.meaning == "positive"


def test_what_is_no_covid_test_and_no_laboratory_report_is_left_out(read: Reader) -> None:
    blood = report(1, code=coded("http://loinc.org", "58410-2"))
    assert outcomes(read, bundle(patient(), blood, observation(code="718-7")))["ignored"] == {"not-covid": 1}
    pressure = observation(code="8480-6", category=[coded("observation-category", "vital-signs")])
    assert outcomes(read, bundle(patient(), pressure))["ignored"] == {"not-a-lab-report": 1}
    assert outcomes(read, bundle(patient()))["ignored"] == {"not-a-lab-report": 1}
    assert outcomes(read, bundle(kind="searchset"))["ignored"] == {"no-observation": 1}


def test_the_performing_laboratory_is_the_sender_where_no_header_is(read: Reader) -> None:
    """health-standards §8 R18: one key by whatever way the bundle came from the same laboratory."""
    made = report(1, performer=[refer("Organization", "lab")])
    (pushed,) = events(read, bundle(organization(), patient(), made, observation(), kind="searchset"))
    (sent,) = events(read, bundle(header(), organization(), patient(), report(1), observation()))
    assert pushed.fact_key == sent.fact_key


def test_ids_carry_their_authority(read: Reader) -> None:
    """health-standards §8 R24."""
    other = patient(identifier=[{"system": "urn:oid:9.9.9", "value": "MRN-1"}])
    (first,), (second,) = events(read, message()), events(read, bundle(other, report(1), observation()))
    assert first.source_person != second.source_person


def test_an_ssn_is_no_local_id(read: Reader) -> None:
    ids = [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "000-00-0001"}, {"value": "MRN-1"}]
    (result,) = events(read, bundle(patient(identifier=ids), report(1), observation()))
    assert (result.person.ssn, result.person.local_id) == ("000000001", "MRN-1")


@pytest.mark.parametrize("told", [{"text": "SARS-CoV-2 RNA"}, {"coding": [{"code": "X1"}], "text": "COVID-19 PCR"}])
def test_a_test_that_only_its_text_names_is_reviewed(told: dict[str, Any], read: Reader) -> None:
    named = {**observation(1), "code": told}
    flu = {**observation(2), "code": {"text": "Influenza A RNA"}}
    document = bundle(header(), organization(), patient(), named, flu, report(1, 2, code={"text": "Respiratory tests"}))
    assert outcomes(read, document) == {"events": {"lab-result": 1}, "rejected": {}, "ignored": {"not-covid": 1}}
    (result,) = events(read, document)
    assert (result.meaning, result.issues) == ("review", ("unknown-test",))


def test_two_tests_that_only_their_texts_name_are_two_facts(read: Reader) -> None:
    both = [
        {**observation(n), "code": {"text": name}} for n, name in ((1, "SARS-CoV-2 N gene"), (2, "SARS-CoV-2 E gene"))
    ]
    first, second = events(read, bundle(header(), organization(), patient(), *both, report(1, 2)))
    assert first.fact_key != second.fact_key


def test_an_answer_to_the_code_of_a_panel_is_reviewed(read: Reader) -> None:
    (result,) = events(read, bundle(header(), organization(), patient(), observation(1, "94531-1"), report(1)))
    assert (result.meaning, result.issues) == ("review", ("panel-for-test", "unknown-test"))


def test_the_overall_result_of_a_report_decides_over_a_single_gene(read: Reader) -> None:
    gene, other = observation(1, "94307-6"), observation(2, "94308-4", NOT_DETECTED)

    def of_gene(overall: str, *results: int) -> Any:
        whole = bundle(
            header(), organization(), patient(), gene, other, observation(3, "94309-2", overall), report(*results)
        )
        return next(event for event in events(read, whole) if event.loinc == "94307-6")

    unclear = of_gene("419984006", 1, 2, 3)
    assert (unclear.meaning, unclear.result.mapped, unclear.issues) == (
        "inconclusive",
        "inconclusive",
        ("overall-result-decides",),
    )
    assert of_gene("419984006", 3, 2, 1) == unclear, "in whatever order they stand"
    assert of_gene(DETECTED, 1, 2, 3).meaning == "positive"
    assert of_gene(NOT_DETECTED, 1, 2, 3).meaning == "review"
    assert of_gene(NOT_DETECTED, 1, 2, 3).event_id != unclear.event_id, (
        "another version, though its own resource is the same"
    )


def of_two_specimens(*results: dict[str, Any]) -> dict[str, Any]:
    """A report of results of two swabs, taken on two days."""
    swabs = [
        specimen(
            id=f"specimen-{day}",
            accessionIdentifier={"value": f"ACC{day}"},
            identifier=[],
            collection={"collectedDateTime": f"2021-02-{day}"},
        )
        for day in (11, 15)
    ]
    return bundle(header(), organization(), patient(), *swabs, *results, report(*(each["id"] for each in results)))


def swab(number: int, day: int, code: str, answer: str) -> dict[str, Any]:
    return observation(number, code, answer, specimen=refer("Specimen", f"specimen-{day}"))


def test_the_overall_result_of_another_specimen_of_the_report_decides_nothing(read: Reader) -> None:
    gene = swab(2, 15, "94533-7", DETECTED)
    for overall in (NOT_DETECTED, "419984006"):
        told = events(read, of_two_specimens(swab(1, 11, "94500-6", overall), gene))
        assert [event.meaning for event in told if event.loinc == "94533-7"] == ["positive"]
        same = events(read, of_two_specimens(swab(1, 15, "94500-6", overall), gene))
        assert [event.meaning for event in same if event.loinc == "94533-7"] != ["positive"]


def test_results_of_two_days_are_of_two_specimens_where_none_is_named(read: Reader) -> None:
    def on(day: int, number: int, code: str, answer: str) -> dict[str, Any]:
        return observation(number, code, answer, effectiveDateTime=f"2021-02-{day}")

    def told(day: int) -> list[str]:
        results = (on(day, 1, "94500-6", NOT_DETECTED), on(15, 2, "94533-7", DETECTED))
        whole = bundle(header(), organization(), patient(), *results, report(1, 2))
        return [event.meaning for event in events(read, whole) if event.loinc == "94533-7"]

    assert told(11) == ["positive"]
    assert told(15) == ["review"]


def test_a_result_that_names_no_specimen_is_of_the_only_one_of_the_report(read: Reader) -> None:
    overall = observation(1, "94500-6", "419984006", specimen=refer("Specimen", "swab"))
    gene = observation(2, "94533-7", effectiveDateTime="2021-02-14")
    for results in ((1, 2), (2, 1)):
        told = events(read, bundle(header(), organization(), patient(), specimen(), overall, gene, report(*results)))
        assert {event.meaning for event in told} == {"inconclusive"}


def test_the_same_answer_of_two_specimens_is_two_results(read: Reader) -> None:
    told = events(read, of_two_specimens(swab(1, 11, "94500-6", DETECTED), swab(2, 15, "94500-6", DETECTED)))
    assert [event.collected_on for event in told] == [date(2021, 2, 11), date(2021, 2, 15)]


def test_a_cycle_threshold_beside_its_result_is_passed_over(read: Reader) -> None:
    measured = observation(2, "94745-7", valueCodeableConcept=None, valueQuantity={"value": 21.3})
    document = bundle(header(), organization(), patient(), measured, observation(1), report(2, 1))
    assert outcomes(read, document) == {"events": {"lab-result": 1}, "rejected": {}, "ignored": {"beside-a-result": 1}}
    assert events(read, bundle(header(), organization(), patient(), measured, report(2)))[0].meaning == "review"


def test_a_list_of_bundles_is_read_bundle_by_bundle(read: Reader) -> None:
    both = [
        bundle(header(), organization(), patient(n), observation(1, subject=refer("Patient", n)),
               report(1, number=n, subject=refer("Patient", n)))
        for n in (1, 2)
    ]  # fmt: skip
    assert read.events(FHIR, {"f.json": json.dumps(both)}) == [events(read, one)[0] for one in both]
