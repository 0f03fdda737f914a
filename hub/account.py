"""Who runs a command, as logs and the audit trail name them."""

from __future__ import annotations

import os
import pwd
import re

__all__ = ["account"]


def account() -> str:
    """The name of the account that this process runs under, in characters that may stand in a log; `uid-N` where the machine has no
    name for it, as in containers. Asked of the system: what LOGNAME and USER say, a caller chooses."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid-{uid}"
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:64]
