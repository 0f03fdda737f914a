"""What the health connectors cannot take becomes a dead letter that says where and why, holds the original and no other's, and
tells no value (health-standards §8 R40)."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from tests.mapping.made_up_fhir import body, bundle, observation, patient, report
from tests.mapping.made_up_lab_csv import standard
from tests.mapping.made_up_vxu import PID, orc, rxa, vxu
from tests.mapping.reading import Reader
from tests.mapping.test_cells import DOSE, WEEK, cvrs

PERSONAL = ("Example", "Secretname", "M1^^^", "19840615", "1980-01-01", "1/20/1980", "MRN-", "5 Oak")


class Bad(NamedTuple):
    """One bad record behind a good one: where it stands, why it is none, and what of it the original must hold."""

    connector: str
    content: bytes
    where: dict[str, str | int]
    reason: str
    holds: bytes


def result(number: int, *, version: str = "2.5.1", pid: str = PID) -> bytes:
    lines = [
        f"MSH|^~\\&|LIS|LAB^11D0668290^CLIA|PH|ST|20210305||ORU^R01|{number}|P|{version}",
        pid,
        f"OBR|1||F{number}|94500-6^RNA^LN",
        "OBX|1|CWE|94500-6^RNA^LN||260373001^Detected^SCT||||||F",
    ]
    return "".join(f"{line}\r" for line in lines if line).encode()


NO_TEST = standard({"patient_last_name": "Secretname", "test_performed_code": "", "equipment_model_name": ""})
BAD = [
    Bad("lab-elr-hl7v2", result(1) + result(2, version="3"), {"message": 2, "field": "MSH-12"}, "unsupported-version", b"F2"),
    Bad("lab-elr-hl7v2", result(1) + result(2, pid=""), {"message": 2, "field": "PID"}, "no-patient", b"F2"),
    Bad("lab-csv", (standard({}) + NO_TEST.split("\r\n", 1)[1]).encode(),
        {"row": 3, "field": "test_performed_code"}, "test-not-named", b"Secretname"),
    Bad("lab-csv", (standard({}) + "P9,Secretname\r\n").encode(), {"row": 3}, "short-row", b"Secretname"),
    Bad("lab-elr-fhir", body(bundle(patient(1), observation(1), report(1)), bundle(observation(1), report(1))).encode(),
        {"message": 2, "field": "subject"}, "no-patient", b"ORD-1"),
    Bad("iis-vxu", vxu() + vxu(orc("7"), rxa(on="20190101")), {"message": 2, "field": "RXA-3"}, "dose-before-first-vaccine",
        b"20190101"),
    Bad("iis-cvrs", cvrs({}, {"admin_date": "soon", "recip_first_name": "Secretname"}).encode(),
        {"row": 3, "field": "admin_date"}, "bad-date", b"Secretname"),
    Bad("iis-fhir", json.dumps({"resourceType": "Immunization", "status": "given", "id": "MRN-1"}).encode(),
        {"message": 1, "field": "status"}, "not-a-known-word", b"MRN-1"),
    Bad("vaccine-supply", f"{WEEK}\n4512,207,2021-02-01,2021-02-07,180,\nnobody,207,2021-02-01,2021-02-07,9,\n".encode(),
        {"row": 3}, "not-a-pin", b"nobody"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.connector} {bad.reason}")
def test_r40_a_rejected_record_says_where_and_why_and_keeps_its_original_and_no_value(bad: Bad, read: Reader) -> None:
    found = read(bad.connector, {"f.dat": bad.content})
    (letter,) = [mapped for mapped in found if mapped.outcome == "rejected"]
    assert letter.reason == bad.reason
    assert {name: letter.where.get(name) for name in ("file", *bad.where)} == {"file": "f.dat", **bad.where}
    assert bad.holds in letter.raw
    assert len(letter.raw) < len(bad.content) or len(found) == 1, "the original is the record, not the file"
    said = f"{letter.reason} {dict(letter.where)}"
    assert not any(word in said for word in PERSONAL)
    assert DOSE["recip_id"] not in said


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.connector} {bad.reason}")
def test_r40_what_is_kept_of_a_rejected_record_is_rejected_again_for_the_same_reason(bad: Bad, read: Reader) -> None:
    """Read alone, as a redrive does it: so mended code can take it."""
    (letter,) = [mapped for mapped in read(bad.connector, {"f.dat": bad.content}) if mapped.outcome == "rejected"]
    (again,) = read(bad.connector, {"again.dat": letter.head + letter.raw})
    assert (again.outcome, again.reason, again.raw) == ("rejected", letter.reason, letter.raw)
