"""`map.lock` beside connector.yaml: which map its `mapping_version` stands for, a line for each part, to be committed with it.

    mapping_version: 1
    map: 5c0a2bd5a3f1
    codes/kinds.csv: 91f3e0c4d2aa
    hooks.py: 07be2c5f8d10

`hub connector test NAME --update` writes it together with expected/. Where a part differs and the version does not, `hub connector
lint` and the running hub say so: records that come again would keep their ids and say something else. What decides nothing changes
no line: comments, blanks, the order of keys and rows, notes and undecided rows of a code table, a default that is written out.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from hub.connectors.catalog import Connector
from hub.connectors.catalog.folder import read_codes
from hub.errors import ConfigError

__all__ = ["LOCK", "changed_parts", "map_parts", "unraised_parts", "write_lock"]

LOCK = "map.lock"
_VERSION = "mapping_version"
_HEAD = "# What mapping_version stands for. Written by `hub connector test NAME --update`; raise the version when a line changes.\n"
_OF_MAP = {"map", "identity", "dedupe", "on_error"}
_OF_SOURCE = {"format", "timezone", "each", "path_language", "transport"}


def map_parts(connector: Connector) -> Mapping[str, str]:
    """Fingerprints of what decides what a record becomes, by part; {} for a `program`, whose version is the hub's own.
    ConfigError or OSError when codes or hooks cannot be read."""
    if connector.declared is None or connector.folder is None:
        return {}
    rules = connector.model_dump(mode="json", include=_OF_MAP, exclude_defaults=True)
    source = connector.source.model_dump(mode="json", include=_OF_SOURCE, exclude_defaults=True)
    parts = {"map": _print(json.dumps([rules, source], sort_keys=True))}
    for name, table in sorted(read_codes(connector.folder).items()):
        decided = sorted((value, row.system, row.target, row.status) for value, row in table.rows.items())
        if decided:
            parts[f"codes/{name}.csv"] = _print(json.dumps(decided))
    hooks = connector.folder / "hooks.py"
    if hooks.is_file():
        parts["hooks.py"] = _print(ast.unparse(ast.parse(hooks.read_bytes())))
    return parts


def changed_parts(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The parts that differ, by name."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def unraised_parts(connector: Connector) -> list[str]:
    """The parts that differ from map.lock although `mapping_version` does not; [] without a map.lock. ConfigError when it, or
    what it is compared with, cannot be read."""
    noted = {} if connector.folder is None else _read(connector.folder / LOCK)
    if noted.pop(_VERSION, None) != str(connector.mapping_version):
        return []
    return changed_parts(noted, map_parts(connector))


def write_lock(connector: Connector) -> Path | None:
    """Note the map as it is now for its version; None where there is no map, or nothing to change in the file."""
    parts = map_parts(connector)
    if not parts or connector.folder is None:
        return None
    path = connector.folder / LOCK
    lines = {_VERSION: str(connector.mapping_version), **parts}
    text = _HEAD + "".join(f"{name}: {value}\n" for name, value in lines.items())
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return None
    path.write_text(text, encoding="utf-8")
    return path


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path}: cannot be read; `hub connector test NAME --update` writes it anew") from None
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    pairs = [line.rpartition(":") for line in lines if line]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _print(text: str) -> str:
    return sha256(text.encode(errors="surrogateescape")).hexdigest()[:12]
