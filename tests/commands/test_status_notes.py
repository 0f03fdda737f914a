"""What `hub up` and `hub status` say of a setting that nobody chose, beside a stack that stands on paper alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.commands.stack import status, up
from hub.config import load_settings
from hub.ops.tether import started_at
from hub.supervisor.state import write_state

SAID = "identity_population is not set"
CHOSEN: dict[str, Any] = {"identity_population": 85_000}
THE_DEMO: dict[str, Any] = {"clock": "scripted", "as_of": "2021-02-06"}


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_IDENTITY_POPULATION", raising=False)


def standing(folder: Path, *roles: str, **settings: Any) -> str:
    """An instance whose supervisor and roles are, so its papers say, this process; none answers at its port."""
    (folder / "settings.json").write_text(json.dumps(settings))
    me = {"pid": os.getpid(), "start": started_at(os.getpid()), "port": 0, "restarts": 0, "state": "up", "reason": ""}
    write_state(folder, load_settings(folder), dict.fromkeys(roles, me))
    return str(folder)


def shown(instance: str, *options: str) -> str:
    return CliRunner().invoke(status, ["--instance", instance, *options]).stdout


def test_thresholds_for_a_number_that_nobody_gave_are_told_in_one_line(tmp_path: Path) -> None:
    instance = standing(tmp_path, "identify")
    (line,) = [line for line in shown(instance).splitlines() if SAID in line]
    assert "1,000,000 people" in line
    assert "docs/identity.md#live" in line
    assert json.loads(shown(instance, "--json"))["notes"] == [line.removeprefix("note: ")]
    assert line in CliRunner().invoke(up, ["--instance", instance]).stderr.splitlines()


@pytest.mark.parametrize("settings", [CHOSEN, {"identity_population": 1_000_000}, THE_DEMO])
def test_a_number_that_was_given_and_the_made_up_days_of_the_demo_are_not_remarked_on(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    instance = standing(tmp_path, "identify", **settings)
    assert SAID not in shown(instance)
    assert json.loads(shown(instance, "--json"))["notes"] == []
    assert SAID not in CliRunner().invoke(up, ["--instance", instance]).stderr


def test_nor_is_it_where_the_environment_says_it_or_nobody_identifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SAID not in shown(standing(tmp_path, "registry"))
    monkeypatch.setenv("HUB_IDENTITY_POPULATION", "85000")
    assert SAID not in shown(standing(tmp_path, "identify"))
