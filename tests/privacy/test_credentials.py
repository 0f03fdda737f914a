"""Passwords that others gave us: read from a file that only we can read, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.privacy.secrets import read_credential


def test_a_credential_is_read_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("made-up\n")
    (tmp_path / "word").chmod(0o600)
    assert read_credential(tmp_path / "word") == "made-up"


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [("made-up", 0o644, "chmod 600"), (" \n", 0o600, "is empty"), (None, 0, "write it there")],
)
def test_a_credential_that_others_see_or_that_is_not_there_is_refused(
    content: str | None, mode: int, words: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "word").write_text(content)
        (tmp_path / "word").chmod(mode)
    with pytest.raises(ConfigError, match=words) as refused:
        read_credential(tmp_path / "word")
    assert "made-up" not in str(refused.value)
