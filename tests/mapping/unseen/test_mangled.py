"""Spoilt files: whatever is cut, moved, doubled or replaced, nothing escapes and nothing is lost without a word.

The corpus and every shared immunization and FHIR sample are mangled under fixed seeds. 120,000 more were run by hand (2026-11).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hub.formats import fhir, hl7v2
from tests.mapping.made_up_vxu import vxu as message
from tests.mapping.reading import Reader
from tests.mapping.unseen import cvrs, fhir_immunizations, fhir_lab_shapes, fhir_labs, vxu
from tests.mapping.unseen.mangling import json_mangled, lines_mangled, places, table_mangled

Mangle = Callable[[bytes, int], bytes]
HL7 = [case.data for case in vxu.CASES]
TABLES = [case.data for case in cvrs.CASES]
LABS = [case.data for case in (*fhir_labs.CASES, *fhir_lab_shapes.CASES)]
DOSES = [case.data for case in fhir_immunizations.CASES]
FEEDS: dict[str, tuple[Sequence[bytes], Mangle]] = {
    "iis-vxu": (HL7, lines_mangled),
    "lab-elr-hl7v2": (HL7, lines_mangled),
    "iis-cvrs": (TABLES, table_mangled),
    "iis-fhir": (LABS + DOSES, json_mangled),
    "lab-elr-fhir": (LABS + DOSES, json_mangled),
}
SAMPLES: dict[str, tuple[str, ...]] = {
    "iis-vxu": ("**/*.hl7", "smm-tester/**/*.txt"),
    "iis-cvrs": ("**/CVRS*.txt", "phdi/*.txt"),
    "iis-fhir": ("**/*.fhir", "**/*.json"),
    "lab-elr-fhir": ("**/*.fhir", "**/*.json"),
}


def messages(data: bytes) -> int:
    """Items of an HL7 file: each is a message, a broken one, or a wrong count."""
    return sum(1 for _ in hl7v2.read(data))


def resources(data: bytes) -> int:
    return sum(1 for _ in fhir.read(data))


def check(read: Reader, name: str, data: bytes) -> None:
    """Something is told of every unit, of every message of it and of every resource; and no outcome is a fault of ours."""
    found = read(name, {"file": data})
    assert found, "a unit of which nothing is told"
    assert [mapped.where for mapped in found if mapped.reason == "mapping-error"] == []
    if name == "iis-vxu":
        told = {(mapped.where.get("message"), mapped.where.get("segment")) for mapped in found}
        assert len(told) >= messages(data)
    elif name == "iis-fhir":
        assert len(found) >= resources(data)


@pytest.mark.parametrize("name", FEEDS)
def test_a_mangled_file_is_told_of_and_breaks_nothing(name: str, read: Reader) -> None:
    files, mangled = FEEDS[name]
    for seed in range(500):
        check(read, name, mangled(files[seed % len(files)], seed))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_mangled_sample_is_told_of_and_breaks_nothing(name: str, shared_samples: Path, read: Reader) -> None:
    root = shared_samples / "health"
    files = sorted({path for pattern in SAMPLES[name] for path in root.glob(pattern)})
    mangled = FEEDS[name][1]
    assert files
    for seed in range(200):
        check(read, name, mangled(files[seed % len(files)].read_bytes(), seed))


@pytest.mark.parametrize("junk", [[], {}, True, 1e300, {"a": []}, [{}], "x"], ids=repr)
@pytest.mark.parametrize(
    ("name", "cases", "chosen"),
    [
        ("lab-elr-fhir", LABS, b"Provenance"), ("lab-elr-fhir", LABS, b'"contained"'), ("lab-elr-fhir", LABS, b"Coverage"),
        ("iis-fhir", DOSES, b"resource:0"), ("iis-fhir", DOSES, b'"contained"'), ("iis-fhir", DOSES, b"Coverage"),
        ("iis-fhir", DOSES, b"statusReason"),
    ],
)  # fmt: skip
def test_any_value_may_stand_at_any_place(
    name: str, cases: list[bytes], chosen: bytes, junk: object, read: Reader
) -> None:
    data = next((case for case in cases if chosen in case), cases[0])
    document = json.loads(data)
    for number in range(len(places(document))):
        spoilt = copy.deepcopy(document)
        holder, key = places(spoilt)[number]
        holder[key] = copy.deepcopy(junk)
        check(read, name, json.dumps(spoilt).encode())


def test_long_lists_and_long_texts_end_in_a_reason(read: Reader) -> None:
    many = {"resourceType": "Bundle", "type": "collection", "entry": [{}] * 60_000}
    assert {mapped.reason for mapped in read("iis-fhir", {"file": json.dumps(many)})} == {"too-many-entries"}
    orders = b"\r".join([message().rstrip(b"\r"), *[f"RXA|0|1|20210120|20210120|{'2' * 500}^x^CVX".encode()] * 500])
    check(read, "iis-vxu", orders)
    wide = cvrs.table(cvrs.row(recip_first_name="A" * 2_000_000), cvrs.row())
    assert [mapped.outcome for mapped in read("iis-cvrs", {"file": wide})] == ["rejected", "event"]
