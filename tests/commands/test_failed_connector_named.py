"""`hub status` and `hub doctor` name the connector that keeps the process `connectors` from being ready."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.commands import doctor, stack
from hub.commands.doctor import examine
from hub.ops.health import OpsServer
from tests.commands.test_connector_places import RUNNING

PROCESS = {"pid": 7, "ready": False, "port": 1, "restarts": 0, "state": "starting", "reason": ""}
FAILED = {**RUNNING, "state": "failed", "why": "configuration", "detail": "secret file api-keys, line 1: too short"}


def found(**process: Any) -> dict[str, Any]:
    processes = {"connectors": PROCESS | process, "identify": PROCESS}
    return {
        "up": True,
        "bootstrap": "a:1",
        "registry": "b:1",
        "as_of": "2021-01-01",
        "processes": processes,
        "notes": [],
    }


def told(instance: Path, monkeypatch: pytest.MonkeyPatch, page: dict[str, Any]) -> dict[str, doctor.Finding]:
    monkeypatch.setattr(doctor, "status_of", lambda _: found())
    with OpsServer(0, pages={"/connectors": lambda: [page]}) as ops:
        (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port}}))
        return {each.what: each for each in examine(instance)}


def test_the_doctor_names_the_connector_that_cannot_start_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = told(tmp_path, monkeypatch, FAILED)["processes"].words
    assert "lab-elr-hl7v2 takes nothing in (configuration): secret file api-keys, line 1: too short" in words
    assert "identify is starting: not ready" in words


def test_the_doctor_names_a_connector_that_runs_as_before_its_last_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = told(tmp_path, monkeypatch, {**RUNNING, "stale": "x.yaml:2: titel: wrong"})["connectors"]
    assert (finding.ok, finding.words) == (False, "lab-elr-hl7v2 runs as before: x.yaml:2: titel: wrong")


def test_the_row_of_the_process_names_the_connector(capsys: pytest.CaptureFixture[str]) -> None:
    broken = {"name": "pantry", "state": "failed", "broken": "x.yaml:2: titel: "}
    stack._print_status(found(state="up") | {"connectors": [broken]})
    assert "not ready pid 7" in capsys.readouterr().out
    entry = {"name": "lab-x", "state": "failed", "why": "disabled"}
    stack._print_status(found() | {"connectors": [entry]})
    [row] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  connectors ")]
    assert row.endswith(": lab-x cannot start, see below")
