"""The pages about connectors are true: the first one is run as it is written, the reference is made of the models."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from hub.cli import cli
from hub.commands.connector import connector
from hub.connectors.catalog.reference import reference

DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"^```(?P<kind>\w*)(?: (?P<more>[^\n]*))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_command_and_file_of_your_first_connector_works_as_written(tmp_path: Path) -> None:
    """`file=` blocks are written, sh blocks are run with their exit code, a plain block is lines of the output above."""
    said, commands = "", 0
    with CliRunner().isolated_filesystem(tmp_path) as here:
        for block in _BLOCK.finditer((DOCS / "your-first-connector.md").read_text()):
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
                    said, commands = result.output, commands + 1
                    assert result.exit_code == int(more.removeprefix("exit=") or 0), f"{line}\n{said}"
            elif block["kind"] == "console":
                _each_verb_exists(text)
            else:
                shown = [" ".join(line.split()) for line in said.splitlines()]
                for line in text.splitlines():
                    assert " ".join(line.split()) in shown
    assert commands == 10


def _each_verb_exists(text: str) -> None:
    """What needs a broker is played by tests/live/test_first_connector_live.py; here only its words are looked at."""
    for line in text.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[0] == "hub":
            verbs = words[1 : 3 if words[1] in ("connector", "rejected") else 2]
            asked = [word for word in words if word.startswith("--")]
            said = CliRunner().invoke(cli, [*verbs, "--help"], catch_exceptions=False)
            assert said.exit_code == 0, line
            assert all(option in said.output for option in asked), line


def test_the_reference_names_every_word_that_a_field_may_hold() -> None:
    assert "`shelter-stay.site_kind`: `congregate`, `isolation`, `transitional`, `outreach`, `other`\n" in reference()
    assert "`food-assistance.program`: `snap`, `wic`, `pantry`, `meal-delivery`\n" in reference()


def test_the_reference_lists_the_values_of_every_closed_choice() -> None:
    assert "| `parse` | text · date · datetime ·" in reference()
    assert "| `on_error` | reject · null_and_flag |" in reference()
    assert "| optional |" not in reference()


def test_the_reference_is_what_the_models_say() -> None:
    assert (DOCS / "connector-yaml.md").read_text() == reference(), (
        "hub connector schema --docs > docs/connector-yaml.md"
    )
