"""The HTTP-poll door against a server that behaves badly on purpose: nothing is lost, nothing gets a new id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from hub.connectors import doors
from hub.connectors.http_client import HttpClient, HttpLimits
from hub.connectors.http_poll import HttpPollOptions
from hub.errors import ConfigError, FatalError
from tests.connectors.bad_server import BadServer, cut_off, lines, never_ends, says, sends
from tests.connectors.pretend import values
from tests.connectors.pulling import MemoryPositions, around_of, live_until, read_json, when
from tests.fakes import FakeBus

FAST = {
    "kind": "http-poll", "poll_s": 0.001, "first_pause_s": 0.001, "last_pause_s": 0.002, "refused_pause_s": 0.003,
}  # fmt: skip
PAGINGS: dict[str, dict[str, Any]] = {
    "header": {"by": "link-header"},
    "body": {"by": "body-link", "at": "meta.next", "items": "items"},
    "fhir": {"by": "fhir", "items": "entry"},
    "cursor": {"by": "cursor", "param": "cursor", "at": "after", "items": "items"},
    "numbered": {"by": "page-number", "items": "items"},
}


class Scene:
    """A server, a bus and the positions of one connector; `live` is one life of the connector against them."""

    def __init__(self, server: BadServer, folder: Path, path: str = "header", **options: Any) -> None:
        self.server, self.bus, self.positions = server, FakeBus(), MemoryPositions()
        section = {**FAST, "url": f"{server.url}/{path}", "paging": PAGINGS.get(path, {"by": "none"}), **options}
        self.options = HttpPollOptions.model_validate(section)
        self.around = around_of(folder, self.positions, **{"client-secret": "made-up"})

    async def live(self, until: Callable[[], bool]) -> None:
        done = asyncio.Event()
        watching = asyncio.create_task(when(until, done))
        try:
            await live_until(doors.build(self.options, self.around), self.bus, done, read_json)
        finally:
            watching.cancel()

    def round_over(self) -> bool:
        now = self.positions.now.get("all")
        return now is not None and "next" not in now and "status" not in now

    def reasons(self) -> str:
        return self.around.watch.why

    def ids(self) -> set[Any]:
        return set(values(self.bus.log, "event"))


def wanted(*ids: int) -> set[bytes]:
    return {f"event-p{n}-208".encode() for n in ids}


def play(count: int, story: Callable[[BadServer], Any]) -> None:
    async def run() -> None:
        async with BadServer(count).running() as server:
            await story(server)

    asyncio.run(run())


@pytest.mark.parametrize("path", PAGINGS)
@pytest.mark.parametrize("count", [0, 1, 3, 10])
def test_every_way_of_paging_brings_every_record(path: str, count: int, tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, path)
        await scene.live(scene.round_over)
        assert scene.ids() == wanted(*range(count))

    play(count, story)


@pytest.mark.parametrize("path", PAGINGS)
@pytest.mark.parametrize("k", [0, 2, 7, 19])
def test_a_kill_at_record_k_and_another_life_give_the_same_ids(path: str, k: int, tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, path)
        scene.bus.crash_after = k
        with pytest.raises(FatalError):
            await scene.live(lambda: False)
        scene.bus.crash_after = None
        await scene.live(scene.round_over)
        assert scene.ids() == wanted(*range(10))

    play(10, story)


@pytest.mark.parametrize("path", PAGINGS)
def test_a_broker_that_refuses_gets_everything_in_the_end(path: str, tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, path)
        scene.bus = FakeBus(fail_prob=0.3, lose_ack=0.3, seed=5)
        await scene.live(scene.round_over)
        assert scene.ids() == wanted(*range(10))

    play(10, story)


@pytest.mark.parametrize(
    "trouble",
    [
        says(429, Retry_After="0"), says(503), says(202, Retry_After="0"), says(500), says(404), says(302, Location="/header"),
        cut_off(b'[{"id":', 400), sends(b"<html>Sign in</html>", "text/html"), sends(b"x" * 3_000),
    ],
    ids=["429", "503", "202", "500", "404", "redirect", "cut off", "a log-in page", "too large"],
)  # fmt: skip
def test_trouble_in_the_middle_pauses_and_loses_nothing(trouble: Any, tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, "body", limits={"max_bytes": 2_000})
        server.trouble["body"] = [sends(b'{"items": [{"id": 100}]}'), trouble, trouble]
        await scene.live(lambda: scene.ids() >= wanted(*range(10)))
        assert scene.ids() == wanted(*range(10), 100)

    play(10, story)


def test_a_silent_server_is_left_after_a_while(tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, limits={"read_s": 0.05})
        server.trouble["header"] = [never_ends()]
        await scene.live(scene.round_over)
        assert scene.ids() == wanted(0, 1)

    play(2, story)


def test_pages_that_shift_while_they_are_read_lose_nothing(tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, "numbered")
        wants = wanted(*range(1, 12))

        def shift() -> None:
            if (
                server.asked["numbered"] == 2
            ):  # the first record goes: what stood at the head of page 2 is on page 1 now
                server.records.pop(0)

        server.on_page = shift
        await scene.live(scene.round_over)
        assert scene.ids() >= wants

    play(12, story)


def test_pages_that_never_stop_shifting_move_no_position(tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, "numbered")
        server.on_page = lambda: server.records.append(server.records.pop(0))
        await scene.live(lambda: scene.reasons() == "http-pages-shift")
        assert not scene.positions.saved

    play(9, story)


def test_a_round_that_was_cut_off_goes_on_at_its_page_or_anew_when_the_link_ran_out(tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, "body", poll_s=600)  # no next round before the first is seen to be over
        scene.positions.now["all"] = {
            "next": f"{server.url}/body?at=6",
            "began": "2021-02-01T00:00:00+00:00",
            "since": None,
        }
        await scene.live(scene.round_over)
        assert scene.ids() == wanted(6, 7, 8, 9)
        assert scene.positions.saved[-1]["since"] == "2021-02-01T00:00:00+00:00"
        scene.positions.now["all"] = {"next": f"{server.url}/gone", "began": "2021-02-01T00:00:00+00:00", "since": None}
        server.trouble["gone"] = [says(410)] * 99
        await scene.live(scene.round_over)
        assert scene.ids() == wanted(*range(10))

    play(10, story)


def test_the_next_round_asks_from_the_begin_of_the_last_one_with_an_overlap(tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, since={"param": "_lastUpdated", "form": "ge{}", "overlap_s": 60.0})
        scene.positions.now["all"] = {"since": "2021-02-01T00:10:00+00:00"}
        await scene.live(lambda: bool(scene.positions.saved))
        assert server.queries[0] == ("header", {"_lastUpdated": "ge2021-02-01T00:09:00Z"})
        assert datetime.fromisoformat(scene.positions.saved[-1]["since"]) <= datetime.now(UTC)

    play(2, story)


def test_a_token_that_runs_out_is_fetched_anew_in_the_middle_of_a_round(tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        server.token = "somebody else's"
        scene = Scene(server, tmp_path, "body", login={"token_url": f"{server.url}/token", "client_id": "hub"})

        def forget() -> None:
            if server.asked["body"] == 3:
                server.token = "changed"

        server.on_page = forget
        await scene.live(scene.round_over)
        assert scene.ids() == wanted(*range(10))
        assert server.logins == 2

    play(10, story)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(400), "login-400"), (says(429, Retry_After="0"), "login-429"), (sends(b"{}"), "login-unreadable"),
        (sends(b'{"access_token": "a\\r\\nx: y"}'), "login-unreadable"), (cut_off(b"{", 99), "login-unreachable"),
    ],
)  # fmt: skip
def test_a_log_in_that_fails_pauses_with_a_reason(
    answer: Any, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, login={"token_url": f"{server.url}/token", "client_id": "hub"})
        server.trouble["token"] = [answer] * 3
        heard, enter = list[str](), scene.around.watch.enter

        def noted(state: str, why: str = "", error: BaseException | None = None) -> None:
            heard.append(why)
            enter(state, why, error)

        monkeypatch.setattr(scene.around.watch, "enter", noted)
        await scene.live(scene.round_over)
        assert reason in heard
        assert scene.ids() == wanted(0)

    play(1, story)


@pytest.mark.parametrize("link", ["http://169.254.169.254/latest/meta-data", "//elsewhere.example/x", "file:///etc/passwd",
                                  "http://127.0.0.1:1/x", "https://127.0.0.1/x"])  # fmt: skip
def test_a_link_to_another_host_is_not_followed(link: str, tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, "body")
        server.next_link = link
        await scene.live(lambda: scene.reasons() == "http-foreign-host")
        assert not scene.round_over()

    play(3, story)


def test_pages_that_lead_back_to_themselves_are_left(tmp_path: Path) -> None:
    async def story(server: BadServer) -> None:
        scene = Scene(server, tmp_path, "body")
        server.next_link = f"{server.url}/body?at=0"
        await scene.live(lambda: scene.reasons() == "http-pages-loop")

    play(3, story)


class TestBulkExport:
    """`$export`."""

    def scene(self, server: BadServer, folder: Path) -> Scene:
        server.files = {"a": lines(0, 1, 2), "b": b"", "c": lines(3, 4)}
        return Scene(server, folder, "export", export={}, poll_s=30.0)

    def test_files_are_taken_and_the_next_export_asks_from_its_time(self, tmp_path: Path) -> None:
        async def story(server: BadServer) -> None:
            scene = self.scene(server, tmp_path)
            await scene.live(scene.round_over)
            assert scene.ids() == wanted(0, 1, 2, 3, 4)
            assert not list((tmp_path / "spool").iterdir())
            await scene.live(lambda: server.exports > 1)
            kick_offs = [query for path, query in server.queries if path == "export"]
            assert kick_offs[0] == {}
            assert kick_offs[1] == {"_since": "2021-01-31T23:55:00Z"}, "its time less the overlap"

        play(0, story)

    @pytest.mark.parametrize("k", [0, 1, 4, 8])
    def test_a_kill_resumes_the_same_export(self, k: int, tmp_path: Path) -> None:
        async def story(server: BadServer) -> None:
            scene = self.scene(server, tmp_path)
            scene.bus.crash_after = k
            with pytest.raises(FatalError):
                await scene.live(lambda: False)
            scene.bus.crash_after = None
            await scene.live(scene.round_over)
            assert scene.ids() == wanted(0, 1, 2, 3, 4)
            assert server.exports == 1

        play(0, story)

    @pytest.mark.parametrize(
        "trouble",
        [cut_off(lines(3)[:-4], 900), sends(lines(3)[:-4]), sends(lines(3)), says(429, Retry_After="0"), says(500)],
        ids=["cut off", "half a line", "a line too few", "429", "500"],
    )
    def test_half_a_file_is_never_taken_for_the_whole(self, trouble: Any, tmp_path: Path) -> None:
        async def story(server: BadServer) -> None:
            scene = self.scene(server, tmp_path)
            server.counts = {"c": 2}
            server.trouble["file/c"] = [trouble, trouble]
            await scene.live(scene.round_over)
            assert scene.ids() == wanted(0, 1, 2, 3, 4)
            assert server.exports == 1
            assert server.asked["file/a"] == 1

        play(0, story)

    @pytest.mark.parametrize("path", ["status/1", "file/c"])
    def test_an_export_that_ran_out_is_begun_anew_from_the_same_time(self, path: str, tmp_path: Path) -> None:
        async def story(server: BadServer) -> None:
            scene = self.scene(server, tmp_path)
            scene.positions.now["all"] = {"since": "2020-01-01T00:00:00Z"}
            server.trouble[path] = [says(410)]
            await scene.live(lambda: bool(scene.positions.saved) and scene.round_over() and scene.ids() >= wanted(3, 4))
            kick_offs = [query for path, query in server.queries if path == "export"]
            assert kick_offs[:2] == [{"_since": "2019-12-31T23:55:00Z"}] * 2
            assert scene.ids() == wanted(0, 1, 2, 3, 4)

        play(0, story)

    def test_an_export_with_errors_does_not_count_as_done(self, tmp_path: Path) -> None:
        async def story(server: BadServer) -> None:
            scene = self.scene(server, tmp_path)
            manifest = b'{"transactionTime": "2021-02-01T00:00:00Z", "output": [], "error": [{"url": "x"}]}'
            server.trouble["status/1"] = [sends(manifest)] * 1_000
            await scene.live(lambda: scene.reasons() == "export-with-errors")
            assert not scene.round_over()

        play(0, story)


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "ftp://example.org/x", "https://user:word@example.org/x", "nothing"]
)
def test_a_url_that_would_give_secrets_away_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        HttpPollOptions.model_validate({"url": url})


def test_a_missing_secret_keeps_the_door_shut(tmp_path: Path) -> None:
    login = {"token_url": "https://example.org/token", "client_id": "hub"}
    options = HttpPollOptions.model_validate({"kind": "http-poll", "url": "https://example.org/x", "login": login})
    with pytest.raises(ConfigError, match="client-secret"):
        asyncio.run(doors.build(options, around_of(tmp_path)).open())


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120.0), ("Mon, 01 Feb 2021 00:01:00 GMT", 60.0), ("Mon, 01 Feb 1999 00:00:00 GMT", 0.0), ("soon", None),
     ("99999999", 86_400.0), ("", None)],
)  # fmt: skip
def test_what_a_source_asks_to_wait_is_understood(said: str, seconds: float | None) -> None:
    now = datetime(2021, 2, 1, tzinfo=UTC)
    client = HttpClient("https://example.org", None, str, HttpLimits(), now=lambda: now)
    assert client.wait_of(httpx.Headers({"retry-after": said})) == seconds
