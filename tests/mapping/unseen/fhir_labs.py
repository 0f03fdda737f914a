"""What laboratories and self tests tell as FHIR: statuses, answers, test codes; and what each means."""

from __future__ import annotations

import json

from tests.mapping.made_up_fhir import DETECTED, FLU_A, LOINC, NOT_DETECTED, PCR, SNOMED, body, coded
from tests.mapping.unseen.fhir_lab_bundles import (
    ANTIGEN,
    FLU_B,
    IGG,
    PANEL,
    RSV,
    answered,
    asked,
    otc,
    report_stream,
    simple_report,
    without,
)
from tests.mapping.unseen.telling import Case

__all__ = ["CASES"]

CASES = (
    # ReportStream, SimpleReport
    Case.of("rs-converted", body(report_stream()), "positive final"),
    Case.of("rs-training", body(report_stream("T")), "positive final test"),
    Case.of("rs-debug", body(report_stream("D")), "positive final test"),
    Case.of("rs-negative", body(report_stream(answer=NOT_DETECTED)), "negative final"),
    Case.of("rs-no-type", body(without(report_stream(), "type")), "positive final"),
    Case.of("rs-bom", b"\xef\xbb\xbf" + body(report_stream()).encode(), "positive final"),
    Case.of("rs-pretty", json.dumps(report_stream(), indent=4), "positive final"),
    Case.of(
        "rs-two-documents",
        json.dumps(report_stream(), indent=1) + "\n" + json.dumps(report_stream("T"), indent=1),
        "positive final",
        "positive final test",
    ),
    Case.of(
        "sr-covid-flu-rsv",
        body(simple_report((ANTIGEN, DETECTED), (FLU_A, DETECTED), (FLU_B, NOT_DETECTED), (RSV, DETECTED))),
        "positive final",
        "not-covid final",
        "not-covid final",
        "not-covid final",
    ),
    Case.of("sr-flu-only", body(simple_report((FLU_A, DETECTED))), "not-covid final"),
    Case.of("sr-hiv", body(simple_report(("80387-4", DETECTED))), "ignored not-covid"),
    Case.of(
        "sr-covid-negative-flu-positive",
        body(simple_report((ANTIGEN, NOT_DETECTED), (FLU_A, DETECTED))),
        "negative final",
        "not-covid final",
    ),
    Case.of("sr-corrected", body(simple_report((ANTIGEN, NOT_DETECTED), status="corrected")), "negative corrected"),
    Case.of("sr-amended", body(simple_report((ANTIGEN, DETECTED), status="amended")), "positive corrected"),
    Case.of(
        "sr-entered-in-error",
        body(simple_report((ANTIGEN, DETECTED), status="entered-in-error")),
        "positive withdrawn",
    ),
    Case.of("sr-cancelled", body(simple_report((ANTIGEN, DETECTED), status="cancelled")), "positive withdrawn"),
    Case.of("sr-preliminary", body(simple_report((ANTIGEN, DETECTED), status="preliminary")), "positive preliminary"),
    Case.of("sr-registered", body(simple_report((ANTIGEN, DETECTED), status="registered")), "ignored no-result-yet"),
    Case.of("sr-status-unknown", body(simple_report((ANTIGEN, DETECTED), status="unknown")), "positive preliminary"),
    Case.of("sr-invalid", body(simple_report((ANTIGEN, "455371000124106"))), "invalid final"),
    Case.of("sr-undetermined", body(simple_report((ANTIGEN, "419984006"))), "inconclusive final"),
    Case.of("sr-unknown-snomed", body(simple_report((ANTIGEN, "1234"))), "review final"),
    Case.of("sr-disease-as-answer", body(simple_report((ANTIGEN, "840539006"))), "review final"),
    Case.of("serology", body(simple_report((IGG, "10828004"))), "not-covid final"),
    Case.of("pooled", body(simple_report((PCR, "462371000124108"))), "presumptive-positive final"),
    Case.of("presumptive", body(simple_report((PCR, "720735008"))), "presumptive-positive final"),
    Case.of("genus", body(simple_report(("94502-2", DETECTED))), "presumptive-positive final"),
    Case.of("organism-answer", body(simple_report(("95423-0", "840533007"))), "positive final"),
    Case.of("panel-with-an-answer", body(simple_report((PANEL, DETECTED))), "review final"),
    # over the counter
    Case.of("otc-positive", body(otc()), "positive final nobody"),
    Case.of("otc-negative", body(otc(NOT_DETECTED)), "negative final nobody"),
    Case.of("otc-no-zip", body(otc(zip_code="")), "positive final nobody"),
    # answers as they are written
    Case.of("answer-string", answered({"valueString": " Detected "}), "positive final"),
    Case.of("answer-string-not", answered({"valueString": "NOT DETECTED"}), "negative final"),
    Case.of("answer-prose", answered({"valueString": "No SARS-CoV-2 detected, positive control OK"}), "review final"),
    Case.of("answer-boolean", answered({"valueBoolean": True}), "review final"),
    Case.of("answer-ct-value", answered({"valueQuantity": {"value": 21.5, "unit": "Ct"}}), "review final"),
    Case.of(
        "answer-interpretation-only",
        answered(
            {"interpretation": [coded("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "POS")]}
        ),
        "review final",
    ),
    Case.of(
        "answer-v3-pos",
        answered(
            {"valueCodeableConcept": coded("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "POS")}
        ),
        "positive final",
    ),
    Case.of(
        "answer-absent",
        answered({"dataAbsentReason": coded("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown")}),
        "review final",
    ),
    Case.of("answer-text-only", answered({"valueCodeableConcept": {"text": "Positive"}}), "positive final"),
    Case.of(
        "answer-flag-disagrees",
        answered({"valueCodeableConcept": coded(SNOMED, NOT_DETECTED), "interpretation": [coded("x", "A")]}),
        "negative final",
    ),
    Case.of(
        "answer-local-then-snomed",
        answered(
            {
                "valueCodeableConcept": {
                    "coding": [
                        {"system": "urn:lab", "code": "99", "display": "see note"},
                        {"system": SNOMED, "code": DETECTED},
                    ]
                }
            }
        ),
        "positive final",
    ),
    Case.of(
        "answer-local-against-snomed",
        answered(
            {
                "valueCodeableConcept": {
                    "coding": [
                        {"system": "urn:lab", "code": "99", "display": "neg"},
                        {"system": SNOMED, "code": DETECTED},
                    ]
                }
            }
        ),
        "review final",
    ),
    Case.of(
        "answer-oid",
        answered({"valueCodeableConcept": coded("urn:oid:2.16.840.1.113883.6.96", "10828004")}),
        "positive final",
    ),
    Case.of(
        "answer-snomed-us-edition",
        answered({"valueCodeableConcept": coded("http://snomed.info/sct/731000124108", DETECTED)}),
        "positive final",
    ),
    Case.of(
        "test-local-then-loinc",
        asked({"system": "urn:lab", "code": "COV2"}, {"system": LOINC, "code": PCR}),
        "positive final",
    ),
    Case.of("test-oid", asked({"system": "urn:oid:2.16.840.1.113883.6.1", "code": PCR}), "positive final"),
    Case.of("test-url-with-slash", asked({"system": "http://loinc.org/", "code": PCR}), "positive final"),
    Case.of("test-local-only", asked({"system": "urn:lab", "code": "COV2"}), "review final"),
)
