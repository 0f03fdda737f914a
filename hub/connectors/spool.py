"""The private folder of a door: what is fetched or unpacked waits there until it is safe. Emptied at each start: what a stop left
there is fetched or unpacked again."""

from __future__ import annotations

import shutil
from pathlib import Path

from hub.errors import ConfigError

__all__ = ["make_spool"]


def make_spool(folder: Path) -> None:
    """`folder`, empty, for this account alone (0700); ConfigError when that cannot be."""
    try:
        if folder.is_symlink():
            raise ConfigError(f"the spool {folder} must not be a link")
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, mode=0o700)
    except OSError as why:
        raise ConfigError(f"cannot make the spool {folder}: {why.strerror}") from None
