"""The supervisor of one instance.

Promised: after `stop`, or at the death of this process by any cause, no process of the stack runs (Linux; elsewhere
after the next `hub up` or `hub down`); exit 70 and any other unasked end restarts a process with back-off; exit 78
stops it and everything that needs it, and says why in the process's own last words; `connectors` is started again by itself when an
agreement or a folder of a connector changes. A dead broker is started again on
the same port.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from hub.bus.embedded import EmbeddedBroker
from hub.bus.jars import ensure_jars
from hub.config import ROLES, Settings, load_settings
from hub.errors import ConfigError, HubError, RetryError
from hub.ops.ports import free_port
from hub.ops.tether import started_at
from hub.privacy.secrets import make_secret
from hub.supervisor.child import FIRST_BACKOFF, LAST_BACKOFF, Child, ProcessSpec
from hub.supervisor.state import InstanceLock, clear_leftovers, read_state, write_state

TICK_SECONDS = 0.1
# Ports that are no role's /metrics: the registry's own API, the MLLP doors, and the front of the doors over HTTP.
DOORS = ("registry-api", "lab-elr-hl7v2", "iis-vxu", "http")
_WATCHED = {"connectors": ("agreements/*.yaml", "connectors/*/*", "connectors/*/codes/*.csv")}
_NO_BROKER_YET = "the broker is starting"

Prepare = Callable[[Settings], None]
Progress = Callable[[str], None]


class Stack:
    """Everything of one instance, supervised by a thread of this process.

    `prepare(settings)` runs once the broker serves and before any role (it creates the topics). `specs(settings,
    roles)` says what to run; the default runs `hub run ROLE`. Use as a context manager, or call `stop`.
    """

    def __init__(
        self,
        instance: Path,
        *,
        prepare: Prepare = lambda _: None,
        specs: Callable[[Settings, Sequence[str]], list[ProcessSpec]] | None = None,
        progress: Progress = lambda _: None,
    ) -> None:
        self.instance = instance.absolute()
        self._prepare, self._specs, self._progress = prepare, specs or role_specs, progress
        self._lock = InstanceLock(self.instance)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None
        self._broker: EmbeddedBroker | None = None
        self._broker_restarts, self._broker_state = 0, "starting"
        self._children: dict[str, Child] = {}
        self._settings: Settings | None = None
        self._began = threading.Event()

    @property
    def settings(self) -> Settings:
        """The settings with the addresses of this run; RetryError before `start` returned."""
        if self._settings is None:
            raise RetryError("the stack has not been started")
        return self._settings

    @property
    def restarts(self) -> dict[str, int]:
        """How often each process was started again, the broker's under `broker`."""
        return {"broker": self._broker_restarts, **{name: child.restarts for name, child in self._children.items()}}

    def start(self, roles: Sequence[str] = ROLES, timeout: float = 240.0) -> None:
        """Returns when the broker serves and every process was asked to start; `wait_ready` waits for them.

        Raises ConfigError (already up, no jars, a taken port, …) or RetryError (the broker did not come up).
        """
        self._lock.take(patience=2.0)
        try:
            if left := clear_leftovers(read_state(self.instance)):
                self._progress(f"ended {left} processes that a dead supervisor had left")
            for directory in ("logs", "secrets", "inbox", "state", "agreements"):
                (self.instance / directory).mkdir(exist_ok=True, mode=0o700)
            for name in ("kek", "hmac"):
                make_secret(self.instance / "secrets" / name)
            (self.instance / "run.json").unlink(missing_ok=True)  # a dead run's addresses are not ours
            settings = load_settings(self.instance)
            if not settings.bootstrap:
                ensure_jars(progress=self._progress)
        except BaseException:
            self._lock.release()
            raise
        self._thread = threading.Thread(target=self._supervise, args=(settings, roles), name="supervisor", daemon=True)
        self._thread.start()
        if not self._began.wait(timeout):
            self.stop()
            raise RetryError(f"the stack did not come up within {timeout:.0f} s: see {self.instance / 'logs'}")
        self._raise_failure()

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Returns when every process is ready; ConfigError with its last words when one gave up, RetryError on time-out."""
        until = time.monotonic() + timeout
        while True:
            self._raise_failure()
            for name, child in self._children.items():
                if child.state == "failed":
                    raise ConfigError(f"{name} gave up: {child.reason} (log: {child.log})")
            late = {name: child for name, child in self._children.items() if child.state != "up"}
            if not late:
                return
            if time.monotonic() > until:
                words = "; ".join(f"{n} is {c.state}" + (f" ({c.reason})" if c.reason else "") for n, c in late.items())
                raise RetryError(f"not ready after {timeout:.0f} s: {words}; logs in {self.instance / 'logs'}")
            self._stopping.wait(TICK_SECONDS / 2)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Sends a signal to one process (`broker` included) as fate would; it is then restarted like after any death."""
        if name == "broker" and self._broker is not None and self._broker.pid is not None:
            os.kill(self._broker.pid, number)
        else:
            self._children[name].signal(number)

    def is_running(self) -> bool:
        """Whether it still supervises anything: False after `stop`, or when everything gave up."""
        return self._thread is not None and self._thread.is_alive()

    def failures(self) -> dict[str, str]:
        """Processes that gave up, each with its last words."""
        return {name: child.reason for name, child in self._children.items() if child.state == "failed"}

    def stop(self) -> None:
        """Drains and ends everything; returns when no process is left. May be called twice."""
        self._stopping.set()
        if self._thread is not None:
            if self._broker is not None and not self._began.is_set():
                self._broker.interrupt()  # else its thread would wait for a broker that nobody wants any more
            self._thread.join()
        self._lock.release()

    def __enter__(self) -> Stack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            self.stop()
            raise self._failure

    def _supervise(self, settings: Settings, roles: Sequence[str]) -> None:
        """The thread that all processes are tied to: it spawns, watches and ends them."""
        try:
            self._bring_up(settings, roles)
            self._began.set()
            while not self._stopping.wait(TICK_SECONDS):
                self._look()
                if self._children and all(child.state in ("failed", "stopped") for child in self._children.values()):
                    break
        except Exception as why:
            self._failure = why
        finally:
            self._take_down()
            self._began.set()

    def _bring_up(self, settings: Settings, roles: Sequence[str]) -> None:
        roles = [role for role in roles if not (role == "registry" and settings.registry_url)]
        self._settings = settings = self._with_ports(settings, roles)
        if not settings.bootstrap:
            self._progress("starting the broker")
            self._broker = EmbeddedBroker(
                self.instance / "kafka",
                settings.broker_port,
                log_dir=self.instance / "logs",
                heap_mb=settings.broker_heap_mb,
                progress=self._progress,
            )
            self._broker.start()
            self._settings = settings = settings.model_copy(update={"bootstrap": self._broker.bootstrap})
        self._broker_state = "up"
        self._prepare(settings)
        logs = self.instance / "logs"
        self._children = {s.name: Child(s, logs / f"{s.name}.log") for s in self._specs(settings, roles)}
        self._write()

    def _with_ports(self, settings: Settings, roles: Sequence[str]) -> Settings:
        """Every role and door gets a port for this run; what the settings name stays."""
        ports = {name: settings.port(name) or free_port() for name in (*roles, *DOORS)}
        url = settings.registry_url or f"http://127.0.0.1:{ports['registry-api']}"
        return settings.model_copy(update={"ports": {**settings.ports, **ports}, "registry_url": url})

    def _look(self) -> None:
        changed = self._revive_broker()
        ready = {name for name, child in self._children.items() if child.state == "up"}
        for name, child in self._children.items():
            changed |= child.tick(ready)
            if child.state == "failed":
                changed |= self._stop_dependants(name)
        if changed:
            self._write()

    def _revive_broker(self) -> bool:
        if self._broker is None or self._broker.is_alive():
            return False
        self._broker_state = "starting"
        self._write()
        backoff = FIRST_BACKOFF
        while not self._stopping.is_set():
            self._broker_restarts += 1
            try:
                self._broker.start()
            except HubError as why:
                self._progress(f"the broker does not start again: {why}")
                self._stopping.wait(backoff)
                backoff = min(backoff * 2, LAST_BACKOFF)
            else:
                break
        self._broker_state = "up"
        return True

    def _stop_dependants(self, failed: str) -> bool:
        changed = False
        for name, child in self._children.items():
            if failed in child.spec.needs and child.state not in ("failed", "stopped"):
                child.stop(f"needs {failed}, which gave up")
                changed = True
                self._stop_dependants(name)
        return changed

    def _take_down(self) -> None:
        """Roles drain together while the registry and the broker still serve; those two go last."""
        last = [child for name, child in self._children.items() if name == "registry"]
        first = [child for child in self._children.values() if child not in last]
        for group in (first, last):
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.stop(child.reason)
        if self._broker is not None:
            self._broker.stop()
        (self.instance / "run.json").unlink(missing_ok=True)

    def _write(self) -> None:
        processes: dict[str, dict[str, Any]] = {name: child.noted() for name, child in self._children.items()}
        if self._broker is not None:
            pid = self._broker.pid
            broker = {"pid": pid, "start": started_at(pid) if pid else None, "port": self._broker.port}
            noted = {**broker, "restarts": self._broker_restarts, "state": self._broker_state, "reason": ""}
            processes = {"broker": noted, **processes}
        write_state(self.instance, self.settings, processes)


def role_specs(settings: Settings, roles: Sequence[str]) -> list[ProcessSpec]:
    """`hub run ROLE` for each role; all need the registry where it is one of them."""

    def spec(role: str) -> ProcessSpec:
        port = settings.port(role)
        command = (
            sys.executable,
            "-P",
            "-m",
            "hub",
            "run",
            role,
            "--instance",
            str(settings.instance),
            "--port",
            str(port),
        )
        needs = frozenset({"registry"}) if "registry" in roles and role != "registry" else frozenset[str]()
        watched = tuple((settings.instance, each) for each in _WATCHED.get(role, ()))
        return ProcessSpec(role, command, port, needs, watched)

    return [spec(role) for role in roles]
