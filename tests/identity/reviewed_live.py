"""identify as an installation runs it, linking by weights, which kills itself at a step when told to: for the test of reviews."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path

from hub.cli import main
from hub.identity import role
from hub.identity.worker import Identify


def serve(instance: str, port: int) -> None:
    """Work until SIGTERM; die at the step named in the file `kill-at` of the instance, once."""
    told = Path(instance) / "kill-at"

    def step(name: str) -> None:
        if told.exists() and told.read_text() == name:
            told.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(role, "Identify", partial(Identify, step=step))  # noqa: B010 - as a name of that module
    main(["run", "identify", "--instance", instance, "--port", str(port)])


def command(instance: Path, port: int) -> list[str]:
    """What starts it in a process of its own."""
    return [sys.executable, "-c", f"from tests.identity.reviewed_live import serve; serve({str(instance)!r}, {port})"]
