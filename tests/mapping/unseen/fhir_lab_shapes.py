"""Shapes in which FHIR laboratory results arrive: bundles of every type, NDJSON, contained, not readable; and who pays."""

from __future__ import annotations

import json

from tests.mapping.made_up_fhir import (
    LOINC,
    NOT_DETECTED,
    SNOMED,
    body,
    bundle,
    coded,
    header,
    message,
    observation,
    organization,
    patient,
    refer,
    report,
)
from tests.mapping.unseen.fhir_lab_bundles import (
    ANTIGEN,
    COMPONENTS,
    CONTAINED,
    CONTAINED_NOBODY,
    CONTAINED_UNKNOWN,
    COVERAGE,
    CYCLE,
    LAB,
    MEMBER,
    XML,
    category,
    converted,
    eicr,
    report_stream,
    searchset,
    urn,
    without,
)
from tests.mapping.unseen.telling import Case

__all__ = ["CASES"]

CASES = (
    # bundles of every type
    Case.of(
        "transaction-urn",
        body(
            converted(
                (1, without(patient(), "id")),
                (2, observation(1, subject={"reference": urn(1)})),
                (3, report(subject={"reference": urn(1)}) | {"result": [{"reference": urn(2)}]}),
                kind="transaction",
            )
        ),
        "positive final",
    ),
    Case.of(
        "batch-of-a-converter", body(converted((1, patient()), (2, observation(1)), (3, report(1)))), "positive final"
    ),
    Case.of("searchset", body(searchset(patient(), observation(1), report(1))), "positive final"),
    Case.of("searchset-without-patient", body(searchset(observation(1, category=LAB))), "positive final"),
    Case.of("searchset-empty", body(searchset()), "ignored no-observation"),
    Case.of(
        "searchset-outcome",
        body(searchset({"resourceType": "OperationOutcome", "issue": []})),
        "ignored not-a-lab-report",
    ),
    Case.of("document", body(eicr(observation(1, category=LAB, identifier=[{"value": "A-1"}]))), "positive final"),
    Case.of(
        "eicr-vital-sign",
        body(eicr(observation(1, "8867-4", category=category("vital-signs")))),
        "ignored not-a-lab-report",
    ),
    Case.of(
        "eicr-problem",
        body(eicr(observation(1, "75323-6", "840539006", category=category("problem-list-item")))),
        "ignored not-a-lab-report",
    ),
    Case.of(
        "eicr-condition-alone",
        body(
            converted(
                (1, patient()),
                (
                    2,
                    {
                        "resourceType": "Condition",
                        "code": coded(SNOMED, "840539006"),
                        "subject": {"reference": urn(1)},
                    },
                ),
                kind="document",
            )
        ),
        "ignored not-a-lab-report",
    ),
    Case.of(
        "self-test-as-survey",
        body(bundle(patient(), observation(1, ANTIGEN, category=category("survey")), kind="collection")),
        "positive final",
    ),
    Case.of(
        "subject-by-identifier",
        body(
            bundle(
                header(),
                organization(),
                patient(1),
                patient(2),
                observation(1, subject={"identifier": {"system": "urn:oid:1.2.3", "value": "MRN-2"}}),
                kind="collection",
            )
        ),
        "positive final",
    ),
    Case.of(
        "subject-by-an-identifier-of-nobody",
        body(
            bundle(
                patient(1),
                observation(1, subject={"identifier": {"value": "MRN-1"}}),
                kind="collection",
            )
        ),
        "rejected no-patient",
    ),
    Case.of("contained", body(CONTAINED), "positive final"),
    Case.of("contained-patient-without-identifier", body(CONTAINED_NOBODY), "positive final"),
    Case.of("contained-patient-of-whom-little-is-told", body(CONTAINED_UNKNOWN), "positive final nobody"),
    Case.of("cycle", body(CYCLE), "positive final"),
    Case.of(
        "components",
        body(bundle(header(), organization(), patient(), COMPONENTS, report(1))),
        "positive final",
        "not-covid final",
    ),
    Case.of("collection-without-report", body(bundle(patient(), observation(1), kind="collection")), "positive final"),
    Case.of("report-without-results", body(bundle(header(), patient(), report())), "ignored no-observation"),
    Case.of(
        "report-names-a-missing-result",
        body(bundle(header(), patient(), report(9))),
        "rejected reference-not-in-bundle",
    ),
    Case.of(
        "message-without-patient",
        body(bundle(header(), organization(), observation(1), report(1))),
        "rejected no-patient",
    ),
    Case.of(
        "two-patients-two-reports",
        body(
            bundle(
                header(),
                organization(),
                patient(1),
                patient(2),
                observation(1),
                report(1, number=1),
                observation(2, subject=refer("Patient", 2)),
                report(2, number=2, subject=refer("Patient", 2)),
            )
        ),
        "positive final",
        "positive final",
    ),
    Case.of(
        "result-of-another-patient",
        body(
            bundle(
                header(), organization(), patient(1), patient(2), observation(1, subject=refer("Patient", 2)), report(1)
            )
        ),
        "rejected person-mismatch",
    ),
    Case.of(
        "versioned-references",
        body(
            bundle(
                patient(),
                observation(1, subject={"reference": "https://x/fhir/Patient/1/_history/3"}),
                kind="collection",
            )
        ),
        "positive final",
    ),
    # NDJSON, single resources
    Case.of(
        "ndjson-bundles",
        body(report_stream(), report_stream(answer=NOT_DETECTED)),
        "positive final",
        "negative final",
    ),
    Case.of("ndjson-resources", body(patient(), report(1), observation(1)), "positive final"),
    Case.of(
        "ndjson-observations-of-a-bulk-export",
        body(observation(1, category=LAB), observation(2, answer=NOT_DETECTED, category=LAB)),
        "positive final",
        "negative final",
    ),
    Case.of(
        "ndjson-blank-and-bad-line",
        body(patient(), observation(1), report(1)) + "\n\n{broken\n",
        "rejected not-json",
        "positive final",
    ),
    Case.of("patient-alone", body(patient()), "ignored not-a-lab-report"),
    # not for this feed, or not readable
    Case.of(
        "immunizations",
        body(bundle(patient(), {"resourceType": "Immunization", "id": "i"})),
        "ignored not-a-lab-report",
    ),
    Case.of("outcome-alone", body({"resourceType": "OperationOutcome", "issue": []}), "ignored not-a-lab-report"),
    Case.of(
        "transaction-response",
        body(
            {
                "resourceType": "Bundle",
                "type": "transaction-response",
                "entry": [{"response": {"status": "201 Created"}}],
            }
        ),
        "ignored no-observation",
    ),
    Case.of("xml", XML, "rejected xml-not-json"),
    Case.of("hl7v2", "MSH|^~\\&|A|B\rPID|1", "rejected not-json"),
    Case.of("a-list", json.dumps([report_stream()]), "positive final"),
    Case.of("signed-card", '{"verifiableCredential": ["eyJhbGciOiJFUzI1NiJ9.AAAA.BBBB"]}', "rejected not-a-resource"),
    Case.of("empty", "", "rejected empty"),
    # who pays
    Case.of(
        "coverage-resource",
        body(bundle(header(), organization(), patient(), observation(1), report(1), COVERAGE)),
        "positive final",
        "coverage medicaid",
    ),
    Case.of(
        "coverage-of-a-member-number",
        body(bundle(header(), organization(), MEMBER, observation(1), report(1))),
        "positive final",
        "coverage medicaid",
    ),
    Case.of(
        "coverage-in-a-message-without-covid",
        body(
            bundle(
                header(),
                organization(),
                patient(),
                observation(1, "4548-4"),
                report(1, code=coded(LOINC, "4548-4")),
                COVERAGE,
            )
        ),
        "ignored not-covid",
    ),
    Case.of("whole-message", body(message()), "positive final"),
)
