"""Brings a registry's tables to what this version of the hub works with, in the transaction of its opening: whole or not at all."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from hub.errors import ConfigError
from hub.identity.schema import METADATA

__all__ = ["HEAD", "upgrade"]

HEAD = "0004"
"""The newest step in hub/identity/migrations/versions."""

_VERSIONS = "alembic_version"
_BY_HAND = 1  # PRAGMA user_version of files from before the steps were numbered
_BY_STEPS = 2  # ... and since: what knows only the former refuses such a file


def upgrade(connection: Connection, name: str) -> None:
    """Run the steps that are missing. ConfigError for a database of a newer hub, and for one that holds somebody else's tables."""
    found = _revision(connection, name)
    if found == HEAD:
        return
    # Alembic takes a third of a second to import: only who has something to migrate waits for it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "hub.identity:migrations")
    config.attributes["connection"] = connection
    if found is not None and found not in {
        step.revision for step in ScriptDirectory.from_config(config).walk_revisions()
    }:
        raise _of_another_version(name, found)
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version = {_BY_STEPS:d}")


def _revision(connection: Connection, name: str) -> str | None:
    """The step that these tables are at; None when there are none yet, or those of a file from before the steps."""
    by_hand = False
    if connection.dialect.name == "sqlite":
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version not in (0, _BY_HAND, _BY_STEPS):
            raise _of_another_version(name, f"layout {version}")
        by_hand = version == _BY_HAND
    tables = set(inspect(connection).get_table_names())
    if _VERSIONS in tables:
        found = connection.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalars().all()  # noqa: S608
        return ", ".join(sorted(found)) or None
    if not by_hand and (others := sorted(tables & METADATA.tables.keys())):
        raise ConfigError(f"the registry {name} is somebody else's database: it has a table {others[0]} already")
    return None


def _of_another_version(name: str, found: str) -> ConfigError:
    return ConfigError(f"the registry {name} was written by another version of the hub ({found}): upgrade this one")
