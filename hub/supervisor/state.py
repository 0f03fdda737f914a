"""What is known of a running stack from outside: DIR/run.json, the lock beside it, and the processes themselves.

run.json: {"supervisor": {pid, start}, "settings": {bootstrap, registry_url, ports}, "processes": {name: {pid, start,
port, restarts, state, reason}}}. It exists while a stack runs; a pid counts only together with its start time.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any, NamedTuple

from hub.config import DEMO_INSTANCE, Settings, instance_dir, load_settings, today, write_json
from hub.errors import ConfigError
from hub.ops.tether import end_process, is_same_process, started_at

GRACE_SECONDS = 30.0  # for a whole stack to drain; each process has 15 s of its own


class RunState(NamedTuple):
    """run.json as found; `running` says whether its supervisor is alive."""

    running: bool
    supervisor: tuple[int, float] | None
    processes: dict[str, dict[str, Any]]


def read_state(instance: Path) -> RunState:
    """The state of an instance; one that never ran, or whose supervisor died, is not running."""
    try:
        found = json.loads((instance / "run.json").read_text())
        supervisor = (int(found["supervisor"]["pid"]), float(found["supervisor"]["start"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return RunState(False, None, {})
    return RunState(is_same_process(*supervisor), supervisor, found.get("processes", {}))


def write_state(instance: Path, settings: Settings, processes: dict[str, dict[str, Any]]) -> None:
    """Replaces run.json; the addresses in it are what `load_settings` gives everybody else."""
    addresses = {"bootstrap": settings.bootstrap, "registry_url": settings.registry_url, "ports": settings.ports}
    me = {"pid": os.getpid(), "start": started_at(os.getpid())}
    write_json(instance / "run.json", {"supervisor": me, "settings": addresses, "processes": processes})


def is_ready(port: int, host: str = "127.0.0.1", timeout: float = 3.0) -> bool:
    """Whether /readyz says so."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def status(instance: Path) -> dict[str, Any]:
    """What `hub status --json` prints; readiness is asked of each process now, never remembered."""
    state = read_state(instance)
    settings = load_settings(instance)
    as_of = settings.as_of if settings.clock == "scripted" and settings.as_of else today(settings)
    return {
        "instance": str(instance),
        "up": state.running,
        "bootstrap": settings.bootstrap if state.running else None,
        "registry": settings.registry_url if state.running else None,
        "as_of": as_of.isoformat(),
        "processes": {name: _shown(name, noted) for name, noted in state.processes.items()} if state.running else {},
        "notes": notes(settings, state.processes) if state.running else [],
    }


def notes(settings: Settings, roles: Collection[str]) -> list[str]:
    """What an operator should know of a setting that nobody chose and that these roles use, a line each; no error. A scripted clock
    runs over made-up days, as the demo's: nothing is said of it."""
    if "identify" not in roles or settings.clock == "scripted" or "identity_population" in settings.model_fields_set:
        return []
    return [
        f"identity_population is not set: thresholds for {settings.identity_population:,} people hold, by which links of "
        "unsheltered people are missed most until a reviewer looks; say in "
        f"{settings.instance / 'settings.json'} how many it really are (what that costs: docs/identity.md#live)"
    ]


def _shown(name: str, noted: dict[str, Any]) -> dict[str, Any]:
    alive = noted["pid"] is not None and is_same_process(noted["pid"], noted["start"])
    ready = alive and (noted["state"] == "up" if name == "broker" else is_ready(noted["port"]))
    shown = {
        "pid": noted["pid"] if alive else None,
        "ready": ready,
        "port": noted["port"],
        "restarts": noted["restarts"],
    }
    return {**shown, "state": noted["state"], "reason": noted["reason"]}


def stop_instance(instance: Path) -> bool:
    """Stops a stack from outside and whatever a dead supervisor left behind; False when nothing ran."""
    state = read_state(instance)
    if state.supervisor is None:
        return False
    found = state.running or bool(living(state))
    end_process(*state.supervisor, grace=GRACE_SECONDS)
    clear_leftovers(state)
    (instance / "run.json").unlink(missing_ok=True)
    return found


def living(state: RunState) -> list[tuple[int, float]]:
    """The noted processes that still run."""
    noted = ((p["pid"], p["start"]) for p in state.processes.values() if p["pid"] is not None)
    return [(pid, start) for pid, start in noted if is_same_process(pid, start)]


def clear_leftovers(state: RunState) -> int:
    """Ends processes of a supervisor that is gone (only possible where children cannot be tied to it); their number."""
    left = living(state)
    for pid, start in left:
        end_process(pid, start, grace=5.0)
    return len(left)


def running_instance(chosen: str | None) -> Path:
    """The instance a question is about: as given, else the default one, else the demo's when only that is up."""
    default, demo = instance_dir(chosen), instance_dir(DEMO_INSTANCE)
    only_demo = chosen is None and "HUB_INSTANCE" not in os.environ and not read_state(default).running
    return demo if only_demo and read_state(demo).running else default


class InstanceLock:
    """Held by the one stack that may use an instance directory; the kernel lets go of it when the process ends."""

    NAME = ".lock"

    def __init__(self, instance: Path) -> None:
        self._instance = instance
        self._file: IO[str] | None = None

    def take(self, patience: float = 0.0) -> None:
        """ConfigError when another stack runs here; `patience`: seconds to wait for one that is just stopping."""
        try:
            self._instance.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = (self._instance / self.NAME).open("w")
        except OSError as why:
            raise ConfigError(f"cannot write to {self._instance} ({why.strerror}): choose another --instance") from why
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < until:
                    time.sleep(0.05)
                    continue
                file.close()
                supervisor = read_state(self._instance).supervisor
                who = f" (pid {supervisor[0]})" if supervisor else ""
                raise ConfigError(
                    f"{self._instance} is already up{who}: see `hub status`, stop it with `hub down`, "
                    "or use another --instance"
                ) from None
            self._file = file
            return

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def is_held(instance: Path) -> bool:
    """Whether a stack has the instance now, were it only starting or stopping."""
    lock = InstanceLock(instance)
    if not (instance / lock.NAME).exists():
        return False
    try:
        lock.take()
    except ConfigError:
        return True
    lock.release()
    return False
