"""Made-up laboratory and immunization records for `hub bench intake` in the formats that the county's writers do not write:
laboratory CSV, FHIR reports and immunizations, VXU. Lazily, and the same each time.

Shapes: SimpleReport and ReportStream bulk upload (64 columns, filled as a clinic's software fills them, some 650 bytes a row);
ReportStream's message bundles; the CDC guide's Z22; US Core Patient and Immunization as bulk exports write them; shipments of
vaccine as the samples of connector `vaccine-supply` have them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hub.bench.intake_records import Records
from hub.synthetic.people import RACE_CODES, Person
from hub.synthetic.places import LABS, STATE, VACCINATION_SITES

__all__ = ["immunizations", "lab_bundles", "lab_rows", "shipments", "vxu_messages"]

_LAB_COLUMNS = (
    "patient_id,patient_last_name,patient_first_name,patient_middle_name,patient_street,patient_street2,patient_city,"
    "patient_state,patient_zip_code,patient_county,patient_phone_number,patient_dob,patient_gender,patient_race,"
    "patient_ethnicity,patient_preferred_language,patient_email,accession_number,equipment_model_name,test_performed_code,"
    "test_result,order_test_date,specimen_collection_date,testing_lab_specimen_received_date,test_result_date,"
    "date_result_released,specimen_type,ordering_provider_id,ordering_provider_last_name,ordering_provider_first_name,"
    "ordering_provider_middle_name,ordering_provider_street,ordering_provider_street2,ordering_provider_city,"
    "ordering_provider_state,ordering_provider_zip_code,ordering_provider_phone_number,testing_lab_clia,testing_lab_name,"
    "testing_lab_street,testing_lab_street2,testing_lab_city,testing_lab_state,testing_lab_zip_code,"
    "testing_lab_phone_number,pregnant,employed_in_healthcare,symptomatic_for_disease,illness_onset_date,"
    "resident_congregate_setting,residence_type,hospitalized,icu,ordering_facility_name,ordering_facility_street,"
    "ordering_facility_street2,ordering_facility_city,ordering_facility_state,ordering_facility_zip_code,"
    "ordering_facility_phone_number,comment,test_result_status,reporting_facility_name,reporting_facility_clia"
)
_RACES = {"2106-3": "White", "2054-5": "Black or African American", "2028-9": "Asian",
          "1002-5": "American Indian or Alaska Native", "2076-8": "Native Hawaiian or Other Pacific Islander"}  # fmt: skip
_DEVICES = ("ID NOW", "BinaxNOW COVID-19 Antigen Self Test", "Accula SARS-Cov-2 Test", "Lumira SARS-CoV-2 Ag Test")
_SNOMED, _LOINC, _CVX = "http://snomed.info/sct", "http://loinc.org", "http://hl7.org/fhir/sid/cvx"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_CDCREC = "urn:oid:2.16.840.1.113883.6.238"
_JANUARY = datetime(2021, 1, 4, 8)
_CLINIC = "400 Main Street,Suite 100,Alderton"


def lab_rows(records: Records, count: int) -> Iterator[bytes]:
    """A bulk upload, line by line, its header first: one result a row."""
    yield (_LAB_COLUMNS + "\r\n").encode()
    for number in range(count):
        person, draw = records.person(number), Random(number)
        at, sick = _taken(draw)
        lab, reach = LABS[number % len(LABS)], "555-888-2000"
        code, result = _answer(lab.loinc, sick)
        clinic = f"{_CLINIC},{STATE},37991,{reach}"
        ordered, got, resulted, released = (f"{at + timedelta(hours=hours):%m/%d/%Y %H:%M}" for hours in (0, 1, 4, 5))
        county, onset = person.area.name.removesuffix(" County"), f"{at - timedelta(days=2):%m/%d/%Y}" if sick else ""
        race, ethnic = (
            _RACES.get(_race(person), "Other"),
            "Hispanic or Latino" if person.hispanic else "Not Hispanic or Latino",
        )
        yield (
            f"P{person.index:06d},{person.family},{person.given},{person.middle},{person.street},,{person.city},{STATE},"
            f"{person.zip_code},{county},{person.phone},{person.birth_date:%m/%d/%Y},{person.sex},{race},{ethnic},English,"
            f"{person.email},A{number:010d},{_DEVICES[number % 4]},{code},{result},{ordered},{ordered},{got},{resulted},{released},"
            f"Nasal Swab,1013012657,Orderly,Example,Q,{clinic},{lab.clia},{lab.name},{clinic},N,{'N' if number % 20 else 'Y'},"
            f"{'Y' if sick else 'N'},{onset},N,,N,N,Alderton Walk-in Clinic,{clinic},Drive-through site,F,"
            f"Alderton Walk-in Clinic,{lab.clia}\r\n"
        ).encode()


def lab_bundles(records: Records, count: int) -> Iterator[bytes]:
    """Message bundles of one report each, one a line: header, laboratory, patient, specimen, report, observation."""
    for number in range(count):
        person, draw = records.person(number), Random(number)
        at, sick = _taken(draw)
        lab = LABS[number % len(LABS)]
        code, _ = _answer(lab.loinc, sick)
        coded = {"coding": [{"system": _LOINC, "code": code}]}
        issued = f"{at + timedelta(hours=20):%Y-%m-%dT%H:%M:%S}-05:00"
        patient = {"reference": "urn:uuid:patient"}
        resources: dict[str, dict[str, Any]] = {
            "header": {
                "resourceType": "MessageHeader",
                "meta": {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0103", "code": "P"}]},
                "eventCoding": {"system": "http://terminology.hl7.org/CodeSystem/v2-0003", "code": "R01"},
                "sender": {"reference": "urn:uuid:lab"},
                "source": {"endpoint": "https://lab.example.org"},
                "focus": [{"reference": "urn:uuid:report"}],
            },
            "lab": {
                "resourceType": "Organization",
                "identifier": [
                    {
                        "type": {
                            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0301", "code": "CLIA"}]
                        },
                        "value": lab.clia,
                    }
                ],
                "name": lab.name,
            },
            "patient": _patient(person, f"p{person.index}"),
            "specimen": {
                "resourceType": "Specimen",
                "identifier": [{"value": f"S{number:09d}"}],
                "type": {"coding": [{"system": _SNOMED, "code": "258500001"}]},
                "collection": {"collectedDateTime": f"{at:%Y-%m-%dT%H:%M:%S}-05:00"},
            },
            "report": {
                "resourceType": "DiagnosticReport",
                "identifier": [{"value": f"R{number:09d}"}],
                "status": "final",
                "code": coded,
                "subject": patient,
                "issued": issued,
                "specimen": [{"reference": "urn:uuid:specimen"}],
                "result": [{"reference": "urn:uuid:observation"}],
            },
            "observation": {
                "resourceType": "Observation",
                "status": "final",
                "code": coded,
                "subject": patient,
                "issued": issued,
                "specimen": {"reference": "urn:uuid:specimen"},
                "valueCodeableConcept": {"coding": [{"system": _SNOMED, "code": "260373001" if sick else "260415000"}]},
            },
        }
        entries = [
            {"fullUrl": f"urn:uuid:{name}", "resource": {"id": name, **each}} for name, each in resources.items()
        ]
        yield _line({"resourceType": "Bundle", "type": "message", "timestamp": issued, "entry": entries})


def vxu_messages(records: Records, count: int) -> Iterator[bytes]:
    """VXU^V04 messages of one administered dose each: MSH, PID, ORC, RXA, RXR and two OBX."""
    for number in range(count):
        person = records.person(number)
        day, site = _given(number), VACCINATION_SITES[number % len(VACCINATION_SITES)]
        area, phone = person.phone[:3], person.phone[4:].replace("-", "")
        race = f"{_race(person)}^{_RACES.get(_race(person), 'Other')}^CDCREC"
        ethnicity = "2135-2^Hispanic or Latino^CDCREC" if person.hispanic else "2186-5^Not Hispanic or Latino^CDCREC"
        segments = (
            f"MSH|^~\\&|CLINIC EHR|{site.pin}|IIS|STATE|{day:%Y%m%d}150000-0500||VXU^V04^VXU_V04|V{number:09d}|P|2.5.1|||ER|AL|||||"
            "Z22^CDCPHINVS",
            f"PID|1||M{person.index:06d}^^^{site.pin}MR^MR||{person.family}^{person.given}^{person.middle}^^^^L||"
            f"{person.birth_date:%Y%m%d}|{person.sex}||{race}|{person.street}^^{person.city}^{STATE}^{person.zip_code}^USA^L^^"
            f"{person.area.fips}||^PRN^CP^^1^{area}^{phone}|||||||||{ethnicity}",
            f"ORC|RE||D{number:09d}^{site.pin}EHR",
            f"RXA|0|1|{day:%Y%m%d}|{day:%Y%m%d}|208^Pfizer 30 mcg^CVX|0.3|mL^^UCUM||00^New administered^NIP001||^^^{site.pin}||||"
            f"EL{number % 9_000:04d}||PFR^Pfizer^MVX|||CP|A",
            "RXR|IM^Intramuscular^HL70162|LD^Left Deltoid^HL70163",
            f"OBX|1|NM|30973-2^Dose number in series^LN|1|{1 + number % 2}||||||F",
            "OBX|2|CE|59783-1^Status in immunization series^LN|1|N^No^CDCPHINVS||||||F",
        )
        yield ("\r".join(segments) + "\r").encode()


def immunizations(records: Records, count: int) -> Iterator[bytes]:
    """Patients of a bulk export as far as they are spoken of, each before their first dose; `count` resources, one a line."""
    told: set[int] = set()
    number = written = 0
    while written < count:
        person, number = records.person(number), number + 1
        if person.index not in told:
            told.add(person.index)
            yield _line(_patient(person, f"p{person.index}"))
            written += 1
        if written < count:
            yield _line(_dose(person, number))
            written += 1


def shipments(records: Records, count: int) -> Iterator[bytes]:  # noqa: ARG001 - of sites, not of people
    """Shipments of vaccine, line by line, the header first: one lot to one site a row, a site receiving four in a year."""
    yield (
        b"Provider PIN,Provider Name,Ship To City,Ship To State,Ship To County,Ship To Zip,Order Number,Order Date,Shipment Number,"
        b"CVX,NDC,Lot Number,Doses Ordered,Doses Shipped,Ship Date,Delivery Date,Shipment Status,Last Updated\n"
    )
    for number in range(count):
        site, place = number // 4, VACCINATION_SITES[number // 4 % len(VACCINATION_SITES)]
        ordered, doses = _given(number), 100 * (1 + number % 5)
        shipped, got = (f"{ordered + timedelta(days=days):%m/%d/%Y}" for days in (1, 2))
        yield (
            f"E{site:05d},{place.name} {site},{place.city},{STATE},{place.fips},{place.zip_code},ORD-{number},{ordered:%m/%d/%Y},"
            f"SHP-{number},{207 + number % 2},,ML{number % 9_000:04d},{doses},{doses},{shipped},{got},Delivered,{got} 16:05\n"
        ).encode()


def _dose(person: Person, number: int) -> dict[str, Any]:
    day = _given(number)
    return {
        "resourceType": "Immunization",
        "id": f"d{number}",
        "meta": {"lastUpdated": f"{day + timedelta(days=1)}T10:00:00Z"},
        "identifier": [{"system": "urn:oid:1.2.3", "value": f"D{number:09d}"}],
        "status": "completed",
        "vaccineCode": {"coding": [{"system": _CVX, "code": "208"}]},
        "patient": {"reference": f"Patient/p{person.index}"},
        "occurrenceDateTime": f"{day}",
        "primarySource": True,
        "protocolApplied": [{"doseNumberPositiveInt": 1 + number % 2}],
    }


def _patient(person: Person, resource_id: str) -> dict[str, Any]:
    ethnicity = "2135-2" if person.hispanic else "2186-5"
    return {
        "resourceType": "Patient",
        "id": resource_id,
        "meta": {"lastUpdated": "2021-01-02T10:00:00Z"},
        "extension": [
            {
                "url": f"{_US_CORE}{name}",
                "extension": [{"url": "ombCategory", "valueCoding": {"system": _CDCREC, "code": code}}],
            }
            for name, code in (("race", _race(person)), ("ethnicity", ethnicity))
        ],
        "identifier": [
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
                "system": "urn:oid:1.2.3.4.5",
                "value": f"MRN-{person.index}",
            }
        ],
        "name": [{"family": person.family, "given": [person.given]}],
        "telecom": [{"system": "phone", "value": person.phone}],
        "gender": "female" if person.sex == "F" else "male",
        "birthDate": person.birth_date.isoformat(),
        "address": [
            {
                "line": [person.street],
                "city": person.city,
                "district": person.area.name,
                "state": STATE,
                "postalCode": person.zip_code,
            }
        ],
    }


def _taken(draw: Random) -> tuple[datetime, bool]:
    """When a specimen was taken, and whether it is of somebody who is infected."""
    return _JANUARY + timedelta(minutes=draw.randrange(120_000)), draw.random() < 0.2


def _answer(loinc: str, sick: bool) -> tuple[str, str]:
    return loinc, "Detected" if sick else "Not Detected"


def _race(person: Person) -> str:
    return RACE_CODES[person.races[0]] if person.races else "2131-1"


def _given(number: int) -> date:
    return _JANUARY.date() + timedelta(days=number % 80)


def _line(resource: dict[str, Any]) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
