"""A file of the hub that is there and cannot be used leaves no connection to it behind: the next try may be a moment later."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.connectors.upload.store import UploadStore
from hub.errors import ConfigError, HubError
from hub.privacy.keystore import KeyStore
from hub.privacy.vault import Vault
from tests.identity.registries import registry_of
from tests.sqlite_connections import Connections

KEK = b"k" * 32


def junk(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def of_another_version(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()


def of_another_key(path: Path) -> None:
    KeyStore(path, b"another".ljust(32)).close()


OPENED: dict[str, tuple[Callable[[Path], None], Callable[[Path, Vault], object]]] = {
    "a registry that is junk": (junk, registry_of),
    "a registry of another version": (of_another_version, registry_of),
    "keys that are junk": (junk, lambda path, _: KeyStore(path, KEK)),
    "keys under another key": (of_another_key, lambda path, _: KeyStore(path, KEK)),
    "uploads that are junk": (junk, lambda path, vault: UploadStore(path, "c", vault)),
}


@pytest.mark.parametrize("case", OPENED)
def test_what_cannot_be_opened_is_closed(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil, opened = OPENED[case]
    spoil(path := tmp_path / "a.sqlite")
    vault = Vault(tmp_path / "keys.sqlite", KEK)
    try:
        connections = Connections(monkeypatch)
        with pytest.raises(HubError) as why:
            opened(path, vault)
        assert isinstance(why.value, ConfigError)
        assert connections.made
        assert connections.all_closed()
    finally:
        vault.close()
