"""The upload page over real HTTP, real loop and real sealing; only the broker is pretend."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import re
import selectors
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi import FastAPI

from hub.connectors.front import Refused
from hub.connectors.upload.check import Checked
from hub.connectors.upload.entrance import UNPROVEN
from hub.connectors.upload.routes import Routes
from hub.domain.events import FoodAssistance
from hub.errors import ConfigError
from tests.connectors.upload.pantry import COLUMNS, NAME, ROWS, WORD, PageHub, Visitor, csv_of, visitor
from tests.formats.workbooks import workbook


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[PageHub]:
    with PageHub(tmp_path) as hub:
        yield hub


@pytest.fixture
def desk(hub: PageHub) -> Iterator[Visitor]:
    with visitor(hub) as somebody:
        yield somebody


def test_a_list_is_checked_row_by_row_and_nothing_is_sent(hub: PageHub, desk: Visitor) -> None:
    page = desk.upload(csv_of(ROWS))
    assert "Send 2 rows" in page
    assert "Day: this is not a date that the hub can read." in page
    assert "Kind: the hub does not know this word. It knows: BOX, DELIVERY." in page
    assert "Not for the hub, by this list&#x27;s own rules" in page
    assert re.findall(r"<strong>(\d+)</strong><span>", page) == ["2", "2", "1"]
    assert hub.events == []


def test_the_columns_are_shown_with_how_to_write_them_and_what_may_be_empty(desk: Visitor) -> None:
    told = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", desk.get("/")))
    assert told["Day"] == "a date, like 02/15/2021 or 2021-02-15; must be filled in"
    assert told["Kind"] == "one of BOX, DELIVERY; must be filled in"
    assert (told["Guest"], told["Phone"]) == ("must be filled in", "may be empty")


def test_two_lists_of_one_name_and_minute_are_told_apart_by_the_second(desk: Visitor) -> None:
    desk.upload(csv_of(ROWS))
    desk.post(f"{desk.at}/send")
    (sent,) = re.findall(r'<td class="when"><time[^>]*>([^<]+)<', desk.get("/"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", sent)


def test_mend_send_receipt_send_again_and_take_back(hub: PageHub, desk: Visitor) -> None:
    desk.upload(csv_of(ROWS))
    page = desk.post(f"{desk.at}/mend", r4c0="G-3", r4c6="02/28/2021", r5c0="G-4", r5c7="BAG")
    assert "Send 3 rows" in page
    assert "Mended here" in page
    page = desk.post(f"{desk.at}/send")
    assert "The hub has your list." in page
    assert "3 food records" in page
    receipt = json.loads(desk.get(f"{desk.at}/receipt.json"))
    assert (receipt["state"], receipt["rows"], receipt["recorded"], receipt["sent_by"]) == (
        "sent",
        3,
        {"food-assistance": 3},
        "front-desk",
    )
    assert receipt["sent_at"] == "2021-03-01T15:30:00+00:00"
    first = [event.event_id for event in hub.events]
    assert len(set(first)) == 3

    at = f"/uploads/{receipt['receipt']}"
    desk.get("/")
    desk.upload(csv_of(ROWS[:2]))
    desk.post(f"{desk.at}/send")
    assert [event.event_id for event in hub.events[3:]] == first[:2]

    assert "Take this list back?" in desk.get(f"{at}/pull-back")
    page = desk.post(f"{at}/pull-back")
    assert "This list was taken back." in page
    assert "1 record withdrawn; 2 left as they are" in page
    (taken_back,) = hub.events[5:]
    assert isinstance(taken_back, FoodAssistance)
    assert (taken_back.active, taken_back.fact_key) == (False, hub.events[2].fact_key)
    assert "Taken back" in desk.get("/")


def test_rows_that_wait_are_mended_and_sent_after_the_others(hub: PageHub, desk: Visitor) -> None:
    desk.upload(csv_of(ROWS))
    check = desk.at
    page = desk.post(f"{check}/send")
    assert "Some rows of this list still wait for you." in page
    page = desk.get(check)
    assert "Already sent" in page
    desk.post(f"{check}/mend", r4c0="G-3", r4c6="2021-02-28", r5c0="G-4", r5c7="BOX")
    desk.post(f"{check}/send")
    assert len(hub.events) == 4
    assert len({event.fact_key for event in hub.events}) == 4
    desk.get(check, status=404)  # nothing is left of it


def test_a_workbook_is_as_good_as_a_csv_file(hub: PageHub, desk: Visitor) -> None:
    page = desk.upload(workbook([COLUMNS, *ROWS[:2], [*ROWS[0][:6], "=TODAY()", "BOX"]]), "march.xlsx")
    assert "Send 2 rows" in page
    assert "Day: the cell holds a formula without a result" in page
    desk.post(f"{desk.at}/send")
    assert len(hub.events) == 2


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"list/{name.replace('_', '.')}", content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("march.zip", lambda: zipped(march_csv=csv_of(ROWS[:2]))),
        ("march.ZIP", lambda: zipped(march_xlsx=workbook([COLUMNS, *ROWS[:2]]))),
        ("march.csv.gz", lambda: gzip.compress(csv_of(ROWS[:2]))),
    ],
)
def test_a_zip_of_one_list_is_that_list(name: str, pack: Callable[[], bytes], hub: PageHub, desk: Visitor) -> None:
    assert "Send 2 rows" in desk.upload(pack(), name)
    desk.post(f"{desk.at}/send")
    assert len(hub.events) == 2
    desk.get("/")
    desk.upload(csv_of(ROWS[:2]))
    desk.post(f"{desk.at}/send")
    assert len({event.fact_key for event in hub.events}) == 2  # the same rows, however they were packed


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (zipped(a_csv=b"x", b_csv=b"y"), "both.zip", "holds more than one file"),
        (zipped(a_csv=b"0" * (9 * 1024 * 1024)), "bomb.zip", "What is in the zip is too large"),
        (gzip.compress(b"0" * (9 * 1024 * 1024)), "bomb.csv.gz", "What is in the zip is too large"),
        (zipped(a_zip=zipped(b_csv=b"x")), "nested.zip", "In the zip is another zip"),
        (b"PK\x03\x04 broken", "list.zip", "The zip cannot be opened"),
        (b"no gzip", "list.csv.gz", "The .gz file cannot be opened"),
    ],
)
def test_a_zip_that_is_no_list_or_a_bomb_is_told_in_plain_words(
    data: bytes, name: str, said: str, desk: Visitor
) -> None:
    assert said in desk.upload(data, name, status=422)


def test_problem_rows_go_out_as_harmless_csv_and_come_back_mended(hub: PageHub, desk: Visitor) -> None:
    bad = [["G-9", "=cmd|' /C calc'!A0", "@Vega", "03/09/1984", "+1 555 201 3344", "62704", "yesterday", "BOX"]]
    desk.upload(csv_of(bad))
    made = desk.get(f"{desk.at}/problems.csv").removeprefix("\ufeff")
    assert desk.last.headers["content-disposition"] == 'attachment; filename="rows-that-need-a-look.csv"'
    header, row = made.splitlines()
    assert header == ",".join([*COLUMNS, "Row in the first file", "What to do"])
    assert row.startswith("G-9,'=cmd|' /C calc'!A0,'@Vega,03/09/1984,'+1 555 201 3344,62704,yesterday,BOX,2,Day: ")
    desk.get("/")
    desk.upload(made.replace("yesterday", "2021-02-15").encode(), "rows-that-need-a-look.csv")
    desk.post(f"{desk.at}/send")
    (event,) = hub.events
    assert event.person is not None
    assert getattr(event.person, "given_name", "") == "=cmd|' /C calc'!A0"
    hub.events.clear()
    desk.get("/")
    desk.upload(csv_of([[*bad[0][:6], "2021-02-15", "BOX"]]))
    desk.post(f"{desk.at}/send")
    assert hub.events[0].event_id == event.event_id  # our two columns say nothing of the row


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty"),
        (b"Guest,Day\n", "The list lacks: First name"),
        (csv_of([]), "a header and no rows"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "has a password, or is an old .xls file"),
        (b"PK\x03\x04 broken", "looks like an Excel workbook"),
        (b"\x00\x01\x02", "characters that are no text"),
        (csv_of([["G", "a", "b", "c", "d", "e", "f", "g"]] * 21), "The list is too long"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_told_in_plain_words(tmp_path: Path, data: bytes, said: str) -> None:
    with PageHub(tmp_path, max_rows=20) as hub, visitor(hub) as desk:
        assert said in desk.upload(data, status=422)


def test_what_people_type_never_becomes_markup(desk: Visitor) -> None:
    evil = '"><script>alert(1)</script>'
    row = ["G-1", evil.replace('"', '""'), "Vega", "", "", "", "never", "BOX"]
    page = desk.upload(csv_of([[f'"{cell}"' for cell in row]]), f"{evil}.csv")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_every_answer_is_private_and_lets_nothing_in_from_elsewhere(hub: PageHub, desk: Visitor) -> None:
    desk.upload(csv_of(ROWS))
    seen = [desk.last, desk.client.get("/"), desk.client.get(f"{desk.at}/problems.csv"), desk.client.get("/nowhere")]
    seen += [httpx.get(f"{hub.url}/", follow_redirects=True), desk.client.get("/signed-out")]
    for answer in seen:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith(
            "default-src 'none'; style-src 'self'; script-src 'self';"
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    pages = [answer.text for answer in seen if answer.headers["content-type"].startswith("text/html")]
    assert not any(re.search(r"<style|<script(?! src=\"/upload)|style=|\son\w+=|https?://", page) for page in pages)
    assert "refresh" in desk.client.get("/").headers  # it leaves the screen by itself
    assert [desk.client.get(f"/{name}").status_code for name in ("page.css", "page.js")] == [200, 200]


def test_nobody_comes_in_without_the_word(hub: PageHub) -> None:
    stranger = Visitor(hub)
    assert "do not belong together" in stranger.sign_in(word="wrong", status=401)
    assert "do not belong together" in stranger.sign_in(label="nobody", status=401)
    for path in ("/check/abc", "/uploads/abc", "/uploads/abc/receipt.json", "/empty.csv"):
        assert "Access word" in stranger.get(path)
    response = stranger.client.post("/check", data={"csrf": "x"}, files={"file": ("a.csv", b"a")})
    assert "Access word" in response.text
    stranger.client.close()


def test_guessing_is_slowed_down_for_the_name_and_not_for_good(hub: PageHub) -> None:
    stranger = Visitor(hub)
    for _ in range(5):
        stranger.sign_in(word="wrong", status=401)
    assert "Too many tries did not fit." in stranger.sign_in(status=429)
    stranger.client.close()


def test_behind_a_proxy_one_who_guesses_keeps_nobody_else_out(tmp_path: Path) -> None:
    with PageHub(tmp_path, public_url="https://lists.example.org") as hub, httpx.Client(base_url=hub.url) as client:

        def sign_in(label: str, word: str) -> int:
            before = client.get("/").headers["set-cookie"].partition(";")[0]  # Secure: the client would not send it
            token = {"csrf": before.partition("=")[2], "label": label, "word": word}
            return client.post("/sign-in", data=token, headers={"Cookie": before}).status_code

        assert [sign_in("evening-shift", "wrong") for _ in range(6)] == [401] * 5 + [429]
        assert sign_in("front-desk", WORD) == 303


def test_a_receipt_that_looks_again_by_itself_keeps_nobody_signed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.connectors.upload.routes.SETTLE_S", 0.05)
    with PageHub(tmp_path, idle_minutes=5) as hub, visitor(hub) as desk:
        hub.bus.away = True
        desk.upload(csv_of(ROWS))
        desk.post(f"{desk.at}/send")
        for _ in range(2):
            again = desk.last.headers["refresh"].partition("url=")[2].partition(NAME)[2]
            assert "on its way" in desk.get(again)
            hub.seconds += 200
        assert "Access word" in desk.get(again)


def test_a_session_has_a_strict_cookie_and_ends_with_the_sign_out(hub: PageHub, desk: Visitor) -> None:
    cookie = next(header for header in _history(desk) if header.startswith("hub_upload="))
    assert {"HttpOnly", "SameSite=strict", f"Path=/upload/{NAME}"} <= {part.strip() for part in cookie.split(";")}
    desk.upload(csv_of(ROWS))
    check, session = desk.at, desk.client.cookies.get("hub_upload")
    desk.post("/sign-out")
    desk.client.cookies.set("hub_upload", session or "", path=f"/upload/{NAME}")
    assert "Access word" in desk.get(check)


def _history(desk: Visitor) -> list[str]:
    desk.client.cookies.clear()
    desk.get("/")
    response = desk.client.post(
        "/sign-in",
        data={"csrf": desk.token, "label": "front-desk", "word": "k7mp-2xqd-9rtw-hb4n"},
        follow_redirects=False,
    )
    desk.get("/")
    return response.headers.get_list("set-cookie")


def test_a_form_from_elsewhere_is_refused(hub: PageHub, desk: Visitor) -> None:
    desk.upload(csv_of(ROWS))
    send = f"{desk.at}/send"
    assert desk.client.post(send, data={"csrf": "guessed"}).status_code == 409
    assert desk.client.post(send).status_code == 409
    there = {"sec-fetch-site": "cross-site"}
    assert desk.client.post(send, data={"csrf": desk.token}, headers=there).status_code == 409
    assert hub.events == []


def test_of_somebody_who_is_not_signed_in_little_is_read(hub: PageHub) -> None:
    stranger = Visitor(hub)
    stranger.get("/")
    large = {"csrf": stranger.token, "label": "front-desk", "word": "A" * 100_000}
    assert stranger.client.post("/sign-in", data=large).status_code == 413
    for path in ("/check/abc/mend", "/check/abc/send", "/uploads/abc/pull-back", "/sign-out"):
        answer = stranger.client.post(path, data=large, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/upload/{NAME}/")
    stranger.client.close()


def test_those_who_dawdle_at_the_entrance_keep_nobody_out(hub: PageHub) -> None:
    head = f"POST /upload/{NAME}/sign-in HTTP/1.1\r\nHost: hub\r\nContent-Length: 90\r\n\r\ncsrf=".encode()
    with ExitStack() as crowd, selectors.DefaultSelector() as heard:
        for _ in range(30):
            slow = crowd.enter_context(socket.create_connection((hub.front.host, hub.front.port)))
            slow.sendall(head)
            heard.register(slow, selectors.EVENT_READ)
        for _ in range(30 - UNPROVEN):
            (key, _), *_ = heard.select(120) or pytest.fail("those who dawdle stay")
            answer = cast(socket.socket, key.fileobj).recv(40)
            assert b" 408 " in answer or b" 429 " in answer
            heard.unregister(key.fileobj)
        with visitor(hub) as somebody:
            assert "Send a list" in somebody.page


def test_a_list_that_is_sent_while_it_is_mended_is_sent_once(
    hub: PageHub, desk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.upload(csv_of(ROWS))
    check, token = desk.at, desk.token
    mending, go_on, mended = threading.Event(), threading.Event(), Checked.mended

    def slowly(draft: Checked, edits: Mapping[int, Sequence[str]]) -> Checked:
        mending.set()
        assert go_on.wait(120)
        return mended(draft, edits)

    monkeypatch.setattr(Checked, "mended", slowly)
    with ThreadPoolExecutor(1) as beside:
        form = {"csrf": token, "r4c0": "G-3", "r4c6": "02/28/2021"}
        answer = beside.submit(
            httpx.post, f"{hub.url}{check}/mend", data=form, cookies=dict(desk.client.cookies), timeout=120
        )
        assert mending.wait(120)
        desk.post(f"{check}/send")
        go_on.set()
        assert answer.result().status_code == 409
    assert "Already sent" in desk.get(check)
    assert len(hub.events) == 2


def test_receipts_and_checks_are_ones_own(hub: PageHub, desk: Visitor) -> None:
    desk.upload(csv_of(ROWS))
    check = desk.at
    desk.post(f"{check}/send")
    mine = desk.at
    with visitor(hub, "evening-shift", "another-word") as other:
        other.get(mine, status=404)
        other.get(check, status=404)
        other.get("/")
        other.post(f"{mine}/pull-back", status=404)
        assert "march.csv" not in other.get("/")
    assert all(event.active for event in hub.events)


def test_two_clicks_are_one_sending(hub: PageHub, desk: Visitor) -> None:
    desk.upload(csv_of(ROWS[:2]))
    at, token = desk.at, desk.token
    desk.post(f"{at}/send")
    assert desk.client.post(f"{at}/send", data={"csrf": token}).status_code == 404
    assert len(hub.events) == 2


def test_while_the_broker_is_away_the_list_waits_and_goes_on_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.connectors.upload.routes.SETTLE_S", 0.05)
    monkeypatch.setattr("hub.connectors.upload.door._RETRY_S", 0.05)
    with PageHub(tmp_path) as hub, visitor(hub) as desk:
        hub.bus.away = True
        desk.upload(csv_of(ROWS[:2]))
        page = desk.post(f"{desk.at}/send")
        assert "on its way" in page
        assert desk.last.headers["refresh"].startswith("3; url=/upload/")
        hub.bus.away = False
        for _ in range(400):
            if "The hub has your list." in desk.get(desk.at):
                break
        assert "The hub has your list." in desk.page
        assert len({event.event_id for event in hub.events}) == 2


def test_what_a_stop_left_open_goes_on_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.connectors.upload.routes.SETTLE_S", 0.05)
    with PageHub(tmp_path) as hub, visitor(hub) as desk:
        hub.bus.away = True
        desk.upload(csv_of(ROWS[:2]))
        desk.post(f"{desk.at}/send")
        at = desk.at
    with PageHub(tmp_path) as hub, visitor(hub) as desk:
        for _ in range(400):
            if "The hub has your list." in desk.get(at):
                break
        assert "The hub has your list." in desk.page
        assert len(hub.events) == 2


def test_a_column_that_is_missing_is_named_and_an_empty_list_can_be_had(desk: Visitor) -> None:
    page = desk.upload(csv_of([row[:-1] for row in ROWS], COLUMNS[:-1]), status=422)
    assert "The list lacks: Kind." in page
    made = desk.get("/empty.csv").removeprefix("\ufeff").strip().split(",")
    assert sorted(made) == sorted(COLUMNS)


@pytest.mark.parametrize(
    ("public_url", "peer", "status"),
    [(None, "10.0.0.9", 403), (None, "127.0.0.1", 200), ("https://lists.example.org", "10.0.0.9", 200)],
)
def test_without_encryption_only_this_machine_is_served(
    tmp_path: Path, public_url: str | None, peer: str, status: int
) -> None:
    more = {"public_url": public_url} if public_url else {}
    with PageHub(tmp_path, **more) as hub:
        app = FastAPI()
        app.include_router(Routes(hub.door).router(), prefix="/upload/x")
        app.add_exception_handler(Refused, lambda _request, error: Routes(hub.door).refusal(cast(Refused, error)))

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=app, client=(peer, 5_000))
            async with httpx.AsyncClient(transport=transport, base_url="http://lists.example.org") as client:
                return await client.get("/upload/x/")

        answer = asyncio.run(ask())
    assert answer.status_code == status
    assert ("Secure" in answer.headers.get("set-cookie", "")) == (public_url is not None)


def test_a_page_that_nobody_uses_is_cleared_and_its_session_is_over(tmp_path: Path) -> None:
    with PageHub(tmp_path, idle_minutes=5) as hub, visitor(hub) as desk:
        desk.upload(csv_of(ROWS))
        check = desk.at
        assert desk.last.headers["refresh"] == f"302; url=/upload/{NAME}/signed-out"
        assert "Nothing was done here for 5 minutes" in desk.get("/signed-out")
        assert "Send 2 rows" in desk.get(check)  # in use in another window: it goes on
        hub.seconds += 301
        assert "Access word" in desk.get(check)


def test_without_anybody_who_could_sign_in_the_door_does_not_open(tmp_path: Path) -> None:
    hub = PageHub(tmp_path)
    hub.secrets.clear()
    with pytest.raises(ConfigError), hub:
        pass


def test_checked_lists_of_others_make_room_when_many_lie_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.connectors.upload.routes.DRAFTS_IN_ALL", 1)
    with PageHub(tmp_path, max_rows=5) as hub, visitor(hub) as desk:
        desk.upload(csv_of(ROWS[:3]))
        check = desk.at
        with visitor(hub, "evening-shift", "another-word") as other:
            other.upload(csv_of(ROWS))
            assert "Send 2 rows" in other.page
        desk.get(check, status=404)
