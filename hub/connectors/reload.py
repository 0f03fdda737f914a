"""What connectors are made of on disk, as fingerprints: which of them changed since the last look, and are whole.

A connector is made of `<folder>/connector.yaml`, `codes/*.csv` and `hooks.py`, its agreement, and its secret files. Content counts,
not time: a file that is touched, or renamed over itself with the same bytes, is no change. A change counts once two looks in a row
saw the same, so that a file half written by an editor, or a folder half copied, is not read. Links are followed (a mounted
ConfigMap is made of them). Nothing is parsed here.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Looks", "Prints"]

_FILE = "connector.yaml"
_MAX_BYTES = 32 * 1024 * 1024  # more is no file of a connector: its size and time stand for it


class Prints(NamedTuple):
    """One connector: where its folder is, and fingerprints of the three things it is made of ("" where there is none)."""

    path: Path  # of its connector.yaml
    folder: str
    agreement: str
    secrets: str


class Looks:
    """Looks at `folders` (later wins), at `agreements`/<name>.yaml and `secrets`/<name>/. Blocking; for one thread."""

    def __init__(self, folders: Sequence[Path], agreements: Path, secrets: Path) -> None:
        self._folders, self._agreements, self._secrets = folders, agreements, secrets
        self._hashes: dict[Path, tuple[tuple[int, int, int], str]] = {}
        self._seen: dict[str, Prints] = {}
        self._settled: dict[str, Prints] | None = None

    def look(self) -> Mapping[str, Prints]:
        """Every connector by name, as last seen whole. The first look takes everything as it is."""
        used: set[Path] = set()
        now = {name: self._prints(name, path, used) for name, path in sorted(self._paths().items())}
        self._hashes = {path: known for path, known in self._hashes.items() if path in used}
        if self._settled is None:
            self._settled = now
        else:
            for name in now.keys() | self._settled.keys():
                if now.get(name) == self._seen.get(name):
                    self._settle(name, now.get(name))
        self._seen = now
        return dict(self._settled)

    def _settle(self, name: str, prints: Prints | None) -> None:
        assert self._settled is not None
        if prints is None:
            self._settled.pop(name, None)
        else:
            self._settled[name] = prints

    def _paths(self) -> dict[str, Path]:
        return {path.parent.name: path for folder in self._folders for path in sorted(folder.glob(f"*/{_FILE}"))}

    def _prints(self, name: str, path: Path, used: set[Path]) -> Prints:
        folder = path.parent
        codes = sorted((folder / "codes").glob("*.csv"))
        secrets = sorted(each for each in (self._secrets / name).glob("*") if not each.name.startswith("."))
        return Prints(
            path,
            self._print([path, *codes, folder / "hooks.py"], used),
            self._print([self._agreements / f"{name}.yaml"], used),
            self._print(secrets, used),
        )

    def _print(self, paths: Iterable[Path], used: set[Path]) -> str:
        found = [f"{path.name} {content}" for path in paths if (content := self._content(path, used))]
        return hashlib.sha256("\n".join(found).encode(errors="surrogateescape")).hexdigest()[:16] if found else ""

    def _content(self, path: Path, used: set[Path]) -> str:
        """Hash of a regular file, read again only when its size, time or inode changed; "" when there is none."""
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                return ""
            how = (found.st_size, found.st_mtime_ns, found.st_ino)
            used.add(path)
            known = self._hashes.get(path)
            if known is None or known[0] != how:
                content = repr(how).encode() if found.st_size > _MAX_BYTES else path.read_bytes()
                known = self._hashes[path] = (how, hashlib.sha256(content).hexdigest())
        except FileNotFoundError:
            return ""
        except OSError as error:  # not readable for this process: that is how it is now
            return f"error {os.strerror(error.errno or 0)}"
        return known[1]
