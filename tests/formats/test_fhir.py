from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.formats.errors import REASONS
from hub.formats.fhir import Broken, Limits, Resource, read

PATIENT = {"resourceType": "Patient", "id": "1", "name": [{"family": "Exämple"}]}
OBSERVATION = {"resourceType": "Observation", "id": "2"}


DEFAULT = Limits()


def reasons(data: bytes, limits: Limits = DEFAULT) -> list[str]:
    return [item.error.reason for item in read(data, limits) if isinstance(item, Broken)]


def bodies(data: bytes) -> list[object]:
    return [item.body for item in read(data) if isinstance(item, Resource)]


@pytest.mark.parametrize("separator", ["\n", "\r\n", "", " ", "\n\n", "\x1e"])
@pytest.mark.parametrize("indent", [None, 2])
def test_documents_follow_each_other_however_they_are_parted(separator: str, indent: int | None) -> None:
    data = separator.join(json.dumps(body, indent=indent) for body in (PATIENT, OBSERVATION, PATIENT)).encode()
    assert bodies(data) == [PATIENT, OBSERVATION, PATIENT]


def test_a_byte_order_mark_is_no_part_of_the_document() -> None:
    assert bodies(b"\xef\xbb\xbf" + json.dumps(PATIENT).encode()) == [PATIENT]


def test_bundles_are_flattened_with_the_way_to_each_entry() -> None:
    inner = {"resourceType": "Bundle", "entry": [{"resource": OBSERVATION}]}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": PATIENT}, {"fullUrl": "x"}, {"resource": inner}]}
    items = list(read(json.dumps(bundle).encode()))
    assert [item.path for item in items] == ["Bundle.entry[0]", "Bundle.entry[1]", "Bundle.entry[2].entry[0]"]
    assert isinstance(items[1], Broken)
    assert json.loads(items[0].raw) == PATIENT


def test_one_bad_line_does_not_stop_the_rest_of_an_ndjson_file() -> None:
    lines = [json.dumps(PATIENT), '{"resourceType": "Patient", "id"', json.dumps(OBSERVATION), json.dumps(PATIENT)]
    items = list(read("\n".join(lines).encode()))
    assert [type(item) for item in items] == [Resource, Broken, Resource, Resource]
    assert [item.number for item in items] == [1, 2, 3, 4]
    assert items[1].raw == lines[1].encode()


def test_after_a_bad_document_reading_goes_on_at_the_next() -> None:
    good = json.dumps(PATIENT, indent=1)
    items = list(read(f"{good}\n{{ broken\n{good}".encode()))
    assert [type(item) for item in items] == [Resource, Broken, Resource]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\xff\xfe{", "not-utf8"),
        (b"[]", "not-a-resource"),
        (b"3", "not-a-resource"),
        (b"{}", "not-a-resource"),
        (b'{"resourceType": 3}', "not-a-resource"),
        (b'{"resourceType": "Patient", "id": "1", "id": "2"}', "duplicate-key"),
        (b'{"resourceType": "Patient", "x": {"a": 1, "a": 1}}', "duplicate-key"),
        (b'{"resourceType": "Observation", "v": NaN}', "not-a-number"),
        (b'{"resourceType": "Observation", "v": -Infinity}', "not-a-number"),
        (b'{"resourceType": "Observation", "v": 1e999}', "not-a-number"),
        (b'{"resourceType": "Observation", "v": ' + b"9" * 5000 + b"}", "not-json"),
        (b'{"resourceType": "Patient"', "not-json"),
        (b"'resourceType'", "not-json"),
        (b"[" * 100_000, "too-deep"),
        (b'{"a":' * 100_000, "too-deep"),
        (b'{"resourceType": "Patient", "x": ' + b"[" * 70 + b"]" * 70 + b"}", "too-deep"),
        (b'{"resourceType": "Bundle", "entry": 1}', "not-a-resource"),
    ],
)  # fmt: skip
def test_what_two_readers_could_understand_differently_is_refused(data: bytes, reason: str) -> None:
    assert reasons(data) == [reason]


def test_brackets_inside_strings_are_not_depth() -> None:
    assert reasons(json.dumps({**PATIENT, "text": "[{" * 1000 + '"'}).encode()) == []


def test_size_and_entries_are_capped() -> None:
    limits = Limits(characters=100, entries=2)
    assert reasons(json.dumps({**PATIENT, "text": "x" * 100}).encode(), limits) == ["too-large"]
    assert reasons(json.dumps({"resourceType": "Bundle", "entry": [{}] * 3}).encode(), limits) == ["too-many-entries"]


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,1eN\\ \n', max_size=200).map(str.encode))
def test_any_bytes_end_in_items_with_a_known_reason(data: bytes) -> None:
    items = list(read(data))
    assert items
    assert all(item.error.reason in REASONS for item in items if isinstance(item, Broken))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_every_value_comes_through_unchanged(value: dict[str, object]) -> None:
    body = {**value, "resourceType": "Basic"}
    assert bodies(json.dumps(body).encode()) == [body]


CORPUS = sorted((Path(__file__).parents[1] / "corpora" / "fhir").iterdir())


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_corpus_reads_as_its_name_says(path: Path) -> None:
    """File names are `<resources>-<broken>-<what>`."""
    items = list(read(path.read_bytes()))
    counts = [sum(isinstance(item, kind) for item in items) for kind in (Resource, Broken)]
    assert counts == [int(number) for number in path.stem.split("-")[:2]]


def test_the_original_of_an_entry_with_half_a_character_is_json_that_reads_alike() -> None:
    data = json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "\ud83d"}}]}
    ).encode()
    (entry,) = read(data)
    (again,) = read(entry.raw)
    assert isinstance(entry, Resource)
    assert isinstance(again, Resource)
    assert again.body == entry.body


def test_a_line_that_is_not_utf8_costs_itself_only() -> None:
    lines = [
        b'{"resourceType": "Patient", "id": "1"}',
        b'{"resourceType": "Patient", "id": "\xff"}',
        b'{"resourceType": "Patient", "id": "3"}',
    ]
    first, broken, last = read(b"\n".join(lines))
    assert isinstance(first, Resource)
    assert isinstance(last, Resource)
    assert isinstance(broken, Broken)
    assert (broken.error.reason, broken.raw) == ("not-utf8", lines[1])


def test_a_list_holds_resources_and_bundles() -> None:
    bundles = [{"resourceType": "Bundle", "entry": [{"resource": each}]} for each in (PATIENT, OBSERVATION)]
    found = list(read(json.dumps([*bundles, PATIENT, {"no": "resource"}, 7]).encode()))
    assert [item.path for item in found] == ["[0].Bundle.entry[0]", "[1].Bundle.entry[0]", "[2].Patient", "[3]", "[4]"]
    assert bodies(json.dumps([*bundles, PATIENT]).encode()) == [PATIENT, OBSERVATION, PATIENT]
    assert [item.error.reason for item in found if isinstance(item, Broken)] == ["not-a-resource"] * 2
    assert reasons(json.dumps([PATIENT] * 4).encode(), Limits(entries=3)) == ["too-many-entries"]


@pytest.mark.parametrize("value", [[], [1, 2], [[PATIENT]], [{"a": PATIENT}]])
def test_a_list_without_any_resource_is_refused_as_a_whole(value: object) -> None:
    assert reasons(json.dumps(value).encode()) == ["not-a-resource"]
