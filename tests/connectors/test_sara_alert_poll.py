"""The shipped connector `sara-alert-api` against a real server that behaves as Sara Alert does (health-standards.md §5.1, R34)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from hub.connectors.bulk_export import BulkExport, ExportOptions
from hub.connectors.catalog import SHIPPED
from hub.errors import FatalError
from tests.connectors.polled import Polled, play
from tests.connectors.tracing_servers import SaraAlert

KEY = RSAKey.generate_key(2048).as_pem(private=True).decode()
KINDS = {"person", "case", "exposure", "lab-result", "vaccination"}


def resources() -> list[dict[str, Any]]:
    """All six kinds of resources that Sara Alert exports."""
    text = (SHIPPED / "sara-alert-api" / "samples" / "export.ndjson").read_text()
    return [json.loads(line) for line in text.splitlines()]


def patients(count: int) -> list[dict[str, Any]]:
    first = resources()[0]
    return [{**first, "id": number} for number in range(100, 100 + count)]


def polled(server: SaraAlert, folder: Path, **door: Any) -> Polled:
    secrets = {"signing-key.pem": KEY}
    return Polled("sara-alert-api", folder, server.url, "https://sara.example.org", secrets, **door)


def later(server: SaraAlert, scene: Polled, seconds: float) -> None:
    """Time goes by, for the server and in what the hub remembers of when it asked."""
    server.clock += timedelta(seconds=seconds)
    for position in scene.positions.now.values():
        position.pop("asked", None)


def next_round_over(scene: Polled) -> Callable[[], bool]:
    """Holds once a round that is not yet begun has ended: an export may be asked for before the position says so."""
    before = {name: position["since"] for name, position in scene.positions.now.items()}
    return lambda: (
        scene.rounds_over() and all(each["since"] != before[name] for name, each in scene.positions.now.items())
    )


def test_r34_all_six_files_are_read_and_nothing_of_them_twice(tmp_path: Path) -> None:
    server = SaraAlert(*resources())
    server.waits = 3

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert {path.rpartition("/")[2] for path in server.asked if "ExportFiles" in path} == {
            "Patient.ndjson", "QuestionnaireResponse.ndjson", "Provenance.ndjson", "Observation.ndjson",
            "Immunization.ndjson", "RelatedPerson.ndjson",
        }  # fmt: skip
        assert scene.ids() == scene.ids_of(resources())
        assert {event.kind for event in scene.standing().values()} == KINDS
        assert "export-in-progress" in scene.heard

    play(server, story)


def test_r34_the_next_export_asks_since_the_last_time_less_some_minutes_and_repeats_are_the_same_events(
    tmp_path: Path,
) -> None:
    server = SaraAlert(*resources())

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        first = scene.ids()
        changed = server.resources[1]
        changed["meta"] = {"lastUpdated": (server.clock - timedelta(seconds=100)).isoformat()}  # within the overlap
        later(server, scene, 1_000)
        await scene.live(next_round_over(scene))
        assert [query for _, query in server.exports] == [{}, {"_since": "2021-07-07T21:03:19Z"}]
        assert scene.ids() - first == scene.ids_of([changed]) - first
        assert len(scene.ids() - first) == 2, "the person and the exposure"

    play(server, story)


def test_r34_no_export_is_begun_within_15_minutes_of_the_last_not_even_after_a_restart(tmp_path: Path) -> None:
    server = SaraAlert(*resources())

    async def story() -> None:
        scene = polled(server, tmp_path, poll_s=0.001)
        await scene.live(scene.rounds_over)
        loads = scene.positions.rounds
        await scene.live(lambda: scene.positions.rounds > loads + 3)  # another life, several rounds
        assert len(server.exports) == 1

    play(server, story)


def test_r34_a_server_that_says_429_is_asked_again_after_what_it_said(tmp_path: Path) -> None:
    server = SaraAlert(*resources())

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        for position in scene.positions.now.values():
            position.pop("asked", None)  # the hub forgot, the server did not
        await scene.live(lambda: "http-429" in scene.heard)
        assert len(server.exports) == 1
        server.clock += timedelta(seconds=1_000)
        await scene.live(lambda: len(server.exports) == 2 and scene.rounds_over())

    play(server, story)


@pytest.mark.parametrize("k", [0, 1, 3, 7, 9])
def test_r34_a_crash_resumes_the_same_export_with_the_same_ids(k: int, tmp_path: Path) -> None:
    server = SaraAlert(*resources())

    async def story() -> None:
        scene = polled(server, tmp_path)
        scene.bus.crash_after = k
        with pytest.raises(FatalError):
            await scene.live(lambda: False)
        scene.bus.crash_after = None
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(resources())
        assert len(server.exports) == 1

    play(server, story)


def test_r34_a_file_that_breaks_off_within_a_line_is_not_taken(tmp_path: Path) -> None:
    server = SaraAlert(*resources())
    server.cut = ["Patient.ndjson", "Patient.ndjson", "Observation.ndjson"]

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(resources())
        assert "export-partial-file" in scene.heard
        assert not [key for key, *_ in scene.bus.log if key == "dead"]

    play(server, story)


def test_r34_a_token_that_runs_out_is_fetched_anew_between_files(tmp_path: Path) -> None:
    server = SaraAlert(*resources())
    server.uses = 2

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(resources())
        assert server.logins > 2

    play(server, story)


@pytest.mark.parametrize("count", [1, 100, 101, 230])
def test_r34_where_there_is_no_export_its_pages_are_read(count: int, tmp_path: Path) -> None:
    server = SaraAlert(*patients(count), *resources())
    server.offers_export = False

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of([*patients(count), *resources()])
        assert not server.exports
        later(server, scene, 1_000)
        server.offers_export = True
        await scene.live(lambda: bool(server.exports) and scene.rounds_over())
        assert server.exports[0][1] == {}, "what pages told is no export's time"

    play(server, story)


def test_r34_pages_that_shift_while_they_are_read_lose_nothing(tmp_path: Path) -> None:
    server = SaraAlert(*patients(250))
    server.offers_export = False
    left = server.resources[1:]

    def purged() -> None:
        if server.asked["/fhir/r4/Patient"] == 2:  # the first is gone: all others move up by one
            server.resources.pop(0)

    async def story() -> None:
        scene = polled(server, tmp_path)
        server.on_page = purged
        await scene.live(scene.rounds_over)
        assert scene.ids() >= scene.ids_of(left)

    play(server, story)


def test_a_monitoree_that_was_deleted_is_withdrawn_whatever_came_before_or_comes_again(tmp_path: Path) -> None:
    server = SaraAlert(*resources())

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        before = {fact: event for (_, fact), event in scene.standing().items() if event.kind in ("case", "exposure")}
        assert all(event.active for event in before.values())
        server.deleted = ["Patient/1", "RelatedPerson/4", "Observation/5", "Provenance/8"]
        later(server, scene, 1_000)
        await scene.live(next_round_over(scene))
        now: dict[str, Any] = {}
        for event in sorted(scene.standing().values(), key=lambda each: (each.changed_at, each.status_rank)):
            now[event.fact_key] = event
        gone = [now[fact] for fact in before if not now[fact].active]
        assert len(gone) == 2
        assert {event.changed_at for event in gone} == {server.exports[1][0]}, "the time of the export that lists them"
        assert b"deletion-of-nobody-known" in {key for _, key, *_ in scene.bus.log}

    play(server, story)


def test_an_export_that_ran_out_is_begun_anew(tmp_path: Path) -> None:
    server = SaraAlert(*resources())
    server.gone = [1]

    async def story() -> None:
        scene = polled(server, tmp_path, export={**_export(server), "apart_s": 0.0})
        server.clock -= timedelta(seconds=1_000)
        await scene.live(lambda: "http-404" in scene.heard)
        server.clock += timedelta(seconds=1_000)
        await scene.live(lambda: len(server.exports) > 1 and scene.rounds_over() and bool(scene.ids()))
        assert scene.ids() == scene.ids_of(resources())

    play(server, story)


def test_a_time_that_is_none_is_asked_for_as_it_was_written() -> None:
    export = BulkExport(None, "", ExportOptions(), Path())  # type: ignore[arg-type]
    assert export._begin("2021-07-07T21:08:19+02:00") == "2021-07-07T19:03:19Z"
    assert export._begin("some day") == "some day"


def _export(server: SaraAlert) -> Mapping[str, Any]:
    return {"instead": [f"{server.url}/fhir/r4/Patient?_count=100"], "deletions": "read"}
