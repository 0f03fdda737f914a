"""What /openapi.json says of a push door is so: schemathesis reads it, invents requests and holds the answers against it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.openapi import checks as openapi_checks  # noqa: F401 - registers the checks of OpenAPI

from tests.connectors.pushing import KEY, pushing
from tests.connectors.test_http_push_fhir import read

HELD = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.ignored_auth,
)


OPERATIONS = [
    ("post", "/push/pretend"),
    ("post", "/fhir/pretend"),
    ("post", "/fhir/pretend/$process-message"),
    ("get", "/fhir/pretend/metadata"),
    ("post", "/fhir/pretend/{resource_type}"),
    ("put", "/fhir/pretend/{resource_type}/{resource_id}"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A push door of FHIR, running in a thread of its own."""
    told: list[str] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def hold() -> None:
        folder: Path = tmp_path_factory.mktemp("hub")
        async with pushing(folder, read=read, format_="fhir", fhir_types=("Patient", "Group")) as hub:
            told.append(hub.front.url)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(hold()), name="front")
    thread.start()
    assert ready.wait(120)
    yield told[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(120)
    loop.close()


@pytest.fixture(scope="module")
def described(address: str) -> Any:
    return schemathesis.openapi.from_url(f"{address}/openapi.json")


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        (method, path, mode)
        for method, path in OPERATIONS
        for mode in GenerationMode
        if method != "get" or mode is GenerationMode.POSITIVE  # a request without parameters cannot be wrong
    ],
)
def test_every_answer_is_one_that_the_description_names(
    described: Any, method: str, path: str, mode: GenerationMode
) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    def answered(case: Any) -> None:
        case.call_and_validate(headers={"X-API-Key": KEY}, checks=list(HELD))

    answered()


def test_the_description_is_openapi_and_names_the_doors(address: str, described: Any) -> None:
    described.validate()
    told = httpx.get(f"{address}/openapi.json").json()
    assert {(method, path) for path, methods in told["paths"].items() for method in methods} == set(OPERATIONS)
    push = told["paths"]["/push/pretend"]["post"]
    assert set(push["requestBody"]["content"]) >= {"application/fhir+json", "application/x-ndjson"}
    assert {next(iter(way)) for way in push["security"]} == {"bearerKey", "apiKey", "signature"}
    assert KEY not in str(told)
