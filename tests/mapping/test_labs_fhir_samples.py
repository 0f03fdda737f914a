"""What every shared JSON file of the health side becomes under `lab-elr-fhir`, and which connector `preview` gives it to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.connectors.catalog import SHIPPED
from hub.routing import route
from tests.mapping.reading import Reader, counted

FHIR, HL7, SARA = "lab-elr-fhir", "lab-elr-hl7v2", "sara-alert"
BUNDLES = "prime-reportstream/fhir/"
ELSEWHERE = ("zip-not-in-state", "unknown-county")  # a state of California with a ZIP and county of Arkansas
ERROR = "sample_SR_ENTEREDINERROR_20240904-0001"


class Row(NamedTuple):
    """`found`: (LOINC, meaning, status) of each event; the rest counts outcomes by reason."""

    found: tuple[tuple[str, str, str], ...] = ()
    rejected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    connector: str = FHIR
    issues: tuple[str, ...] = ()


TABLE = {
    BUNDLES + ERROR + ".fhir": Row((("94558-4", "positive", "withdrawn"),)),
    BUNDLES + "sample_VI_20231228-0001.fhir": Row(
        (
            ("94500-6", "negative", "corrected"),
            ("85477-8", "not-covid", "corrected"),
            ("85479-4", "not-covid", "corrected"),
            ("85478-6", "not-covid", "corrected"),
        )
    ),
    BUNDLES + "sample_SR_20240729-0001.fhir": Row(
        (("80382-5", "not-covid", "final"), ("97097-0", "review", "final"), ("80383-3", "not-covid", "final")),
        issues=(*ELSEWHERE, "unknown-result-code", *ELSEWHERE, *ELSEWHERE),
    ),
    "sara-alert/api/lab-observation.json": Row(ignored=("not-covid",), connector=SARA),
    "sara-alert/api/monitoree-patient.json": Row(ignored=("not-a-lab-report",), connector=SARA),
    "sara-alert/api/close-contact-relatedperson.json": Row(ignored=("not-a-lab-report",), connector=SARA),
    "sara-alert/api/bulk-export-manifest.json": Row(rejected=("not-a-resource",), connector=SARA),
}


@pytest.mark.samples
@pytest.mark.parametrize("name", TABLE, ids=lambda name: name.rsplit("/", 1)[-1])
def test_every_sample_becomes_what_the_table_says(name: str, read: Reader, shared_samples: Path) -> None:
    """health-standards §8 R41."""
    row, path = TABLE[name], shared_samples / "health" / name
    found = read(FHIR, {path.name: path.read_bytes()})
    events: list[Any] = [mapped.event for mapped in found if mapped.event is not None]
    said = [(event.loinc, event.meaning, event.status, event.processing) for event in events]
    print(f"{path.name}: {said} {counted(found)}")  # noqa: T201 -- the table is asked for
    assert tuple((event.loinc, event.meaning, event.status) for event in events) == row.found
    assert all(event.active == (event.status != "withdrawn") for event in events)
    assert all(event.processing == "production" for event in events)
    assert tuple(issue for event in events for issue in event.issues) == row.issues
    assert counted(found)["rejected"] == Counter(row.rejected)
    assert counted(found)["ignored"] == Counter(row.ignored)


@pytest.mark.samples
def test_the_table_leaves_out_no_json_file(shared_samples: Path) -> None:
    """health-standards §8 R41."""
    health = shared_samples / "health"
    there = {str(path.relative_to(health)) for kind in ("*.fhir", "*.json", "*.ndjson") for path in health.rglob(kind)}
    assert there == set(TABLE)


@pytest.mark.samples
def test_no_shared_bundle_flags_anybody(read: Reader, shared_samples: Path) -> None:
    """One withdraws, one corrects to negative, one awaits review: health-standards §8 R11, R13, R19."""
    for path in (shared_samples / "health" / BUNDLES).iterdir():
        for result in read.events(FHIR, {path.name: path.read_bytes()}):
            assert not (result.meaning == "positive" and result.active)


@pytest.mark.samples
def test_race_onset_and_specimen_are_found_where_simplereport_puts_them(read: Reader, shared_samples: Path) -> None:
    """health-standards §8 R10, R15."""
    path = shared_samples / "health" / BUNDLES / "sample_SR_20240729-0001.fhir"
    result = read.events(FHIR, {path.name: path.read_bytes()})[1]
    assert result.race_ethnicity.groups == ("aian", "not-hispanic")
    assert (str(result.onset_on), str(result.collected_on)) == ("2024-07-10", "2024-07-29")
    assert (result.symptomatic, result.congregate, result.pregnant, result.employed_in_healthcare) == (
        "yes",
        "no",
        "yes",
        "no",
    )


@pytest.mark.samples
def test_the_twins_of_both_formats_say_the_same_and_are_two_facts(read: Reader, shared_samples: Path) -> None:
    """health-standards §8 R18: the relay wrote another sending facility into MSH-4, and a fact is what one source knows."""
    folder = shared_samples / "health/prime-reportstream"
    (one,) = read.events(FHIR, {"f": (folder / f"fhir/{ERROR}.fhir").read_bytes()})
    (two,) = read.events(HL7, {"f": (folder / f"oru/{ERROR}.hl7").read_bytes()})
    same = (
        "loinc",
        "meaning",
        "status",
        "active",
        "method",
        "collected_on",
        "resulted_on",
        "changed_at",
        "status_rank",
        "processing",
    )
    assert [getattr(one, name) for name in same] == [getattr(two, name) for name in same]
    assert (one.congregate, one.symptomatic) == (two.congregate, two.symptomatic) == ("no", "no")
    identifiers = ("family_name", "given_name", "birth_date", "sex", "postal_code", "local_id", "phone")
    assert [getattr(one.person, name) for name in identifiers] == [getattr(two.person, name) for name in identifiers]
    assert one.fact_key != two.fact_key


@pytest.mark.samples
def test_preview_tells_laboratory_bundles_from_other_fhir(shared_samples: Path) -> None:
    health = shared_samples / "health"
    assert {name: next(route(health / name, [])).connector for name in TABLE} == {
        name: row.connector for name, row in TABLE.items()
    }


def test_preview_knows_the_samples_of_this_connector() -> None:
    samples = SHIPPED / FHIR / "samples"
    assert {next(route(path, [])).connector for path in samples.iterdir()} == {FHIR}
