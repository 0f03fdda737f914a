"""Mapping programs and record formats as installed: the hub's own and anybody's, by entry point, loaded when first asked for.

    [project.entry-points."hub.programs"]      a hub.mapping.program.Program, under the name a connector.yaml gives in `program`
    [project.entry-points."hub.formats"]       a hub.mapping.declared.format.RecordFormat, under the name in `source.format`

A name that two packages give, or what does not load, is a ConfigError of the connectors that use it and of no other.
docs/extending.md shows both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from hub.errors import ConfigError
from hub.mapping.declared.format import RecordFormat
from hub.mapping.program import Program

__all__ = ["FORMATS", "PROGRAMS", "Installed", "formats", "programs"]

PROGRAMS, FORMATS = "hub.programs", "hub.formats"
_T = TypeVar("_T")


class Installed(Mapping[str, _T], Generic[_T]):
    """What a group names. Looking one up loads it; `KeyError` where nobody gives it, ConfigError where it is broken."""

    def __init__(self, group: str, what: str, fits: Callable[[object], bool]) -> None:
        self._what, self._fits = what, fits
        self._points: dict[str, list[EntryPoint]] = {}
        self._loaded: dict[str, _T] = {}
        for point in sorted(entry_points(group=group), key=lambda point: point.name):
            self._points.setdefault(point.name, []).append(point)

    def __getitem__(self, name: str) -> _T:
        if name not in self._loaded:
            self._loaded[name] = self._load(name, self._points[name])
        return self._loaded[name]

    @property
    def there(self) -> str:
        """Their names, for a complaint."""
        return ", ".join(self) or "none: install the hub anew, its entry points are missing"

    def __contains__(self, name: object) -> bool:
        """Whether somebody gives it, broken or not."""
        return name in self._points

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def _load(self, name: str, points: list[EntryPoint]) -> _T:
        values = sorted({point.value for point in points})
        if len(values) > 1:
            raise ConfigError(f"{self._what} {name} is given by {' and by '.join(values)}: remove one")
        try:
            made = points[0].load()
        except Exception as why:  # somebody else's code: whatever it raises, the others go on
            raise ConfigError(f"{self._what} {name} cannot be loaded from {values[0]}: {type(why).__name__}") from None
        if not self._fits(made):
            raise ConfigError(f"{self._what} {name}: {values[0]} is none")
        fitting: _T = made
        return fitting


@cache
def programs() -> Installed[Program]:
    """Every installed mapping program."""
    return Installed(PROGRAMS, "program", lambda made: callable(getattr(made, "read", None)) and hasattr(made, "name"))


@cache
def formats() -> Installed[RecordFormat]:
    """Every installed format of declared maps."""
    return Installed(FORMATS, "format", lambda made: isinstance(made, RecordFormat))
