"""The bar over a drop that is read: there for a person, absent for a pipe, and nothing is held for it."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from hub.commands.reading_bar import reading_bar


def drawn(folder: Path, *, terminal: bool, quiet: bool = False) -> tuple[str, list[bytes]]:
    """What was drawn while a drop of 1,000 records was read, and what came through."""
    (folder / "more").mkdir()
    (folder / "more" / "rows.csv").write_bytes(b"12345678\n" * 1_000)
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100)
    with reading_bar([folder], quiet=quiet, console=console) as bar:
        read = list(bar.watch(iter([b"12345678\n"] * 1_000), len))
    return out.getvalue(), read


def test_a_person_sees_how_far_a_large_drop_is(tmp_path: Path) -> None:
    text, read = drawn(tmp_path, terminal=True)
    assert len(read) == 1_000
    assert "1,000 records read" in text
    assert "100%" in text


def test_a_pipe_and_a_quiet_command_get_none(tmp_path: Path) -> None:
    for number, (terminal, quiet) in enumerate([(False, False), (True, True)]):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        text, read = drawn(folder, terminal=terminal, quiet=quiet)
        assert (text, len(read)) == ("", 1_000)
