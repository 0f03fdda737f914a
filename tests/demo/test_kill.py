"""kill -9 in the middle of the made-up county's life: it ends with the same object as a run that nobody disturbed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.live, pytest.mark.slow]

_RUNS_OWN = ("seconds", "restarts")
"""What may differ between two runs of one county."""


def demo(instance: Path, *options: str) -> dict[str, Any]:
    """The last object of `hub demo --json`, which must end well."""
    command = [sys.executable, "-m", "hub", "demo", "--json", "--people", "200", "--instance", str(instance), *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=800, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The object of a run without any kill."""
    return demo(tmp_path_factory.mktemp("undisturbed") / "instance")


def test_a_run_that_nobody_disturbs_is_right(undisturbed: dict[str, Any]) -> None:
    assert undisturbed["restarts"] == 0
    assert undisturbed["equal_to_preview"] is True
    assert undisturbed["needs_expected"] > 5
    assert (undisturbed["needs_missed"], undisturbed["needs_wrong"], undisturbed["links_missed"]) == (0, 0, 0)
    assert undisturbed["rejected"] == undisturbed["rejected_planted"] > 0


@pytest.mark.parametrize("kill", ["streams@40%", "identify@60%"])
def test_a_killed_role_changes_nothing_but_the_time_it_took(
    kill: str, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    killed = demo(tmp_path / "instance", "--kill", kill)
    assert killed["restarts"] >= 1, "nothing was killed"
    differing = {name for name in {*killed, *undisturbed} if killed.get(name) != undisturbed.get(name)}
    assert differing <= {*_RUNS_OWN}
    assert set(_RUNS_OWN) <= set(killed)
