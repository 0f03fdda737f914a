"""One meaning for each exit code, over all verbs: 0 done, 1 the answer is no, 2 your command line, 70 try again, 78 mend it."""

from __future__ import annotations

import importlib
from pathlib import Path

import click
import pytest

from hub.cli import VERBS, main
from tests.connectors.made_up_lab import message

NOBODY = ["connector", "rejected"]


def hub(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture(autouse=True)
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that is not up, and files to name."""
    monkeypatch.setenv("HUB_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.hl7").write_bytes(message(1))
    (tmp_path / "bad.hl7").write_bytes(message(1).replace(b"PID|", b"XXX|"))
    (tmp_path / "people.csv").write_text("Client ID,Night\nC-1,2021-02-15\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing.csv").write_bytes(b"")
    (tmp_path / "records.csv").write_text("record_id,given_name\n1,Ana\n2,Bo\n")
    (tmp_path / "pairs.csv").write_text("left_id,right_id\n")
    (tmp_path / "needs.jsonl").write_text('{"key": "n1", "value": {"support": "food", "local_id": "C-1"}}\n')
    return tmp_path / "instance"


DONE = [
    "connector list", "connector schema", "connector new pantry --from people.csv", "connector try lab-elr-hl7v2 good.hl7",
    "preview good.hl7 --as-of 2021-03-01", "rejected explain bad-date", "topics list", "schemas list", "schemas check", "down",
    "rejected explain unmapped-code.program",
    "referral write needs.jsonl --requester Organization/c --system https://s.example",
    "broker list", "connector report lab-elr-hl7v2 good.hl7", "schemas dictionary",
    "connector absent hmis-csv",
    "identity evaluate --records records.csv --truth pairs.csv", "identity explain 1 2 --records records.csv",
]  # fmt: skip
NO = [
    "connector try lab-elr-hl7v2 bad.hl7", "connector lint hmis-csv", "preview bad.hl7 --as-of 2021-03-01", "status", "doctor",
]  # fmt: skip
COMMAND_LINE = [
    "nonsense", "connector nonsense", "connector list --nonsense", "connector try nobody good.hl7", "connector lint nobody",
    "connector test nobody", "connector remap nobody", "connector unmapped nobody", "connector pause nobody",
    "connector resume nobody", "connector rewind nobody --to 2021-02-01", "connector backfill nobody --since 2021-02-01",
    "connector report nobody", "connector report lab-elr-hl7v2 empty", "connector report lab-elr-hl7v2 good.hl7 --rounded",
    "connector review nobody", "connector review lab-elr-hl7v2 --reveal",
    "connector absent nobody", "connector absent hmis-csv --accept nonsense",
    "connector run nobody", "connector access nobody", "connector new Big_Name --from people.csv",
    "connector new pantry --from absent.csv", "connector new pantry --from nothing.csv", "connector try lab-elr-hl7v2 absent.hl7",
    "connector try lab-elr-hl7v2 empty", "connector try lab-elr-hl7v2 good.hl7 --agreement absent.yaml", "connector agree nobody",
    "preview absent.hl7 --as-of 2021-03-01", "preview good.hl7", "preview good.hl7 --as-of yesterday",
    "preview empty --as-of 2021-03-01",
    "rejected nonsense", "rejected explain nonsense", "rejected show 1234 --reveal", "up --roles clerk", "run clerk",
    "tail hub.nonsense", "bench nonsense", "demo --people none", "synthetic nonsense", "audit nonsense",
    "referral nonsense", "referral write needs.jsonl",
    "identity erase abcd", "identity erase abc --purpose asked", "identity erased nonsense",
    "identity review nonsense", "identity review show aaaa bbbb --reveal",
    "identity review decide aaaa bbbb perhaps --reason mistaken",
    "identity review decide aaaa bbbb same --reason nonsense",
    "identity nonsense", "identity train --records records.csv --version v --out m.json",
    "identity hash --records records.csv", "identity match-hashed absent.clk absent.clk", "identity evaluate-hashed",
    "identity evaluate --records absent.csv --truth pairs.csv", "identity explain 1 3 --records records.csv",
    "referral write absent.jsonl --requester Organization/c --system https://s.example",
    "referral write good.hl7 --requester Organization/c --system https://s.example",
]  # fmt: skip
MEND = [
    "tail hub.person.event.v1",
    "rejected list",
    "connector remap hmis-csv",
    "connector unmapped hmis-csv",
    "connector report hmis-csv",
    "connector review hmis-csv",
    "audit verify",
    "identity review list",
    "identity erased",
    "identity erase abcd --purpose asked",
    "topics apply",
]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        *((each, 0) for each in DONE),
        *((each, 1) for each in NO),
        *((each, 2) for each in COMMAND_LINE),
        *((each, 78) for each in MEND),
    ],
)
def test_an_exit_code_means_the_same_everywhere(line: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert hub(*line.split()) == code, "".join(capsys.readouterr())
    said = "".join(capsys.readouterr())
    assert "Traceback" not in said


def test_every_verb_is_in_the_table() -> None:
    """A new verb must say what its exit codes are."""
    told = {" ".join(line.split()[:2]) for line in (*DONE, *NO, *COMMAND_LINE, *MEND)}
    for name, verb in VERBS.items():
        module, _, attribute = verb.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        inner = command.commands if isinstance(command, click.Group) else {}
        assert any(line.split()[0] == name for line in told), name
        if name in NOBODY:
            missing = {each for each in inner if f"{name} {each}" not in told}
            assert not missing - {"redrive"}, f"{name}: {missing}"


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("conector list", "connector"),
        ("connector lnt", "lint"),
        ("connector lint lab-elr-hl7", "lab-elr-hl7v2"),
        ("connector try hmis good.hl7", "hmis-csv"),
        ("tail hub.intake.lab-results.v1", "hub.intake.lab-result.v1"),
        ("rejected lsit", "list"),
    ],
)
def test_a_name_that_comes_near_is_offered(line: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert hub(*line.split()) == 2
    assert f"did you mean {meant}" in capsys.readouterr().err
