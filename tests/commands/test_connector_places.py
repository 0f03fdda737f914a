"""Where to send, how the door is, and until when the agreement holds: for people who run it and for machines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click import Context
from click.exceptions import Exit
from click.testing import CliRunner

from hub.commands import stack
from hub.commands.connector import connector
from hub.commands.connector_places import entries, lines
from hub.commands.connector_role import Answer, tell
from hub.commands.doctor import examine
from hub.commands.stack import failed_connectors
from hub.ops.health import OpsServer

AGREED = (
    "--discloser",
    "Made-up Lab",
    "--recipient",
    "Made-up County",
    "--basis",
    "a contract",
    "--until",
    "2099-12-31",
)
RUNNING = {
    "name": "lab-elr-hl7v2", "state": "paused", "why": "broker-away", "stale": "", "address": {"host": "127.0.0.1", "port": 2575},
    "last_record_at": "2021-03-01T10:00:00+00:00",
}  # fmt: skip


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    folder = tmp_path / "instance"
    line = ["agree", "lab-elr-hl7v2", "--instance", str(folder), *AGREED]
    assert CliRunner().invoke(connector, line, catch_exceptions=False).exit_code == 0
    return folder


@pytest.fixture
def running(instance: Path) -> Iterator[None]:
    """The page of a process that runs."""
    with OpsServer(0, pages={"/connectors": lambda: [RUNNING]}) as ops:
        (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port, "http": 8088}}))
        yield


def by_name(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in found}


def test_what_the_process_knows_stands_beside_what_the_files_say(instance: Path, running: None) -> None:
    found = by_name(entries(instance, up=True))
    lab = found["lab-elr-hl7v2"]
    assert (lab["door"], lab["where"], lab["state"], lab["why"]) == (
        "mllp",
        "MLLP 127.0.0.1:2575",
        "paused",
        "broker-away",
    )
    assert (lab["agreement_until"], lab["last_record_at"]) == ("2099-12-31", "2021-03-01T10:00:00+00:00")
    assert found["hmis-csv"]["where"] == f"folder {instance / 'inbox' / 'hmis-csv'}"
    (line,) = lines(lab)
    assert line.startswith(
        "lab-elr-hl7v2      paused (broker-away): MLLP 127.0.0.1:2575, agreed until 2099-12-31, last record "
    )


def test_what_was_set_aside_is_told_with_its_reasons(instance: Path) -> None:
    aside = {"not-a-lab-report": 2, "not-covid": 30}
    told = {**RUNNING, "ignored": aside, "since": "2021-03-01T09:00:00+00:00"}
    with OpsServer(0, pages={"/connectors": lambda: [told]}) as ops:
        (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port}}))
        entry = by_name(entries(instance, up=True))["lab-elr-hl7v2"]
    assert entry["ignored"] == aside
    assert lines(entry)[-1].strip() == (
        "set aside since 2021-03-01T09:00:00+00:00: 30 not-covid, 2 not-a-lab-report (`hub rejected explain REASON`)"
    )


def test_a_map_that_changed_under_its_version_is_told_while_it_is_so(instance: Path) -> None:
    told = {**RUNNING, "unraised": True}
    with OpsServer(0, pages={"/connectors": lambda: [told]}) as ops:
        (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port}}))
        changed = by_name(entries(instance, up=True))["lab-elr-hl7v2"]
        told["unraised"] = False
        restored = by_name(entries(instance, up=True))["lab-elr-hl7v2"]
    assert "changed under the same mapping_version: raise it" in lines(changed)[-1]
    assert len(lines(restored)) == 1


REFUSED = {"open": 25, "last_at": "2021-03-01T10:00:00+00:00"}


def test_refused_records_are_told_with_their_number_the_newest_and_what_to_do(instance: Path) -> None:
    told = {**RUNNING, "refused": REFUSED}
    with OpsServer(0, pages={"/connectors": lambda: [told]}) as ops:
        (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port}}))
        entry = by_name(entries(instance, up=True))["lab-elr-hl7v2"]
        told["refused"] = {"open": 1, "last_at": "2021-03-01T10:00:00+00:00"}
        one = by_name(entries(instance, up=True))["lab-elr-hl7v2"]
    assert entry["refused"] == REFUSED
    way = "(`hub rejected list --connector lab-elr-hl7v2`)"
    assert lines(entry)[-1].strip() == f"25 refused records are open, the last of 2021-03-01T10:00:00+00:00 {way}"
    assert lines(one)[-1].strip() == f"1 refused record is open, the last of 2021-03-01T10:00:00+00:00 {way}"


@pytest.mark.parametrize(("hours", "ok"), [(25, True), (23, False)])
def test_the_doctor_tells_of_refused_records_and_those_of_a_day_are_to_be_mended(
    instance: Path, monkeypatch: pytest.MonkeyPatch, hours: int, ok: bool
) -> None:
    last = datetime.now(UTC) - timedelta(hours=hours)
    told: dict[str, Any] = {**RUNNING, "refused": {"open": 25, "last_at": last.isoformat(timespec="seconds")}}
    monkeypatch.setattr("hub.commands.doctor.status_of", lambda _: {"up": False})
    with OpsServer(0, pages={"/connectors": lambda: [told]}) as ops:
        (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port}}))
        [refused] = [found for found in examine(instance) if found.what == "refused"]
        told["refused"] = None
        [none] = [found for found in examine(instance) if found.what == "refused"]
    assert (refused.ok, "hub rejected list --connector lab-elr-hl7v2" in refused.words) == (ok, True)
    assert "25 of lab-elr-hl7v2" in refused.words
    assert none == ("refused", True, "no record that is open")
    [asleep] = [found for found in examine(instance) if found.what == "refused"]
    assert asleep == ("refused", True, "not known while the process `connectors` does not answer")


def test_files_that_wait_where_nothing_is_taken_in_are_told(instance: Path) -> None:
    inbox = instance / "inbox" / "hmis-csv"
    (inbox / "done").mkdir(parents=True)
    for name in ("export-1.zip", "export-2.zip", ".hidden", "export-3.zip.part"):
        (inbox / name).write_bytes(b"")
    entry = by_name(entries(instance, up=False))["hmis-csv"]
    assert entry["waiting"] == 2
    assert lines(entry)[-1].strip() == "2 units wait in its inbox until it runs"
    (inbox / "export-2.zip").unlink()
    assert (
        lines(by_name(entries(instance, up=False))["hmis-csv"])[-1].strip() == "1 unit waits in its inbox until it runs"
    )
    going = {**RUNNING, "name": "hmis-csv", "state": "running", "why": ""}
    with OpsServer(0, pages={"/connectors": lambda: [going]}) as ops:
        (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port}}))
        assert by_name(entries(instance, up=True))["hmis-csv"]["waiting"] == 0


def test_nothing_runs_and_the_files_are_told_all_the_same(instance: Path) -> None:
    found = by_name(entries(instance, up=False))
    assert found["lab-elr-hl7v2"]["state"] == "down"
    assert (found["hmis-csv"]["state"], found["hmis-csv"]["why"]) == ("stopped", "no-agreement")


def test_doors_of_the_http_server_tell_their_addresses(instance: Path, running: None) -> None:
    folder = instance / "connectors" / "tracing-push"
    folder.mkdir(parents=True)
    (folder / "connector.yaml").write_text(
        "name: tracing-push\ntitle: Tracing, pushed\nsource: {sector: contact-tracing, format: fhir, standard: FHIR R4}\n"
        "door: {kind: http-push, api_keys: keys}\nprogram: sara-alert\nemits: [person]\n"
    )
    where = by_name(entries(instance, up=True))["tracing-push"]["where"]
    assert where == "POST http://127.0.0.1:8088/push/tracing-push and http://127.0.0.1:8088/fhir/tracing-push"


@pytest.mark.parametrize(
    ("lines_of_it", "code", "words"),
    [
        (("valid_from: 2020-01-01", "valid_until: 2021-01-31"), 1, "the agreement expired on 2021-01-31"),
        (("valid_from: soon",), 1, "valid_from: "),
        (("valid_from: 2099-01-01",), 0, "the agreement begins on 2099-01-01"),
    ],
)
def test_status_ends_with_1_while_nobody_hears_a_source_whose_agreement_ran_out(
    instance: Path, monkeypatch: pytest.MonkeyPatch, lines_of_it: tuple[str, ...], code: int, words: str
) -> None:
    """At night somebody asks whether all is well: an expired agreement is no, one that holds from a later day on is none."""
    ready: dict[str, Any] = {"up": True, "bootstrap": "a:1", "registry": "b:1", "as_of": "2021-01-01", "notes": []}
    process = {"pid": 7, "ready": True, "port": 1, "restarts": 0, "state": "up", "reason": ""}
    monkeypatch.setattr(stack, "status_of", lambda _: {**ready, "instance": "i", "processes": {"connectors": process}})
    asked = ["--instance", str(instance)]
    resting = {**RUNNING, "state": "stopped", "why": "no-agreement"}

    def said(page: dict[str, Any]) -> tuple[int, str]:
        with OpsServer(0, pages={"/connectors": lambda: [page]}) as ops:
            (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port}}))
            shown = CliRunner().invoke(stack.status, asked)
        return shown.exit_code, shown.stdout

    assert said({**RUNNING, "state": "running", "why": ""})[0] == 0
    agreement = instance / "agreements" / "lab-elr-hl7v2.yaml"
    text = agreement.read_text()
    for line in lines_of_it:
        text = re.sub(f"^{line.partition(' ')[0]} .*$", line, text, flags=re.MULTILINE)
    agreement.write_text(text)
    found, shown = said(resting)
    assert (found, words in shown) == (code, True)
    assert said({**resting, "state": "paused", "why": "paused-by-operator", "detail": "paused by ann"})[0] == 0
    agreement.unlink()
    assert said(resting)[0] == 0, "nobody ever agreed on it"


def test_a_folder_that_does_not_load_is_told_with_its_line(instance: Path) -> None:
    folder = instance / "connectors" / "broken"
    folder.mkdir(parents=True)
    (folder / "connector.yaml").write_text("name: broken\n")
    entry = by_name(entries(instance, up=False))["broken"]
    assert "connector.yaml:1" in entry["broken"]
    assert all(line.startswith("broken") for line in lines(entry))


def test_a_failed_connector_says_why_in_words(instance: Path) -> None:
    failed = {**RUNNING, "state": "failed", "why": "configuration", "detail": "the secret file x is open: chmod 600 x"}
    with OpsServer(0, pages={"/connectors": lambda: [failed]}) as ops:
        (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port}}))
        entry = by_name(entries(instance, up=True))["lab-elr-hl7v2"]
        assert "chmod 600 x" in "\n".join(lines(entry))
        assert failed_connectors(instance) == [
            "lab-elr-hl7v2 takes nothing in (configuration): the secret file x is open: chmod 600 x"
        ]
        failed |= {"why": "broker-away"}
        assert failed_connectors(instance) == []


def test_lint_tells_all_that_is_wrong_at_once(instance: Path) -> None:
    """A missing agreement hid an open secret, and one open secret was told in one line with another."""
    folder = instance / "secrets" / "lab-elr-hl7v2"
    folder.mkdir(parents=True)
    for name in ("one", "two"):
        (folder / name).write_text("made-up secret\n")
        (folder / name).chmod(0o644)
    (instance / "agreements" / "lab-elr-hl7v2.yaml").unlink()
    told = CliRunner().invoke(connector, ["lint", "lab-elr-hl7v2", "--instance", str(instance)])
    lines = [line.removeprefix("lab-elr-hl7v2: cannot start: ") for line in told.stdout.splitlines()]
    assert told.exit_code == 1
    assert [line.partition(" ")[0] for line in lines[1:]] == ["the", "the"]
    assert [str(folder / name) in line for line, name in zip(lines[1:], ("one", "two"), strict=True)] == [True, True]
    assert "agreement" in lines[0]


def test_lint_names_an_open_secret(instance: Path) -> None:
    secret = instance / "secrets" / "lab-elr-hl7v2" / "password"
    secret.parent.mkdir(parents=True)
    secret.write_text("made up")
    secret.chmod(0o644)
    line = ["lint", "lab-elr-hl7v2", "--instance", str(instance)]
    told = CliRunner().invoke(connector, line)
    assert (told.exit_code, f"chmod 600 {secret}" in told.output) == (1, True)
    secret.chmod(0o600)
    assert CliRunner().invoke(connector, line).exit_code == 0


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("running", "pantry             running as before, its edit does not load: x.yaml:2: titel: "),
        ("paused", "pantry             paused as before, its edit does not load: x.yaml:2: titel: "),
        ("failed", "pantry             failed, it does not load: x.yaml:2: titel: "),
        ("down", "pantry             down, it does not load: x.yaml:2: titel: "),
    ],
)
def test_a_connector_that_runs_on_after_a_broken_edit_is_not_shown_as_stopped(state: str, said: str) -> None:
    assert lines({"name": "pantry", "state": state, "broken": "x.yaml:2: titel: "}) == [said]


def test_an_expired_agreement_is_told_with_its_day_and_file_and_nobody_is_sent_to_write_another(instance: Path) -> None:
    path = instance / "agreements" / "lab-elr-hl7v2.yaml"
    path.write_text(path.read_text().replace("2099-12-31", "2021-06-30"))
    path.write_text(re.sub(r"valid_from: .*", "valid_from: 2020-01-01", path.read_text()))
    entry = by_name(entries(instance, up=False))["lab-elr-hl7v2"]
    assert (entry["state"], entry["why"]) == ("stopped", "agreement-not-in-force")
    said = CliRunner().invoke(connector, ["list", "--instance", str(instance)]).output
    assert f"{path}: the agreement expired on 2021-06-30" in said
    assert "change valid_until" in said
    [agreements] = [found for found in examine(instance) if found.what == "agreements"]
    assert (agreements.ok, "expired on 2021-06-30" in agreements.words) == (False, True)
    [advice] = [line for line in said.splitlines() if "hub connector agree" in line]
    assert "lab-elr-hl7v2" not in advice


def test_who_paused_a_connector_is_said_once(instance: Path) -> None:
    paused = {**RUNNING, "state": "paused", "why": "paused-by-operator", "detail": "paused by ann"}
    with OpsServer(0, pages={"/connectors": lambda: [paused]}) as ops:
        (instance / "settings.json").write_text(json.dumps({"ports": {"connectors": ops.port}}))
        [line] = lines(by_name(entries(instance, up=True))["lab-elr-hl7v2"])
    assert line.count("paused") == 1
    assert "paused by ann: MLLP" in line


def test_what_became_of_a_wish_to_pause_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"state": "paused", "why": "paused-by-operator", "detail": "paused by ann", "said": ""}
    with pytest.raises(Exit):
        tell(Context(connector), "beds", Answer("r", True, entry), as_json=False)
    assert capsys.readouterr().out == "beds: paused by ann\n"


@pytest.mark.parametrize(
    ("found", "said", "code"),
    [
        (("running", "", ""), "beds: running\n", 0),
        (("failed", "configuration", "x.yaml:2"), "beds: failed (configuration)\nx.yaml:2\n", 1),
        (("stopped", "no-agreement", "no data-use agreement for it"), "beds: stopped (no-agreement)\nno data-use", 1),
        (("stopped", "no-agreement", "it expired"), "beds: stopped (agreement-not-in-force)\nit expired\n", 1),
    ],
)
def test_a_connector_that_does_not_run_after_resume_ends_it_with_1(
    found: tuple[str, str, str], said: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = dict(zip(("state", "why", "detail"), found, strict=True)) | {"said": ""}
    with pytest.raises(Exit) as ended:
        tell(Context(connector), "beds", Answer("r", True, entry), as_json=False, runs=True)
    assert (ended.value.exit_code, capsys.readouterr().out.startswith(said)) == (code, True)
    with pytest.raises(Exit) as ended:
        tell(Context(connector), "beds", Answer("r", True, entry), as_json=False)
    assert ended.value.exit_code == 0


def test_a_door_that_names_no_server_yet_says_so(instance: Path) -> None:
    told = CliRunner().invoke(connector, ["list", "--instance", str(instance)]).stdout
    assert "fetches: no server named yet" in told
    assert "from None" not in told
    assert "none;" not in told
