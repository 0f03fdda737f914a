"""The HTML page: one file that needs nothing else, that everybody can read, and that rounds where others than the source see it."""

from __future__ import annotations

import os
import re
import shutil
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from hub.report.numbers import Numbers, Share
from hub.report.sheet import sheet
from hub.report.tally import Tally
from tests.connectors.upload.test_accessible import THEME as OF_PAGES
from tests.connectors.upload.test_accessible import contrast
from tests.report.made_up import empty_tally, lab_result, page_of, vaccination

CSS = (files("hub.report") / "sheet.css").read_text(encoding="utf-8")
THEME = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", CSS))
TEXT = [
    ("ink", "ground"), ("ink", "card"), ("soft", "card"), ("soft", "ground"), ("on-accent", "accent"), ("bad", "card"),
    ("bad", "bad-ground"), ("ink", "plain-ground"),
]  # fmt: skip


def tally(records: int = 400) -> Tally:
    made = empty_tally()
    for n in range(records):
        made.event(vaccination(n, provider_pin=None if n < 4 else "1", dose_number=None if n % 3 == 0 else 1))
        made.event(lab_result(n))
    made.refused("rejected", "<script>", "PID")
    return made


class Seen(HTMLParser):
    """What elements there are, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    text = sheet(page_of(tally()))
    seen = Seen(text)
    assert seen.open == []
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in seen.tags}
    assert not re.search(r"https?://|url\(|@import", text)
    assert "&lt;script&gt;" in text


def test_tables_have_captions_and_heads_and_a_bar_says_nothing_that_words_do_not() -> None:
    seen = Seen(sheet(page_of(tally())))
    tags = [tag for tag, _ in seen.tags]
    assert tags.count("table") == tags.count("caption") == tags.count("thead") > 1
    assert all("scope" in attrs for tag, attrs in seen.tags if tag == "th")
    assert all(attrs.get("aria-hidden") == "true" for tag, attrs in seen.tags if tag == "svg")
    assert [tag for tag in tags if tag in ("h1", "h2", "h3")][:2] == ["h1", "h2"]
    assert dict(seen.tags)["html"] == {"lang": "en"}


def test_the_page_says_what_its_badges_mean() -> None:
    text = sheet(page_of(tally()))
    assert "Required: without it a record cannot do what it is for." in text


def refused() -> Tally:
    made = tally(20)
    made.refused("rejected", "short-row", place=("b.csv", 3, "b.csv row 3"))
    return made


def test_the_page_speaks_to_the_sender_and_says_where_refused_records_are() -> None:
    text = sheet(page_of(refused(), reasons={"short-row": ("A row is too short.", "hub rejected redrive it.")}))
    assert "b.csv row 3" in text
    assert "The row has fewer cells than the header" in text
    assert "hub rejected" not in text


def test_rounded_no_place_is_told() -> None:
    assert "b.csv row 3" not in sheet(page_of(refused()), rounded=True)


def test_rounded_no_day_is_told_and_of_a_small_group_no_month_and_no_person() -> None:
    few, many = empty_tally(), tally(40)
    few.event(lab_result(1, meaning="positive"))
    for made in (few, many):
        assert "happened 2021-03-01 to 2021-03-01" in sheet(page_of(made))
        assert "2021-03-01 to" not in sheet(page_of(made), rounded=True)
    assert "happened in 2021-03" in sheet(page_of(many), rounded=True)
    told = sheet(page_of(few), rounded=True)
    assert "happened in " not in told
    assert "under 11 people" in told
    assert "under 11 events" in told
    assert "under 11 person" not in told


@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_stands_out_from_its_ground(ink: str, ground: str) -> None:
    assert contrast(ink, ground) >= 4.5


def test_the_theme_is_that_of_the_upload_page() -> None:
    assert THEME.items() <= OF_PAGES.items()


def test_rounded_no_small_count_is_told_nor_can_be_subtracted() -> None:
    text = sheet(page_of(tally()), rounded=True)
    shown = re.sub(r"<style>.*?</style>", "", text, flags=re.S)
    numbers = [int(n.replace(",", "")) for n in re.findall(r'(?:size|n)">(?:about )?([\d,]+)<', shown)]
    assert "under 11" in shown
    assert all(n % 10 == 0 for n in numbers)


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [
        (0, 400, Share("0 %", 0.0)),
        (400, 400, Share("100 %", 1.0)),
        (4, 400, Share("under 3 %", 0.01375)),
        (396, 400, Share("over 97 %", 0.98625)),
        (3, 7, Share("too few", None)),
        (7, 7, Share("too few", None)),
        (0, 0, Share("–", None)),
    ],
)
def test_rounded_shares_tell_no_small_count(part: int, whole: int, share: Share) -> None:
    assert Numbers(rounded=True).share(part, whole) == share


@pytest.mark.parametrize("part", range(1, 11))
def test_rounded_small_counts_all_look_alike(part: int) -> None:
    rounded = Numbers(rounded=True)
    assert rounded.count(part) == "under 11"
    assert rounded.share(part, 500) == rounded.share(1, 500)
    assert rounded.share(500 - part, 500) == rounded.share(499, 500)


@pytest.mark.parametrize("whole", range(11, 40))
def test_rounded_a_whole_never_stands_below_the_part_that_it_has(whole: int) -> None:
    rounded = Numbers(rounded=True)
    least = int(rounded.count(whole).split()[0])
    assert rounded.count(10) == "under 11"
    assert least >= 11
    assert {rounded.count(n) for n in range(11, 15)} == {"11 to 14"}


def test_exact_shares_say_none_or_all_only_when_it_is_so() -> None:
    exact = Numbers(rounded=False)
    assert [exact.share(n, 10_000).words for n in (0, 1, 9_999, 10_000)] == ["0 %", "1 %", "99 %", "100 %"]


def test_a_browser_shows_the_page_without_an_error_and_nothing_sticks_out(tmp_path: Path) -> None:
    binary = os.environ.get("HUB_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if binary is None:
        pytest.skip("SKIPPED LOUDLY: no Chromium here; install it (apt-get install chromium) or set HUB_CHROMIUM")
    from playwright.sync_api import sync_playwright

    file = tmp_path / "report.html"
    file.write_text(sheet(page_of(tally())), encoding="utf-8")
    asked: list[str] = []
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=binary, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 900, "height": 800})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.goto(file.as_uri())
        assert page.get_by_role("heading", name="Fix first").is_visible()
        assert page.locator("ol.fixes li").count() == 3
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.set_viewport_size({"width": 420, "height": 800})  # a telephone: every cell below its row's name, none cut
        boxes = page.evaluate(
            "[...document.querySelectorAll('th[scope=row], td[data-label]')].map(e => e.getBoundingClientRect().right)"
        )
        assert boxes
        assert max(boxes) <= 420
        assert page.evaluate("[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)")
        page.set_viewport_size({"width": 680, "height": 900})  # what A4 leaves between its margins
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.screenshot(full_page=True)[:4] == b"\x89PNG"
        browser.close()
    assert asked == [file.as_uri()]
    assert errors == []
