"""The secrets of the hashed lane that an installation keeps, where an agreement lets it: with them `identify` makes filters of
those it knows in the clear and compares them with the filters that a sector sends (docs/hashed-lane.md).

They stand in `<instance>/secrets/hashed/SCHEMA/KEY_ID`, 32 bytes each, open to their owner alone: of each schema the version in
use, and while senders change to a new one the version before.
"""

from __future__ import annotations

from pathlib import Path

from hub.domain.linkage.encoding import Encoder, HashKey, Lane
from hub.domain.linkage.filter_schema import linkage_schema
from hub.domain.linkage.filters import KEY_ID
from hub.errors import ConfigError
from hub.privacy.secrets import read_secret

__all__ = ["lane_of"]

_VERSIONS = 2


def lane_of(instance: Path) -> Lane:
    """What the secrets of this installation make; nothing where it has none. ConfigError for a folder that is no schema, a name
    that no version can have, more than two versions of a schema, and a secret that is open to others or has no 32 bytes."""
    folder = instance / "secrets" / "hashed"
    encoders = []
    for of_schema in _entries(folder):
        schema, secrets = linkage_schema(of_schema.name), _entries(of_schema)
        if len(secrets) > _VERSIONS:
            raise ConfigError(f"{of_schema} has {len(secrets)} secrets: leave the one in use, and the one before it")
        for path in secrets:
            if not KEY_ID.fullmatch(path.name):
                raise ConfigError(f"{path} is no name of a version: letters, digits, dots, underscores and hyphens")
            encoders.append(Encoder(schema, HashKey(path.name, read_secret(path))))
    return Lane(encoders)


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
