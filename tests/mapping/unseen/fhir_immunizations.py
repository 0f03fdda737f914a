"""FHIR immunizations in the style of converters, Synthea, US Core servers, registries, and SMART Health Cards."""

from __future__ import annotations

from typing import Any

from tests.mapping.made_up_fhir import Json, body, patient, refer
from tests.mapping.unseen.telling import Case

__all__ = ["CASES", "card", "immunization"]

CVX, NDC = "http://hl7.org/fhir/sid/cvx", "http://hl7.org/fhir/sid/ndc"


def immunization(number: int | str = 1, code: str = "208", system: str = CVX, **changes: Any) -> Json:
    made = {
        "resourceType": "Immunization", "id": f"i{number}", "status": "completed", "primarySource": True,
        "vaccineCode": {"coding": [{"system": system, "code": code}], "text": "SARS-COV-2 (COVID-19) vaccine"},
        "patient": refer("Patient"), "occurrenceDateTime": "2021-01-20T10:00:00-06:00", "lotNumber": "EL9262", **changes,
    }  # fmt: skip
    return {name: value for name, value in made.items() if value is not None}


def _bundle(*resources: Json, kind: str = "collection") -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": item} for item in resources]}


def _urns(*resources: Json, kind: str = "transaction") -> Json:
    entries = [{"fullUrl": f"urn:uuid:0000-{n}", "resource": item, "request": {"method": "POST", "url": item["resourceType"]}}
               for n, item in enumerate(resources)]  # fmt: skip
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def card(*doses: tuple[str, str], family: str = "Example", born: str = "1951-01-20") -> Json:
    """The bundle inside a SMART Health Card: no ids, short references, a name and a birth date."""
    who = {"resourceType": "Patient", "name": [{"family": family, "given": ["Person", "B."]}], "birthDate": born}
    made = [{"resourceType": "Immunization", "status": "completed", "vaccineCode": {"coding": [{"system": CVX, "code": code}]},
             "patient": {"reference": "resource:0"}, "occurrenceDateTime": on, "lotNumber": "0001",
             "performer": [{"actor": {"display": "ABC General Hospital"}}]} for code, on in doses]  # fmt: skip
    entries = [{"fullUrl": f"resource:{n}", "resource": item} for n, item in enumerate((who, *made))]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _no_id(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name not in ("id", "identifier")}


_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_GIVEN = "administered 208 covid"
_ASIDE = "ignored resource-not-used"
_COVERAGE = {
    "resourceType": "Coverage",
    "id": "c",
    "status": "active",
    "beneficiary": refer("Patient"),
    "type": {"coding": [{"system": "https://nahdo.org/sopt", "code": "2"}]},
    "payor": [{"display": "State plan"}],
}

CASES = (
    Case.of("collection", body(_bundle(patient(), immunization())), "person", _GIVEN),
    Case.of("searchset", body(_bundle(patient(), immunization(), kind="searchset")), "person", _GIVEN),
    Case.of(
        "document",
        body(_bundle({"resourceType": "Composition"}, patient(), immunization(), kind="document")),
        _ASIDE,
        "person",
        _GIVEN,
    ),
    Case.of("history", body(_bundle(immunization(), kind="history")), _GIVEN),
    Case.of(
        "transaction-urn",
        body(
            _urns(
                _no_id(patient()),
                _no_id(immunization(identifier=[{"value": "D1"}]))
                | {"identifier": [{"value": "D1"}], "patient": {"reference": "urn:uuid:0000-0"}},
            )
        ),
        "person",
        _GIVEN,
    ),
    Case.of(
        "message-of-a-converter",
        body(
            _bundle(
                {"resourceType": "MessageHeader"},
                {"resourceType": "Provenance"},
                patient(),
                immunization(),
                {"resourceType": "Organization"},
                kind="message",
            )
        ),
        _ASIDE,
        _ASIDE,
        "person",
        _GIVEN,
        _ASIDE,
    ),
    Case.of("single", body(immunization()), _GIVEN),
    Case.of("ndjson", body(immunization(), immunization(2, "207")), _GIVEN, "administered 207 covid"),
    Case.of(
        "ndjson-with-a-bad-line",
        body(immunization()) + "\n{bad\n" + body(immunization(2)),
        _GIVEN,
        "rejected not-json",
        _GIVEN,
    ),
    Case.of("patient-after-dose", body(_bundle(immunization(), patient())), _GIVEN, "person"),
    Case.of("contained-patient", body(immunization(contained=[patient("p")], patient={"reference": "#p"})), _GIVEN),
    Case.of(
        "contained-patient-without-identifier",
        body(immunization(contained=[_no_id(patient()) | {"id": "p"}], patient={"reference": "#p"})),
        _GIVEN,
    ),
    Case.of(
        "contained-patient-of-whom-little-is-told",
        body(immunization(contained=[_no_id(patient(birthDate="1980")) | {"id": "p"}], patient={"reference": "#p"})),
        _GIVEN + " nobody",
    ),
    Case.of(
        "patient-by-identifier", body(immunization(patient={"identifier": {"system": "urn:x", "value": "M1"}})), _GIVEN
    ),
    Case.of(
        "patient-missing",
        body(
            _urns(_no_id(immunization()) | {"identifier": [{"value": "D"}], "patient": {"reference": "urn:uuid:gone"}})
        ),
        "rejected no-patient",
    ),
    Case.of("no-patient-named", body(immunization(patient=None)), "rejected no-patient"),
    # status
    Case.of("not-done", body(immunization(status="not-done")), "not-administered 208 covid"),
    Case.of(
        "not-done-objection",
        body(immunization(status="not-done", statusReason={"coding": [{"system": _ACT, "code": "PATOBJ"}]})),
        "refused 208 covid",
    ),
    Case.of(
        "not-done-immune",
        body(immunization(status="not-done", statusReason={"coding": [{"system": _ACT, "code": "IMMUNE"}]})),
        "not-administered 208 covid",
    ),
    Case.of(
        "not-done-out-of-stock",
        body(immunization(status="not-done", statusReason={"coding": [{"system": _ACT, "code": "OSTOCK"}]})),
        "not-administered 208 covid",
    ),
    Case.of("not-done-998", body(immunization(1, "998", status="not-done")), "not-administered 998"),
    Case.of("998-completed", body(immunization(1, "998")), "not-administered 998"),
    Case.of("entered-in-error", body(immunization(status="entered-in-error")), "withdrawn 208 covid"),
    Case.of(
        "entered-in-error-without-date",
        body(immunization(status="entered-in-error", occurrenceDateTime=None)),
        "withdrawn 208 covid",
    ),
    Case.of("status-unknown", body(immunization(status="finished")), "rejected not-a-known-word"),
    Case.of("status-missing", body(immunization(status=None)), "rejected not-a-known-word"),
    Case.of("subpotent", body(immunization(isSubpotent=True)), _GIVEN),
    Case.of(
        "secondary-source",
        body(immunization(primarySource=False, reportOrigin={"text": "card"})),
        _GIVEN + " historical",
    ),
    Case.of(
        "stu3-not-given",
        body(immunization(notGiven=True, occurrenceDateTime=None, date="2021-01-20")),
        "not-administered 208 covid",
    ),
    Case.of("stu3-given", body(immunization(notGiven=False, occurrenceDateTime=None, date="2021-01-20")), _GIVEN),
    Case.of(
        "dstu2-not-given",
        body(immunization(wasNotGiven=True, occurrenceDateTime=None, date="2021-01-20")),
        "not-administered 208 covid",
    ),
    Case.of(
        "dstu2-reported",
        body(immunization(primarySource=None, reported=True, occurrenceDateTime=None, date="2021-01-20")),
        _GIVEN + " historical",
    ),
    # days
    Case.of("day-only", body(immunization(occurrenceDateTime="2021-01-20")), _GIVEN),
    Case.of(
        "occurrence-in-words",
        body(immunization(occurrenceDateTime=None, occurrenceString="last winter")),
        "rejected bad-date",
    ),
    Case.of(
        "occurrence-string-that-is-a-day",
        body(immunization(occurrenceDateTime=None, occurrenceString="2021-01-20")),
        _GIVEN,
    ),
    Case.of("year-and-month", body(immunization(occurrenceDateTime="2021-01")), _GIVEN + " historical"),
    Case.of(
        "before-the-first-vaccine",
        body(immunization(occurrenceDateTime="2020-06-01")),
        "rejected dose-before-first-vaccine",
    ),
    Case.of(
        "before-birth",
        body(_bundle(patient(birthDate="2021-06-01"), immunization())),
        "person",
        "rejected dose-before-birth",
    ),
    # products
    Case.of(
        "cvx-and-ndc",
        body(
            immunization(
                vaccineCode={"coding": [{"system": NDC, "code": "59267-1000-01"}, {"system": CVX, "code": "208"}]}
            )
        ),
        _GIVEN,
    ),
    Case.of("ndc-only", body(immunization(1, "59267-1000-01", NDC)), _GIVEN),
    Case.of("cvx-by-oid", body(immunization(1, "208", "urn:oid:2.16.840.1.113883.12.292")), _GIVEN),
    Case.of("cvx-with-leading-zero", body(immunization(1, "0208")), _GIVEN),
    Case.of("snomed-only", body(immunization(1, "1119349007", "http://snomed.info/sct")), "administered -"),
    Case.of("text-only", body(immunization(vaccineCode={"text": "COVID-19 Pfizer"})), "administered -"),
    Case.of("no-code-at-all", body(immunization(vaccineCode=None)), "administered -"),
    Case.of("flu", body(immunization(1, "140")), "administered 140"),
    Case.of("abroad", body(immunization(1, "510")), "administered 510 covid"),
    Case.of(
        "dose-numbers",
        body(
            immunization(protocolApplied=[{"doseNumberPositiveInt": 2, "seriesDosesString": "2"}]),
            immunization(2, protocolApplied=[{"doseNumberString": "Booster"}]),
        ),
        _GIVEN,
        _GIVEN,
    ),
    Case.of(
        "education-reaction-eligibility",
        body(
            immunization(
                education=[{"documentType": "x"}],
                reaction=[{"date": "2021-01-21"}],
                programEligibility=[{"coding": [{"code": "V02"}]}],
                fundingSource={"coding": [{"code": "VXC1"}]},
            )
        ),
        _GIVEN,
    ),
    Case.of(
        "identifiers-without-id",
        body(_no_id(immunization()) | {"identifier": [{"system": "urn:x", "value": "D1"}]}),
        _GIVEN,
    ),
    Case.of("neither-id-nor-identifier", body(_no_id(immunization())), _GIVEN),
    # cards
    Case.of(
        "card",
        body(card(("207", "2021-01-01"), ("207", "2021-01-29"))),
        "person",
        "administered 207 covid",
        "administered 207 covid",
    ),
    Case.of(
        "card-without-a-birth-date",
        body(card(("207", "2021-01-01"), born="")),
        "ignored nobody",
        "rejected missing-key",
    ),
    Case.of("card-signed", '{"verifiableCredential": ["eyJhbGciOiJFUzI1NiJ9.AAAA.BBBB"]}', "rejected not-a-resource"),
    Case.of("card-claims", '{"iss": "https://x", "vc": {"type": []}}', "rejected not-a-resource"),
    # set aside
    Case.of(
        "others",
        body(
            _bundle(
                {"resourceType": "ImmunizationRecommendation"},
                {"resourceType": "ImmunizationEvaluation"},
                {"resourceType": "Observation"},
                {"resourceType": "OperationOutcome"},
            )
        ),
        _ASIDE,
        _ASIDE,
        _ASIDE,
        _ASIDE,
    ),
    Case.of(
        "transaction-response",
        body(
            {
                "resourceType": "Bundle",
                "type": "transaction-response",
                "entry": [{"response": {"status": "201 Created"}}],
            }
        ),
        "ignored empty",
    ),
    Case.of("empty-searchset", body({"resourceType": "Bundle", "type": "searchset", "total": 0}), "ignored empty"),
    Case.of("xml", '<Bundle xmlns="http://hl7.org/fhir"/>', "rejected xml-not-json"),
    Case.of("coverage", body(_bundle(patient(), immunization(), _COVERAGE)), "person", _GIVEN, "coverage medicaid"),
    Case.of(
        "member-number",
        body(
            _bundle(patient(identifier=[{"type": {"coding": [{"code": "MA"}]}, "value": "99887766"}]), immunization())
        ),
        "person",
        "coverage medicaid",
        _GIVEN,
    ),
)
