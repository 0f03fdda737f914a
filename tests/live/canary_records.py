"""Somebody whose every value is a canary, told by all five sources: well, badly, and in ways that make the hub's own code raise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from hub.formats.mllp import START
from hub.mapping.vaccinations import COLUMNS
from tests.live.records import SHELTER
from tests.live.town import CVRS, HMIS, HRSN, LAB, SARA, Unit
from tests.privacy.canary import CANARIES

__all__ = ["BROKEN_FRAME", "SENT", "SOURCES", "raising_code"]

C: Mapping[str, str] = CANARIES
BORN = C["birth_date"]
BORN_PLAIN = BORN.replace("-", "")
FULL = f"{C['given_name']} {C['middle_name']} {C['family_name']} {C['suffix']}, born {BORN}, {C['ssn']}, {C['phone']}"
NAMED = f"{C['family_name']}_{C['given_name']}"
SOURCES = 5
SAID = "2021-02-01 03:04:05"
DAY = "20210203090000+0000"
TEST = "94500-6^SARS-CoV-2 RNA^LN"

_NAME = "^".join(C[name] for name in ("family_name", "given_name", "middle_name", "suffix"))
_HOME = f"{C['address_line']}^^{C['city']}^{C['state']}^{C['postal_code']}^USA^H^^06067"
_REACH = f"{C['phone']}^PRN^PH^^1^916^5550173~^NET^Internet^{C['email']}"
_PID = (
    f"PID|1|{C['local_id']}|{C['local_id']}^^^Lab&2.16.840.1.113883.3.0&ISO^MR|{C['local_id']}|{_NAME}|{C['previous_family_name']}"
    f"|{BORN_PLAIN}|{C['sex']}|{NAMED}|2028-9^Asian^HL70005|{_HOME}|06067|{_REACH}|{_REACH}||||{C['local_id']}|{C['ssn']}"
)


def _message(number: int, pid: str, *, answer: str = "CWE|260373001^Detected^SCT") -> bytes:
    kind, _, value = answer.partition("|")
    lines = (
        f"MSH|^~\\&|LAB^2.16.840.1.113883.3.0^ISO|Lab^00D0000000^CLIA|HUB|COUNTY|20210204080000+0000||ORU^R01^ORU_R01"
        f"|{C['local_id']}-{number}|P|2.5.1",
        pid,
        f"NK1|1|{_NAME}|MTH|{_HOME}|{_REACH}",
        f"NTE|1||{FULL}",
        f"OBR|1||{C['local_id']}-{number}^LAB|{TEST}|||{DAY}|||||||||||||||20210204080000+0000|||F",
        f"OBX|1|{kind}|{TEST}||{value}||||||F|||{DAY}",
        f"NTE|1||{FULL}",
        "OBX|2|CWE|95421-4^Resides in a congregate care setting^LN||Y^^HL70136||||||F||||||||||||||||||QST",
    )
    return "\r".join((*lines, "")).encode()


def _dose(event: str, **changes: str) -> str:
    told = {
        "vax_event_id": event,
        "ext_type": "I",
        "pprl_id": C["local_id"],
        "recip_id": C["local_id"],
        "recip_first_name": C["given_name"],
        "recip_middle_name": C["middle_name"],
        "recip_last_name": C["family_name"],
        "recip_dob": BORN,
        "recip_sex": C["sex"],
        "recip_address_street": C["address_line"],
        "recip_address_street_2": C["address_line"],
        "recip_address_city": C["city"],
        "recip_address_county": "06067",
        "recip_address_state": C["state"],
        "recip_address_zip": C["postal_code"],
        "recip_race_1": NAMED,
        "recip_ethnicity": NAMED,
        "admin_date": "2021-01-20",
        "cvx": "208",
        "admin_name": FULL,
        "vax_refusal": "NO",
        **changes,
    }
    return "\t".join(told.get(column, "") for column in COLUMNS)


def _doses() -> bytes:
    rows = [
        _dose("V1"),
        _dose("V2", lot_number="RAISE-IN-MAPPING"),
        _dose("V3", lot_number="RAISE-IN-SEALING", recip_id=f"{C['local_id']}-other"),
        _dose("V4", admin_date=FULL),
        _dose(
            "V6", cvx=C["given_name"], ndc=C["ssn"], vtrcks_prov_pin=C["family_name"], mvx=C["city"], lot_number=FULL
        ),
        _dose("V5") + f"\t{FULL}",
        FULL,
    ]
    return ("\r\n".join(("\t".join(COLUMNS), *rows)) + "\r\n").encode()


_SARA = "http://saraalert.org/StructureDefinition/"
_PATIENT = {
    "resourceType": "Patient",
    "id": C["local_id"],
    "meta": {"lastUpdated": "2021-02-04T08:00:00Z"},
    "text": {"status": "generated", "div": f"<div>{FULL}</div>"},
    "identifier": [{"system": "urn:made-up", "value": C["ssn"]}],
    "extension": [
        {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": C["sex"]},
        {"url": f"{_SARA}isolation", "valueBoolean": True},
        {"url": f"{_SARA}symptom-onset-date", "valueDate": "2021-02-02"},
        {"url": f"{_SARA}case-status", "valueString": FULL},
        {"url": f"{_SARA}reason-for-closure", "valueString": FULL},
        {"url": f"{_SARA}full-assigned-jurisdiction-path", "valueString": FULL},
        {"url": f"{_SARA}created-at", "valueDateTime": "2021-02-02T08:00:00Z"},
    ],
    "name": [{"family": C["family_name"], "given": [C["given_name"], C["middle_name"]], "suffix": [C["suffix"]]}],
    "telecom": [{"system": "phone", "value": C["phone"]}, {"system": "email", "value": C["email"]}],
    "birthDate": BORN,
    "address": [
        {
            "line": [C["address_line"]],
            "city": C["city"],
            "district": "06067",
            "state": C["state"],
            "postalCode": C["postal_code"],
        }
    ],
    "contact": [{"name": {"text": FULL}}],
}


_OBSERVATION = {
    "resourceType": "Observation",
    "id": C["local_id"],
    "meta": {"lastUpdated": "2021-02-04T08:00:00Z"},
    "status": "final",
    "code": {"coding": [{"system": C["city"], "code": C["given_name"], "display": FULL}], "text": FULL},
    "subject": {"reference": f"Patient/{C['local_id']}", "display": FULL},
    "effectiveDateTime": "2021-02-03",
    "valueCodeableConcept": {"coding": [{"system": C["city"], "code": C["family_name"]}], "text": FULL},
}


def _monitorees() -> bytes:
    whole = json.dumps(_PATIENT)
    nobody = json.dumps({**_PATIENT, "id": None})
    lines = (
        whole,
        json.dumps(_OBSERVATION),
        whole[:-20],
        nobody,
        json.dumps({**_PATIENT, "birthDate": FULL, "id": f"{C['local_id']}-b"}),
        FULL,
    )
    return "\n".join((*lines, "")).encode()


def _export(**changes: str) -> dict[str, bytes]:
    client = (
        f"{C['local_id']},{C['given_name']},{C['middle_name']},{C['family_name']},{C['suffix']},1,{C['ssn']},1,{BORN},1,1,0,"
        f'"{FULL}",{SAID}'
    )
    tables = {
        "Project": f"ProjectID,OrganizationID,ProjectType,TargetPopulation,DateUpdated\n{SHELTER},210,1,4,{SAID}",
        "Client": "PersonalID,FirstName,MiddleName,LastName,NameSuffix,NameDataQuality,SSN,SSNDataQuality,DOB,DOBDataQuality,Asian,"
        f"HispanicLatinaeo,AdditionalRaceEthnicity,DateUpdated\n{client}\n,{client.partition(',')[2]}\n{FULL}",
        "Enrollment": f"EnrollmentID,PersonalID,ProjectID,EntryDate,LivingSituation,DateUpdated\nE1,{C['local_id']},{SHELTER},"
        f"2021-01-30,99,{SAID}\nE2,{C['local_id']},{SHELTER},{C['given_name']},99,{SAID}",
        "Services": "ServicesID,EnrollmentID,PersonalID,DateProvided,RecordType,TypeProvided,OtherTypeProvided,DateUpdated\n"
        f'S1,E1,{C["local_id"]},2021-02-01,200,200,"{FULL}",{SAID}\nS2,E1,{C["local_id"]},{C["family_name"]},200,200,,{SAID}\n'
        f"S3,{C['local_id']},{C['local_id']},2021-02-01,200,200,,{SAID}",
        "CurrentLivingSituation": "CurrentLivingSitID,EnrollmentID,PersonalID,InformationDate,CurrentLivingSituation,"
        f'LocationDetails,DateUpdated\nL1,E1,{C["local_id"]},2021-02-01,116,"{FULL}",{SAID}',
        "Export": "ExportID,SourceContactFirst,SourceContactLast,SourceContactEmail,ExportDate,ExportStartDate,"
        f"ExportEndDate,CSVVersion\n1,{C['given_name']},{C['family_name']},{C['email']},"
        "2021-02-05 03:00:00,2020-10-01,2021-02-04,2024 v1.3",
        **changes,
    }
    return {f"{table}.csv": f"{text}\n".encode() for table, text in tables.items()}


def _screenings() -> dict[str, bytes]:
    columns = "PAT_MRN_ID FACILITY_ID CONSENT FIRST_NAME MIDDLE_NAME LAST_NAME ADMINISTRATIVE_SEX_CODE PAT_BIRTH_DATE ADDRESS1 CITY STATE ZIP PHONE SSN MEDICAID_CIN"  # noqa: E501
    who = "|".join(
        C[n] for n in ("given_name", "middle_name", "family_name", "sex", "birth_date", "address_line", "city", "state")
    )
    rest = "|".join((C["postal_code"], C["phone"], C["ssn"], C["ssn"]))
    people = [f"{C['local_id']}|F|Y|{who}|{rest}", f"{C['local_id']}-no|F|N|{who}|{rest}", FULL]
    asked = "PAT_MRN_ID FACILITY_ID ENCOUNTER_ID ENCOUNTER_STATUS_CODE SCREENING_STATUS_CODE RECORDED_TIME QUESTION_CODE ANSWER_CODE ANSWER_CODE_DESCRIPTION"  # noqa: E501
    answers = [
        f"{C['local_id']}{no}|F|{C['local_id']}|finished|final|2021-01-15T10:00:00Z|88122-7|LA28397-0|{FULL}"
        for no in ("", "-no", "-x")
    ]
    for question, answer in (("88122-7", C["given_name"]), (C["family_name"], "LA28397-0")):
        answers.append(answers[0].replace("88122-7|LA28397-0", f"{question}|{answer}"))
    return {
        f"DEMOGRAPHIC_{NAMED}.csv": "\n".join(("|".join(columns.split()), *people, "")).encode(),
        f"QE_ADMIN_{NAMED}.csv": f"PAT_MRN_ID|FACILITY_ID|VISIT_PART_2_FLAG\n{C['local_id']}|F|No\n".encode(),
        f"SCREENING_{NAMED}.csv": "\n".join(("|".join(asked.split()), *answers, FULL, "")).encode(),
    }


SENT = (
    Unit(LAB, "good.hl7", _message(1, _PID)),
    Unit(LAB, "words.hl7", _message(2, _PID, answer=f"ST|Detected in {FULL}")),
    Unit(LAB, "codes.hl7", _message(3, _PID, answer=f"CWE|{NAMED}^{FULL}^{C['city']}")),
    Unit(LAB, "nobody.hl7", _message(4, f"NTE|1||{FULL}")),
    Unit(LAB, "junk.hl7", FULL.encode()),
    Unit(CVRS, "20210203_01_TNA.txt", _doses()),
    Unit(CVRS, f"{NAMED}.txt", f"{FULL}\t{C['ssn']}\n{FULL}\n".encode()),
    Unit(SARA, f"{NAMED}.ndjson", _monitorees()),
    Unit(SARA, f"{NAMED}.json", FULL.encode()),
    Unit(HMIS, NAMED, _export()),
    Unit(HMIS, f"{NAMED}-2", _export(Export=f"{FULL}\n{FULL}", Client=FULL)),
    Unit(HRSN, NAMED, _screenings()),
    Unit(
        HRSN, f"{NAMED}-2", {f"{kind}_{NAMED}.csv": FULL.encode() for kind in ("DEMOGRAPHIC", "QE_ADMIN", "SCREENING")}
    ),
)
BROKEN_FRAME = START + _message(5, _PID)[:-30]


def raising_code(folder: Path) -> Path:
    """Code that Python loads at the start of each process: it makes the hub's own code raise, with values in the text.

    In mapping and sealing for the doses marked so; in identify and delivery once each, which ends the process.
    """
    home = folder / "raising"
    home.mkdir()
    (home / "sitecustomize.py").write_text(_RAISES.replace("FOLDER", str(home)))
    return home


_RAISES = """
import importlib.machinery, pathlib, sys

HOME = pathlib.Path("FOLDER")

def once(name):
    if (HOME / name).exists():
        return False
    (HOME / name).touch()
    return True

def always(marker, what, shown):
    if marker in repr(shown):
        (HOME / what).touch()
        raise RuntimeError(f"{what} fails over {shown!r}")

def mapping(module):
    status = module._status
    def raising(cells):
        always("RAISE-IN-MAPPING", "mapping", cells)
        return status(cells)
    module._status = raising

def vault(module):
    seal = module.Vault.seal_block
    def raising(self, event, block, source_person):
        if (block.local_id or "").endswith("-other"):
            (HOME / "sealing").touch()
            raise RuntimeError(f"sealing fails over {block.model_dump()!r}")
        return seal(self, event, block, source_person)
    module.Vault.seal_block = raising

def identify(module):
    fields = module.linked_fields
    def raising(block):
        if block is not None and block.family_name and once("identify"):
            raise RuntimeError(f"linking fails over {block.model_dump()!r}")
        return fields(block)
    module.linked_fields = raising

def lookup(module):
    local_ids = module.Lookup.local_ids
    def raising(self, *asked):
        found = local_ids(self, *asked)
        if found and once("delivery"):
            raise RuntimeError(f"looking up fails over {found!r}")
        return found
    module.Lookup.local_ids = raising

AFTER = {
    "hub.mapping.vaccinations": mapping, "hub.privacy.vault": vault,
    "hub.identity.worker": identify, "hub.identity.lookup": lookup,
}

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        change = AFTER.pop(name, None)
        if change is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            change(module)
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder)
"""
