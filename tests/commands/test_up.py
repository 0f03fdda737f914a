"""`hub up`, `status`, `down` as an operator types them, on a real broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from hub.supervisor import read_state, stop_instance

pytestmark = pytest.mark.live


def _hub(instance: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    command = [sys.executable, "-P", "-m", "hub", *arguments, "--instance", str(instance)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)


def _status(instance: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_hub(instance, "status", "--json").stdout)
    return found


def _processes(instance: Path) -> list[psutil.Process]:
    pids = [noted["pid"] for noted in read_state(instance).processes.values()]
    return [psutil.Process(pid) for pid in pids]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "instance"
    stop_instance(tmp_path / "instance")


def test_up_status_down_is_a_round_trip_that_leaves_no_process(instance: Path) -> None:
    came_up = _hub(instance, "up", "--roles", "registry", "--timeout", "300")
    assert came_up.returncode == 0, came_up.stderr
    assert "ready: registry" in came_up.stderr
    found = _status(instance)
    assert {name: process["ready"] for name, process in found["processes"].items()} == {
        "broker": True,
        "registry": True,
    }
    with urllib.request.urlopen(f"{found['registry']}/subjects", timeout=60) as answer:
        assert answer.status == 200
    running = _processes(instance)
    again = _hub(instance, "up")
    assert (again.returncode, "already up" in again.stderr) == (0, True)
    assert _hub(instance, "down").returncode == 0
    assert [process for process in running if process.is_running()] == []
    assert _status(instance)["up"] is False
    assert list((instance / "logs").glob("*.log"))


def test_two_at_once_come_to_one_stack_and_say_the_same(instance: Path) -> None:
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(lambda _: _hub(instance, "up", "--roles", "registry", "--timeout", "300"), range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    for said in (first.stderr, second.stderr):
        assert "did not come up" not in said
        assert "is up" in said or "already up" in said
    assert len(_processes(instance)) == 2


def test_a_process_that_gives_up_is_quoted_and_exit_is_78(instance: Path) -> None:
    came_up = _hub(instance, "up", "--roles", "registry,connectors")  # nobody has written an agreement
    assert came_up.returncode == 78
    assert "connectors gave up" in came_up.stderr
    assert "agreement" in came_up.stderr
    again = _hub(
        instance, "up", "--roles", "registry,connectors"
    )  # a script that asks again must not believe all is well
    assert (again.returncode, "connectors gave up" in again.stderr) == (1, True)


def test_foreground_ends_with_ctrl_c_and_leaves_no_process(instance: Path) -> None:
    command = [
        sys.executable,
        "-P",
        "-m",
        "hub",
        "up",
        "--foreground",
        "--roles",
        "registry",
        "--instance",
        str(instance),
    ]

    def heed() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background had it ignored

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed) as process:
        assert process.stderr
        assert any(line.startswith("up: broker") for line in process.stderr)
        running = _processes(instance)[:1]
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
    assert [one for one in running if one.is_running()] == []
