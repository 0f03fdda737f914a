"""Where each connector's data comes in, how it is, and until when its agreement holds: for `hub status` and `hub connector list`.

What the files say is always there; what only the running process knows (state, address, last record) comes from its
page /connectors.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.config import Settings, load_settings, today
from hub.connectors.catalog import Connector
from hub.connectors.inbox import DONE, FAILED, is_unfinished
from hub.connectors.watch import PAUSED_BY_OPERATOR
from hub.errors import ConfigError
from hub.privacy.agreements import NONE_YET, NotBegun, intake_agreement
from hub.wiring_reading import catalogue

__all__ = ["NOT_IN_FORCE", "NO_AGREEMENT", "entries", "lines", "state"]

NO_AGREEMENT, NOT_IN_FORCE = "no-agreement", "agreement-not-in-force"
"""Why a connector is off: there is no file, or it is broken, expired or not begun, as `detail` says."""
_CANNOT = "cannot start: "
_UNRAISED = "its map or codes changed under the same mapping_version: raise it, then `hub connector remap`"
_TIMEOUT_S = 2.0


def entries(instance: Path, *, up: bool) -> list[dict[str, Any]]:
    """One object per connector: `door`, `where`, `state` (`down` while nothing runs), `why`, `detail`, `agreement`,
    `agreement_until`, `last_record_at`, `ignored` (records set aside by reason, `since` the role started), `refused` (dead letters
    that are `open`, the last of them `last_at`; none: null), `lapsed` (it is switched on and its agreement expired, or is broken:
    who sends to it is not heard), `waiting` (units in the inbox of one that takes nothing in), `unraised` (its map changed and its
    mapping_version did not) …; a folder that does not load has `broken`."""
    settings = load_settings(instance)
    running = _asked(settings) if up else {}
    found = catalogue(instance)
    broken = [{"name": name, "state": _state(name, running), "broken": why} for name, why in found.broken.items()]
    return [*broken, *(_entry(each, settings, running.get(each.name)) for each in found.values())]


def lines(entry: dict[str, Any], *, title: bool = False) -> list[str]:
    """The same for people."""
    name = f"{entry['name']:<18}"
    if "broken" in entry:
        runs = " as before, its edit does not load" if entry["state"] in ("running", "paused") else ", it does not load"
        return [f"{name} {entry['state']}{runs}: {each}" for each in str(entry["broken"]).splitlines()]
    told = entry["state"] == "failed" or entry["why"] == NOT_IN_FORCE
    failed = [f"{'':18} {each}" for each in str(entry["detail"]).splitlines() if told]
    until = f", agreed until {entry['agreement_until']}" if entry["agreement_until"] else ""
    last = f", last record {entry['last_record_at']}" if entry["last_record_at"] else ""
    again = f" (tried again by itself at {entry['tried_again_at']})" if entry.get("tried_again_at") else ""
    failed = [*failed[:-1], failed[-1] + again] if failed else []
    stale = [f"{'':18} runs as before: {entry['stale']}{again}"] if entry["stale"] else []
    about = [f"{'':18} {entry['title']} ({entry['standard']})"] if title else []
    return [
        f"{name} {state(entry)}: {entry['where']}{until}{last}",
        *about,
        *failed,
        *stale,
        *([f"{'':18} {_UNRAISED}"] if entry["unraised"] else []),
        *_aside(entry),
        *_refused(entry),
    ]


def _aside(entry: Mapping[str, Any]) -> list[str]:
    """What was acknowledged and set aside since the role started, most first."""
    if not entry["ignored"]:
        return []
    most = sorted(entry["ignored"].items(), key=lambda told: (-told[1], told[0]))
    words = ", ".join(f"{count:,} {reason}" for reason, count in most)
    return [f"{'':18} set aside since {entry['since']}: {words} (`hub rejected explain REASON`)"]


def _refused(entry: Mapping[str, Any]) -> list[str]:
    """What waits for somebody: units in front of a door that is shut, and dead letters that nothing came of yet."""
    told, waiting, letters = [], entry["waiting"], entry["refused"]
    if waiting:
        told.append(f"{waiting:,} unit{'s wait' if waiting > 1 else ' waits'} in its inbox until it runs")
    if letters:
        records = "refused records are" if letters["open"] > 1 else "refused record is"
        way = f"`hub rejected list --connector {entry['name']}`"
        told.append(f"{letters['open']:,} {records} open, the last of {letters['last_at']} ({way})")
    return [f"{'':18} {each}" for each in told]


def state(entry: Mapping[str, Any]) -> str:
    """How a connector of the role's page is, in words: `running`, `paused (broker-away)`, `paused by ann`."""
    if entry["why"] == PAUSED_BY_OPERATOR:
        return str(entry.get("detail") or "paused by an operator")
    why = entry["why"]
    if why == NO_AGREEMENT and not str(entry.get("detail") or NONE_YET).startswith(NONE_YET):
        why = NOT_IN_FORCE  # the role says why in words alone
    return f"{entry['state']} ({why})" if why else str(entry["state"])


def _state(name: str, running: dict[str, dict[str, Any]]) -> str:
    return str(running[name]["state"]) if name in running else "down"


def _entry(found: Connector, settings: Settings, live: dict[str, Any] | None) -> dict[str, Any]:
    allowed, until, agreed, begins_later = _agreement(found, settings)
    told = live or {}
    down = "stopped" if not found.enabled or not agreed else "down"
    why = str(told.get("why", "" if agreed else NO_AGREEMENT)) if found.enabled else "disabled"
    detail = told.get("detail", "")
    if why == NO_AGREEMENT and not agreed and (settings.instance / "agreements" / f"{found.name}.yaml").is_file():
        why, detail = NOT_IN_FORCE, allowed.removeprefix(_CANNOT)
    return {
        "name": found.name, "title": found.title, "enabled": found.enabled, "door": found.door.kind,
        "where": _where(found, settings, told.get("address") or {}), "state": told.get("state", down),
        "why": why, "detail": detail, "lapsed": why == NOT_IN_FORCE and not begins_later, "stale": told.get("stale", ""),
        "tried_again_at": told.get("tried_again_at"),
        "program": found.program, "emits": list(found.emits), "sector": found.source.sector, "standard": found.source.standard,
        "agreement": allowed, "agreement_until": until, "last_record_at": told.get("last_record_at"),
        "counts": told.get("counts", {}), "ignored": told.get("ignored", {}), "since": told.get("since"),
        "unraised": told.get("unraised") is True, "refused": told.get("refused"),
        "waiting": 0 if told.get("state") == "running" else _waiting(found, settings),
    }  # fmt: skip


def _agreement(found: Connector, settings: Settings) -> tuple[str, str | None, bool, bool]:
    """In words, the last day it holds, whether it is in force today, and whether it will only be."""
    try:
        agreed = intake_agreement(settings.instance / "agreements", found.name, today(settings))
    except ConfigError as why:
        return f"{_CANNOT}{why}", None, False, isinstance(why, NotBegun)
    return f"agreement {agreed.agreement_id}", agreed.valid_until.isoformat(), True, False


def _where(found: Connector, settings: Settings, address: dict[str, Any]) -> str:
    """What to tell a sender: address, folder or page; of a door that fetches, where it goes."""
    door, name = found.door, found.name
    host = address.get("host", settings.host)
    if door.kind == "mllp":
        port = address.get("port") or settings.port(name)
        return (
            f"MLLP {host}:{port}"
            if port
            else f'MLLP, any free port (pin it: settings.json, "ports": {{"{name}": 2575}})'
        )
    if door.kind == "file-drop":
        return f"folder {address.get('path') or settings.instance / 'inbox' / name}"
    if door.kind in ("http-push", "upload"):
        port = address.get("port") or settings.port("http")
        scheme = "https" if (settings.instance / "secrets" / "http" / "certificate.pem").exists() else "http"
        base = f"{scheme}://{host}:{port or 'PORT'}"
        if door.kind == "upload":
            return f"page {base}/upload/{name}"
        return f"POST {base}/push/{name}" + (f" and {base}/fhir/{name}" if found.source.format == "fhir" else "")
    if door.kind == "sftp-pull":
        return f"fetches from {getattr(door, 'host', '')}:{getattr(door, 'folder', '')}"
    url = getattr(door, "url", "the database of its secret database-url")
    return f"fetches from {url}" if url else "fetches: no server named yet"


def _waiting(found: Connector, settings: Settings) -> int:
    """Units that stand in its inbox, under a name that is not a working one."""
    if found.door.kind != "file-drop":
        return 0
    try:
        with os.scandir(settings.instance / "inbox" / found.name) as there:
            return sum(not is_unfinished(each.name) and each.name not in (DONE, FAILED) for each in there)
    except OSError:  # nobody made it yet
        return 0


def _asked(settings: Settings) -> dict[str, dict[str, Any]]:
    """The page /connectors of the running role; empty where it does not answer."""
    connection = http.client.HTTPConnection(settings.host, settings.port("connectors"), timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/connectors")
        answer = connection.getresponse()
        told = json.loads(answer.read()) if answer.status == http.client.OK else []
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return {each["name"]: each for each in told}
