"""The doctor says what to do, not only what is."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from hub.commands import doctor, stack
from hub.commands.doctor import Finding, examine
from hub.privacy.agreements import EXAMPLES, kind_of
from hub.supervisor.state import RunState


def _by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


def test_a_new_instance_lacks_only_agreements(tmp_path: Path) -> None:
    found = _by_name(examine(tmp_path))
    assert found["settings"].ok
    assert found["secrets"].words == "none yet: the first `hub up` makes them"
    assert found["processes"].words == "not up; `hub up` starts them"
    assert not found["agreements"].ok
    assert "agreements" in found["agreements"].words


def test_open_secrets_are_named_with_the_command_that_closes_them(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name in ("kek", "hmac"):
        (tmp_path / "secrets" / name).write_bytes(b"0" * 32)
        (tmp_path / "secrets" / name).chmod(0o644)
    found = _by_name(examine(tmp_path))["secrets"]
    assert not found.ok
    assert "chmod 600" in found.words


def test_an_open_secret_of_a_connector_is_named_too(tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "lab-elr-hl7v2" / "password"
    secret.parent.mkdir(parents=True)
    secret.write_text("made up")
    secret.chmod(0o644)
    found = _by_name(examine(tmp_path))["secrets"]
    assert (found.ok, f"chmod 600 {secret}" in found.words) == (False, True)
    secret.chmod(0o600)
    assert _by_name(examine(tmp_path))["secrets"].ok


def test_wrong_settings_end_the_examination(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"partitions": "many"}')
    findings = examine(tmp_path)
    assert findings[-1].what == "settings"
    assert "partitions" in findings[-1].words


def test_a_port_of_a_name_that_nothing_has_is_told_with_the_name_that_was_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = '"registry-api": 1, "connectors": 2, "http": 3, "lab-elr-hl7v2": 4, "iis-vxu": 5'
    (tmp_path / "settings.json").write_text(f'{{"ports": {{{ports}}}}}')
    assert _by_name(examine(tmp_path))["ports"].ok
    (tmp_path / "settings.json").write_text(f'{{"ports": {{{ports}, "htp": 18443}}}}')
    found = _by_name(examine(tmp_path))["ports"]
    assert (found.ok, "ports.htp: " in found.words, "did you mean http" in found.words) == (False, True, True)
    assert "disk" in _by_name(examine(tmp_path)), "the rest is looked at all the same"
    stack._say_notes(tmp_path)
    assert "ports.htp" in capsys.readouterr().err


def test_missing_jars_are_named_with_the_command_that_fetches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = _by_name(examine(tmp_path))["jars"]
    assert not found.ok
    assert "hub broker fetch" in found.words


def test_a_broken_connector_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "connectors" / "pantry").mkdir(parents=True)
    (tmp_path / "connectors" / "pantry" / "connector.yaml").write_text("name: pantry\ntitel: x\n")
    found = _by_name(examine(tmp_path))["connectors"]
    assert not found.ok
    assert "connector.yaml:2: titel: " in found.words


def served(instance: Path, monkeypatch: pytest.MonkeyPatch, *topics: str) -> None:
    """An instance whose delivery started an hour ago, on a broker with these topics."""
    noted = {
        "delivery": {"pid": None, "start": time.time() - 3_600, "port": 0, "restarts": 0, "state": "up", "reason": ""}
    }
    (instance / "agreements").mkdir(parents=True, exist_ok=True)
    (instance / "settings.json").write_text('{"bootstrap": "127.0.0.1:1"}')
    monkeypatch.setattr(doctor, "read_state", lambda _: RunState(True, (1, 1.0), noted))
    monkeypatch.setattr(doctor, "topic_names", lambda _: frozenset(topics))


def test_a_delivery_topic_whose_agreement_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served(tmp_path, monkeypatch, "hub.delivery.left-over.v1", "hub.person.event.v1")
    found = _by_name(examine(tmp_path))["subscribers"]
    assert not found.ok
    assert "hub.delivery.left-over.v1: no agreement any more" in found.words


def test_an_agreement_changed_after_delivery_started_waits_for_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(tmp_path, monkeypatch)
    example = next(path for path in EXAMPLES.glob("*.yaml") if kind_of(path) == "delivery")
    path = tmp_path / "agreements" / example.name
    shutil.copyfile(example, path)
    found = _by_name(examine(tmp_path))["subscribers"]
    assert not found.ok
    assert f"changed since delivery started: {path.name}; restart to apply" in found.words
    os.utime(path, (time.time() - 7_200,) * 2)
    assert _by_name(examine(tmp_path))["subscribers"].ok
