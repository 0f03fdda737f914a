"""A draft of a FHIR bundle gives events as it stands, and passes the standard checks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub.connectors.catalog import FILE, Connector, load_one
from hub.connectors.drafting import draft
from hub.declared import read_declared
from hub.domain.agreement import IntakeAgreement
from hub.goldens import as_expected
from hub.testing.connector_checks import CHECKS
from hub.wiring_reading import OFFLINE_IDS, outcomes
from tests.mapping.declared.reading import OBSERVATION, PATIENT, bundle

LATER = OBSERVATION | {"id": "o2", "specimen": {"reference": "Specimen/s"}, "valueString": "Detected"}
SPECIMEN = {"resourceType": "Specimen", "id": "s", "collection": {"collectedDateTime": "2021-01-09T08:00:00Z"}}


def drafted(folder: Path, sample: Path) -> tuple[Connector, IntakeAgreement]:
    for path, text in draft("clinic", sample, date(2021, 3, 1)).files.items():
        at = folder / "clinic" / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text)
    return load_one(folder / "clinic" / FILE), read_declared(
        folder / "clinic" / "agreement.draft.yaml", IntakeAgreement
    )


def passes(connector: Connector, agreement: IntakeAgreement, sample: Path) -> None:
    for words, check in CHECKS.items():
        assert check is as_expected or check(connector, agreement, sample) is None, words


def test_a_draft_of_a_bundle_names_its_people_and_dates_its_results(tmp_path: Path) -> None:
    sample = tmp_path / "bundle.json"
    later = {k: v for k, v in LATER.items() if k not in ("effectiveDateTime", "valueCodeableConcept")}
    sample.write_bytes(
        bundle(PATIENT, OBSERVATION, later | {"valueCodeableConcept": OBSERVATION["valueCodeableConcept"]}, SPECIMEN)
    )
    connector, agreement = drafted(tmp_path, sample)
    found = [mapped.event for mapped in outcomes(connector, agreement, OFFLINE_IDS, sample) if mapped.event]
    assert [(event.kind, event.occurred_on) for event in found] == [
        ("lab-result", date(2021, 1, 11)), ("lab-result", date(2021, 1, 9)),
    ]  # fmt: skip
    assert len({event.source_person for event in found}) == 1
    passes(connector, agreement, sample)


@pytest.mark.samples
def test_drafts_of_bundles_that_the_project_was_given_pass_too(tmp_path: Path, shared_samples: Path) -> None:
    for number, sample in enumerate(sorted((shared_samples / "health/prime-reportstream/fhir").glob("*.fhir"))):
        passes(*drafted(tmp_path / str(number), sample), sample)
