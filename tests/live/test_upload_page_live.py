"""A volunteer with a list, in a real browser before a whole running stack: what they send opens needs, what they take back closes
them.

Needs the system's Chromium (chromium or chromium-browser on PATH, or HUB_CHROMIUM=…); skips loudly without.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from hub.bus.topics import NEED_TOPIC, intake_topic
from hub.config import load_settings
from hub.connectors.upload.access import hashed
from hub.wiring_bus import ids_of
from tests.formats.workbooks import workbook
from tests.live.town import Town

pytestmark = pytest.mark.live

PATIENCE_MS = 120_000
"""Longer than any page takes on a busy machine: what is waited for is what the page says."""
NAME, WORD = "kitchen-list", "k7mp-2xqd-9rtw-hb4n"
DAY = date(2021, 2, 6)
CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
COLUMNS = ["Guest", "First name", "Last name", "Born", "Day", "Isolating", "Sleeps"]
YAML = f"""
name: {NAME}
title: Guests of the church kitchen who must isolate
source: {{sector: other, format: csv, standard: a list kept by hand, timezone: America/Chicago}}
door: {{kind: upload}}
emits: [case, living-situation]
dedupe: [Guest, Day]
identity:
  id: Guest
  authority: {{value: {NAME}}}
  block: {{given_name: First name, family_name: Last name, birth_date: {{from: Born, format: ["%m/%d/%Y", iso]}}}}
map:
  - event: case
    occurred_on: {{from: Day, format: ["%m/%d/%Y", iso], required: true}}
    fields:
      isolating: {{from: Isolating}}
      first_positive_on: {{from: Day, format: ["%m/%d/%Y", iso]}}
  - event: living-situation
    occurred_on: {{from: Day, format: ["%m/%d/%Y", iso], required: true}}
    fields: {{situation: {{from: Sleeps, codes: sleeps}}}}
"""
CODES = "source_value,system,target_code,status,note\nOUTSIDE,,homeless-unsheltered,mapped,\nHOME,,housed,mapped,\n"
AGREEMENT = f"""
kind: intake
agreement_id: kitchen-2021
connector: {NAME}
discloser: Church kitchen
recipient: County health department
basis: made up
valid_from: 2020-01-01
valid_until: 2035-12-31
purposes: [isolation-support]
labels: [N]
retention_days: 30
person_block: [given_name, family_name, birth_date, local_id]
events:
  case: [isolating, first_positive_on]
  living-situation: [situation]
"""
LIST = """Guest,First name,Last name,Born,Day,Isolating,Sleeps
K-1,{},02/05/2021,yes,OUTSIDE
K-2,{},02/05/2021,yes,TENT
K-3,Ada,Lind,01/02/1990,31/02/2021,yes,OUTSIDE
"""
PEOPLE = {
    "desktop": ("Rosa,Vega,03/09/1984", "Tom,Okafor,11/30/1979", ["Lea", "Sol", date(1991, 7, 4)]),
    "phone": ("Imran,Haddad,08/17/1962", "Greta,Lindqvist,05/23/1971", ["Noa", "Berger", date(1958, 12, 19)]),
}
"""Nobody of one list may be taken for somebody of the other: both are told to one stack."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    found = Town(tmp_path_factory.mktemp("kitchen") / "instance")
    folder, secrets = found.instance / "connectors" / NAME, found.instance / "secrets" / NAME
    (folder / "codes").mkdir(parents=True)
    (folder / "connector.yaml").write_text(YAML)
    (folder / "codes" / "sleeps.csv").write_text(CODES)
    (found.instance / "agreements" / f"{NAME}.yaml").write_text(AGREEMENT)
    secrets.mkdir(parents=True)
    (secrets / "access").touch(mode=0o600)
    (secrets / "access").write_text(hashed("front-desk", WORD))
    try:
        found.start()
        found.tick(DAY)
        yield found
    finally:
        found.end()


@pytest.fixture(params=[(1_100, 800), (375, 740)], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    binary = os.environ.get("HUB_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not binary:
        pytest.skip("SKIPPED LOUDLY: no Chromium here; install it (apt-get install chromium) or set HUB_CHROMIUM")
    width, height = request.param
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=CHROMIUM, timeout=PATIENCE_MS)
        opened = browser.new_page(viewport={"width": width, "height": height})
        opened.set_default_timeout(PATIENCE_MS)
        yield opened
        browser.close()


def events(town: Town) -> list[dict[str, Any]]:
    """What the page brought, repeats included."""
    kinds = ("case", "living-situation")
    return [f for kind in kinds for f in town.read(intake_topic(kind)) if f["source"] == NAME]


def needs(town: Town) -> dict[str, dict[str, Any]]:
    """Every need as it stands on the topic, by id."""
    town.settle()
    return {need["need_id"]: need for need in town.newest(NEED_TOPIC).values()}


def place_of(town: Town, guest: str) -> str:
    """Id of the open need of a place that rests on this guest's row."""
    fact = ids_of(town.settings).fact_key(NAME, "case", guest, "02/05/2021")
    (found,) = [
        need_id
        for need_id, need in needs(town).items()
        if need["support"] == "place" and need["state"] == "open" and fact in need["evidence"]
    ]
    return found


def tiles(page: Page, *numbers: str) -> None:
    """The next page is there and its tiles show these numbers."""
    expect(page.locator(".tile strong")).to_have_text(list(numbers), timeout=PATIENCE_MS)


def says(page: Page, *words: str) -> None:
    """The next page is there and says so."""
    for each in words:
        expect(page.locator("main")).to_contain_text(each, use_inner_text=True, timeout=PATIENCE_MS)


def choose(page: Page, path: Path) -> None:
    page.set_input_files("#file", path)
    page.click("text=Check this list")


def test_check_mend_send_send_again_and_take_back(
    town: Town, page: Page, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    one, other, third = PEOPLE[request.node.callspec.id]
    guests = request.node.callspec.id[0].upper()
    text = LIST.format(one, other).replace("K-", f"{guests}-")
    path = tmp_path / "kitchen.csv"
    path.write_text(text)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)
    page.goto(f"http://127.0.0.1:{load_settings(town.instance).port('http')}/upload/{NAME}/")
    page.fill("#label", "front-desk")
    page.fill("#word", WORD)
    page.keyboard.press("Enter")

    choose(page, path)
    tiles(page, "1", "2", "0")
    expect(page.locator("fieldset legend")).to_have_text(["Row 3", "Row 4"])
    expect(page.locator("#row-3-why")).to_contain_text("the hub does not know this word. It knows: OUTSIDE, HOME.")
    before = len(events(town))

    page.get_by_label("Sleeps").first.fill("OUTSIDE")
    page.click("text=Check these rows again")
    tiles(page, "2", "1", "0")
    assert len(events(town)) == before, "a check sends nothing"

    page.click("text=Send 2 rows")
    says(page, "The hub has your list.", "2 cases, 2 living situations")
    receipt_at = page.url.split("?")[0]
    sent = events(town)
    assert len(sent) == before + 4
    place = place_of(town, f"{guests}-1")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "wider than the screen"

    # the same rows again, from a workbook, with one more: no new ids for what is the same
    rows = [line.split(",") for line in text.splitlines()[1:2]]
    more = [f"{guests}-9", *third, date(2021, 2, 5), "yes", "HOME"]
    book = tmp_path / "kitchen.xlsx"
    book.write_bytes(workbook([COLUMNS, *rows, more]))
    page.click("text=see all receipts")
    choose(page, book)
    page.click("text=Send 2 rows")
    says(page, "The hub has your list.")
    after = events(town)
    assert len(after) == before + 8
    assert len({event["event_id"] for event in after}) == len({event["event_id"] for event in sent}) + 2

    # the wrong file: taken back, less what the second list says too
    page.goto(receipt_at)
    page.click("text=Take this list back")
    page.click("text=Yes, take it back")
    says(page, "This list was taken back. 2 records withdrawn; 2 left as they are")
    withdrawn = [
        event
        for event in events(town)
        if not event["active"] and event["event_id"] not in {e["event_id"] for e in after}
    ]
    assert len(withdrawn) == 2
    assert {event["fact_key"] for event in withdrawn} <= {event["fact_key"] for event in sent}
    page.goto(receipt_at.rsplit("/", 2)[0] + "/")
    page.locator("tbody tr", has_text="kitchen.xlsx").first.get_by_role("link").click()
    page.click("text=Take this list back")
    page.click("text=Yes, take it back")
    says(page, "4 records withdrawn")
    assert needs(town)[place]["state"] == "withdrawn"

    # the right file after all: it stands again
    page.click("text=see all receipts")
    choose(page, path)
    page.click("text=Send 1 row")
    says(page, "The hub has your list.")
    assert needs(town)[place]["state"] == "open"
    assert errors == []
