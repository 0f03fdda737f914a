"""FHIRPath in declared maps: what the field writes works, what is no function of the record is refused when it is loaded."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.events import LabResult, PersonBlock
from hub.errors import ConfigError
from hub.mapping.declared import fhirpath
from hub.mapping.declared.fhir_resources import FORMAT
from hub.mapping.declared.format import BadRule, Fault, NotAValue, Reading, Record
from hub.mapping.program import NotMapped
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
from tests.mapping.declared.shelter import write

OPENED = FORMAT.open(Reading())


def values(path: str, resource: dict[str, Any]) -> list[str]:
    [record] = OPENED.records("f", json.dumps(resource).encode())
    assert isinstance(record, Record)
    return OPENED.look(path)(record)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("name.where(use='official').given.first()", ["Joan"]),
        ("name.where(use='official').given", ["Joan", "Ann"]),
        ("name.where(use='official').given.join(' ')", ["Joan Ann"]),
        ("identifier.where(system='urn:x').value", ["77"]),
        ("extension('urn:race').value", ["Black"]),
        ("extension('urn:race').valueString", ["Black"]),
        ("Patient.birthDate", ["1980-03-09"]),
        ("Observation.status", []),
        ("name.count()", ["2"]),
        ("birthDate.exists()", ["true"]),
        ("iif(deceased = true, 'dead', 'alive')", ["alive"]),
        ("managingOrganization.resolve().name", []),
        ("birthDate.substring(0, 4)", ["1980"]),
        ("%resource.id", ["p1"]),
    ],
)
def test_paths_of_the_field_find_what_they_should(path: str, found: list[str]) -> None:
    assert values(path, PATIENT) == found


def test_choice_types_are_found_by_their_plain_name_and_numbers_keep_their_digits() -> None:
    quantity = {"resourceType": "Observation", "id": "o", "valueQuantity": {"value": 1.50, "unit": "mg"}}
    assert values("value.value", quantity) == ["1.5"]
    assert values("value.ofType(Quantity).unit", quantity) == ["mg"]
    assert values("effective", OBSERVATION) == ["2021-01-11"]


@pytest.mark.parametrize(
    "path", ["name", "name.where(use='official')", "name.family.single() + 1", "name.given.single()"]
)
def test_what_is_no_value_is_said_to_be_none(path: str) -> None:
    with pytest.raises(NotAValue):
        values(path, PATIENT)


@pytest.mark.parametrize(
    "path",
    [
        "now()", "today()", "name.trace('x')", "name.given.matches('(a+)+$')", "name.given.replaceMatches('a', 'b')",
        "repeat(contained)", "descendants()", "(2).power(100000)", "nosuch()", "name.where(", "name..family", "name.family)",
        "identifier[?system=='urn:x'].value", "", "name.where(trace('x').exists())", "`now`()", "x" * 2_000,
    ],
)  # fmt: skip
def test_what_is_no_path_or_no_function_of_the_record_is_refused(path: str) -> None:
    with pytest.raises(BadRule):
        OPENED.look(path)


def test_a_mistake_names_file_line_and_field(tmp_path: Path) -> None:
    document = copy.deepcopy(OF_PATIENTS)
    document["identity"]["block"]["birth_date"] = "now()"
    with pytest.raises(
        ConfigError, match=r"connector\.yaml:\d+: identity\.block\.birth_date\.from: now\(\): now\(\) cannot"
    ):
        write(tmp_path, document)


def test_nothing_is_printed_and_no_clock_is_read() -> None:
    assert {"trace", "now", "today", "timeOfDay", "matches", "replaceMatches", "repeat", "descendants"}.isdisjoint(
        fhirpath.FUNCTIONS
    )


_NAMES = ["name", "family", "given", "id", "active", "x", "valueCode"]
_DEEP = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text("ab 1", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*_NAMES, "_name", "_id"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from(_NAMES), _DEEP, max_size=4),
    st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3),
)
def test_the_short_way_for_plain_names_says_what_the_library_says(body: dict[str, Any], names: list[str]) -> None:
    resource = {"resourceType": "Patient", **body}
    for path in (".".join(names), ".".join(["Patient", *names]), ".".join(["Observation", *names])):
        fast = fhirpath.plain(path)
        assert fast is not None
        short = fast(resource)
        if short is not None:
            assert fhirpath.texts(short) == fhirpath.texts(fhirpath.compiled(path)(resource, lambda _: None))


@pytest.mark.parametrize("order", [(PATIENT, OBSERVATION), (OBSERVATION, PATIENT)])
def test_a_result_names_its_person_through_the_bundle_and_says_the_same_alone(
    tmp_path: Path, order: tuple[dict[str, Any], ...]
) -> None:
    connector = write(tmp_path, OF_RESULTS, results=RESULTS)
    found = read(connector, bundle(*order))
    [result] = [mapped for mapped in found if mapped.event is not None]
    assert isinstance(result.event, LabResult)
    assert isinstance(result.event.person, PersonBlock)
    assert (result.event.person.local_id, result.event.person.family_name) == ("77", "Doe")
    for mapped in found:
        assert [told(each) for each in read(connector, mapped.raw)] == [told(mapped)]


def test_a_reference_leads_nowhere_outside_the_bundle_and_is_never_guessed(tmp_path: Path) -> None:
    connector = write(tmp_path, OF_RESULTS, results=RESULTS)
    another = PATIENT | {"birthDate": "1999-01-01"}
    for resources in ((OBSERVATION,), (OBSERVATION, PATIENT, another), (OBSERVATION, another, PATIENT)):
        [event] = events(connector, bundle(*resources))
        assert event.source_person is None, "nobody, or two of one name: counted for the area only"
    far = OBSERVATION | {"subject": {"reference": "https://elsewhere.example/Patient/p1"}}
    assert [event.source_person for event in events(connector, bundle(far, PATIENT))] == [None]


def test_a_reference_may_name_a_full_url_a_version_or_what_is_contained(tmp_path: Path) -> None:
    connector = write(tmp_path, OF_RESULTS, results=RESULTS)
    by_url = {"resourceType": "Bundle", "type": "message", "entry": [
        {"fullUrl": "urn:uuid:1", "resource": {k: v for k, v in PATIENT.items() if k != "id"}},
        {"fullUrl": "urn:uuid:2", "resource": OBSERVATION | {"subject": {"reference": "urn:uuid:1"}}},
    ]}  # fmt: skip
    inside = OBSERVATION | {"contained": [PATIENT | {"id": "in"}], "subject": {"reference": "#in"}}
    versioned = OBSERVATION | {"subject": {"reference": "Patient/p1/_history/3"}}
    for data in (json.dumps(by_url).encode(), json.dumps(inside).encode(), bundle(versioned, PATIENT)):
        [event] = events(connector, data)
        assert isinstance(event.person, PersonBlock)
        assert event.person.birth_date is not None


def test_each_chooses_the_records_of_a_bundle_and_a_document_without_one_is_told_of(tmp_path: Path) -> None:
    document = copy.deepcopy(OF_RESULTS)
    document["source"]["each"] = "entry.resource.ofType(Observation)"
    connector = write(tmp_path, document, results=RESULTS)
    second = OBSERVATION | {"id": "o2", "status": "amended"}
    found = read(connector, bundle(PATIENT, OBSERVATION, second) + b"\n" + bundle(PATIENT) + b"\n[1]\n{")
    assert [(m.outcome, m.reason, m.where.get("item")) for m in found] == [
        ("event", None, 1), ("rejected", "not-a-known-word.status", 2), ("ignored", "filtered", None),
        ("rejected", "not-a-resource", None), ("rejected", "not-json", None),
    ]  # fmt: skip
    for mapped in found:
        assert [told(each) for each in read(connector, mapped.raw)] == [told(mapped)]


def test_each_may_choose_parts_of_a_resource(tmp_path: Path) -> None:
    document = copy.deepcopy(OF_PATIENTS)
    document["source"]["each"] = "contact"
    document["map"] = [{"event": "person", "dedupe": ["telecom.value"]}]
    document["identity"] |= {"id": "telecom.value", "block": {"family_name": "name.family"}}
    contacts = [{"name": {"family": name}, "telecom": [{"value": f"555{n}"}]} for n, name in enumerate(("Roe", "Poe"))]
    connector = write(tmp_path, document)
    found = read(connector, json.dumps(PATIENT | {"contact": contacts}).encode())
    assert [m.event.person.family_name for m in found if m.event and isinstance(m.event.person, PersonBlock)] == [
        "Roe",
        "Poe",
    ]
    assert [told(read(connector, m.raw)[0]) for m in found] == [told(m) for m in found]


def test_each_takes_as_many_records_as_a_bundle_holds_and_a_path_no_more_values_than_a_record_has(
    tmp_path: Path,
) -> None:
    document = copy.deepcopy(OF_RESULTS)
    document["source"]["each"] = "entry.resource.ofType(Observation)"
    many = [OBSERVATION | {"id": f"o{n}"} for n in range(1_500)]
    found = read(write(tmp_path, document, results=RESULTS), bundle(PATIENT, *many))
    assert [mapped.outcome for mapped in found] == ["event"] * 1_500
    with pytest.raises(NotAValue):
        values("name.given", PATIENT | {"name": [{"given": ["a"] * 1_001}]})


def test_a_resource_of_more_values_than_any_honest_one_costs_itself_only(tmp_path: Path) -> None:
    huge = PATIENT | {"id": "huge", "name": [{"given": ["a"]}] * 4_000}
    for data in (bundle(huge, PATIENT), json.dumps(huge).encode() + b"\n" + json.dumps(PATIENT).encode() + b"\n"):
        found = read(write(tmp_path, OF_PATIENTS), data)
        assert [(mapped.outcome, mapped.reason) for mapped in found] == [("rejected", "too-large"), ("event", None)]
    with_picture = PATIENT | {"photo": [{"data": "x" * 200_000}]}
    assert len(events(write(tmp_path, OF_PATIENTS), json.dumps(with_picture).encode())) == 1
    of_results = write(tmp_path, OF_RESULTS, results=RESULTS)
    huge_patient = bundle(PATIENT | {"name": [{"given": ["a"]}] * 4_000}, OBSERVATION)
    assert [mapped.reason for mapped in read(of_results, huge_patient)] == ["too-large", "too-large"]


_WIDE = {
    "resourceType": "Patient", "id": "p", "name": [{"given": ["a" * 1_000], "family": "x"}],
    "contact": [{"name": {"given": [f"G{n}"], "family": f"F{n}"}, "gender": "male"} for n in range(1_200)],
}  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "contact.select(%resource.contact.select(name.given)).first()",
        "contact.where(%resource.contact.name.given.xyz.exists()).first()",
        "contact.distinct().count()",
        "contact.name.given.isDistinct()",
        "contact.name.intersect(%resource.contact.name).count()",
        "name.given.first()" + ".select($this & $this)" * 40,
        "name.given.first()" + ".select($this.replace('a', $this))" * 6,
        "name.given" + ".select($this.combine($this))" * 30,
        "name.given.length().first()" + ".select($this * $this)" * 20 + ".toString().length()",
        "%resource.contact.where(" * 9 + "gender = 'male'" + ").exists()" * 9,
    ],
)
def test_a_path_that_would_take_all_day_rejects_its_record_and_says_so(path: str) -> None:
    find = fhirpath.compiled(path)
    with pytest.raises((NotMapped, NotAValue)) as why:
        find(_WIDE, lambda _told: None)
    if isinstance(why.value, NotMapped):
        assert (why.value.reason, why.value.field) == ("too-costly", path)


@pytest.mark.parametrize(
    "path",
    [
        "contact.where(gender='male').name.given.first()",
        "contact.where(gender='male' and name.family.startsWith('F7')).name.family.first()",
        "contact.select(name.family).first()",
        "contact.name.given.first() | name.family",
        "children().children().count()",
    ],
)
def test_an_honest_path_goes_through_the_largest_resource_that_is_read(path: str) -> None:
    assert values(path, _WIDE)


def test_a_filter_that_costs_too_much_rejects_its_record_and_ignores_none(tmp_path: Path) -> None:
    document = copy.deepcopy(OF_PATIENTS)
    document["map"][0]["where"] = [{"path": "contact.distinct().count() > 0", "equals": "true"}]
    patient = {**PATIENT, "contact": _WIDE["contact"]}
    found = read(write(tmp_path, document), json.dumps(patient).encode())
    assert [(each.outcome, each.reason) for each in found] == [("rejected", "too-costly")]


def test_each_may_take_what_a_large_bundle_needs_and_no_more() -> None:
    chosen = FORMAT.open(Reading("entry.resource.where(gender='male')"))
    entries = [{"resource": {"resourceType": "Patient", "id": f"p{n}", "gender": "male"}} for n in range(4_000)]
    data = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    assert sum(isinstance(record, Record) for record in chosen.records("f", data)) == 4_000
    hostile = FORMAT.open(Reading("entry.where(%resource.entry.resource.id.exists())"))
    [fault] = hostile.records("f", data)
    assert isinstance(fault, Fault)
    assert fault.error.reason == "too-large"
