"""One supervised process: started when what it needs is ready, restarted with back-off, given up on exit 78 until files change."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Literal, NamedTuple

from hub.errors import EXIT_CONFIG
from hub.ops.tether import spawn, started_at, terminate
from hub.supervisor.state import is_ready

FIRST_BACKOFF = 0.2  # a broker hiccup is over in a moment
LAST_BACKOFF = 10.0
RESET_AFTER = 30.0  # up that long: the next failure is a new story
LOG_LIMIT = 50_000_000  # bytes; at a start above it, the log becomes <name>.log.1
DRAIN_SECONDS = 15.0
WATCH_SECONDS = 1.0
_LINE = 400
_AGAIN = "; it starts by itself once that is mended"

State = Literal["waiting", "starting", "up", "backoff", "failed", "stopped"]


class ProcessSpec(NamedTuple):
    """What to run: `command[0]` absolute; `port` where it serves /readyz; `needs` names what must be ready first; `watched`:
    folders and patterns of files below, by whose change one that gave up is started again.
    """

    name: str
    command: tuple[str, ...]
    port: int
    needs: frozenset[str] = frozenset()
    watched: tuple[tuple[Path, str], ...] = ()


class Child:
    """Touched by the supervising thread alone, but for reading `state`, `restarts` and `reason`."""

    def __init__(self, spec: ProcessSpec, log: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.spec = spec
        self.log = log
        self.state: State = "waiting"
        self.restarts = 0
        self.reason = ""  # of a failure or stop, in words
        self._clock = clock
        self._backoff = FIRST_BACKOFF
        self._next_start = 0.0
        self._began = 0.0
        self._start: float | None = None
        self._read: dict[Path, tuple[int, int]] = {}  # the watched files as they were when it started
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def tick(self, ready: Collection[str]) -> bool:
        """One look: starts, notices readiness or death; `ready` names what is ready now. True when something changed."""
        before = (self.state, self.pid)
        if self.state == "waiting" and self.spec.needs <= set(ready):
            self._spawn()
        elif self.state == "backoff" and self._clock() >= self._next_start:
            self.restarts += 1
            self._spawn()
        elif self.state == "failed" and self.spec.watched and self._clock() >= self._next_start:
            self._next_start = self._clock() + WATCH_SECONDS
            if _stamps(self.spec.watched) != self._read:
                self.restarts += 1
                self.reason = ""
                self._spawn()
        elif self.state in ("starting", "up") and self._process is not None:
            self._look(self._process)
        return (self.state, self.pid) != before

    def stop(self, why: str = "", grace: float = DRAIN_SECONDS) -> None:
        """SIGTERM to drain, SIGKILL after `grace` seconds; it will not be started again."""
        if self._process is not None:
            terminate(self._process, grace)
            self._process = None
        if self.state != "failed":
            self.state, self.reason = "stopped", why

    def ask_to_stop(self) -> None:
        """SIGTERM without waiting, so that several drain at once; `stop` comes after."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def signal(self, number: int) -> None:
        """For tests and `hub demo --kill`: the supervision then does what it does for any death."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def noted(self) -> dict[str, Any]:
        """As run.json holds it."""
        return {
            "pid": self.pid,
            "start": self._start,
            "port": self.spec.port,
            "restarts": self.restarts,
            "state": self.state,
            "reason": self.reason,
        }

    def _spawn(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        self._read = _stamps(self.spec.watched)
        self._process = spawn(self.spec.command, self.log)
        self._start = started_at(self._process.pid)
        self._began = self._clock()
        self.state = "starting"  # the last failure stays said until it is up

    def _look(self, process: subprocess.Popen[bytes]) -> None:
        code = process.poll()
        if code is None:
            if self.state == "starting" and is_ready(self.spec.port, timeout=0.5):
                self.state, self.reason = "up", ""
            if self._clock() - self._began > RESET_AFTER:
                self._backoff = FIRST_BACKOFF
            return
        self._process = None
        # A process that was killed had no last words: what stands last in its log is about something else.
        self.reason = f"killed by signal {-code}" if code < 0 else last_line(self.log) or f"ended with {code}"
        if code == EXIT_CONFIG:
            self.state = "failed"
            self.reason += _AGAIN if self.spec.watched else ""
            return
        self.state = "backoff"
        self._next_start = self._clock() + self._backoff
        self._backoff = min(self._backoff * 2, LAST_BACKOFF)


def last_line(log: Path) -> str:
    """The last line of a log that says anything, cut to what fits a terminal line or three; '' when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 8192))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return said if len(said) <= _LINE else f"{said[:_LINE].rpartition(' ')[0] or said[:_LINE]} …"


def _stamps(watched: Collection[tuple[Path, str]]) -> dict[Path, tuple[int, int]]:
    """Time and size of each file there is."""
    found: dict[Path, tuple[int, int]] = {}
    for path in (path for folder, pattern in watched for path in folder.glob(pattern)):
        with contextlib.suppress(OSError):  # it went away meanwhile
            how = path.stat()
            found[path] = (how.st_mtime_ns, how.st_size)
    return found
