"""What every shared immunization sample becomes: event types, statuses, doses that count, rejections with their reasons.

The table is printed (`pytest -s`, or `-rP`), and a change of mapping shows as a change here. health-standards.md §8 R41.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from hub.domain.events import Vaccination
from hub.domain.history import decode_row
from hub.mapping.program import Mapped
from hub.routing import route
from tests.mapping.reading import Reader, counted

pytestmark = pytest.mark.samples

VXU, CVRS = "iis-vxu", "iis-cvrs"
IIS = "health/cdc-iis-open-tools/"
V2F = "health/izgateway-v2tofhir/"


class Expected(NamedTuple):
    """`covid`: COVID-19 doses that count; `issues`: what is told of accepted records."""

    connector: str
    path: str
    statuses: dict[str, int]
    covid: int = 0
    rejected: dict[str, int] = {}  # noqa: RUF012 -- read only
    ignored: dict[str, int] = {}  # noqa: RUF012 -- read only
    issues: dict[str, int] = {}  # noqa: RUF012 -- read only


TABLE = [
    Expected(VXU, IIS + "Adult_z22_New_Covid_vaccine.hl7", {"administered": 1}, issues={"dose-after-message": 1}),
    Expected(VXU, IIS + "Adult_z22_non-vaccination_deferral.hl7", {"not-administered": 1},
             issues={"dose-after-message": 1, "order-number-missing": 1}),
    Expected(CVRS, IIS + "CVRS_testgood.txt", {"administered": 25, "refused": 8}, issues={"unknown-product": 33}),
    Expected(VXU, "health/fhir-converter/vxu/VXU.hl7", {"administered": 3}),
    Expected(VXU, "health/fhir-converter/vxu/IZ_1_1.1_Admin_Child_Max_Message.hl7", {"administered": 1},
             issues={"dose-after-message": 1}),
    Expected(VXU, "health/phdi/vxu/sample_request.hl7", {"not-administered": 1}),
    Expected(VXU, "health/smm-tester/vxu/diff1.txt", {"administered": 3}),
    Expected(VXU, V2F + "vxu-ig15-example.hl7", {"administered": 3}),
    Expected(VXU, V2F + "rsp-k11-result-01.hl7", {"administered": 1}, covid=1, ignored={"order-without-dose": 1}),
    Expected(VXU, V2F + "acks-ig15.hl7", {}, ignored={"acknowledgement": 7}),
]  # fmt: skip


def read_sample(read: Reader, samples: Path, expected: Expected) -> list[Mapped]:
    file = samples / expected.path
    return read(expected.connector, {file.name: file.read_bytes()})


def doses(found: list[Mapped]) -> list[Vaccination]:
    return [mapped.event for mapped in found if isinstance(mapped.event, Vaccination)]


def told(expected: Expected, found: list[Mapped]) -> Expected:
    """What the file became, in the form of the table."""
    count, events = counted(found), doses(found)
    return Expected(
        expected.connector,
        expected.path,
        dict(Counter(event.status for event in events)),
        sum(event.covid and event.status == "administered" for event in events),
        count["rejected"],
        count["ignored"],
        dict(Counter(issue for event in events for issue in event.issues)),
    )


@pytest.mark.parametrize("expected", TABLE, ids=lambda expected: expected.path.rsplit("/", 1)[-1])
def test_every_immunization_sample_becomes_what_the_table_says(
    expected: Expected, read: Reader, shared_samples: Path
) -> None:
    found = read_sample(read, shared_samples, expected)
    assert told(expected, found) == expected
    assert {m.type for m in found if m.outcome == "event"} <= {"vaccination"}


def test_the_table_leaves_out_no_immunization_sample_and_is_printed(read: Reader, shared_samples: Path) -> None:
    folders = (IIS, V2F, "health/fhir-converter/vxu/", "health/phdi/vxu/", "health/smm-tester/vxu/")
    files = {folder + file.name for folder in folders for file in (shared_samples / folder).iterdir()}
    assert files == {expected.path for expected in TABLE}
    for line in _printed(read, shared_samples):
        print(line)  # noqa: T201 -- the table is asked for


def _printed(read: Reader, samples: Path) -> Iterator[str]:
    yield f"{'file':<42}{'statuses':<38}{'COVID doses':<13}{'rejected':<12}ignored"
    for expected in TABLE:
        row = told(expected, read_sample(read, samples, expected))
        name, shown = row.path.rsplit("/", 1)[-1], [_words(part) for part in (row.statuses, row.rejected, row.ignored)]
        yield f"{name:<42}{shown[0]:<38}{row.covid:<13}{shown[1]:<12}{shown[2]}"


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in sorted(counts.items())) or "-"


def test_a_preview_knows_which_connector_each_file_is_for(shared_samples: Path) -> None:
    for expected in TABLE:
        (routed,) = route(shared_samples / expected.path, [VXU, CVRS])
        assert routed.connector == expected.connector, expected.path


def test_samples_in_any_order_and_twice_end_alike(read: Reader, shared_samples: Path) -> None:
    """health-standards §8 R41 for doses."""
    events = [event for expected in TABLE for event in doses(read_sample(read, shared_samples, expected))]
    ends = []
    for seed in range(5):
        shuffled = events * 2
        Random(seed).shuffle(shuffled)
        row = decode_row(None)
        for event in shuffled:
            row.apply("p", 0, {**event.model_dump(), "kind": "vaccination", "link_revision": 1})
        ends.append(row.subs)
    assert all(end == ends[0] for end in ends)


def test_people_are_told_by_race_as_their_messages_code_it(read: Reader, shared_samples: Path) -> None:
    """health-standards §8 R26: several races, HL70005 and CDCREC codes, bare words; code before text."""
    groups = {
        expected.path.rsplit("/", 1)[-1]: sorted(
            {event.race_ethnicity.groups for event in found if event.race_ethnicity}
        )
        for expected in TABLE
        if expected.connector == VXU and (found := doses(read_sample(read, shared_samples, expected)))
    }
    assert groups["Adult_z22_New_Covid_vaccine.hl7"] == [("black", "white", "hispanic")]
    assert groups["IZ_1_1.1_Admin_Child_Max_Message.hl7"] == [("nhpi", "not-hispanic")]
    assert groups["vxu-ig15-example.hl7"] == [("aian", "not-hispanic")]
    assert groups["rsp-k11-result-01.hl7"] == [("asian", "not-hispanic")]
    assert groups["sample_request.hl7"] == []
