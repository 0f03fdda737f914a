"""FHIR bundles that are broken, contradict themselves or mean harm: dead letters with a reason, neighbours unharmed."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from tests.mapping.made_up_fhir import (
    DETECTED,
    FLU_A,
    NOT_DETECTED,
    PCR,
    SNOMED,
    body,
    bundle,
    coded,
    message,
    observation,
    patient,
    refer,
    report,
    specimen,
)  # fmt: skip
from tests.mapping.reading import Reader, counted

FHIR = "lab-elr-fhir"


def outcomes(read: Reader, content: str | bytes) -> dict[str, dict[str, int]]:
    return counted(read(FHIR, {"f.json": content}))


def standing(events: list[Any]) -> dict[str, tuple[str, bool]]:
    """The version of each fact that holds, whatever came last."""
    best: dict[str, Any] = {}
    for event in events:
        version = (event.changed_at, event.status_rank, event.content_hash)
        if event.fact_key not in best or version > best[event.fact_key][0]:
            best[event.fact_key] = (version, event)
    return {key: (event.meaning, event.active) for key, (_, event) in best.items()}


VERSIONS = [
    message(status="preliminary", issued="2021-02-15T08:00:00Z"),
    message(issued="2021-02-16T08:00:00Z"),
    message(status="corrected", answer=NOT_DETECTED, issued="2021-02-17T08:00:00Z"),
    message(status="entered-in-error", issued="2021-02-18T08:00:00Z"),
    message(issued="2021-02-16T08:00:00Z"),
]


@pytest.mark.parametrize("kept", [3, 5])
def test_corrections_and_withdrawals_end_alike_in_any_order(kept: int, read: Reader) -> None:
    """health-standards §8 R18 to R20: late originals, early corrections, repeats."""
    made = [read.events(FHIR, {"f.json": body(version)}) for version in VERSIONS[:kept]]
    ends = [standing([event for events in order for event in events]) for order in permutations(made)]
    assert all(end == ends[0] for end in ends)
    assert list(ends[0].values()) == [("negative", True) if kept == 3 else ("positive", False)]


def test_the_same_content_again_is_no_new_event_though_ids_and_header_are_new(read: Reader) -> None:
    """health-standards §8 R18."""
    first = message()
    again = json.loads(
        json.dumps(first).replace("Patient/1", "Patient/x1").replace('"Observation/1"', '"Observation/x1"')
    )
    again["timestamp"] = "2030-01-01T00:00:00Z"
    for entry in again["entry"]:
        if entry["resource"]["resourceType"] in ("Patient", "Observation"):
            entry["resource"]["id"] = "x1"
    (one,), (two,) = read.events(FHIR, {"f": body(first)}), read.events(FHIR, {"f": body(again)})
    assert one.event_id == two.event_id


def test_two_specimens_of_one_kind_are_two_though_their_resources_share_an_id(read: Reader) -> None:
    """SimpleReport's Specimen.id names the kind of swab; the number is in its identifier."""
    told = [
        bundle(
            patient(), specimen(identifier=[{"value": number}]),
            observation(specimen=refer("Specimen", "swab"), id=number),
        )
        for number in ("A", "B")
    ]  # fmt: skip
    first, second = read.events(FHIR, {"f": body(*told)})
    assert first.fact_key != second.fact_key


def test_references_in_a_circle_end(read: Reader) -> None:
    members = [
        observation(n, code, hasMember=[refer("Observation", (n + 1) % 3)])
        for n, code in enumerate((FLU_A, PCR, "80383-3"))
    ]
    assert outcomes(read, body(bundle(patient(), report(0, 1, 2, 0), *members)))["events"] == {"lab-result": 3}
    assert outcomes(read, body(bundle(patient(), *members)))["events"] == {"lab-result": 3}


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ([report(1), observation()], "no-patient"),
        ([patient(2), report(1), observation()], "no-patient"),
        ([{**patient(), "resourceType": "Group"}, report(1), observation()], "no-patient"),
        ([patient(), patient(birthDate="1999-09-09"), report(1), observation()], "ambiguous-reference"),
        ([patient(), patient(2), report(1), observation(subject=refer("Patient", 2))], "person-mismatch"),
        ([patient(), report(7)], "reference-not-in-bundle"),
        ([patient(), report(7), {**patient(7), "resourceType": "Device"}], "reference-not-in-bundle"),
    ],
)
def test_a_result_is_given_to_nobody_by_chance(resources: list[Any], reason: str, read: Reader) -> None:
    """health-standards §8 R25, R40."""
    assert outcomes(read, body(bundle(*resources)))["rejected"] == {reason: 1}


def test_one_bad_observation_costs_only_itself(read: Reader) -> None:
    """health-standards §8 R3."""
    bad = observation(2, FLU_A, subject=refer("Patient", 9))
    found = outcomes(read, body(bundle(patient(), report(1, 2), observation(), bad)))
    assert (found["events"], found["rejected"]) == ({"lab-result": 1}, {"no-patient": 1})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"resourceType":"Bundle","entry":[{"resource":{"resourceType":7}}]}', "not-a-resource"),
        ('{"resourceType":"Bundle","entry":' + "[" * 5_000 + "]" * 5_000 + "}", "too-deep"),
        ('{"resourceType":"Bundle","type":"message","type":"batch"}', "duplicate-key"),
        ('{"resourceType":"Observation","valueQuantity":{"value":NaN}}', "not-a-number"),
        ('{"resourceType":"Bundle","entry":[' + ",".join(["{}"] * 100_000) + "]}", "too-many-entries"),
        (b'{"resourceType":"Observation","id":"\xff"}', "not-utf8"),
    ],
)
def test_hostile_json_is_a_dead_letter_with_its_reason(content: str | bytes, reason: str, read: Reader) -> None:
    assert outcomes(read, content)["rejected"] == {reason: 1}


@pytest.mark.parametrize("odd", [7, "x", [], [7], {}, {"coding": 5}, [{"reference": 5}], None, True, {"value": 10**30}])
@pytest.mark.parametrize("kind", range(6))
def test_any_field_may_be_of_any_type(kind: int, odd: Any, read: Reader) -> None:
    """Never an exception, and never somebody else's result."""
    made = message()
    resource = made["entry"][kind]["resource"]
    for name in [
        *resource,
        "extension",
        "meta",
        "contained",
        "basedOn",
        "performer",
        "component",
        "hasMember",
        "category",
    ]:
        if name not in ("resourceType",):
            changed = {**resource, name: odd}
            entries = [*made["entry"][:kind], {"resource": changed}, *made["entry"][kind + 1 :]]
            found = outcomes(read, body({**made, "entry": entries}))
            assert sum(sum(part.values()) for part in found.values()) in (1, 2)
            assert "mapping-error" not in found["rejected"] or name in ("given", "suffix")


def test_half_a_character_costs_its_own_record_alone_and_says_what_the_sender_can_mend(read: Reader) -> None:
    """RFC 8259 §8.2: JSON may hold a lone surrogate, which no UTF-8 has."""
    others = (
        bundle(patient(), report(1, number=2), observation()),
        bundle(patient(), report(1, number=3), observation()),
    )
    cut_short = bundle(patient(name=[{"family": "Quill\ud83d"}]), report(1, number=4), observation())
    found = outcomes(read, body(others[0], cut_short, others[1]))
    assert (found["events"], found["rejected"]) == ({"lab-result": 2}, {"half-character": 1})


def test_a_huge_attachment_is_no_part_of_the_version(read: Reader) -> None:
    attached = [{"contentType": "application/pdf", "data": "A" * 2_000_000}]
    (with_it,) = read.events(FHIR, {"f": body(bundle(patient(), report(1, presentedForm=attached), observation()))})
    (without,) = read.events(FHIR, {"f": body(bundle(patient(), report(1), observation()))})
    assert with_it.event_id == without.event_id


def test_a_bundle_cannot_grow_by_what_its_reports_share(read: Reader) -> None:
    big = patient(text={"div": "x" * 200_000})
    reports = [report(n, number=n) for n in range(200)]
    made = bundle(big, *reports, *(observation(n) for n in range(200)))
    found = read(FHIR, {"f": body(made)})
    assert sum(len(mapped.raw) for mapped in found) < 70 * len(body(made))
    assert {"too-many-repeats"} == {mapped.reason for mapped in found if mapped.outcome == "rejected"}


def test_a_report_of_many_reads_alone_as_it_did_among_its_neighbours(read: Reader) -> None:
    """health-standards §8 R40: what is kept of a dead letter suffices."""
    people = [patient(n) for n in range(3)]
    reports = [report(n, number=n, subject=refer("Patient", n)) for n in range(3)]
    results = [observation(n, subject=refer("Patient", n)) for n in range(3)]
    odd = observation("odd", subject=refer("Patient", 8), code=PCR)
    asked = observation("q", "95421-4", subject=refer("Patient", 1), valueCodeableConcept=coded(SNOMED, "373066001"))
    found = read(FHIR, {"f": body(bundle(*people, *reports, *results, odd, asked))})
    assert [mapped.outcome for mapped in found] == ["event"] * 3 + ["rejected"]
    assert [m.event.congregate for m in found[:3]] == ["unknown", "yes", "unknown"]  # type: ignore[union-attr]
    for mapped in found:
        (alone,) = read(FHIR, {"another": mapped.raw})
        assert (alone.outcome, alone.reason, alone.event) == (mapped.outcome, mapped.reason, mapped.event)
        assert mapped.raw.count(b'"Patient"') <= 1, "and holds nobody else"


def test_each_result_of_a_long_report_keeps_what_it_rests_on_itself(read: Reader) -> None:
    codes = [f"local-{n}" for n in range(60)]
    results = [observation(n, code=code) for n, code in enumerate(codes)]
    found = read(FHIR, {"f": body(bundle(patient(), report(*range(60)), *results))})
    assert len({mapped.event.fact_key for mapped in found if mapped.event}) == 60
    for mapped in found[:3]:
        (alone,) = read(FHIR, {"another": mapped.raw})
        assert alone.event == mapped.event


def test_a_report_that_tells_one_thing_in_too_many_ways_is_one_dead_letter(read: Reader) -> None:
    """And none of its answers is taken: nobody knows which is meant."""
    results = [observation(n, answer=str(n)) for n in range(150)]
    assert outcomes(read, body(bundle(patient(), report(*range(150)), *results)))["rejected"] == {"too-many-repeats": 1}


def test_no_reason_and_no_position_holds_a_value(read: Reader) -> None:
    """health-standards §8 R40."""
    found = read(FHIR, {"f": body(bundle(patient(2), report(1), observation()), message(answer=DETECTED))})
    told = json.dumps([(mapped.reason, dict(mapped.where)) for mapped in found])
    assert not any(word in told for word in ("Example", "MRN", "1980"))
