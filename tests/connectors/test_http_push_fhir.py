"""The FHIR endpoint over a real socket: what it takes, what it refuses, and how it says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.connectors.door import Unit
from hub.domain.events import Vaccination
from hub.formats import fhir
from tests.connectors.pretend import Record, event, values
from tests.connectors.pushing import KEY, Pushing, pushing

FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = {"resourceType": "Patient", "id": "ann"}


def read(unit: Unit) -> Iterator[Record]:
    """A program of FHIR: a Patient is an event, a Group is wrong, anything else is not ours."""
    assert isinstance(unit.content, bytes)
    for item in fhir.read(unit.content):
        where: dict[str, str | int] = {"file": unit.name, "document": item.number}
        if item.path:
            where["path"] = item.path
        if isinstance(item, fhir.Broken):
            yield Record("rejected", reason=item.error.reason, where=where, raw=item.raw, stage="parse")
        elif item.type == "Patient":
            yield Record("event", event=event(str(item.body["id"]), "208"), where=where, raw=item.raw)
        elif item.type == "Group":
            yield Record("rejected", reason="no-member", where=where, raw=item.raw)
        else:
            yield Record("ignored", reason="type-not-mapped", where=where)


def bundle(kind: str, *entries: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(resource: Any, method: str = "POST") -> dict[str, Any]:
    return {"resource": resource, "request": {"method": method, "url": "Patient"}}


async def send(hub: Pushing, body: Any, path: str = "", method: str = "POST") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await hub.client.request(method, f"/fhir/pretend{path}", content=content, headers={"X-API-Key": KEY, **FHIR})


def issues(answer: httpx.Response) -> list[tuple[str, str, str, str]]:
    """Severity, code, reason, place."""
    assert answer.headers["content-type"] == "application/fhir+json"
    told = answer.json()
    assert told["resourceType"] == "OperationOutcome"
    return [
        (each["severity"], each["code"], each["details"]["text"], "".join(each.get("expression", [])))
        for each in told["issue"]
    ]


TAKEN = ("information", "informational", "taken", "")


@pytest.mark.parametrize("kind", ["transaction", "batch", "collection", "message", "document"])
def test_a_bundle_is_taken_entry_by_entry(kind: str, tmp_path: Path) -> None:
    body = bundle(kind, entry(PATIENT), entry({"resourceType": "Location"}), entry({**PATIENT, "id": "bob"}, "PUT"))

    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answer = await send(hub, body)
        assert (answer.status_code, issues(answer)) == (
            200, [("warning", "business-rule", "type-not-mapped", ""), TAKEN],
        )  # fmt: skip
        assert "vaccination 2" in answer.text
        assert hub.events() == [b"event-ann-208", b"event-bob-208"]

    asyncio.run(scenario())


def test_what_cannot_be_mapped_is_one_issue_each_with_its_place_and_no_value(tmp_path: Path) -> None:
    group = {"resourceType": "Group", "name": "a name that nobody may read"}

    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answer = await send(hub, bundle("batch", entry(group), entry(PATIENT), {"request": {"method": "POST"}}))
            assert values(hub.bus.log, "dead") != []
        assert answer.status_code == 202
        assert issues(answer) == [
            ("error", "processing", "no-member", "Bundle.entry[0]"),
            ("error", "structure", "not-a-resource", "Bundle.entry[2]"),
            TAKEN,
        ]
        assert "nobody" not in answer.text
        assert hub.events() == [b"event-ann-208"]

    asyncio.run(scenario())


def test_what_is_odd_about_an_accepted_resource_is_a_warning_with_its_place(tmp_path: Path) -> None:
    def odd(unit: Unit) -> Iterator[Record]:
        for record in read(unit):
            assert isinstance(record.event, Vaccination)
            yield replace(record, event=record.event.model_copy(update={"issues": ("dose-in-the-future",)}))

    async def scenario() -> None:
        async with pushing(tmp_path, read=odd, format_="fhir") as hub:
            answer = await send(hub, bundle("batch", entry(PATIENT)))
            assert (answer.status_code, issues(answer)) == (
                200, [("warning", "value", "dose-in-the-future", "Bundle.entry[0]"), TAKEN],
            )  # fmt: skip
            told = await hub.push(json.dumps(bundle("batch", entry(PATIENT))).encode(), headers=FHIR)
            places = {"count": 1, "where": ["document 1 path Bundle.entry[0]"], "all_listed": True}
            assert told.json()["issues"] == {"dose-in-the-future": places}

    asyncio.run(scenario())


def test_very_many_problems_are_counted_not_all_listed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answer = await send(hub, bundle("batch", *[entry({"resourceType": "Group"})] * 80))
        assert answer.status_code == 202
        assert len(issues(answer)) == 52
        assert "30 more records" in answer.text

    asyncio.run(scenario())


def test_a_resource_is_created_or_updated_at_its_own_address(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answers = [
                await send(hub, PATIENT),
                await send(hub, PATIENT, "/"),
                await send(hub, PATIENT, "/Patient"),
                await send(hub, PATIENT, "/Patient/ann", "PUT"),
            ]
        assert [(each.status_code, issues(each)) for each in answers] == [(200, [TAKEN])] * 4
        assert set(hub.events()) == {b"event-ann-208"}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "path", "method", "status", "reason", "place"),
    [
        (b"{", "", "POST", 400, "not-json", ""),
        (b'{"resourceType": "Patient", "id": "a", "id": "b"}', "", "POST", 400, "duplicate-key", ""),
        (b"[" * 100_000, "", "POST", 400, "too-deep", ""),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "", "POST", 400, "too-deep", ""),
        (b"\xff\xfe", "", "POST", 400, "not-utf8", ""),
        (b"[]", "", "POST", 400, "not-a-resource", ""),
        ({"resourceType": 5}, "", "POST", 400, "not-a-resource", ""),
        (b'{"resourceType":"Patient"}\n{"resourceType":"Patient"}', "", "POST", 400, "not-one-resource", ""),
        (PATIENT, "/Observation", "POST", 400, "resource-type-differs", "resourceType"),
        (PATIENT, "/Patient/bob", "PUT", 400, "resource-id-differs", "Patient.id"),
        ({"resourceType": "Patient"}, "/Patient/bob", "PUT", 400, "resource-id-differs", "Patient.id"),
        (bundle("searchset"), "", "POST", 422, "bundle-type-not-taken", "Bundle.type"),
        ({"resourceType": "Bundle"}, "", "POST", 422, "bundle-type-not-taken", "Bundle.type"),
        (bundle("batch"), "/Bundle", "POST", 422, "bundle-type-not-taken", "Bundle.type"),
        (
            bundle("transaction", entry(PATIENT), entry(PATIENT, "DELETE")), "", "POST",
            422, "interaction-not-taken", "Bundle.entry[1].request.method",
        ),
        (b"{}", "/Patient/ann", "DELETE", 405, "method-not-allowed", ""),
        (b"{}", "/Patient/ann", "PATCH", 405, "method-not-allowed", ""),
        (b"{}", "/Patient/ann", "GET", 405, "method-not-allowed", ""),
        (b"{}", "/Patient/ann/_history/1", "GET", 404, "not-found", ""),
        (b"", "", "POST", 400, "body-empty", ""),
    ],
)  # fmt: skip
def test_what_this_endpoint_does_not_do_is_said_and_nothing_kept(
    body: Any, path: str, method: str, status: int, reason: str, place: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answer = await send(hub, body, path, method)
            severity, _code, *told = issues(answer)[0]
            assert (answer.status_code, severity, told) == (status, "error", [reason, place])
        assert hub.bus.log == []

    asyncio.run(scenario())


def test_errors_of_the_front_are_operation_outcomes_here(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir", max_body_bytes=100) as hub:
            too_large = await send(hub, b" " * 200)
            assert (too_large.status_code, issues(too_large)) == (413, [("error", "too-long", "body-too-large", "")])
            stranger = await hub.client.post("/fhir/pretend", content=b"{}", headers=FHIR)
            assert (stranger.status_code, issues(stranger)) == (401, [("error", "login", "not-authenticated", "")])
            xml = await hub.client.post(
                "/fhir/pretend", content=b"<a/>", headers={"X-API-Key": KEY, "Content-Type": "application/fhir+xml"}
            )
            assert (xml.status_code, issues(xml)) == (415, [("error", "not-supported", "media-type-not-taken", "")])
            hub.bus.away = True
            away = await send(hub, PATIENT)
            assert (away.status_code, issues(away)) == (503, [("error", "transient", "broker-away", "")])
            assert int(away.headers["retry-after"]) > 0

    asyncio.run(scenario())


def test_the_capability_statement_says_what_there_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir", fhir_types=("Patient",)) as hub:
            answer = await hub.client.get("/fhir/pretend/metadata")
            told = answer.json()
            assert (told["resourceType"], told["kind"], told["fhirVersion"]) == (
                "CapabilityStatement",
                "instance",
                "4.0.1",
            )
            (rest,) = told["rest"]
            assert rest["resource"] == [
                {"type": "Patient", "interaction": [{"code": "create"}, {"code": "update"}], "updateCreate": True}
            ]
            other = await send(hub, {"resourceType": "Group"}, "/Group")
            assert (other.status_code, issues(other)[0][2]) == (404, "type-not-taken")

    asyncio.run(scenario())


def test_ndjson_of_a_bulk_export_goes_to_the_push_address(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({**PATIENT, "id": name}) for name in ("ann", "bob"))

    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answer = await hub.push(lines.encode(), headers={"Content-Type": "application/fhir+ndjson"})
        assert (answer.status_code, answer.json()["events"]) == (200, {"vaccination": 2})

    asyncio.run(scenario())
