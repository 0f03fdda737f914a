"""What stands beside a connector.yaml: codes/*.csv and hooks.py, and the compiled map of all three."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, cast

from hub.connectors.installed import formats
from hub.declared import complaint
from hub.errors import ConfigError
from hub.mapping.declared.codes import BadTable, Table, read_table
from hub.mapping.declared.compile import Complaint, compile_map
from hub.mapping.declared.format import RecordFormat
from hub.mapping.declared.program import DeclaredProgram, Spec
from hub.mapping.declared.targets import Hook

__all__ = ["declared_program", "read_codes"]

_MAX_BYTES = 16 * 1024 * 1024


def declared_program(path: Path, spec: Spec, emits: Sequence[str]) -> DeclaredProgram:
    """The program of the connector.yaml at `path`; ConfigError with one `file:line: field: why` per complaint."""
    program, complaints = compile_map(spec, _format(path, spec.format), read_codes(path.parent), _hooks(path.parent))
    mapped = [rule.event for rule in spec.events]
    complaints += [
        Complaint(("map", n, "event"), f"{kind} is not in `emits`")
        for n, kind in enumerate(mapped)
        if kind not in emits
    ]
    complaints += [
        Complaint(("emits", n), f"no rule of `map` gives {kind}") for n, kind in enumerate(emits) if kind not in mapped
    ]
    if program is None or complaints:
        raise ConfigError("\n".join(complaint(path, found.at, found.why) for found in complaints))
    return program


def _format(path: Path, name: str) -> RecordFormat:
    there = formats()
    if name not in there:
        why = f"a map cannot read {name}; there are {there.there}"
        raise ConfigError(complaint(path, ("source", "format"), why))
    try:
        return there[name]
    except ConfigError as why:
        raise ConfigError(complaint(path, ("source", "format"), str(why))) from None


def read_codes(folder: Path) -> Mapping[str, Table]:
    """Every code table of a connector's folder by name; ConfigError with file and line."""
    found: dict[str, Table] = {}
    for path in sorted((folder / "codes").glob("*.csv")):
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise ConfigError(f"{path}: larger than {_MAX_BYTES} bytes: is it the right file?")
            found[path.stem] = read_table(path.stem, path.read_text(encoding="utf-8"))
        except BadTable as why:
            raise ConfigError(f"{path}:{why.line}: {why}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{path}: is not UTF-8 text; save it as CSV UTF-8") from None
        except OSError as why:
            raise ConfigError(f"{path}: cannot be read: {why.strerror}") from None
    return found


class _Uncached(SourceFileLoader):
    """Compiles what stands there now: Python's own cache takes an edit of the same length within a second for no edit."""

    def path_stats(self, path: Any) -> Any:
        raise OSError(f"{path} is never cached")


def _hooks(folder: Path) -> Mapping[str, Hook]:
    """The public functions that hooks.py itself defines, by name; {} without one."""
    path = folder / "hooks.py"
    if not path.is_file():
        return {}
    name = f"hub_hooks_{folder.name.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_Uncached(name, str(path)))
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as why:  # somebody's own code
        raise ConfigError(f"{path}: cannot be imported: {type(why).__name__}") from None
    found = {
        name: made
        for name, made in inspect.getmembers(module, inspect.isfunction)
        if made.__module__ == module.__name__ and not name.startswith("_")
    }
    for name, made in found.items():
        if inspect.iscoroutinefunction(made) or inspect.isgeneratorfunction(made):
            at = made.__code__.co_firstlineno
            raise ConfigError(
                f"{path}:{at}: {name}: a hook is a plain function, text to text or None; not async, no generator"
            )
    return {name: cast(Hook, made) for name, made in found.items()}
