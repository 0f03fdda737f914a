"""A version is what the source says: transport makes none, a changed map makes none, everything else does."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.events import Event
from hub.errors import ConfigError
from tests.mapping.declared.reading import (
    OBSERVATION,
    OF_PATIENTS,
    OF_RESULTS,
    PATIENT,
    RESULTS,
    bundle,
    events,
    read,
    told,
)
from tests.mapping.declared.shelter import BEDS, declared, write
from tests.mapping.declared.test_program import LAB, ORU

GUESTS: dict[str, Any] = {
    "exported_at": "2021-01-16T07:00:00", "house": {"id": "H", "name": "x", "batch": 7},
    "guests": [
        {"id": 7, "night": "2021-01-15", "slept": True, "meta": {"row": 1, "by": "a"}},
        {"id": 8, "night": "2021-01-15", "slept": True, "meta": {"row": 2, "by": "b"}},
    ],
}  # fmt: skip


def of_guests() -> dict[str, Any]:
    document = declared()
    document["source"] |= {
        "format": "json",
        "each": "guests[]",
        "transport": ["$.exported_at", "$.house.batch", "meta.row"],
    }
    document["identity"] = {"id": "id", "authority": "$.house.name"}
    document["map"] = [
        {
            "event": "shelter-stay", "dedupe": ["id", "night"], "occurred_on": {"from": "night", "format": "iso"},
            "fields": {
                "stay": {"value": "night"}, "presence": "slept", "site": "$.house.id", "site_kind": {"value": "congregate"},
                "entered_on": {"from": "night", "format": "iso"},
            },
        }
    ]  # fmt: skip
    return document


def ids(found: list[Event]) -> list[str]:
    return [event.event_id for event in found]


def with_column(rows: str, name: str, first: int) -> bytes:
    return "\n".join(
        line + (f",{name}" if n == 0 else f",{n * first}") for n, line in enumerate(rows.splitlines())
    ).encode()


def test_a_csv_column_is_part_of_the_version_unless_it_is_transport(tmp_path: Path) -> None:
    document = declared()
    plain = write(tmp_path / "a", document)
    document["source"]["transport"] = ["EXPORTED", "Batch"]
    less = write(tmp_path / "b", document)
    one, two = with_column(BEDS, "Exported", 1), with_column(BEDS, "Exported", 2)
    assert set(ids(events(plain, one))).isdisjoint(ids(events(plain, two)))
    assert (
        ids(events(less, one))
        == ids(events(less, two))
        == ids(events(less, BEDS.encode()))
        == ids(events(plain, BEDS.encode()))
    )


def test_the_order_of_columns_and_new_empty_columns_say_nothing(tmp_path: Path) -> None:
    connector = write(tmp_path)
    turned = "\n".join(",".join(reversed(line.split(","))) for line in BEDS.splitlines())
    wider = "\n".join(line + (",Notes" if n == 0 else ",") for n, line in enumerate(BEDS.splitlines()))
    for same in (turned, wider, BEDS.replace("\n", "\r\n")):
        assert ids(events(connector, BEDS.encode())) == ids(events(connector, same.encode()))


def test_an_hl7_message_sent_again_is_the_same_version_and_a_changed_one_is_another(tmp_path: Path) -> None:
    document = copy.deepcopy(LAB)
    document["source"]["transport"] = ["OBX-19", "ZTS"]
    del document["map"][0]["changed_at"]
    connector = write(tmp_path, document, results=RESULTS)
    again = (
        ORU.replace(b"20210110120000-0500", b"20210111120000-0500").replace(b"ORU^R01|1|", b"ORU^R01|2|") + b"ZTS|9\r"
    )
    again = again.replace(b"OBX|1|CWE|94500-6||260373001", b"OBX|1|CWE|94500-6||260373001" + b"|" * 14 + b"20210109")
    assert ids(events(connector, ORU)) == ids(events(connector, again))
    assert set(ids(events(connector, ORU))).isdisjoint(ids(events(connector, ORU.replace(b"Doe^Jo", b"Doe^Jane"))))


def test_json_transport_is_named_in_the_record_and_above_it(tmp_path: Path) -> None:
    connector = write(tmp_path, of_guests())
    again = copy.deepcopy(GUESTS) | {"exported_at": "2021-01-17T07:00:00", "count": 2}
    del again["count"]
    again["house"]["batch"] = 8
    again["guests"].reverse()
    for n, guest in enumerate(again["guests"]):
        guest["meta"]["row"] = n + 10
    assert set(ids(events(connector, dumped(GUESTS)))) == set(ids(events(connector, dumped(again))))
    again["house"]["id"] = "other"
    assert set(ids(events(connector, dumped(GUESTS)))).isdisjoint(ids(events(connector, dumped(again))))


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_fhir_resource_touched_by_its_server_alone_is_the_same_version_of_the_same_time(tmp_path: Path) -> None:
    document = copy.deepcopy(OF_PATIENTS)
    del document["map"][0]["changed_at"]
    connector = write(tmp_path, document)
    touched = PATIENT | {"meta": {"lastUpdated": "2022-01-01T00:00:00Z", "versionId": "2"}, "text": {"div": "x"}}
    assert ids(events(connector, dumped(PATIENT))) == ids(events(connector, dumped(touched)))
    assert ids(events(connector, dumped(PATIENT))) != ids(events(connector, dumped(PATIENT | {"active": True})))


def test_a_result_whose_patient_changed_is_another_version(tmp_path: Path) -> None:
    connector = write(tmp_path, OF_RESULTS, results=RESULTS)
    changed = PATIENT | {"birthDate": "1980-03-10"}
    assert ids(events(connector, bundle(PATIENT, OBSERVATION))) != ids(events(connector, bundle(changed, OBSERVATION)))


@pytest.mark.parametrize(
    ("format_", "path", "why"),
    [
        ("hl7v2", "PID5", "must be a segment or a field"),
        ("json", "a[0]", "must be names with dots"),
        ("fhir", "meta..x", "must be names with dots"),
    ],
)
def test_a_transport_path_that_is_none_is_complained_of(tmp_path: Path, format_: str, path: str, why: str) -> None:
    document = declared()
    document["source"] |= {"format": format_, "transport": [path]}
    with pytest.raises(ConfigError, match=rf"connector\.yaml:\d+: source\.transport: .*{why}"):
        write(tmp_path, document)


def order(event: Event) -> tuple[Any, ...]:
    return event.changed_at, event.status_rank, event.content_hash, event.mapping_version


_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "fields": st.dictionaries(
            st.sampled_from(["exited_on", "race_ethnicity"]),
            st.sampled_from([{"from": ["Race", "First"], "codes": "race"}]),
            max_size=1,
        ),
        "site_kind": st.sampled_from([{"value": "other"}, {"from": ["Bed Type", "Race"], "codes": "beds"}]),
        "block": st.dictionaries(st.sampled_from(["given_name", "family_name", "city", "suffix"]), st.sampled_from(
            ["First", "Last", "Race", "Updated", {"from": ["Race", "Phone"], "join": " "}]), max_size=4),
        "labels": st.lists(st.sampled_from(["R", "V", "ETH", "HIV"]), max_size=2, unique=True),
        "where": st.just([{"path": "Race", "present": True}]),
        "ignore": st.just(["none"]),
    },
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(_CHANGES)
def test_whatever_a_changed_map_reads_its_event_sorts_after_the_one_before(changes: dict[str, Any]) -> None:
    document = declared()
    with TemporaryDirectory() as folder:
        before = events(write(Path(folder) / "a", document), BEDS.encode(), version=3)
        rule = document["map"][0]
        rule["fields"] |= {k: v for k, v in changes.get("fields", {}).items() if k == "race_ethnicity"}
        rule["fields"]["site_kind"] = changes.get("site_kind", rule["fields"]["site_kind"])
        rule |= {name: changes[name] for name in ("labels", "where") if name in changes}
        document["identity"]["block"] |= changes.get("block", {})
        document["identity"]["ignore"] = changes.get("ignore", document["identity"]["ignore"])
        after = events(write(Path(folder) / "b", document), BEDS.encode(), version=4)
    by_fact = {event.fact_key: event for event in before}
    for event in after:
        old = by_fact[event.fact_key]
        assert order(old)[:3] == order(event)[:3], "the same version of the source"
        assert order(old) < order(event)
        assert old.event_id != event.event_id


@settings(max_examples=40, deadline=None)
@given(
    st.permutations(BEDS.splitlines()[0].split(",")),
    st.lists(st.text("abc,\"'\n 1", max_size=5), min_size=3, max_size=3),
    st.randoms(use_true_random=False),
)
def test_a_re_export_that_differs_in_transport_only_gives_no_new_id(
    columns: list[str], stamps: list[str], dice: Any
) -> None:
    import csv
    import io

    document = declared()
    document["source"]["transport"] = ["Exported At"]
    rows = list(csv.DictReader(io.StringIO(BEDS)))
    for row, stamp in zip(rows, stamps, strict=True):
        row["Exported At"] = stamp
    dice.shuffle(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*columns, "Exported At"])
    writer.writeheader()
    writer.writerows(rows)
    with TemporaryDirectory() as folder:
        connector = write(Path(folder), document)
        assert set(ids(events(connector, BEDS.encode()))) == set(ids(events(connector, text.getvalue().encode())))


FORMATS: dict[str, tuple[dict[str, Any], bytes]] = {
    "csv": (
        declared(),
        with_column(BEDS, "Notes", 1) + b"\nG-9,too,short\nG-8,A,B,,,bad,DORM,,2021-01-16T06:00:00,1\n",
    ),
    "hl7v2": (LAB, ORU + ORU.replace(b"MSH|^~", b"MSH|!~")),
    "json": ({**of_guests()}, dumped(GUESTS) + dumped({**GUESTS, "guests": [{"id": 9}, "none", {"night": {}}]})),
    "ndjson": (of_guests(), dumped(GUESTS) + b"\n" + dumped(GUESTS | {"house": {"id": "I", "name": "y"}}) + b"\n{\n"),
    "fhir": (OF_RESULTS, bundle(PATIENT, OBSERVATION, OBSERVATION | {"id": "o2", "status": "?"}, {"id": "none"})),
    "fhir-ndjson": (OF_PATIENTS, dumped(PATIENT) + b"\n" + dumped(OBSERVATION) + b"\n[\n"),
}


@pytest.mark.parametrize("format_", FORMATS)
def test_a_record_read_alone_from_what_is_kept_says_what_it_said_among_its_neighbours(
    tmp_path: Path, format_: str
) -> None:
    document, data = FORMATS[format_]
    connector = write(tmp_path, document, results=RESULTS)
    assert connector.declared is not None
    assert connector.declared.alone in ("record", "headed")
    found = read(connector, data)
    assert {mapped.outcome for mapped in found} >= {"event", "rejected"}
    for raw, head in dict.fromkeys((mapped.raw, mapped.head) for mapped in found if mapped.raw):
        among = [told(mapped) for mapped in found if mapped.raw == raw]
        assert {*map(repr, among)} == {*map(repr, (told(mapped) for mapped in read(connector, head + raw)))}
        again = read(connector, head + raw)
        assert all(mapped.raw == raw for mapped in again), "and is kept the same the second time"
