"""An installation's own code tables: `DIR/tables/NAME.csv` stands in place of the table NAME that comes with the hub, whole.

So a code set is brought up to date without a release. A process reads them once, when it starts; what is wrong with one is a
ConfigError that names file, row and column, and nothing starts. Checked is what can be checked of any table: a name that the hub
has, the same columns, a source and a version in every row, numbers and dates where the hub's own rows have nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from hub.domain import tables
from hub.errors import ConfigError
from hub.ops.logs import logger
from hub.suggest import did_you_mean

__all__ = ["OwnTable", "own_tables", "use_own_tables"]

_log = logger(__name__)
_used: set[Path] = set()
_BOOKKEEPING = ("source", "version")


class OwnTable(NamedTuple):
    """A table of an installation. `new`: rows that the hub's own table has not; `left_out`: rows of that one that it has not;
    `versions` of the new rows, sorted."""

    name: str
    text: str
    new: int
    left_out: int
    versions: tuple[str, ...]


def use_own_tables(instance: Path) -> None:
    """Read the tables of `instance`, once in a process: a later change holds when the process starts again. ConfigError."""
    if instance in _used:
        return
    own = own_tables(instance)
    if own:
        try:
            tables.replace({each.name: each.text for each in own})
        except ValueError as why:
            raise ConfigError(f"{instance / 'tables'}: a process reads tables once ({why})") from None
        for each in own:
            _log.info("own table", table=each.name, new=each.new, left_out=each.left_out, versions=each.versions)
    _used.add(instance)


def own_tables(instance: Path) -> list[OwnTable]:
    """The tables of an installation, by name, each checked. ConfigError for the first that cannot be used."""
    folder = instance / "tables"
    if not folder.is_dir():
        return []
    shipped = _shipped()
    return [_checked(path, shipped) for path in sorted(folder.glob("*.csv"))]


def _shipped() -> dict[str, str]:
    return {
        found.name.removesuffix(".csv"): package
        for package in tables.PACKAGES
        for found in files(package).joinpath("tables").iterdir()
        if found.name.endswith(".csv")
    }


def _checked(path: Path, shipped: Mapping[str, str]) -> OwnTable:
    name = path.stem
    if name not in shipped:
        raise ConfigError(f"{path}: there is no such table: {did_you_mean(name, shipped) or 'remove the file'}")
    before_text = files(shipped[name]).joinpath("tables", path.name).read_text(encoding="utf-8")
    before = tables.rows_of(name, before_text)
    try:
        text = path.read_text(encoding="utf-8-sig")
        now = tables.rows_of(name, text)
    except (OSError, ValueError) as why:
        raise ConfigError(f"{path}: every row needs source and version, in UTF-8 ({type(why).__name__})") from None
    if not now or any(set(row) != set(before[0]) for row in now):
        raise ConfigError(f"{path}: its columns must be {', '.join(before[0])}, with a row at least")
    for column in before[0].keys() - _BOOKKEEPING:
        _check_column(path, column, [row[column] for row in before], [row[column] for row in now])
    known, own = ({tuple(row.values()) for row in found} for found in (before, now))
    new = [row for row in now if tuple(row.values()) not in known]
    versions = tuple(sorted({row["version"] for row in new}))
    return OwnTable(name, text, len(new), len(known - own), versions)


def _check_column(path: Path, column: str, before: Iterable[str], now: Iterable[str | None]) -> None:
    """Numbers and dates stay such; what is never empty in the hub's own table is not empty here."""
    known = list(before)
    for number, value in enumerate(now, start=2):
        if value is None:
            raise ConfigError(f"{path}, row {number}: fewer cells than columns")
        if not value and all(known):
            raise ConfigError(f"{path}, row {number}: {column} must not be empty")
        for reads, what in ((int, "a whole number"), (date.fromisoformat, "a date as 2021-02-28")):
            if value and any(known) and _all_read(known, reads) and not _all_read([value], reads):
                raise ConfigError(f"{path}, row {number}: {column} must be {what}")


def _all_read(values: Iterable[str], reads: Callable[[str], object]) -> bool:
    try:
        for value in values:
            if value:
                reads(value)
    except ValueError:
        return False
    return True
