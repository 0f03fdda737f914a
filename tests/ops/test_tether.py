"""A tethered child: its own process group, its parent's death its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hub.ops.tether import end_process, is_same_process, spawn, started_at, terminate

FOREVER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]

PARENT = """
import sys, time
from pathlib import Path
from hub.ops.tether import spawn
child = spawn([sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_child_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone, alive = psutil.wait_procs([child], timeout=60)
    assert (gone, alive) == ([child], [])


def test_a_child_stands_in_a_group_of_its_own_and_writes_to_its_log(tmp_path: Path) -> None:
    child = spawn([sys.executable, "-c", "print('said')"], tmp_path / "logs" / "log")
    group = os.getpgid(child.pid) if child.poll() is None else child.pid
    assert child.wait(60) == 0
    assert group == child.pid
    assert (tmp_path / "logs" / "log").read_text() == "said\n"


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
    assert child.stdout
    child.stdout.readline()
    assert terminate(child, grace=0.1) == -signal.SIGKILL
    child.stdout.close()


def test_a_pid_that_went_to_somebody_else_is_not_taken_for_the_noted_process() -> None:
    start = started_at(os.getpid())
    assert start is not None
    assert is_same_process(os.getpid(), start)
    assert not is_same_process(os.getpid(), start - 100)
    end_process(os.getpid(), start - 100, grace=0)  # and it is left alone
