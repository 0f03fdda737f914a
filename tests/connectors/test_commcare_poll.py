"""The shipped connector `commcare` against a real server that behaves as CommCare HQ does (health-standards.md §5.3, §8 R36)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.catalog import SHIPPED, load
from hub.errors import FatalError
from tests.connectors.polled import Polled, play
from tests.connectors.tracing_servers import CommCare


def case(
    number: int, kind: str = "patient", *, day: int = 1, closed: bool = False, **properties: str
) -> dict[str, Any]:
    at = f"2021-02-{day:02d}T09:00:00.000000Z"
    told = {"case_classification": "confirmed", "symptom_onset_date": "2021-02-01"} if kind == "patient" else {}
    return {
        "domain": "made-up-county", "case_id": f"{kind}-{number:03d}", "case_type": kind, "date_opened": at,
        "server_last_modified": at, "last_modified": at, "indexed_on": at, "closed": closed,
        "date_closed": at if closed else None, "properties": {**told, **properties}, "indices": {},
    }  # fmt: skip


def polled(server: CommCare, folder: Path, key: str = CommCare.KEY, **door: Any) -> Polled:
    return Polled("commcare", folder, server.url, "https://www.commcarehq.org", {"api-key": key}, **door)


def of(count: int = 11, most: int = 4) -> CommCare:
    server = CommCare(
        *(case(n, day=n % 27 + 1) for n in range(count)),
        *(case(n, "contact", day=n % 27 + 1, exposure_date="2021-02-01") for n in range(count)),
    )
    server.most = most
    return server


def alone(server: CommCare) -> list[dict[str, Any]]:
    return [{"cases": [each]} for each in server.cases]


@pytest.mark.parametrize("count", [0, 1, 4, 11])
def test_r36_pages_are_followed_by_their_cursor_and_every_case_comes(count: int, tmp_path: Path) -> None:
    server = of(count)

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(alone(server))
        assert {event.kind for event in scene.standing().values()} == ({"case", "exposure"} if count else set())

    play(server, story)


def test_r36_the_next_round_asks_by_indexed_on_with_an_overlap(tmp_path: Path) -> None:
    server = of()

    async def story() -> None:
        scene = polled(server, tmp_path)
        for stream in scene.options.asked:
            scene.positions.now[stream.name] = {"since": "2021-02-05T09:05:00+00:00"}
        two = {"patients", "contacts"}
        await scene.live(lambda: {s for s, at in scene.positions.now.items() if at["since"] > "2021-03"} == two)
        assert {query.get("indexed_on.gte", "") for _, query in server.queries if "cursor" not in query} == {
            "2021-02-05T08:55:00Z"
        }
        assert scene.ids() == scene.ids_of(
            [{"cases": [each]} for each in server.cases if each["indexed_on"] > "2021-02-05"]
        )

    play(server, story)


def test_r36_a_case_that_is_indexed_anew_while_pages_are_read_comes_with_its_change(tmp_path: Path) -> None:
    server = of()

    def changed() -> None:
        if sum(server.asked.values()) == 3:
            server.cases[0]["indexed_on"] = server.cases[0]["server_last_modified"] = "2021-03-01T09:00:00.000000Z"
            server.cases[0]["properties"]["case_classification"] = "not_a_case"

    async def story() -> None:
        scene = polled(server, tmp_path)
        server.on_page = changed
        await scene.live(scene.rounds_over)
        assert scene.ids() >= scene.ids_of(alone(server))
        of_first = [each for each in scene.standing().values() if each.changed_at.month == 3]
        assert [(each.kind, getattr(each, "isolating", None)) for each in of_first] == [("case", False)]

    play(server, story)


def test_r36_property_names_are_configuration_that_is_checked_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "connectors" / "commcare"
    shutil.copytree(SHIPPED / "commcare", folder)
    path = folder / "connector.yaml"
    path.write_text(path.read_text().replace("codes: classification", "codes: classes"))
    assert "there is no codes/classes.csv" in load([folder.parent]).broken["commcare"]
    path.write_text(
        path.read_text().replace("codes: classes", "codes: classification").replace("first_name", "first name")
    )
    assert "is no JMESPath" in load([folder.parent]).broken["commcare"]
    path.write_text(path.read_text().replace("properties.first name", "properties.given"))
    found = load([folder.parent])
    assert not found.broken
    assert "given_name" in {*(found["commcare"].identity.block if found["commcare"].identity else ())}


@pytest.mark.parametrize("k", [0, 3, 9, 20])
def test_a_kill_at_record_k_goes_on_at_its_page_with_the_same_ids(k: int, tmp_path: Path) -> None:
    server = of()

    async def story() -> None:
        scene = polled(server, tmp_path)
        scene.bus.crash_after = k
        with pytest.raises(FatalError):
            await scene.live(lambda: False)
        scene.bus.crash_after = None
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(alone(server))

    play(server, story)


def test_a_rate_limit_in_the_middle_pauses_and_loses_nothing(tmp_path: Path) -> None:
    server = of()

    def limit() -> None:
        if sum(server.asked.values()) == 2:
            server.busy = [429, 429, 503]

    async def story() -> None:
        scene = polled(server, tmp_path)
        server.on_page = limit
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(alone(server))
        assert any(why.endswith("http-429") for why in scene.heard)

    play(server, story)


def test_a_key_that_is_refused_is_said_and_stands_in_no_position(tmp_path: Path) -> None:
    server = of()

    async def story() -> None:
        scene = polled(server, tmp_path, key="hub@example.org:another")
        await scene.live(lambda: scene.around.watch.why.endswith("http-401"))
        assert not scene.ids()
        assert not scene.positions.saved

    play(server, story)


def test_closed_cases_say_when_and_why_and_a_converted_contact_is_withdrawn(tmp_path: Path) -> None:
    server = CommCare(
        case(1, day=20, closed=True, close_reason="Recovered"),
        case(2, day=20, closed=True, close_reason="went to her sister's"),
        case(3, "contact", exposure_date="2021-02-01", converted_to_patient="yes"),
        case(4, "contact", exposure_date="2021-02-01"),
    )

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        told = [
            (event.kind, event.active, getattr(event, "closed_reason", None)) for event in scene.standing().values()
        ]
        assert sorted(told, key=str) == [
            ("case", True, "Meets criteria to discontinue isolation"),
            ("case", True, None),
            ("exposure", False, None),
            ("exposure", True, None),
        ]

    play(server, story)
