"""A connector that polls a real HTTP server, its process killed with -9 in the middle of a round: every record in the end, under
the same ids, and what stood on the topic before still stands there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.pantry import Intake, JsonSource, boxes

pytestmark = pytest.mark.live

DOOR = "{{kind: http-poll, url: '{url}', paging: {{by: body-link, at: next}}, since: {{param: since, overlap_s: 0}}, poll_s: 0.2}}"
PAGES, MOST = 7, 5


class Book(JsonSource):
    """Boxes on pages that link to the next; what changed since some time is nothing: who loses a page never sees it again. The
    answer to a page that is held is kept back, once, until `release`."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.since: list[str] = []
        self._held, self._free = 0, threading.Event()
        self.waiting = threading.Event()
        super().__init__(self.answer)

    def hold(self, page: int) -> None:
        self._held = page
        self.waiting.clear()
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def answer(self, query: dict[str, list[str]]) -> dict[str, Any]:
        if "since" in query:
            self.since += query["since"]
            return {"items": []}
        page = int(query.get("page", ["1"])[0])
        self.asked.append(page)
        if page == self._held:
            self._held = 0
            self.waiting.set()
            self._free.wait(120)
        after = {"next": f"{self.url}?page={page + 1}"} if page < PAGES else {}
        return {"items": boxes(range(page * MOST, page * MOST + MOST)), **after}

    def close(self) -> None:
        self.release()
        super().close()


@pytest.fixture
def book() -> Iterator[Book]:
    found = Book()
    yield found
    found.close()


@pytest.fixture
def intake(tmp_path: Path, book: Book) -> Iterator[Intake]:
    found = Intake(tmp_path / "instance")
    found.write("book", DOOR.format(url=book.url), "json")
    book.hold(3)
    try:
        found.start()
        yield found
    finally:
        book.release()
        found.end()


def stands(intake: Intake, pages: int) -> set[str]:
    """Ids on the topic, once those of the first pages are there and no others."""
    intake.until(lambda: len(intake.ids("book")) == pages * MOST)
    return intake.ids("book")


def killed(intake: Intake) -> None:
    """With -9; back when the supervisor has started it again."""
    restarts = intake.stack.restarts["connectors"]
    intake.stack.kill("connectors")
    intake.until(lambda: intake.stack.restarts["connectors"] > restarts)


def test_a_poll_that_is_killed_in_the_middle_of_its_round_loses_no_page(intake: Intake, book: Book) -> None:
    ids = set[str]()
    for page in (3, 5, PAGES):
        assert book.waiting.wait(120), "the page was never asked for"
        before, ids = ids, stands(intake, page - 1)
        assert before <= ids
        book.hold(page + 2)
        killed(intake)
    intake.until(lambda: bool(book.since))
    assert ids <= stands(intake, PAGES)
    assert set(book.asked) == set(range(1, PAGES + 1))
