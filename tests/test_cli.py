"""The command line: exit codes that mean something, help that costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from hub import cli
from hub.cli import VERBS, main
from hub.errors import ConfigError, RetryError


def _exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_help_names_every_verb_without_importing_one() -> None:
    code = (
        "import sys; from hub.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print([name for name in sys.modules if name.startswith('hub.')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"  {verb} " in out for verb in VERBS)
    assert out.splitlines()[-1] == "['hub.errors', 'hub.suggest', 'hub.verbs', 'hub.cli']"


def test_help_of_identity_names_the_reviews_without_importing_the_role() -> None:
    code = (
        "import sys; from hub.cli import main\n"
        "try: main(['identity', '--help'])\n"
        "finally: print('hub.identity.worker' in sys.modules, 'sqlalchemy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"  {verb} " in out for verb in ("evaluate", "review", "train"))
    assert out.splitlines()[-1] == "False False"


@pytest.mark.parametrize(
    ("error", "code"), [(ConfigError("mend it"), 78), (RetryError("away"), 70), (click.Abort(), 130)]
)
def test_what_went_wrong_is_in_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    @click.command()
    def fails() -> None:
        raise error

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: fails)
    assert _exit_code("doctor") == code
    assert str(error) in capsys.readouterr().err


def test_an_uncaught_exception_shows_where_but_no_value() -> None:
    code = (
        "import sys; from hub import cli; from click import command\n"
        "def fails(): secret = 'born 1980-01-01'; raise ValueError(secret)\n"
        "cli.LazyGroup.get_command = lambda *_: command('doctor')(fails)\n"
        "sys.argv = ['hub', 'doctor']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert "1980" not in done.stderr + done.stdout


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_code("up", "--roles", "clerk") == 2
    assert "unknown role clerk" in capsys.readouterr().err


def test_status_of_an_instance_that_is_not_up_is_1_and_still_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_code("status", "--json", "--instance", str(tmp_path)) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["up"], found["bootstrap"], found["processes"]) == (False, None, {})


def test_down_without_up_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_code("down", "--instance", str(tmp_path)) == 0
    assert "was not up" in capsys.readouterr().out
