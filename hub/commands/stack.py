"""`hub up`, `hub down`, `hub status`: the embedded stack of one instance."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import click

from hub.bus.jars import ensure_jars
from hub.config import ROLES, instance_dir, load_settings
from hub.errors import EXIT_CONFIG, ConfigError
from hub.supervisor import Stack, read_state, running_instance, stop_instance
from hub.supervisor import status as status_of
from hub.supervisor.child import last_line
from hub.supervisor.state import is_held, notes

_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")


@click.command()
@_INSTANCE
@click.option("--foreground", is_flag=True, help="Stay and supervise here; Ctrl-C stops everything.")
@click.option("--roles", default=",".join(ROLES), show_default=True, help="Which roles to run, separated by commas.")
@click.option("--timeout", default=120, show_default=True, help="Seconds until everything must be ready.")
@click.pass_context
def up(ctx: click.Context, instance: str | None, foreground: bool, roles: str, timeout: int) -> None:
    """Start the broker, the registry and the hub's processes; return when all are ready.

    A process that ends with 70 is started again; one that ends with 78 is not, and its reason is printed here.
    """
    chosen = [role.strip() for role in roles.split(",") if role.strip()]
    if unknown := [role for role in chosen if role not in ROLES]:
        raise click.UsageError(f"unknown role {unknown[0]}: known are {', '.join(ROLES)}")
    directory = instance_dir(instance)
    ctx.exit(_supervise(directory, chosen) if foreground else start_in_background(directory, chosen, timeout))


@click.command()
@_INSTANCE
def down(instance: str | None) -> None:
    """Stop everything of the instance; no process is left."""
    directory = running_instance(instance)
    click.echo(f"{directory} is down" if stop_instance(directory) else f"{directory} was not up")


@click.command()
@_INSTANCE
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def status(ctx: click.Context, instance: str | None, as_json: bool) -> None:
    """What runs where. Exit 0 when every process is ready and everybody who sends is heard, 1 when not: also while one connector
    cannot start (`failed`), or rests because its agreement expired or is broken (`lapsed`).

    A connector that is switched off, paused, never agreed on or agreed from a later day on, or that runs as before its last edit,
    leaves it 0: `hub doctor` tells.
    """
    directory = running_instance(instance)
    found = status_of(directory)
    found["connectors"] = _connectors(directory, found)
    if as_json:
        click.echo(json.dumps(found))
    else:
        _print_status(found)
    ready = found["up"] and all(p["ready"] for p in found["processes"].values())
    ctx.exit(0 if ready and not any(each.get("lapsed") for each in found["connectors"]) else 1)


def _print_status(found: dict[str, Any]) -> None:
    if not found["up"]:
        click.echo(f"{found['instance']} is not up; start it with `hub up`")
        return
    click.echo(f"broker {found['bootstrap']} · registry {found['registry']} · as of {found['as_of']}")
    failed = ", ".join(e["name"] for e in found["connectors"] if e["state"] == "failed" and "broken" not in e)
    failed = f"{failed} cannot start, see below" if failed else ""
    for name, process in found["processes"].items():
        verdict = "ready" if process["ready"] else process["state"].replace("up", "not ready")
        again = f", restarted {process['restarts']}×" if process["restarts"] else ""
        why = f": {process['reason'] or failed}" if process["reason"] or (name == "connectors" and failed) else ""
        click.echo(f"  {name:<11} {verdict:<9} pid {process['pid'] or '-'}, port {process['port']}{again}{why}")
    waited = ("no-agreement", "disabled")  # told in one line, but for those that somebody sends to
    agreed = [e for e in found["connectors"] if e.get("why") not in waited or e.get("waiting") or e.get("refused")]
    if agreed:
        from hub.commands.connector_places import lines

        click.echo("connectors:")
        click.echo("\n".join(f"  {line}" for entry in agreed for line in lines(entry)))
    if off := [entry["name"] for entry in found["connectors"] if entry not in agreed]:
        click.echo(f"  stopped, without agreement or switched off: {', '.join(off)} (`hub connector list`)")
    for note in found["notes"]:
        click.echo(f"note: {note}")


def _connectors(directory: Path, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Where each connector's data comes in and how it is; none while the role does not run."""
    if "connectors" not in found["processes"]:
        return []
    from hub.commands.connector_places import entries  # 0.4 s that `status` of a stopped stack need not wait for

    return entries(directory, up=True)


def _supervise(directory: Path, roles: list[str]) -> int:
    """`--foreground`: supervises until a signal, or until everything gave up."""
    from hub.wiring_bus import prepare

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    idle, told = threading.Event(), set[str]()
    with Stack(directory, prepare=prepare, progress=_say) as stack:
        try:
            stack.start(roles)
            _say(
                f"up: broker {stack.settings.bootstrap}, registry {stack.settings.registry_url}, logs in {directory / 'logs'}"
            )
            while stack.is_running():
                idle.wait(0.5)
                for name, why in stack.failures().items():
                    if name not in told:
                        told.add(name)
                        _say(f"{name} gave up: {why}")
        except KeyboardInterrupt:
            _say("stopping")
            return 0
    return EXIT_CONFIG


def start_in_background(directory: Path, roles: list[str], timeout: int) -> int:
    """A supervisor of its own, which outlives this process; returns when all is ready, with the exit code of `hub up`.

    Says on stderr what becomes ready. ConfigError when a process gave up.
    """
    if read_state(directory).running:
        gave_up = [name for name, process in status_of(directory)["processes"].items() if process["state"] == "failed"]
        if gave_up:
            then = "it starts by itself then" if gave_up == ["connectors"] else "then `hub down` and `hub up`"
            _say(f"{directory} is up, but {', '.join(gave_up)} gave up: mend what `hub status` says, {then}")
            return 1
        _say(f"{directory} is already up: see `hub status`, or `hub down` first")
        _say_notes(directory)
        return 0
    log = directory / "logs" / "supervisor.log"
    if is_held(directory):
        return _watch(None, directory, timeout, log)
    if not load_settings(directory).bootstrap:
        ensure_jars(progress=_say)
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [
        sys.executable,
        "-P",
        "-m",
        "hub",
        "up",
        "--foreground",
        "--instance",
        str(directory),
        "--roles",
        ",".join(roles),
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        return _watch(process, directory, timeout, log)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


def _watch(process: subprocess.Popen[bytes] | None, directory: Path, timeout: int, log: Path) -> int:
    """Tells of each process as it becomes ready; returns the exit code of `hub up`.

    Where another `hub up` holds the instance (`process` None, or ended because of it), its outcome is the answer of both.
    """
    told, idle, another = set[str](), threading.Event(), False
    for _ in range(timeout * 5):
        if process is None or process.poll() is not None:
            if not is_held(directory):
                code = EXIT_CONFIG if process is None else process.returncode or EXIT_CONFIG
                _say(f"did not come up: {last_line(log)} (log: {log})")
                return code
            if not another:
                _say(f"another `hub up` is at work on {directory}: waiting for it")
            another = True
        noted = read_state(directory).processes
        for name, one in noted.items():
            if one["state"] == "failed":
                raise ConfigError(
                    f"{name} gave up: {one['reason']}; what does not need it still runs: `hub status`, `hub down`"
                )
            if one["state"] == "up" and name not in told:
                told.add(name)
                _say(f"ready: {name}")
        if noted and set(noted) - told == {"connectors"} and (failed := failed_connectors(directory)):
            _say("\n".join(failed))
            _say(f"{directory} is up, but not for these; what is mended is taken up at once: `hub status`")
            _say_notes(directory)
            return 1
        if noted and told == set(noted):
            found = status_of(directory)
            _say(f"{directory} is up: broker {found['bootstrap']}, registry {found['registry']}")
            _say_notes(directory)
            return 0
        idle.wait(0.2)
    late = ", ".join(sorted(set(read_state(directory).processes) - told)) or "the broker"
    _say(f"not ready after {timeout} s: {late}; it goes on trying: `hub status`, logs in {log.parent}")
    return 1


def failed_connectors(directory: Path) -> list[str]:
    """Those that cannot start as they are, in words, once all were tried; one that waits for the broker is none of them."""
    from hub.commands.connector_role import connectors_page

    page = connectors_page(load_settings(directory)) or []
    if any(each["state"] == "starting" for each in page):
        return []
    failed = [
        each for each in page if each["state"] == "failed" and each["why"] not in ("broker-away", "does-not-load")
    ]
    return [f"{each['name']} takes nothing in ({each['why']}): {each['detail']}" for each in failed]


def _say_notes(directory: Path) -> None:
    from hub.commands.port_names import unknown_ports

    for unknown in unknown_ports(directory):
        _say(f"note: {unknown}")
    for note in notes(load_settings(directory), read_state(directory).processes):
        _say(f"note: {note}")


def _say(line: str) -> None:
    click.echo(line, err=True)
