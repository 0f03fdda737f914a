"""FHIR messaging over a real socket: a message is answered by a message, and by nothing that promises more than the broker has."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.pushing import pushing
from tests.connectors.test_http_push_fhir import PATIENT, TAKEN, bundle, issues, read, send

OPERATION = "/$process-message"
HEADER = {
    "resourceType": "MessageHeader",
    "id": "m-1",
    "eventCoding": {"system": "http://terminology.hl7.org/CodeSystem/v2-0003", "code": "R01", "display": "words"},
    "source": {"name": "a laboratory", "endpoint": "https://lab.example.org"},
}


def message(*resources: Any, header: Any = HEADER) -> dict[str, Any]:
    return bundle("message", {"resource": header}, *({"resource": each} for each in resources))


def test_r10_a_message_is_answered_by_a_message_that_names_it_once_the_broker_has_it(tmp_path: Path) -> None:
    """health-standards §8 R10 and, for FHIR, R7."""

    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answer = await send(hub, message(PATIENT), OPERATION)
            assert hub.events() == [b"event-ann-208"]
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
        told = answer.json()
        assert (told["resourceType"], told["type"]) == ("Bundle", "message")
        head, details = (entry["resource"] for entry in told["entry"])
        assert head["eventCoding"] == {"system": HEADER["eventCoding"]["system"], "code": "R01"}  # type: ignore[index]
        assert head["destination"] == [{"endpoint": "https://lab.example.org"}]
        assert head["response"] == {
            "identifier": "m-1", "code": "ok", "details": {"reference": told["entry"][1]["fullUrl"]},
        }  # fmt: skip
        assert head["source"]["endpoint"].endswith("/fhir/pretend/$process-message")
        assert details["resourceType"] == "OperationOutcome"
        assert details["issue"][-1]["details"]["text"] == "taken"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("resources", "status", "code"),
    [
        ((PATIENT, {"resourceType": "Group"}), 202, "fatal-error"),
        (({"resourceType": "Group"},), 202, "fatal-error"),
        (({"resourceType": "Location"},), 200, "ok"),
    ],
)
def test_a_message_that_is_not_taken_whole_says_so(
    resources: tuple[Any, ...], status: int, code: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answer = await send(hub, message(*resources), OPERATION)
        assert answer.status_code == status
        head, details = (entry["resource"] for entry in answer.json()["entry"])
        assert head["response"]["code"] == code
        errors = [issue["expression"] for issue in details["issue"] if issue["severity"] == "error"]
        assert errors == ([[f"Bundle.entry[{len(resources)}]"]] if code == "fatal-error" else [])

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "path", "status", "reason"),
    [
        (bundle("batch"), OPERATION, 400, "not-a-message"),
        (PATIENT, OPERATION, 400, "not-a-message"),
        (b"{", OPERATION, 400, "not-a-message"),
        (bundle("message"), OPERATION, 400, "no-message-header"),
        (bundle("message", {"resource": PATIENT}), OPERATION, 400, "no-message-header"),
        (message(PATIENT, header={"resourceType": "MessageHeader"}), OPERATION, 400, "no-message-header"),
        (message(PATIENT), OPERATION + "?async=true", 422, "answer-later-not-supported"),
        (message(PATIENT), OPERATION + "?response-url=https://lab.example.org", 422, "answer-later-not-supported"),
    ],
)
def test_what_is_no_message_or_wants_its_answer_elsewhere_is_refused_and_nothing_kept(
    body: Any, path: str, status: int, reason: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answer = await send(hub, body, path)
            assert (answer.status_code, [issue[2] for issue in issues(answer)]) == (status, [reason])
        assert hub.bus.log == []

    asyncio.run(scenario())


def test_while_the_broker_is_away_no_message_answers(tmp_path: Path) -> None:
    """health-standards §8 R7: a sender that hears `ok` may forget."""

    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            hub.bus.away = True
            answer = await send(hub, message(PATIENT), OPERATION)
            assert (answer.status_code, [issue[1:3] for issue in issues(answer)]) == (
                503,
                [("transient", "broker-away")],
            )

    asyncio.run(scenario())


@pytest.mark.parametrize("path", ["", "/", "/Bundle", OPERATION + "?async=false"])
def test_a_message_may_come_to_the_base_as_well_and_is_then_answered_like_all_else(path: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path, read=read, format_="fhir") as hub:
            answer = await send(hub, message(PATIENT), path)
            assert answer.status_code == 200
            if "process" not in path:
                assert issues(answer)[-1] == TAKEN
            assert hub.events() == [b"event-ann-208"]

    asyncio.run(scenario())
