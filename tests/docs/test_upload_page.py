"""docs/upload.md is true: its files are written, its commands run with their exit codes, and the door opens on what it leaves."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from hub.commands.connector import connector
from hub.connectors.upload.access import account_of, read_accounts
from hub.connectors.upload.door import UploadOptions
from hub.wiring_reading import catalogue
from tests.builders import day

PAGE = Path(__file__).resolve().parents[2] / "docs" / "upload.md"
_BLOCK = re.compile(r"^```(?P<kind>\w*)(?: (?P<more>[^\n]*))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_file_and_command_of_the_page_works_as_written(tmp_path: Path) -> None:
    said: list[str] = []
    with CliRunner().isolated_filesystem(tmp_path) as here:
        for block in _BLOCK.finditer(PAGE.read_text()):
            more, text = block["more"] or "", block["text"]
            if more.startswith("file="):
                path = Path(here) / more.removeprefix("file=")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            elif block["kind"] == "sh":
                for line in text.splitlines():
                    result = CliRunner(env={"HUB_INSTANCE": here}).invoke(
                        connector, shlex.split(line)[2:], catch_exceptions=False
                    )
                    said.append(result.output)
                    assert result.exit_code == int(more.removeprefix("exit=") or 0), f"{line}\n{result.output}"
            else:
                shown = [" ".join(line.split()) for line in said[-1].splitlines()]
                assert all(" ".join(line.split()) in shown for line in text.splitlines())
        door = catalogue(Path(here))["elm-street-pantry"].door
        secret = Path(here) / "secrets" / "elm-street-pantry" / "access"
        accounts = read_accounts(secret.read_text())
    assert isinstance(door, UploadOptions)
    assert secret.name == "access"
    assert [account.label for account in accounts] == ["front-desk", "front-desk"]
    words = [found[1] for text in said if (found := re.search(r"shown this once: (\S+)", text))]
    today, later = day("2021-03-01"), day("2199-01-01")
    assert today is not None
    assert later is not None
    assert [account_of(accounts, "front-desk", word, today) for word in words] == ["front-desk", None, "front-desk"]
    assert account_of(accounts, "front-desk", words[0], later) is None  # the old word has had its day


def test_every_option_of_the_door_stands_on_the_page() -> None:
    text = PAGE.read_text()
    assert all(f"`{name}`" in text for name in UploadOptions.model_fields if name != "kind")
