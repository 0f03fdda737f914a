"""What every shared sample file of the five programs becomes.

A table, so that a change of mapping shows as a change here.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from hub.domain.events import LabResult
from hub.mapping.program import Mapped
from tests.mapping.reading import Reader, counted

pytestmark = pytest.mark.samples

LABS, CVRS, SARA, HMIS, HRSN = "lab-elr-hl7v2", "iis-cvrs", "sara-alert", "hmis-csv", "hrsn-screening"
ORU = "health/prime-reportstream/oru/"
STATE = "health/data-exchange-hl7/"


class Expected(NamedTuple):
    """`path` is a file, or a folder whose files are one unit; `flags`: lab results with meaning positive that stand."""

    connector: str
    path: str
    events: dict[str, int]
    rejected: dict[str, int]
    ignored: dict[str, int]
    flags: int = 0


TABLE = [
    Expected(LABS, ORU + "batch_message.hl7", {"lab-result": 2}, {}, {}),
    Expected(LABS, ORU + "CA-20211001-sully.hl7", {"lab-result": 1}, {}, {"previous-result": 2}, flags=1),
    Expected(LABS, ORU + "CE-20200415-0001.hl7", {"lab-result": 1}, {}, {}, flags=1),
    Expected(LABS, ORU + "EHT-20210316-0001.hl7", {"lab-result": 1}, {}, {}),
    Expected(LABS, ORU + "FLFHospital-SARSCOV2-20200317-0001.hl7", {"lab-result": 1}, {}, {}),
    Expected(LABS, ORU + "sample-batch-pdi-20210608-0001.hl7", {"lab-result": 20}, {}, {}, flags=1),
    Expected(LABS, ORU + "test-0001-az-covid-19-hl7.hl7", {"lab-result": 5}, {}, {}, flags=2),
    Expected(LABS, ORU + "marsotc-valid.hl7", {"lab-result": 1}, {}, {}, flags=1),
    Expected(LABS, ORU + "sample_SR_ENTEREDINERROR_20240904-0001.hl7", {"lab-result": 1}, {}, {}),
    Expected(LABS, ORU + "hci.hl7", {}, {}, {"not-covid": 4}),
    Expected(LABS, STATE + "TN_PHLIP251_COVID_Cepheid_Xpert_Xpress-Pres_pos.hl7", {"lab-result": 1}, {}, {}),
    Expected(LABS, STATE + "UT_PHLIP_231_COVID_CDC_target-Spec_unsat.hl7", {"lab-result": 4}, {}, {}),
    Expected(LABS, STATE + "SCION-ACC513879-BAD_Message.hl7", {"lab-result": 1}, {}, {}, flags=1),
    Expected(CVRS, "health/cdc-iis-open-tools/CVRS_testgood.txt", {"vaccination": 33}, {}, {}),
    Expected(SARA, "health/sara-alert/api/monitoree-patient.json", {"person": 1, "exposure": 1}, {}, {}),
    Expected(SARA, "health/sara-alert/api/lab-observation.json", {"lab-result": 1}, {}, {}),
    Expected(SARA, "health/sara-alert/api/close-contact-relatedperson.json", {"person": 1}, {}, {}),
    Expected(SARA, "health/sara-alert/api/bulk-export-manifest.json", {}, {"not-a-resource": 1}, {}),
    Expected(
        HMIS,
        "social/hmis-fy2024-datalab",
        {"person": 514, "site": 3, "shelter-stay": 6798, "living-situation": 993, "referral": 9},
        {},
        {"no-answer": 83, "not-a-shelter": 21, "not-a-referral": 10},
    ),
    Expected(
        HMIS,
        "social/hmis-fy2022-es-nbn",
        {"person": 37, "site": 1, "shelter-stay": 438, "living-situation": 55, "food-assistance": 146, "screening": 130},
        {},
        {"no-answer": 6},
    ),
    Expected(
        HRSN,
        "social/ny-1115-hrsn",
        {},
        {"no-consent": 31},
        {"file-not-used": 2},  # the two reference tables that lie in the same folder
    ),
]  # fmt: skip


def sample(samples: Path, path: str) -> dict[str, bytes | str]:
    where = samples / path
    return {file.name: file.read_bytes() for file in (sorted(where.iterdir()) if where.is_dir() else [where])}


def flags(found: list[Mapped]) -> int:
    results = [mapped.event for mapped in found if isinstance(mapped.event, LabResult)]
    return sum(result.meaning == "positive" and result.active for result in results)


@pytest.mark.parametrize("expected", TABLE, ids=lambda expected: expected.path.rsplit("/", 1)[-1])
def test_every_sample_becomes_what_the_table_says(expected: Expected, read: Reader, shared_samples: Path) -> None:
    found = read(expected.connector, sample(shared_samples, expected.path))
    assert counted(found) == {"events": expected.events, "rejected": expected.rejected, "ignored": expected.ignored}
    assert flags(found) == expected.flags


def test_the_table_leaves_out_no_sample_of_the_five_programs(shared_samples: Path) -> None:
    folders = (ORU, STATE, "health/sara-alert/api/")
    files = {folder + file.name for folder in folders for file in (shared_samples / folder).iterdir()}
    assert files <= {expected.path for expected in TABLE}


@pytest.mark.parametrize(
    ("folder", "entities"),
    [
        ("hmis-fy2024-datalab", {"clients": 514, "enrollments": 574, "exits": 447, "bed_nights": 6385}),
        ("hmis-fy2022-es-nbn", {"clients": 37, "enrollments": 37, "exits": 35, "bed_nights": 401}),
    ],
)
def test_hmis_exports_hold_what_their_readme_counts(
    folder: str, entities: dict[str, int], read: Reader, shared_samples: Path
) -> None:
    found = read(HMIS, sample(shared_samples, f"social/{folder}"))
    assert {name: sum(mapped.entity == name for mapped in found) for name in entities} == entities


PDI_MEANINGS = {
    "840539006": "review",
    "840533007": "review",  # an organism is an answer to 95423-0, not to an antigen test
    "840544004": "review",
    "840546002": "review",
    "840534001": "review",
    "455371000124106": "invalid",
    "125154007": "invalid",
    "260415000": "negative",
    "260385009": "negative",
    "462371000124108": "presumptive-positive",
    "720735008": "presumptive-positive",
    "260373001": "positive",
}


def test_twelve_answers_to_one_code_mean_what_the_table_says(read: Reader, shared_samples: Path) -> None:
    results = read.events(LABS, sample(shared_samples, ORU + "sample-batch-pdi-20210608-0001.hl7"))
    assert {result.result.code: result.meaning for result in results} == PDI_MEANINGS


def test_results_that_name_nobody_never_become_a_person(read: Reader, shared_samples: Path) -> None:
    for path in (ORU + "marsotc-valid.hl7", STATE + TN, STATE + UT):
        results = read.events(LABS, sample(shared_samples, path))
        assert all(result.source_person is None for result in results), path


TN = "TN_PHLIP251_COVID_Cepheid_Xpert_Xpress-Pres_pos.hl7"
UT = "UT_PHLIP_231_COVID_CDC_target-Spec_unsat.hl7"


@pytest.mark.parametrize(
    ("path", "meanings"),
    [
        (STATE + TN, ["presumptive-positive"]),
        (STATE + UT, ["invalid", "negative", "negative", "not-covid"]),
        (ORU + "EHT-20210316-0001.hl7", ["negative"]),
        (ORU + "FLFHospital-SARSCOV2-20200317-0001.hl7", ["negative"]),
        ("health/sara-alert/api/lab-observation.json", ["review"]),
    ],
)
def test_results_that_must_not_isolate_say_why(
    path: str, meanings: list[str], read: Reader, shared_samples: Path
) -> None:
    connector = SARA if path.endswith("json") else LABS
    assert [result.meaning for result in read.events(connector, sample(shared_samples, path))] == meanings


def test_a_result_entered_in_error_is_withdrawn_though_it_still_says_detected(
    read: Reader, shared_samples: Path
) -> None:
    (result,) = read.events(LABS, sample(shared_samples, ORU + "sample_SR_ENTEREDINERROR_20240904-0001.hl7"))
    assert (result.meaning, result.status, result.active) == ("positive", "withdrawn", False)
    assert (result.congregate, result.symptomatic) == ("no", "no")  # flattened into notes


def test_test_messages_are_marked_as_such(read: Reader, shared_samples: Path) -> None:
    (result,) = read.events(LABS, sample(shared_samples, ORU + "CE-20200415-0001.hl7"))
    assert (result.meaning, result.processing) == ("positive", "test")


def test_refusals_with_a_dose_date_are_no_doses(read: Reader, shared_samples: Path) -> None:
    doses = read.events(CVRS, sample(shared_samples, "health/cdc-iis-open-tools/CVRS_testgood.txt"))
    by_status = [sum(dose.status == status for dose in doses) for status in ("administered", "refused")]
    assert by_status == [25, 8]
    assert not any(dose.covid for dose in doses)  # CVX 900 to 902 are fictitious


def test_bed_nights_on_the_exit_date_are_kept_and_marked(read: Reader, shared_samples: Path) -> None:
    stays = read(HMIS, sample(shared_samples, "social/hmis-fy2024-datalab"))
    marked = [m for m in stays if m.type == "shelter-stay" and m.event and m.event.issues]  # type: ignore[attr-defined]
    assert len(marked) == 81


def test_everyone_who_flees_is_labelled_on_every_event(read: Reader, shared_samples: Path) -> None:
    found = [m.event for m in read(HMIS, sample(shared_samples, "social/hmis-fy2024-datalab")) if m.event]
    labelled = {event.source_person for event in found if "SDV" in event.labels}
    assert len(labelled) == 46, "37 who said so, and 9 of their households"
    assert all("SDV" in event.labels for event in found if event.source_person in labelled)


def test_a_placeholder_ssn_of_seven_people_links_nobody(read: Reader, shared_samples: Path) -> None:
    found = read(HMIS, sample(shared_samples, "social/hmis-fy2024-datalab"))
    ssns = [m.event.person.ssn for m in found if m.event and m.type == "person"]  # type: ignore[union-attr]
    assert max(ssns.count(ssn) for ssn in set(ssns) if ssn) <= 2
