"""Laboratory orders as true HL7 v2.5.1 ORU^R01 messages (segments end in CR, UTF-8), one message per report.

A correction or withdrawal is a whole new message: new MSH-10, same filler order and specimen, OBX-11 C or W, a later OBR-22.
"""

from __future__ import annotations

from datetime import datetime

from hub.synthetic.facts import LabOrder, LabReport, Registration
from hub.synthetic.people import RACE_CODES, Person
from hub.synthetic.places import LABS, STATE, Lab

__all__ = ["oru_message"]

_RACES = {
    "2106-3": "White",
    "2054-5": "Black or African American",
    "2028-9": "Asian",
    "1002-5": "American Indian or Alaska Native",
    "2076-8": "Native Hawaiian or Other Pacific Islander",
    "2131-1": "Other Race",
}
_ANSWERS = {
    "pcr": {
        "positive": "260373001^Detected^SCT",
        "negative": "260415000^Not detected^SCT",
        "inconclusive": "419984006^Inconclusive^SCT",
    },
    "antigen": {
        "positive": "10828004^Positive^SCT",
        "negative": "260385009^Negative^SCT",
        "inconclusive": "419984006^Inconclusive^SCT",
    },
}
_STATUS = {"F": "F", "P": "P", "C": "C", "W": "C"}
_YES_NO = {True: "Y^Yes^HL70136", False: "N^No^HL70136", None: "UNK^Unknown^NULLFL"}
_ROOT = "2.16.840.1.113883.3.9999"
_PROVIDER = "1999999992^Example^Orderly^^^^^^^^^^NPI"
_SEROLOGY = "94563-4^SARS-CoV-2 (COVID-19) IgG Ab [Presence] in Serum or Plasma by Immunoassay^LN"
_PROFILE = "PHLabReport-Ack^ELR251R1_Rcvr_Prof^2.16.840.1.113883.9.10^ISO"


def oru_message(order: LabOrder, report: LabReport, number: int, person: Person, record: Registration) -> bytes:
    """One ORU^R01 without MLLP framing. `number` counts the reports of this order from 1 and makes MSH-10 unique."""
    lab = LABS[order.lab]
    place = f"{lab.name}^{lab.clia}^CLIA"
    processing = "T" if order.test_message else "P"
    control_id = f"{lab.clia}-{order.filler}-{number}"
    sender = f"LIS^{_ROOT}.{order.lab + 1}^ISO|{place}|HUB^{_ROOT}.90^ISO|COUNTY^{_ROOT}.91^ISO"
    sent, collected = _stamp(report.reported_at), _stamp(order.collected_at)
    specimen = f"^{order.filler}S&{lab.name}&{lab.clia}&CLIA||258500001^Nasopharyngeal swab^SCT"
    segments = [
        f"MSH|^~\\&|{sender}|{sent}||ORU^R01^ORU_R01|{control_id}|{processing}|2.5.1|||||USA|UNICODE UTF-8|||{_PROFILE}",
        "SFT|Made-up County Software|1.0|County LIS|1.0||20201201",
        _pid(lab, person, record),
        f"ORC|RE||{order.filler}^{place}|||||||||{_PROVIDER}|||||||||Example Clinic|1 Clinic Way^^Alderton^{STATE}^37991",
        *_observations(order, report, lab, person),
        f"SPM|1|{specimen}|||||||||||||{collected}|{collected}",
    ]
    return ("\r".join(segments) + "\r").encode()


def _observations(order: LabOrder, report: LabReport, lab: Lab, person: Person) -> list[str]:
    test = _SEROLOGY if order.serology else f"{lab.loinc}^{lab.test}^LN"
    collected, reported = _stamp(order.collected_at), _stamp(report.reported_at)
    performer = f"{lab.name}^^^^^CLIA&2.16.840.1.113883.4.7&ISO^XX^^^{lab.clia}|9 Bench Street^^Alderton^{STATE}^37991"
    flag = "A^Abnormal^HL70078" if report.answer == "positive" else "N^Normal^HL70078"
    lines = [
        f"OBR|1||{order.filler}^{lab.name}^{lab.clia}^CLIA|{test}|||{collected}|||||||||{_PROVIDER}||||||{reported}|||"
        f"{_STATUS[report.status]}",
        f"OBX|1|CWE|{test}||{_ANSWERS[lab.kind][report.answer]}|||{flag}|||{report.status}|||{collected}|||{lab.method}^^99ELR||{reported}||||{performer}",
    ]
    asked = [
        ("95419-8^Has symptoms related to condition of interest^LN", "CWE", _YES_NO[order.symptomatic]),
        ("95421-4^Resides in a congregate care setting^LN", "CWE", _YES_NO[order.congregate]),
        ("30525-0^Age^LN", "NM", str(person.age_on(order.collected_at.date()))),
    ]
    if order.onset is not None:
        asked.append(("65222-2^Date and time of symptom onset^LN", "DT", f"{order.onset:%Y%m%d}"))
    for place, (question, kind, answer) in enumerate(asked, 2):
        unit = "a^year^UCUM" if kind == "NM" else ""
        lines.append(f"OBX|{place}|{kind}|{question}||{answer}|{unit}|||||F|||{collected}|||||||||{performer}|||||QST")
    return lines


def _pid(lab: Lab, person: Person, record: Registration) -> str:
    name = "^".join((record.family, record.given, record.middle)) + "^^^^L"
    born = f"{record.birth_date:%Y%m%d}" if record.birth_date else ""
    ethnicity = "U^Unknown^HL70189"
    if record.race_known:
        ethnicity = "H^Hispanic or Latino^HL70189" if person.hispanic else "N^Not Hispanic or Latino^HL70189"
    address = f"{person.street}^^{person.city}^{STATE}^{person.zip_code}^USA^H^^{person.area.fips}"
    area, phone = person.phone[:3], person.phone[4:].replace("-", "")
    local_id = f"{record.sid.local_id}^^^{lab.name}&{lab.clia}&CLIA^MR"
    reach = f"^PRN^PH^^1^{area}^{phone}~^NET^Internet^{person.email}"
    race = _race(person, record)
    return f"PID|1||{local_id}||{name}||{born}|{person.sex}||{race}|{address}||{reach}|||||||||{ethnicity}"


def _race(person: Person, record: Registration) -> str:
    if not record.race_known:
        return "UNK^Unknown^NULLFL"
    codes = [RACE_CODES[word] for word in person.races] or ["2131-1"]
    return "~".join(f"{code}^{_RACES[code]}^HL70005" for code in codes)


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%d%H%M%S}-0500"
