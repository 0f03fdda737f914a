"""What the upload page of a connector is handed: its map or program for looking at a file, its agreement, the vault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.config import Settings, today
from hub.connectors.catalog import Connector
from hub.connectors.door import Unit
from hub.connectors.installed import programs
from hub.connectors.upload.desk import UploadDesk
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.mapping.declared.codes import BadTable, read_table
from hub.mapping.declared.compile import needed_fields
from hub.mapping.declared.model import Rule
from hub.mapping.program import Mapped
from hub.privacy.vault import Vault
from hub.wiring_reading import Reader, granted

__all__ = ["upload_desk"]

_EXAMPLE = datetime(2021, 2, 15, 18, 0, tzinfo=UTC)
_WRITTEN = {"iso": "%Y-%m-%d", "hl7": "%Y%m%d", "excel": "44242"}


def upload_desk(
    settings: Settings, connector: Connector, agreement: IntakeAgreement, ids: Ids, vault: Vault
) -> UploadDesk | None:
    """None for a connector whose source is no single file: several files that must be joined cannot be sent through a page."""
    by_row = connector.declared is not None and connector.source.format == "csv"
    if connector.declared is None and not _in_one_file(connector):
        return None
    reader, sources = Reader(connector, agreement, ids), _sources(connector)

    def look(unit: Unit) -> Iterator[Mapped]:
        for traced in reader.traced(unit):
            found = granted(traced.mapped, agreement)
            yield found._replace(issues=tuple(_at_column(issue, sources) if by_row else issue for issue in found.odd))

    def day() -> date:
        return today(settings)

    needed, known = _columns(connector) if by_row else ((), ())
    return UploadDesk(
        title=connector.title,
        recipient=agreement.recipient,
        look=look,
        needed=needed,
        known=known,
        safe=vault,
        kept=settings.instance / "uploads" / f"{connector.name}.sqlite",
        keep_days=agreement.retention_days,
        today=day,
        zone=ZoneInfo(connector.source.timezone),
        by_row=by_row,
        reads="" if by_row else connector.source.standard,
        choices=_choices(connector) if by_row else {},
        examples=_examples(connector) if by_row else {},
        filled=_filled(connector) if by_row else frozenset(),
    )


def _in_one_file(connector: Connector) -> bool:
    """Whether the mapping program reads records of one file, and not what several files say together."""
    return getattr(programs().get(connector.program or connector.name), "alone", "never") != "never"


def _rules(connector: Connector) -> Iterator[Rule]:
    if connector.identity is not None:
        yield connector.identity.id
        yield connector.identity.authority
        yield from connector.identity.block.values()
    for event in connector.map:
        yield from (rule for rule in (event.occurred_on, event.changed_at, event.status_rank, event.active) if rule)
        yield from event.fields.values()


def _sources(connector: Connector) -> dict[str, tuple[str, ...]]:
    """The columns that each field of block and event is read from."""
    found: dict[str, tuple[str, ...]] = {}
    if connector.identity is not None:
        found |= {name: rule.from_ for name, rule in connector.identity.block.items()}
    for event in connector.map:
        common = {name: getattr(event, name) for name in ("occurred_on", "changed_at", "status_rank", "active")}
        found |= {name: rule.from_ for name, rule in {**common, **event.fields}.items() if rule is not None}
    return found


def _at_column(issue: str, sources: Mapping[str, Sequence[str]]) -> str:
    """`code.field` of an event as `code.Column, Column` of the list."""
    code, _, field = issue.partition(".")
    return f"{code}.{', '.join(sources.get(field, ()))}"


def _columns(connector: Connector) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(columns a list must have, all that the map looks at), each as first written, in the order of the map."""
    needed, known = dict[str, str](), dict[str, str]()
    for rule in _rules(connector):
        for path in rule.from_:
            _add(known, path)
            if len(rule.from_) == 1 or rule.join is not None:
                _add(needed, path)
    for event in connector.map:
        for path in (*(where.path for where in event.where), *(event.dedupe or connector.dedupe)):
            _add(known, path)
            _add(needed, path)
    return tuple(needed.values()), tuple(known.values())


def _filled(connector: Connector) -> frozenset[str]:
    """The columns, by lower-case name, that each row must fill in: without one of them there is no record."""
    found: set[str] = set()
    for event in connector.map:
        found.update(path.strip().lower() for path in event.dedupe or connector.dedupe)
        rules = {"occurred_on": event.occurred_on, **event.fields}
        for name, rule in rules.items():
            needed = rule is not None and (rule.required or name in needed_fields(event.event))
            if rule is not None and needed and len(rule.from_) == 1 and rule.default is None:
                found.add(rule.from_[0].strip().lower())
    return frozenset(found)


def _add(columns: dict[str, str], path: str) -> None:
    columns.setdefault(path.strip().lower(), path.strip())


def _choices(connector: Connector) -> dict[str, tuple[str, ...]]:
    """The words of its code table for each column that has one alone."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in _rules(connector):
        if rule.codes is not None and len(rule.from_) == 1 and connector.folder is not None:
            found[rule.from_[0].strip().lower()] = _words(connector.folder / "codes" / f"{rule.codes}.csv")
    return found


def _examples(connector: Connector) -> dict[str, tuple[str, ...]]:
    """The same time as each format of its rule writes it, for each column that has formats."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in _rules(connector):
        for path in rule.from_ if rule.format else ():
            found[path.strip().lower()] = tuple(_EXAMPLE.strftime(_WRITTEN.get(each, each)) for each in rule.format)
    return found


def _words(path: Path) -> tuple[str, ...]:
    try:
        return tuple(read_table(path.stem, path.read_text(encoding="utf-8")).rows)
    except (OSError, BadTable):  # the map was compiled with it: somebody is editing it now
        return ()
