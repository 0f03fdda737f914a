"""`hub connector review`: a result in `review` can be found, explained, and looked at with a purpose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.bus.dead_letter import Kept
from hub.commands import connector_review
from hub.config import Settings
from hub.connectors.door import Unit
from hub.wiring_outgoing import SealedPack
from hub.wiring_rejected import Desk, read_alone
from tests.mapping.test_labs import NOT_DETECTED, PCR, oru
from tests.mapping.test_labs_unseen_messages import lines as message
from tests.mapping.test_labs_unseen_messages import obr, obx
from tests.redrive.desk import AT, Installation

LAB = "lab-elr-hl7v2"
PHONED = oru(order="P", kind="TX", answer="Positive - confirmed by phone")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    made = Installation(tmp_path, monkeypatch, LAB)

    @contextmanager
    def opened(_settings: Settings) -> Iterator[Desk]:
        yield made.desk()

    monkeypatch.setenv("HUB_BOOTSTRAP", "nowhere.invalid:9092")
    monkeypatch.setattr(connector_review, "opened", opened)
    monkeypatch.setattr(connector_review, "running_instance", lambda _name: tmp_path)
    return made


def take(site: Installation, text: str, *, keep: bool = True) -> list[str]:
    """What intake publishes of a message; the ids of its events."""
    raw = text.encode()
    found = [
        mapped for mapped in read_alone(site.desk().source(LAB), Kept(raw), "message 1") if mapped.event is not None
    ]
    events: list[Any] = [mapped.event for mapped in found]
    pack = SealedPack(LAB, site.codec(), site.vault(), now=lambda: AT)
    pack.prepare(sorted({event.source_person for event in events if event.source_person}))
    batch = site.log().batch()
    for event in events:
        batch.produce(*pack.event(event))
    if keep:
        batch.produce(*pack.original(events[0], raw, Unit("u", raw), "message 1"))
    batch.wait()
    return [event.event_id for event in events]


def hub(*words: str, code: int = 0) -> Result:
    told = CliRunner().invoke(connector_review.review, [LAB, *words])
    assert told.exit_code == code, told.output
    return told


def rows(*words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in hub("--json", *words).stdout.splitlines()]


def test_a_result_that_no_table_can_judge_is_listed_with_why_and_where_and_no_value(site: Installation) -> None:
    (wanted,) = take(site, PHONED)
    take(site, oru(order="N", answer=NOT_DETECTED))
    (row,) = rows()
    assert (row["id"], row["test"], row["reasons"]) == (wanted, "94500-6", ["unknown-result-word"])
    assert row["stands_at"].endswith("message 1")
    shown = hub().stdout
    assert "wait for review: 1" in shown
    assert wanted[:12] in shown
    assert "phone" not in shown
    assert list(site.desk().entries()) == []


def test_the_record_is_shown_only_for_a_purpose_and_leaves_an_entry_first(site: Installation) -> None:
    (wanted,) = take(site, PHONED)
    assert "Example" not in hub(wanted[:10]).stdout
    for words in ((wanted, "--reveal"), ("--reveal", "--purpose", "ask")):
        assert CliRunner().invoke(connector_review.review, [LAB, *words]).exit_code == 2
    assert list(site.desk().entries()) == []
    shown = hub(wanted[:10], "--reveal", "--purpose", "ask the laboratory").stdout
    assert "Positive - confirmed by phone" in shown
    assert "\r" not in shown
    (entry,) = site.desk().entries()
    assert (entry.action, entry.subject, entry.purpose) == ("reveal", wanted, "ask the laboratory")


def test_the_second_result_of_a_message_leads_to_its_message_and_to_no_other(site: Installation) -> None:
    text = message(obr("F-7"), obx(PCR, NOT_DETECTED), obx("R^Result^L"))
    take(site, message(obr("F-7"), obx(PCR, NOT_DETECTED)))
    _, wanted = take(site, text)
    (row,) = rows(wanted, "--reveal", "--purpose", "look")
    assert row["original"] == text.replace("\r", "\n")


def test_a_corrected_result_waits_no_longer(site: Installation) -> None:
    take(site, PHONED)
    take(
        site, oru(order="P", control="M2", status="C", answer=NOT_DETECTED).replace("20210107120000", "20210109120000")
    )
    assert "wait for review: 0" in hub().stdout


def test_a_record_that_is_not_kept_is_said_to_be_gone(site: Installation) -> None:
    (wanted,) = take(site, PHONED, keep=False)
    assert rows()[0]["stands_at"] is None
    assert "original not kept" in hub().stdout
    told = CliRunner().invoke(connector_review.review, [LAB, wanted, "--reveal", "--purpose", "look"])
    assert "no-original" in str(told.exception)
