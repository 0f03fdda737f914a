"""Who runs a command, as logs name them."""

from __future__ import annotations

import getpass
import re

__all__ = ["account"]


def account() -> str:
    """The account's name, in characters that may stand in a log."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", getpass.getuser())[:64]
