"""The committed contracts (schemas/avro/) against the code, and against what was released before."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from hub.bus.avro_parse import parse
from hub.bus.avro_schema import schema_file_name, schema_file_text
from hub.bus.avro_types import InvalidSchema
from hub.bus.compatibility import broken_rules
from hub.bus.topics import Topic
from hub.domain.events import Model
from hub.errors import ConfigError


class Finding(NamedTuple):
    """One thing that is wrong with a contract file."""

    file: str
    words: str


def differences(topics: Iterable[Topic], folder: Path) -> list[Finding]:
    """Files that are missing, differ from the code, or belong to no record any more."""
    expected = {schema_file_name(model): schema_file_text(model) for model in _levels(topics)}
    if not folder.is_dir():
        raise ConfigError(f"no contracts at {folder}: run this from a checkout of the repository")
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.avsc"))}
    findings = [Finding(name, "missing") for name in expected if name not in found]
    findings += [Finding(name, "belongs to no record") for name in found if name not in expected]
    return findings + [
        Finding(n, "differs from the code") for n, text in expected.items() if found.get(n, text) != text
    ]


def breaks(topics: Iterable[Topic], earlier: dict[str, list[str]]) -> list[Finding]:
    """Contracts that may not follow their earlier texts (oldest first, by file name) under their level."""
    findings = []
    for model, level in _levels(topics).items():
        name = schema_file_name(model)
        try:
            before = [parse(text) for text in earlier.get(name, [])]
        except InvalidSchema as wrong:
            findings.append(Finding(name, f"an earlier version cannot be read: {wrong}"))
            continue
        findings += [Finding(name, why) for why in broken_rules(level, parse(schema_file_text(model)), before)]
    return findings


def released(root: Path, folder: str = "schemas/avro") -> dict[str, list[str]]:
    """Texts of the contract files at each release (git tags `v*`, oldest first), by file name; none without releases."""
    found: dict[str, list[str]] = {}
    for tag in _git(root, "tag", "--list", "v*", "--sort=creatordate").split():
        for path in _git(root, "ls-tree", "--name-only", f"{tag}:{folder}").split():
            found.setdefault(path, []).append(_git(root, "show", f"{tag}:{folder}/{path}"))
    return found


def write(topics: Iterable[Topic], folder: Path) -> list[str]:
    """Writes the files that differ, removes those of no record; names of what was touched."""
    touched = [finding.file for finding in differences(topics, folder)]
    texts = {schema_file_name(model): schema_file_text(model) for model in _levels(topics)}
    for name in touched:
        if name in texts:
            (folder / name).write_text(texts[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return touched


def _levels(topics: Iterable[Topic]) -> dict[type[Model], str]:
    """Each record with the strictest level of its topics."""
    levels: dict[type[Model], str] = {}
    for topic in topics:
        for model in topic.models:
            levels[model] = topic.level if topic.public else levels.get(model, topic.level)
    return levels


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout if done.returncode == 0 else ""
