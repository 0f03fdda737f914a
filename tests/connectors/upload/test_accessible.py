"""Everybody can use the page: labels, headings in order, landmarks, contrast of the theme, nothing that only colour says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from hub.connectors.upload.assets import ASSETS
from tests.connectors.upload.pantry import ROWS, PageHub, Visitor, csv_of, visitor

CSS = ASSETS["page.css"][1].decode()
THEME = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", CSS))
TEXT = [
    ("ink", "ground"), ("ink", "card"), ("soft", "ground"), ("soft", "card"), ("accent", "card"), ("accent", "ground"),
    ("accent", "plain-ground"), ("accent-deep", "plain-ground"), ("on-accent", "accent"), ("on-accent", "accent-deep"),
    ("on-accent", "bad"), ("on-accent", "ink"), ("good", "good-ground"), ("bad", "bad-ground"), ("bad", "card"),
    ("ink", "bad-ground"),
    ("plain", "plain-ground"),
]  # fmt: skip
EDGES = [
    ("edge", "card"),
    ("edge", "ground"),
    ("focus", "card"),
    ("focus", "ground"),
    ("on-accent", "accent"),
    ("bad", "card"),
]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(THEME[one]), luminance(THEME[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_can_be_read(text: str, ground: str) -> None:
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_and_focus_can_be_seen(edge: str, ground: str) -> None:
    assert contrast(edge, ground) >= 3


def test_every_colour_is_of_the_theme() -> None:
    rules = CSS.split("}", 1)[1]
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl", rules)
    assert set(re.findall(r"var\(--([a-z-]+)\)", rules)) == set(THEME)
    assert "url(" not in CSS


class Reading(HTMLParser):
    """What of a page matters here."""

    VOID = frozenset({"meta", "link", "input", "br", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.labels: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.referred: set[str] = set()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.nested_wrong: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if "p" in self.open and tag in ("p", "form", "div", "ul", "table", "section"):
            self.nested_wrong.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "label":
            self.labels.add(given.get("for") or "")
        if tag == "input" and given.get("type") != "hidden":
            self.inputs.append(given)
        self.ids += [value for name, value in attrs if name == "id" and value]
        for name in ("aria-describedby", "list"):
            self.referred.update((given.get(name) or "").split())

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with PageHub(tmp_path_factory.mktemp("pages")) as hub:
        stranger = Visitor(hub)
        found = {"sign in": stranger.get("/"), "wrong word": stranger.sign_in(word="wrong", status=401)}
        found["signed out"] = stranger.get("/signed-out")
        stranger.client.close()
        with visitor(hub) as desk:
            found["empty start"] = desk.get("/")
            found["bad file"] = desk.upload(b"a,b\n1,2\n", status=422)
            found["check"] = desk.upload(csv_of([*ROWS, ["too", "short"], [*ROWS[0], "too", "long"]]))
            found["receipt"] = desk.post(f"{desk.at}/send")
            found["question"] = desk.get(f"{desk.at.split('?')[0]}/pull-back")
            found["taken back"] = desk.post(desk.at)
            found["start"] = desk.get("/")
            found["nothing there"] = desk.get("/check/none", status=404)
        yield found


NAMES = [
    "sign in", "wrong word", "signed out", "empty start", "bad file", "check", "receipt", "question", "taken back", "start",
    "nothing there",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_page_can_be_used_without_seeing_it(pages: dict[str, str], name: str) -> None:
    page = Reading(pages[name])
    assert page.open == []
    assert page.nested_wrong == []
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert all(given["id"] in page.labels for given in page.inputs)
    assert page.labels <= set(page.ids)
    assert page.referred <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    tags = [tag for tag, _ in page.tags]
    assert (tags.count("main"), tags.count("header"), tags.count("title")) == (1, 1, 1)
    assert ("html", {"lang": "en"}) in page.tags
    assert all(given.get("scope") in ("col", "row") for tag, given in page.tags if tag == "th")
    assert tags.count("table") == sum(
        given.get("role") == "region" and bool(given.get("aria-label")) for _, given in page.tags
    )
    assert not any(name.startswith("on") or name == "style" for _, given in page.tags for name in given)


def test_a_cell_that_is_wrong_says_so_and_why(pages: dict[str, str]) -> None:
    wrong = [given for given in Reading(pages["check"]).inputs if given.get("aria-invalid") == "true"]
    assert [given["name"] for given in wrong] == ["r4c6", "r5c7"]
    assert [given["aria-describedby"] for given in wrong] == ["row-4-why", "row-5-why"]
    assert "This row has fewer cells" in pages["check"]
    assert "This row has more cells" in pages["check"]
