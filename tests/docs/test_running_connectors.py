"""docs/running-connectors.md names verbs and options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import cli

PAGE = Path(__file__).resolve().parents[2] / "docs" / "running-connectors.md"
COMMANDS = sorted({
    line.partition("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
})  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_is_understood_up_to_its_connector(line: str, tmp_path: Path) -> None:
    hub, *arguments = shlex.split(line)
    assert hub == "hub"
    result = CliRunner().invoke(cli, [*arguments, "--instance", str(tmp_path)])
    assert "No such" not in result.output
    said = f"{result.output} {result.exception}"
    assert "there is no connector NAME" in said or result.exit_code == 0, said
