"""Child processes that cannot outlive their parent, not even a parent killed with -9.

Linux: the child asks the kernel (PR_SET_PDEATHSIG) for a SIGKILL at its parent's death, before it becomes the program.
The kernel counts the *thread* that spawned as the parent: spawn from one that lives as long as the child should.
Elsewhere a child is only put into a group of its own, and `hub down` clears what a dead supervisor left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

# Runs in a bare interpreter between fork and the program: 1 is PR_SET_PDEATHSIG; the parent may have died before we
# asked.
_TETHER = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != parent:
    os._exit(70)
os.execv(sys.argv[2], sys.argv[2:])
"""


def spawn(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Starts a program tied to the calling thread, its stdout and stderr appended to `log`.

    It gets its own process group, so a Ctrl-C in the terminal reaches the parent alone. `command[0]` is an absolute
    path.
    """
    tethered = [sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid()), *command]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            tethered,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            process_group=0,
        )


def terminate(process: subprocess.Popen[bytes], grace: float) -> int:
    """SIGTERM, `grace` seconds to drain, then SIGKILL; returns the exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def started_at(pid: int) -> float | None:
    """When a process started (seconds since 1970), or None where it is gone or a zombie.

    Together with the pid it names one process: a pid alone may have gone to somebody else.
    """
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def is_same_process(pid: int, start: float) -> bool:
    """Whether the process noted as (pid, start) still runs; create_time may differ by a clock tick between readings."""
    now = started_at(pid)
    return now is not None and abs(now - start) < 1.0


def end_process(pid: int, start: float, grace: float) -> None:
    """Ends a process that is not our child, if it is still the one noted: SIGTERM, then SIGKILL after `grace` seconds."""
    until = time.monotonic() + grace
    signals = [signal.SIGKILL, signal.SIGTERM]
    while is_same_process(pid, start):  # a zombie has ended: reaping it is its parent's business
        if signals and (len(signals) == 2 or time.monotonic() > until):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signals.pop())
        time.sleep(0.05)
