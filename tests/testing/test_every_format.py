"""A declared connector in each format passes the standard checks: what the engine promises, it promises in all of them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.catalog import Connector
from hub.domain.agreement import IntakeAgreement, grantable
from hub.domain.events import PersonBlock
from hub.goldens import expected_file, lines_of
from hub.testing.connector_checks import CHECKS
from tests.mapping.declared.reading import OBSERVATION, OF_PATIENTS, OF_RESULTS, PATIENT, RESULTS, bundle
from tests.mapping.declared.shelter import BEDS, declared, write
from tests.mapping.declared.test_program import LAB, ORU
from tests.mapping.declared.test_versions import GUESTS, dumped, of_guests


def agreement(document: dict[str, Any]) -> IntakeAgreement:
    """One that grants all that its map may give."""
    return IntakeAgreement.model_validate(
        {
            "kind": "intake", "agreement_id": "made-up", "connector": document["name"], "discloser": "a source that is none",
            "recipient": "nobody", "basis": "contract", "valid_from": "2020-01-01", "valid_until": "2035-12-31",
            "purposes": ["isolation-support"], "labels": ["R"], "retention_days": 30,
            "person_block": [*PersonBlock.model_fields], "events": {kind: [*grantable(kind)] for kind in document["emits"]},
        },
        strict=False,
    )  # fmt: skip


def patient(n: int) -> dict[str, Any]:
    return PATIENT | {"id": f"p{n}", "identifier": [{"system": "urn:x", "value": f"{70 + n}"}]}


def observation(n: int) -> dict[str, Any]:
    return OBSERVATION | {"id": f"o{n}", "subject": {"reference": f"Patient/p{n}"}}


def of_flat() -> dict[str, Any]:
    """The same guests, an object a line."""
    document = of_guests()
    document["source"] |= {"each": None, "transport": []}
    document["identity"] = {"id": "id", "authority": {"value": "x"}}
    document["map"][0]["fields"]["site"] = {"value": "H"}
    del document["source"]["each"]
    return document


def messages(*numbers: int) -> bytes:
    return b"".join(ORU.replace(b"||77^^^", b"||%d^^^" % (77 + n)).replace(b"|A1|", b"|A1-%d|" % n).replace(
        b"|A2|", b"|A2-%d|" % n) for n in numbers)  # fmt: skip


SAMPLES: dict[str, tuple[dict[str, Any], str, bytes]] = {
    "csv": (declared(), "beds.csv", BEDS.encode()),
    "csv with quotes and pipes": (
        declared(), "beds.txt", "\n".join("|".join(f'"{cell}"' for cell in line.split(",")) for line in BEDS.splitlines()).encode(),
    ),
    "csv of an old export": (declared(), "beds.csv", BEDS.replace("Ana", "Zoë").replace("Ray", "Ménard").encode("cp1252")),
    "csv in two character sets": (
        declared(), "beds.csv",
        BEDS.replace("Ana", "Zoë").replace("Ray", '"Ménard\nšťastný"').encode().replace("Zoë".encode(), "Zoë".encode("cp1252")),
    ),
    "csv in UTF-16": (declared(), "beds.csv", BEDS.replace("Ana", "Zoë").encode("utf-16")),
    "json document": (of_guests(), "guests.json", json.dumps(GUESTS, indent=1).encode()),
    "json lines": (of_flat(), "guests.ndjson", b"".join(dumped(guest) + b"\n" for guest in GUESTS["guests"])),
    "hl7v2 of segments": (LAB, "results.hl7", messages(1, 2, 3)),
    "hl7v2 of messages": ({}, "results.hl7", messages(1, 2, 3)),
    "fhir bundle": (OF_RESULTS, "bundle.json", bundle(patient(1), observation(1), observation(2), patient(2))),
    "fhir lines": (OF_PATIENTS, "patients.ndjson", b"".join(dumped(patient(n)) + b"\n" for n in range(3))),
    "fhir lines of bundles": (
        OF_RESULTS, "bundles.ndjson", b"".join(bundle(patient(n), observation(n)) + b"\n" for n in range(3)),
    ),
}  # fmt: skip


def of_messages() -> dict[str, Any]:
    document = copy.deepcopy(LAB)
    del document["source"]["each"]
    document["dedupe"] = ["OBR-3.1"]
    return document


@pytest.fixture(scope="module", params=SAMPLES)
def tried(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Connector, IntakeAgreement, Path]:
    document, name, content = SAMPLES[request.param]
    document = document or of_messages()
    connector = write(tmp_path_factory.mktemp("format"), document, results=RESULTS + "260415000,,negative,mapped,\n")
    assert connector.folder is not None
    sample = connector.folder / "samples" / name
    sample.parent.mkdir()
    sample.write_bytes(content)
    golden = expected_file(connector, sample)
    golden.parent.mkdir()
    agreed = agreement(document)
    golden.write_text("\n".join(lines_of(connector, agreed, sample)) + "\n")
    return connector, agreed, sample


@pytest.mark.parametrize("check", CHECKS)
def test_a_declared_connector_passes(check: str, tried: tuple[Connector, IntakeAgreement, Path]) -> None:
    assert CHECKS[check](*tried) is None
