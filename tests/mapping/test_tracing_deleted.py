"""Lists of deletions and doses among Sara Alert's resources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mapping.reading import Reader
from tests.mapping.test_tracing import events, observation, patient

SARA = "sara-alert"


def gone(*urls: str, at: str | None = "2021-02-01T10:00:00+00:00") -> dict[str, Any]:
    meta = {} if at is None else {"meta": {"lastUpdated": at}}
    entry = [{"request": {"method": "DELETE", "url": url}} for url in urls]
    return {"resourceType": "Bundle", "type": "transaction", **meta, "entry": entry}


def read_one(read: Reader, document: dict[str, Any]) -> Any:
    (mapped,) = read(SARA, {"f.ndjson": json.dumps(document)})
    return mapped


@pytest.mark.parametrize("url", ["Patient/7", "/fhir/r4/Patient/7", "https://sara.example.org/fhir/r4/Patient/7"])
@pytest.mark.parametrize("isolation", [True, False])
def test_a_deleted_monitoree_is_withdrawn_as_the_fact_that_was_told(read: Reader, url: str, isolation: bool) -> None:
    _, told = events(read, patient(isolation=isolation))
    deleted = read_one(read, gone(url)).event
    assert (deleted.fact_key, deleted.source_person) == (told.fact_key, told.source_person)
    assert not deleted.active
    assert (deleted.changed_at, deleted.status_rank) > (told.changed_at, told.status_rank)


def test_a_monitoree_that_came_again_after_its_deletion_stands(read: Reader) -> None:
    _, again = events(read, patient(isolation=True, at="2021-03-01T10:00:00+00:00"))
    assert again.changed_at > read_one(read, gone("Patient/7")).event.changed_at


@pytest.mark.parametrize(
    ("document", "outcome", "reason"),
    [
        (gone("Observation/1"), "rejected", "deletion-of-nobody-known"),
        (gone("Immunization/1"), "rejected", "deletion-of-nobody-known"),
        (gone("Provenance/1"), "ignored", "resource-not-used"),
        (gone("Patient/7", at=None), "rejected", "deletion-without-time"),
        (gone("Patient/7", at="soon"), "rejected", "deletion-without-time"),
        (gone("Patient"), "rejected", "not-a-resource"),
        ({"resourceType": "Bundle", "entry": [{"request": {"method": "GET", "url": "Patient/7"}}]}, "rejected", "not-a-resource"),
        ({"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": 7}}]}, "rejected", "not-a-resource"),
    ],
)  # fmt: skip
def test_what_cannot_be_withdrawn_says_why(read: Reader, document: dict[str, Any], outcome: str, reason: str) -> None:
    mapped = read_one(read, document)
    assert (mapped.outcome, mapped.reason) == (outcome, reason)


def test_the_original_of_a_deletion_is_read_again_alone(read: Reader) -> None:
    first, second = read(SARA, {"f.ndjson": json.dumps(gone("Patient/7", "RelatedPerson/8"))})
    again = [read_one(read, json.loads(mapped.raw)).event.event_id for mapped in (first, second)]
    assert again == [first.event.event_id, second.event.event_id]  # type: ignore[union-attr]
    assert b"Patient/7" not in second.raw


def test_doses_are_read_for_the_monitoree_who_had_them(read: Reader) -> None:
    dose = {
        "resourceType": "Immunization", "id": 3, "meta": {"lastUpdated": "2021-04-02T10:00:00+00:00"},
        "status": "completed", "occurrenceDateTime": "2021-04-01", "patient": {"reference": "Patient/7"},
        "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "207"}]},
    }  # fmt: skip
    person, _, result, given = events(read, patient(isolation=False), observation(), dose)
    assert (given.kind, given.cvx, given.covid, given.status) == ("vaccination", "207", True, "administered")
    assert given.source_person == person.source_person == result.source_person
    (wrong,) = events(read, {**dose, "status": "entered-in-error"})
    assert (wrong.fact_key, wrong.active) == (given.fact_key, False)
