"""A process that gave up is started again by itself when somebody mends the files it complained of."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from hub.config import Settings
from hub.errors import EXIT_CONFIG
from hub.supervisor.child import Child, ProcessSpec, last_line
from hub.supervisor.stack import role_specs

PROGRAM = """
import sys, pathlib, time
if not list(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    print("no agreement yet")
    sys.exit(78)
time.sleep(600)
"""


def until(child: Child, there: Callable[[], bool], tick: Callable[[], None]) -> None:
    for _ in range(6_000):
        child.tick(())
        if there():
            return
        tick()
        threading.Event().wait(0.01)
    raise AssertionError(f"it is {child.state}: {child.reason}")


def test_a_process_that_gave_up_starts_by_itself_once_a_watched_file_is_written(tmp_path: Path) -> None:
    agreements = tmp_path / "agreements"
    agreements.mkdir()
    now = [0.0]

    def on() -> None:
        now[0] += 1.0

    command = (sys.executable, "-c", PROGRAM, str(agreements))
    spec = ProcessSpec("connectors", command, 1, watched=((tmp_path, "agreements/*.yaml"),))
    child = Child(spec, tmp_path / "connectors.log", clock=lambda: now[0])
    try:
        until(child, lambda: child.state == "failed", on)
        assert child.reason.startswith("no agreement yet")
        assert "by itself" in child.reason
        for _ in range(5):
            on()
            child.tick(())
        assert (child.state, child.restarts) == ("failed", 0), "nothing was mended"
        (agreements / "food.yaml").write_text("kind: intake\n")
        until(child, lambda: child.state == "starting", on)
        assert (child.restarts, child.reason) == (1, "")
    finally:
        child.stop()


def test_a_process_that_watches_nothing_stays_given_up(tmp_path: Path) -> None:
    spec = ProcessSpec("registry", (sys.executable, "-c", f"import sys; sys.exit({EXIT_CONFIG})"), 1)
    child = Child(spec, tmp_path / "registry.log", clock=lambda: 0.0)
    until(child, lambda: child.state == "failed", lambda: None)
    assert "by itself" not in child.reason


def test_the_connectors_watch_their_agreements_and_folders(tmp_path: Path) -> None:
    ports = {"connectors": 1, "identify": 2}
    connectors, identify = role_specs(Settings(instance=tmp_path, ports=ports), ["connectors", "identify"])
    assert any("agreements" in each[1] for each in connectors.watched)
    assert any("connectors" in each[1] for each in connectors.watched)
    assert identify.watched == ()


def test_last_words_are_not_cut_in_a_word(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("connector " * 90 + "\n")
    said = last_line(log)
    assert set(said.split()) == {"connector", "…"}
    assert len(said) <= 402
