"""Exports of six made-up systems, each as different from the others as real ones are."""

from __future__ import annotations

import json

FOOD_BANK = (
    "\ufeffVisit No;Member No;Forename;Surname;Date of Birth;Visit Date;Parcel Type;Postcode;Ethnic Group;Entered At\r\n"
    "V-1;M-77;Rosa;Iglesias;23/04/1988;15/02/2021;Standard;62704;Hispanic;15/02/2021 10:12\r\n"
    "V-2;M-78;Dan;O'Neil;01/12/1975;15/02/2021;Baby;62702;White;15/02/2021 10:40\r\n"
    "V-3;M-79;Ama;Boateng;;16/02/2021;Standard;62703;Prefer not to say;16/02/2021 09:01\r\n"
).encode()
"""Semicolons, a byte order mark, days before months."""

SHELTER = (
    "ResidentNo,First,Last,Sex,DOB,Check In,Check Out,Building,Bed\n"
    "R100,José,Muñoz,M,1970-05-06,2021-02-10,,Maple House,12\n"
    "R101,Zoë,Brontë,F,1985-11-30,2021-02-11,2021-02-14,Maple House,13\n"
    "R102,Al,Fine,M,1990-01-02,2021-02-12,,Oak House,3\n"
).encode("latin-1")
"""A roster in Latin-1."""

LAB = (
    b"Accession,Patient ID,Last Name,First Name,Birthdate,Collected,Reported,Test,LOINC,Result,Status\n"
    b"A-1,P1,Doe,Jane,29221,44242,44243,SARS-CoV-2 PCR,94500-6,Detected,F\n"
    b"A-2,P2,Roe,Rich,31413,44242,44243,SARS-CoV-2 PCR,94500-6,Not Detected,F\n"
    b"A-3,P3,Poe,Ed,25569,44243,44244,SARS-CoV-2 PCR,94500-6,Inconclusive,P\n"
)
"""Dates as a spreadsheet counts them."""

SCREENING = json.dumps({
    "call": {"id": "C-9", "time": "2021-02-15T14:03:00-06:00"},
    "caller": {"id": "211-55", "first": "Lu", "last": "Chen", "dob": "1992-03-04", "zip": "62704"},
    "answers": [
        {"question": "Do you worry about running out of food?", "code": "88122-7", "answer": "LA28397-0", "text": "Often true"},
        {"question": "Housing", "code": "71802-3", "answer": "LA31994-9", "text": "I do not have a steady place"},
    ],
}).encode()  # fmt: skip
"""What a 211 line might post to a webhook: one call, several answers."""

LIS = (
    b"MSH|^~\\&|LISX|Made-up Clinic|HUB|COUNTY|20210216101500||ORU^R01|77|P|2.3\r"
    b"PID|1||889^^^CLINIC||Vega^Lina||19770809|F|||1 Elm St^^Springfield^IL^62704\r"
    b"OBR|1||ACC-1|COVPCR^Covid PCR^L|||20210215\r"
    b"OBX|1|ST|COVPCR^Covid PCR^L||POS||||||F|||20210215\r"
    b"OBX|2|ST|FLUA^Influenza A^L||NEG||||||F\r"
    b"MSH|^~\\&|LISX|Made-up Clinic|HUB|COUNTY|20210216101600||ORU^R01|78|P|2.3\r"
    b"PID|1||890^^^CLINIC||Moss^Ken||19600101|M\rOBR|1||ACC-2|COVAG^Covid antigen^L|||20210215\r"
    b"OBX|1|ST|COVAG^Covid antigen^L||neg||||||F\r"
)
"""An old laboratory system with codes of its own."""

_CVX = "http://hl7.org/fhir/sid/cvx"
BUNDLE = json.dumps({
    "resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Patient", "id": "p1", "name": [{"family": "Ito", "given": ["Mei"]}], "gender": "female",
                      "birthDate": "1981-02-03", "address": [{"postalCode": "62704"}]}},
        *({"resource": {"resourceType": "Immunization", "id": each, "status": "completed", "patient": {"reference": "Patient/p1"},
                        "vaccineCode": {"coding": [{"system": _CVX, "code": code}]}, "occurrenceDateTime": day}}
          for each, code, day in (("i1", "208", "2021-02-15"), ("i2", "141", "2020-10-01"))),
    ],
}).encode()  # fmt: skip
"""Immunizations with their patient."""

EXPORTS = {
    "food-bank": ("visits.csv", FOOD_BANK),
    "shelter": ("roster.csv", SHELTER),
    "lab": ("results.csv", LAB),
    "line-211": ("call.json", SCREENING),
    "lis": ("results.hl7", LIS),
    "clinic": ("bundle.json", BUNDLE),
}
"""By connector name: file name and content."""
