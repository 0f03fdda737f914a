"""The shipped connector `godata` against a real server that behaves as Go.Data does (health-standards.md §5.2, §8 R35)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.catalog import SHIPPED
from hub.errors import FatalError
from tests.connectors.polled import Polled, play
from tests.connectors.tracing_servers import GoData

LNG = "LNG_REFERENCE_DATA_CATEGORY_"
RESOURCES = ("cases", "contacts", "lab-results")


def sample(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SHIPPED / "godata" / "samples" / f"{name}.json").read_text())
    return found


def case(number: int, **changes: Any) -> dict[str, Any]:
    at = f"2021-02-{number % 27 + 1:02d}T08:00:00.000Z"
    return {
        "id": f"case-{number}", "type": f"{LNG}PERSON_TYPE_CASE", "classification": f"{LNG}CASE_CLASSIFICATION_CONFIRMED",
        "dateOfOnset": "2021-02-01T00:00:00.000Z", "deleted": False, "updatedAt": at, **changes,
    }  # fmt: skip


def polled(server: GoData, folder: Path, **door: Any) -> Polled:
    secrets = {"password": server.PASSWORD}
    return Polled("godata", folder, server.url, "https://godata.example.org", secrets, **door)


def of(count: int = 12, most: int = 5) -> GoData:
    server = GoData(cases=[case(n) for n in range(count)], contacts=[], lab_results=[])
    server.most = most
    return server


def live_rows(server: GoData) -> list[list[dict[str, Any]]]:
    """Every record that it holds, each alone."""
    return [[row] for rows in server.records.values() for row in rows]


def test_r35_all_resources_come_whole_deleted_records_by_a_second_query(tmp_path: Path) -> None:
    server = GoData(**{name.replace("-", "_"): sample(name) for name in RESOURCES})

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(live_rows(server))
        gone = [event for event in scene.standing().values() if not event.active]
        assert {event.kind for event in gone} == {"case", "exposure", "lab-result"}

    play(server, story)


@pytest.mark.parametrize("count", [0, 1, 5, 12])
def test_r35_pages_by_skip_and_limit_bring_every_record_also_where_a_page_is_shorter_than_asked(
    count: int, tmp_path: Path
) -> None:
    server = of(count)

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(live_rows(server))
        filters = [json.loads(query["filter"]) for path, query in server.queries if path.endswith("/cases")]
        assert {each["limit"] for each in filters} == {500}
        assert {each["skip"] for each in filters} >= set(range(0, count, 5)) | {0}

    play(server, story)


def test_r35_a_token_that_ran_out_is_fetched_anew_in_the_middle_of_a_round(tmp_path: Path) -> None:
    server = of()
    server.uses = 2

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(live_rows(server))
        assert server.logins > 1
        assert all("access_token" not in query for _, query in server.queries)

    play(server, story)


def test_r35_the_token_may_go_into_the_query_and_is_kept_nowhere(tmp_path: Path) -> None:
    server = of()

    async def story() -> None:
        login = {
            "by": "password", "token_url": f"{server.url}/api/users/login", "client_id": server.USER, "secret": "password",
            "token_at": "id", "lasts_at": "ttl", "param": "access_token",
        }  # fmt: skip
        scene = polled(server, tmp_path, login=login)
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(live_rows(server))
        assert any("access_token" in query for _, query in server.queries)
        assert not [token for token in server.tokens if token and token in json.dumps(scene.positions.saved)]

    play(server, story)


def test_r35_the_next_round_asks_for_what_changed_since_with_an_overlap(tmp_path: Path) -> None:
    server = of()

    async def story() -> None:
        scene = polled(server, tmp_path)
        for stream in scene.options.asked:
            scene.positions.now[stream.name] = {"since": "2021-02-09T09:00:00+00:00"}
        before = len(scene.positions.saved)
        await scene.live(lambda: len(scene.positions.saved) >= before + len(scene.options.asked))
        filters = [json.loads(query["filter"]) for path, query in server.queries if "filter" in query]
        assert {each["where"]["updatedAt"]["gte"] for each in filters} == {"2021-02-09T08:50:00Z"}
        assert scene.ids() == scene.ids_of(
            [[row] for row in server.records["cases"] if row["updatedAt"] > "2021-02-09T08:50"]
        )

    play(server, story)


def test_r35_a_deletion_withdraws_the_case_and_a_restored_one_stands_again(tmp_path: Path) -> None:
    server = of(3)

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        (row,) = [row for row in server.records["cases"] if row["id"] == "case-1"]
        gone = "2021-02-20T08:00:00.000Z"
        row |= {"deleted": True, "deletedAt": gone, "updatedAt": gone}
        scene.positions.now.clear()
        await scene.live(scene.rounds_over)
        assert sorted(event.active for event in scene.standing().values()) == [False, True, True]
        row |= {"deleted": False, "deletedAt": None, "updatedAt": "2021-02-21T08:00:00.000Z"}
        scene.positions.now.clear()
        await scene.live(scene.rounds_over)
        assert all(event.active for event in scene.standing().values())

    play(server, story)


def test_pages_that_shift_while_they_are_read_lose_nothing(tmp_path: Path) -> None:
    server = of()

    def changed() -> None:
        if server.asked["/api/outbreaks/OUTBREAK/cases"] == 2:  # the first goes to the end: all others move up by one
            first = min(server.records["cases"], key=lambda row: row["updatedAt"])
            first["updatedAt"] = "2021-03-01T08:00:00.000Z"

    async def story() -> None:
        scene = polled(server, tmp_path)
        server.on_page = changed
        await scene.live(scene.rounds_over)
        assert scene.ids() >= scene.ids_of(live_rows(server))

    play(server, story)


@pytest.mark.parametrize("k", [0, 1, 5, 11])
def test_a_kill_at_record_k_and_another_life_give_the_same_ids(k: int, tmp_path: Path) -> None:
    server = of()

    async def story() -> None:
        scene = polled(server, tmp_path)
        scene.bus.crash_after = k
        with pytest.raises(FatalError):
            await scene.live(lambda: False)
        scene.bus.crash_after = None
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(live_rows(server))

    play(server, story)


def test_a_server_that_is_busy_is_asked_again(tmp_path: Path) -> None:
    server = of()
    server.busy = [429, 503, 429, 500]

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(live_rows(server))
        assert {"cases http-429", "cases http-503"} & {*scene.heard}

    play(server, story)


def test_a_server_that_lets_three_pages_be_read_at_once_is_read_to_the_end(tmp_path: Path) -> None:
    server = of()

    def limit() -> None:
        if sum(server.asked.values()) % 3 == 0:
            server.busy = [429]

    async def story() -> None:
        scene = polled(server, tmp_path)
        server.on_page = limit
        await scene.live(scene.rounds_over)
        assert scene.ids() == scene.ids_of(live_rows(server))

    play(server, story)


def test_a_wrong_password_is_said_and_asked_slowly(tmp_path: Path) -> None:
    server = of()

    async def story() -> None:
        scene = Polled("godata", tmp_path, server.url, "https://godata.example.org", {"password": "another"})
        await scene.live(lambda: scene.around.watch.why.endswith("login-401"))
        assert not scene.ids()

    play(server, story)


def test_a_contact_that_became_a_case_is_no_longer_merely_exposed(tmp_path: Path) -> None:
    contact = {
        "id": "p-1", "type": f"{LNG}PERSON_TYPE_CONTACT", "dateOfLastContact": "2021-02-05T00:00:00.000Z",
        "deleted": False, "updatedAt": "2021-02-06T08:00:00.000Z",
    }  # fmt: skip
    server = GoData(cases=[], contacts=[contact], lab_results=[])

    async def story() -> None:
        scene = polled(server, tmp_path)
        await scene.live(scene.rounds_over)
        assert [(event.kind, event.active) for event in scene.standing().values()] == [("exposure", True)]
        server.records["contacts"].clear()
        server.records["cases"].append(case(9, id="p-1", wasContact=True))
        scene.positions.now.clear()
        await scene.live(scene.rounds_over)
        standing = {kind: event for (kind, _), event in scene.standing().items()}
        assert standing["case"].active
        assert not standing["exposure"].active
        assert standing["case"].source_person == standing["exposure"].source_person

    play(server, story)
