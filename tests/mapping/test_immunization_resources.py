"""Immunization and Patient resources: whose dose, which vaccine, given or not (health-standards.md §3, §8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mapping.reading import Reader, counted

FHIR = "iis-fhir"
CVX, NDC = "http://hl7.org/fhir/sid/cvx", "http://hl7.org/fhir/sid/ndc"
URN = "urn:uuid:3c1e0000-0000-4000-8000-000000000001"


def patient(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient", "id": "p1", "meta": {"lastUpdated": "2021-03-01T10:00:00Z"},
        "name": [{"family": "Example", "given": ["Cleo"]}], "birthDate": "1979-04-05", **changes,
    }  # fmt: skip


def coding(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}], "text": "COVID-19"}


def dose(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Immunization", "id": "i1", "meta": {"lastUpdated": "2021-03-05T10:00:00Z"}, "status": "completed",
        "vaccineCode": coding(CVX, "208"), "patient": {"reference": "Patient/p1"}, "occurrenceDateTime": "2021-03-04", **changes,
    }  # fmt: skip


def bundle(*entries: dict[str, Any], kind: str = "collection") -> str:
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": list(entries)})


def one(read: Reader, **changes: Any) -> Any:
    (event,) = read.events(FHIR, {"f.json": json.dumps(dose(**changes))})
    return event


@pytest.mark.parametrize(
    ("changes", "status", "active"),
    [
        ({}, "administered", True),
        ({"status": "not-done"}, "not-administered", True),
        ({"status": "not-done", "statusReason": coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "PATOBJ")},
         "refused", True),
        ({"status": "not-done", "statusReason": coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "OSTOCK")},
         "not-administered", True),
        ({"status": "not-done", "statusReason": coding("http://terminology.hl7.org/CodeSystem/v2-NIP002", "00")}, "refused", True),
        ({"status": "entered-in-error"}, "withdrawn", False),
        ({"vaccineCode": coding(CVX, "998")}, "not-administered", True),
    ],
)  # fmt: skip
def test_only_a_completed_immunization_is_a_dose(
    changes: dict[str, Any], status: str, active: bool, read: Reader
) -> None:
    """health-standards §8 R21."""
    event = one(read, **changes)
    assert (event.status, event.active) == (status, active)


@pytest.mark.parametrize(
    ("code", "cvx", "ndc", "covid"),
    [
        (coding(CVX, "208"), "208", None, True),
        (coding("urn:oid:2.16.840.1.113883.12.292", "208"), "208", None, True),
        (
            {"coding": [{"system": NDC, "code": "59267-1000-1"}, {"system": CVX, "code": "208"}]},
            "208",
            "59267-1000-01",
            True,
        ),
        (coding(NDC, "11111-2222-33"), None, "11111-2222-33", False),
        ({"text": "COVID-19"}, None, None, False),
        ("208", None, None, False),
        ({"coding": "208"}, None, None, False),
    ],
)
def test_a_vaccine_is_known_by_its_coding_never_by_its_text(
    code: Any, cvx: str | None, ndc: str | None, covid: bool, read: Reader
) -> None:
    event = one(read, vaccineCode=code)
    assert (event.cvx, event.ndc, event.covid) == (cvx, ndc, covid)


@pytest.mark.parametrize(
    "system",
    ["CVX", "cvx", CVX + "/", "https://hl7.org/fhir/sid/cvx", "http://terminology.hl7.org/CodeSystem/CVX", "HL70292",
     "2.16.840.1.113883.12.292", "urn:oid:2.16.840.1.113883.12.292"],
)  # fmt: skip
def test_the_code_system_of_vaccines_is_known_however_it_is_written(system: str, read: Reader) -> None:
    """health-standards §8 R5, R23: as in HL7 v2."""
    event = one(read, vaccineCode=coding(system, "208"))
    assert (event.cvx, event.covid, event.issues) == ("208", True, ())


@pytest.mark.parametrize(("code", "issues"), [("208", ("code-system-unknown",)), ("777", ("unknown-product",))])
def test_a_known_code_without_system_is_cvx(code: str, issues: tuple[str, ...], read: Reader) -> None:
    event = one(read, vaccineCode=coding("", code))
    assert (event.covid, event.issues) == (code == "208", issues)
    assert not one(read, vaccineCode=coding("urn:oid:1.2.3.4", "208")).covid


@pytest.mark.parametrize(
    "when", [{"occurrenceDateTime": "2021-01"}, {"occurrenceDateTime": None, "occurrenceString": "2021-01"}]
)
def test_a_dose_of_which_only_the_month_is_told_is_historical_and_has_no_day(
    when: dict[str, Any], read: Reader
) -> None:
    event = one(read, **when)
    assert (event.status, event.occurred_on, event.historical) == ("administered", None, True)
    assert event.issues == ("partial-date",)


def test_who_told_it_and_which_dose_it_was_are_kept(read: Reader) -> None:
    event = one(read, primarySource=False, protocolApplied=[{"doseNumberString": "2"}], isSubpotent=True)
    assert (event.historical, event.dose_number, event.issues) == (True, 2, ("partial-dose",))
    assert one(read, protocolApplied=[{"doseNumberPositiveInt": 1}]).dose_number == 1
    assert not one(read).historical


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"occurrenceDateTime": "2020-12-13"}, "dose-before-first-vaccine"),
        ({"occurrenceDateTime": "2021"}, "bad-date"),
        ({"occurrenceDateTime": "2020-11"}, "dose-before-first-vaccine"),
        ({"occurrenceDateTime": None, "occurrenceString": "last winter"}, "bad-date"),
        ({"status": "on-hold"}, "not-a-known-word"),
        ({"patient": {"display": "somebody"}}, "no-patient"),
        ({"patient": {"reference": URN}}, "no-patient"),
        ({"id": None, "vaccineCode": {"text": "Pfizer"}}, "missing-key"),
        ({"id": None, "occurrenceDateTime": None, "status": "entered-in-error"}, "missing-key"),
    ],
)
def test_impossible_resources_are_dead_letters(changes: dict[str, Any], reason: str, read: Reader) -> None:
    """health-standards §8 R23."""
    assert counted(read(FHIR, {"f": json.dumps(dose(**changes))}))["rejected"] == {reason: 1}


def test_a_correction_has_the_key_of_what_it_corrects_whatever_the_id(read: Reader) -> None:
    told = [{"system": "urn:oid:1.2.3", "value": "E1"}]
    first = one(read, identifier=told)
    wrong = one(read, id="another", identifier=told, status="entered-in-error", occurrenceDateTime="1900-01-01")
    assert (wrong.fact_key, wrong.active) == (first.fact_key, False)
    assert wrong.status_rank > first.status_rank


def test_r21_another_day_under_one_identifier_is_the_correction_of_the_day(read: Reader) -> None:
    told = [{"system": "urn:oid:1.2.3", "value": "E1"}]
    first = one(read, identifier=told, occurrenceDateTime="2021-01-20", meta={"lastUpdated": "2021-01-20"})
    later = one(read, identifier=told, occurrenceDateTime="2021-01-22", meta={"lastUpdated": "2021-02-01"})
    assert (later.fact_key, later.occurred_on.day) == (first.fact_key, 22)
    assert later.changed_at > first.changed_at


@pytest.mark.parametrize("reference", ["Patient/p1", URN, "https://iis.example.org/fhir/Patient/p1"])
def test_a_dose_finds_its_patient_however_a_bundle_refers_to_them(reference: str, read: Reader) -> None:
    entries: list[dict[str, Any]] = [
        {"resource": dose(patient={"reference": reference})},
        {"fullUrl": URN, "resource": patient()},
    ]
    person, given = sorted(read.events(FHIR, {"f": bundle(*entries)}), key=lambda event: str(type(event).kind))
    assert person.source_person == given.source_person
    assert person.person.family_name == "Example"


def test_a_patient_without_id_is_known_by_identifier_else_by_name_and_birth_date(read: Reader) -> None:
    for named in ({"identifier": [{"system": "urn:oid:1.2", "value": "7"}]}, {}):
        entries: list[dict[str, Any]] = [
            {"fullUrl": URN, "resource": patient(id=None, **named)},
            {"resource": dose(patient={"reference": URN})},
        ]
        person, given = read.events(FHIR, {"f": bundle(*entries)})
        assert person.source_person == given.source_person
    held = dose(contained=[patient(id="x", identifier=[{"value": "7"}])], patient={"reference": "#x"})
    (event,) = read.events(FHIR, {"f": json.dumps(held)})
    assert event.source_person


SENT = ["message", "document", "collection", "transaction", "batch"]
SERVED = ["searchset", "history"]


def told_of(read: Reader, kind: str, *, on: str = "2021-03-04", url: str = "http://x/Patient/1", **who: Any) -> Any:
    """The person and the dose of a bundle whose Patient and Immunization both have the id `1`."""
    entries: list[dict[str, Any]] = [
        {"fullUrl": url, "resource": patient(id="1", **who)},
        {"resource": dose(id="1", patient={"reference": "Patient/1"}, occurrenceDateTime=on)},
    ]
    return read.events(FHIR, {"f": bundle(*entries, kind=kind)})


OTHER: dict[str, Any] = {"name": [{"family": "Example", "given": ["Dora"]}], "birthDate": "1990-01-01"}


@pytest.mark.parametrize("kind", SENT)
def test_an_id_in_a_bundle_that_was_sent_names_nobody_in_another(kind: str, read: Reader) -> None:
    """FHIR R4 Resource.id is unique on its server: two documents call two people, and two doses, `1`."""
    first, second = told_of(read, kind), told_of(read, kind, **OTHER)
    assert {event.source_person for event in first}.isdisjoint(event.source_person for event in second)
    assert {event.fact_key for event in first}.isdisjoint(event.fact_key for event in second)
    again = told_of(read, kind, url=URN)
    assert [event.fact_key for event in again] == [event.fact_key for event in first], "nor does its fullUrl"
    later = told_of(read, kind, on="2021-04-04")
    assert (later[1].source_person, later[1].fact_key != first[1].fact_key) == (first[1].source_person, True)


@pytest.mark.parametrize("kind", SERVED)
def test_the_id_of_a_server_names_one_person_whatever_is_told_of_them(kind: str, read: Reader) -> None:
    first, second = told_of(read, kind), told_of(read, kind, **OTHER)
    assert [event.fact_key for event in first] == [event.fact_key for event in second]
    loose = read.events(FHIR, {"f.ndjson": "\n".join(json.dumps(one) for one in (patient(id="1"), dose(id="1")))})
    assert [event.fact_key for event in loose] == [event.fact_key for event in first]


@pytest.mark.parametrize("kind", [*SENT, *SERVED])
def test_an_original_read_alone_names_whom_its_bundle_named(kind: str, read: Reader) -> None:
    long = [{"resource": patient(id="1", text={"div": "x"}, photo=[{"data": "A" * 70_000}])}]
    for entries in (long, [{"resource": patient(id="1", meta=HTEST)}]):
        whole = [*entries, {"resource": dose(patient={"reference": "Patient/1"})}]
        for mapped in read(FHIR, {"f": bundle(*whole, kind=kind)}):
            again = [each.event for each in read(FHIR, {"f": mapped.raw}) if each.type == mapped.type]
            assert again == [mapped.event]


def test_a_patient_whom_a_sent_bundle_does_not_hold_is_nobody(read: Reader) -> None:
    found = counted(read(FHIR, {"f": bundle({"resource": dose()}, kind="message")}))
    assert found["rejected"] == {"no-patient": 1}
    by_number = dose(patient={"reference": "Patient/p1", "identifier": {"system": "urn:oid:1.2", "value": "7"}})
    assert counted(read(FHIR, {"f": bundle({"resource": by_number}, kind="message")}))["events"] == {"vaccination": 1}


@pytest.mark.parametrize("value", ["UNKNOWN", "unk", "N/A", "0", "000000", "999-99-9999"])
def test_an_identifier_that_names_nobody_is_none(value: str, read: Reader) -> None:
    """health-standards §8 R24, R25: Patient and Immunization alike."""
    told = [{"system": "urn:oid:1.2", "value": value}]
    first, second = told_of(read, "message", identifier=told), told_of(read, "message", identifier=told, **OTHER)
    assert first[1].source_person != second[1].source_person
    known = {"name": [{"family": "Unknown", "given": ["Unknown"]}], "birthDate": "1900-01-01"}
    entries = [{"resource": patient(identifier=told, **known)}, {"resource": dose(identifier=told)}]
    found = read(FHIR, {"f": bundle(*entries, kind="message")})
    (event,) = [mapped.event for mapped in found if mapped.event is not None]
    assert event.source_person is None
    assert {"placeholder-id", "placeholder-name", "placeholder-birth-date"} <= set(found[1].odd)


def test_a_dose_before_birth_is_one_also_when_it_is_read_alone(read: Reader) -> None:
    """health-standards §8 R23: the birth date stands in another resource of the bundle."""
    entries: list[dict[str, Any]] = [
        {"fullUrl": URN, "resource": patient(birthDate="2021-03-05", photo=[{"data": "AAAA"}])}
    ]
    entries.append({"resource": dose(patient={"reference": URN})})
    found = read(FHIR, {"f": bundle(*entries)})
    assert counted(found)["rejected"] == {"dose-before-birth": 1}
    again = read(FHIR, {"f": found[1].raw})
    assert counted(again)["rejected"] == {"dose-before-birth": 1}
    assert {m.event.event_id for m in again if m.event} == {m.event.event_id for m in found if m.event}
    assert b"AAAA" not in found[1].raw


def test_ndjson_other_resources_and_empty_bundles(read: Reader) -> None:
    """health-standards §8 R10."""
    lines = [patient(), dose(), {"resourceType": "Organization", "id": "o"}]
    found = counted(read(FHIR, {"f.ndjson": "\n".join(map(json.dumps, lines))}))
    assert found["events"] == {"person": 1, "vaccination": 1}
    assert found["ignored"] == {"resource-not-used": 1}
    assert counted(read(FHIR, {"f": bundle()}))["ignored"] == {"empty": 1}


HTEST = {"tag": [{"code": "HTEST", "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason"}]}
DEBUG = {"tag": [{"code": "D", "system": "http://terminology.hl7.org/CodeSystem/v2-0103"}]}
HEADER = {"resourceType": "MessageHeader", "meta": {"tag": [{**DEBUG["tag"][0], "code": "T"}]}}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([patient(), dose()], {"person": "production", "vaccination": "production"}),
        ([patient(), dose(meta=HTEST)], {"person": "production", "vaccination": "test"}),
        ([patient(meta={"security": HTEST["tag"]}), dose()], {"person": "test", "vaccination": "test"}),
        ([HEADER, patient(), dose()], {"person": "test", "vaccination": "test"}),
        ([HEADER, patient(), dose(meta=DEBUG)], {"person": "test", "vaccination": "debug"}),
    ],
)
def test_test_data_is_marked_by_the_dose_its_patient_or_its_message(
    sent: list[dict[str, Any]], expected: dict[str, str], read: Reader
) -> None:
    """health-standards §8 R8; an original read alone still says what its bundle said."""
    whole = {"resourceType": "Bundle", "type": "message", "entry": [{"resource": one} for one in sent]}
    found = [m for m in read(FHIR, {"f": json.dumps(whole)}) if m.event is not None]
    assert {m.type: m.event.processing for m in found} == expected  # type: ignore[union-attr]
    for mapped in found:
        again = [m.event for m in read(FHIR, {"f": mapped.raw}) if m.type == mapped.type]
        assert again == [mapped.event]


def test_what_a_bundle_says_of_tests_holds_for_all_that_is_in_it(read: Reader) -> None:
    """health-standards §8 R8."""
    tagged = {"resourceType": "Bundle", "type": "searchset", "meta": DEBUG, "entry": [{"resource": dose()}]}
    (mapped,) = read(FHIR, {"f": json.dumps(tagged)})
    (again,) = read(FHIR, {"f": mapped.raw})
    assert mapped.event is not None
    assert mapped.event == again.event
    assert mapped.event.processing == "debug"  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["collection", "transaction", "batch", "message", "document"])
def test_a_dose_whose_patient_a_bundle_does_not_hold_is_nobodys_and_a_dead_letter(kind: str, read: Reader) -> None:
    """As of a laboratory result: in a bundle that was made to be sent, the id of a Patient names nobody outside."""
    found = read(FHIR, {"b.json": bundle({"resource": dose(patient={"reference": "Patient/absent"})}, kind=kind)})
    assert counted(found)["rejected"] == {"no-patient": 1}
