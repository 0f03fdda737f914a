"""Secret files: read once, refused when others could read them too."""

from __future__ import annotations

import os
from pathlib import Path

from hub.errors import ConfigError, SecretGone

__all__ = ["make_secret", "open_to_others", "read_credential", "read_secret"]

_OTHERS = 0o007


def read_secret(path: Path, length: int = 32) -> bytes:
    """The raw bytes of a secret file.

    Raises ConfigError when the file is missing, open to other users (0600 or 0640 is fine), or not `length` bytes.
    """
    try:
        mode = path.stat().st_mode
        secret = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the secret file {path}: {error.strerror}; `hub up` makes it") from None
    if mode & _OTHERS:
        raise ConfigError(_open(path))
    if len(secret) != length:
        raise ConfigError(f"the secret file {path} must have {length} bytes, it has {len(secret)}")
    return secret


def read_credential(path: Path) -> str:
    """What somebody else gave us to log in with (a password, a client secret), as text without the line end.

    Raises SecretGone (a ConfigError) when the file is missing, open to other users, or empty.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SecretGone(f"cannot read the secret file {path}: write it there, with mode 0600") from None
    if mode & _OTHERS:
        raise SecretGone(_open(path))
    if not text:
        raise SecretGone(f"the secret file {path} is empty")
    return text


def open_to_others(folder: Path) -> list[str]:
    """The files of a folder of secrets that every user of this machine may read: what `read_credential` refuses, in its words."""
    files = (path for path in sorted(folder.glob("*")) if path.is_file() and not path.name.startswith("."))
    return [_open(path) for path in files if path.stat().st_mode & _OTHERS]


def _open(path: Path) -> str:
    return f"the secret file {path} is open to every user of this machine: chmod 600 {path}"


def make_secret(path: Path, length: int = 32) -> bytes:
    """Write a new random secret with mode 0600, or read the one that is there: never overwrites.

    The file appears whole or not at all, so that a crash between two starts leaves no half secret.
    """
    if path.exists():
        return read_secret(path, length)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, os.urandom(length))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)  # unlike rename, never replaces a secret another process made meanwhile
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return read_secret(path, length)
