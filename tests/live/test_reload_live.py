"""Connectors are edited, broken, mended, switched off and added while messages flow through their neighbour."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.config import load_settings
from tests.connectors.made_up_lab import LabSender, message
from tests.live.pantry import FOOD, LAB, Intake

pytestmark = pytest.mark.live

BOXES = "guest,first,day,kind,changed\n"
DOOR = "{kind: file-drop, unit: file, poll_s: 0.1, stable_s: 0.1}"


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    found = Intake(tmp_path_factory.mktemp("reload") / "instance")
    found.lab()
    found.write("riverside", DOOR)
    try:
        found.start()
        yield found
    finally:
        found.end()


@pytest.fixture
def traffic(intake: Intake) -> Iterator[LabSender]:
    """A laboratory that sends on one connection all the while; at the end, every message was answered AA on it."""
    sender, over = LabSender(load_settings(intake.instance).port(LAB), patience_s=120.0), threading.Event()

    def flow() -> None:
        n = 0
        while not over.is_set():
            sender.send(n, message(n % 50))
            n += 1
            over.wait(0.02)

    thread = threading.Thread(target=flow)
    thread.start()
    yield sender
    over.set()
    thread.join()
    sender.close()
    assert (sender.unanswered, {code for _, code in sender.answers}) == (0, {"AA"})


def drop(intake: Intake, guest: str, name: str = "riverside") -> None:
    inbox = intake.instance / "inbox" / name
    (inbox / f"{guest}.csv.part").write_text(f"{BOXES}{guest},Ann,2021-02-15,BOX,2021-02-15T18:00:00\n")
    (inbox / f"{guest}.csv.part").rename(inbox / f"{guest}.csv")
    intake.until(lambda: (inbox / "done" / f"{guest}.csv").exists())


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    part = path.with_name(".part")
    part.write_text(text.replace(old, new))
    part.replace(path)


def test_edits_of_one_connector_leave_its_neighbour_and_its_neighbours_connection_alone(
    intake: Intake, traffic: LabSender
) -> None:
    yaml, agreement = (
        intake.instance / each for each in ("connectors/riverside/connector.yaml", "agreements/riverside.yaml")
    )
    drop(intake, "G-1")

    before = intake.told("riverside")["config"]
    replace(yaml, "delivered: {value: true}", "delivered: {value: false}")
    intake.until(lambda: intake.told("riverside")["config"] != before)
    drop(intake, "G-2")
    assert sorted(each["delivered"] for each in intake.events(FOOD, "riverside")) == [False, True]

    replace(yaml, "title:", "titel:")
    intake.until(lambda: bool(intake.told("riverside")["stale"]))
    assert "connector.yaml:2: titel: " in intake.told("riverside")["stale"]
    assert "titel: " in intake.hub("list").output
    drop(intake, "G-3")
    replace(yaml, "titel:", "title:")
    intake.until(lambda: not intake.told("riverside")["stale"])

    replace(agreement, "2035-12-31", "2021-12-31")
    intake.until(lambda: intake.told("riverside")["why"] == "no-agreement")
    inbox = intake.instance / "inbox" / "riverside"
    (inbox / "late.csv").write_text(f"{BOXES}G-4,Ann,2021-02-15,BOX,2021-02-15T18:00:00\n")
    replace(agreement, "2021-12-31", "2035-12-31")
    intake.until(lambda: (inbox / "done" / "late.csv").exists())

    intake.write("hilltop", DOOR)
    intake.until(lambda: intake.shown("hilltop").get("state") == "running")
    drop(intake, "G-5", "hilltop")
    replace(intake.instance / "connectors/hilltop/connector.yaml", "title:", "enabled: false\ntitle:")
    intake.until(lambda: intake.told("hilltop")["why"] == "disabled")
    assert len(intake.ids("riverside")) == 4
    assert len(intake.ids("hilltop")) == 1
    intake.until(lambda: intake.told(LAB)["counts"]["accepted"] >= 20)
    assert len(traffic.answers) >= 20


def test_a_pause_outlives_a_kill_and_the_door_says_no_until_it_is_resumed(intake: Intake) -> None:
    sender = LabSender(load_settings(intake.instance).port(LAB), patience_s=1.0)
    assert intake.hub("pause", LAB).exit_code == 0
    with pytest.raises(AssertionError, match="no answer"):
        sender.send(0, message(0), attempts=2)
    restarts = intake.stack.restarts["connectors"]
    intake.stack.kill("connectors")
    intake.until(lambda: intake.stack.restarts["connectors"] > restarts and intake.shown(LAB).get("paused") is True)
    intake.until(lambda: intake.told(LAB)["state"] == "paused")
    with pytest.raises(AssertionError, match="no answer"):
        sender.send(0, message(0), attempts=2)
    resumed = intake.hub("resume", LAB)
    assert (resumed.exit_code, resumed.output) == (0, f"{LAB}: running\n")
    assert sender.send(0, message(0)) == "AA"
    sender.close()
