"""The standard checks that every connector passes, on any good sample of it, offline: `hub connector test` runs them.

Each check is given the connector, an agreement and a sample (a file or a folder), and says in words what is wrong, or None.
No value of a sample stands in what it says.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hub.bus.codec import Codec
from hub.bus.topics import TOPICS, intake_topic
from hub.connectors.catalog import Connector
from hub.domain.agreement import IntakeAgreement
from hub.domain.events import Event, PersonBlock
from hub.errors import HubError
from hub.mapping.program import Mapped
from hub.testing.hostile import JUNK, spoilt
from hub.testing.loop_checks import LOOP_CHECKS
from hub.testing.schemas import KnownSchemas
from hub.wiring_reading import OFFLINE_IDS, outcomes

__all__ = ["CHECKS", "Check"]

Check = Callable[[Connector, IntakeAgreement, Path], str | None]
MAPPING_ERROR = "mapping-error"


def _read(connector: Connector, agreement: IntakeAgreement, path: Path) -> list[Mapped]:
    return list(outcomes(connector, agreement, OFFLINE_IDS, path))


def _events(found: list[Mapped]) -> list[Event]:
    return [mapped.event for mapped in found if mapped.event is not None]


def _ids(connector: Connector, agreement: IntakeAgreement, path: Path) -> set[str]:
    return {event.event_id for event in _events(_read(connector, agreement, path))}


def gives_events(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """A sample that gives nothing tests nothing."""
    found = _read(connector, agreement, sample)
    kinds = {type(event).kind for event in _events(found)}
    if not kinds:
        return "no event came of it"
    if strange := sorted(kinds - set(connector.emits)):
        return f"it gives {', '.join(strange)}, which `emits` does not name"
    return "a bug or an impossible value: mapping-error" if any(m.reason == MAPPING_ERROR for m in found) else None


def same_ids_again(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """Reading again, under another name, yields no new id."""
    with _copied(sample, "another name" + sample.suffix) as copy:
        before, again = _ids(connector, agreement, sample), _ids(connector, agreement, copy)
    return None if before == again else f"{len(before ^ again)} ids differ"


def versions_differ(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """Two different records of a sample must not pass for the same version of the same fact."""
    seen: dict[str, str] = {}
    clashes = 0
    for event in _events(_read(connector, agreement, sample)):
        clashes += seen.setdefault(event.event_id, event.content_hash) != event.content_hash
    return f"{clashes} records share an id with a different one: look at `dedupe`" if clashes else None


def only_agreed_fields_leave(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """Under an agreement that grants one identifier, no other leaves."""
    least = agreement.model_copy(update={"person_block": ("birth_date",)})
    for event in _events(_read(connector, least, sample)):
        if isinstance(event.person, PersonBlock) and not event.person.model_fields_set <= {"birth_date"}:
            return "an identifier leaves that was not agreed"
        if event.agreement_id != agreement.agreement_id:
            return "an event does not name its agreement"
    return None


def encodes_and_decodes(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """Each event, less its person block (which goes sealed), survives Avro."""
    codec = Codec(
        KnownSchemas(), [topic for topic in TOPICS if topic.name in {intake_topic(kind) for kind in connector.emits}]
    )
    codec.open()
    for mapped in _read(connector, agreement, sample):
        if mapped.event is None:
            continue
        event = mapped.event.model_copy(update={"person": None})
        try:
            if codec.decode(codec.encode(intake_topic(type(event).kind), event)) != event:
                return f"{_where(mapped)} comes back different"
        except HubError as why:
            return f"{_where(mapped)}: {why}"
    return None


def junk_gives_reasons(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """What is no file of this source at all ends in dead letters with a reason."""
    for name, content in JUNK.items():
        with _replaced(sample, dict.fromkeys(_paths(sample), content)) as junk:
            found = _read(connector, agreement, junk)
        if _events(found):
            return f"{name} became an event"
        if not any(mapped.outcome == "rejected" for mapped in found):
            return f"{name} left no dead letter"
        if any(mapped.reason == MAPPING_ERROR for mapped in found):
            return f"{name} ended in a mapping-error"
    return None


def hostile_files_give_reasons(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """A spoilt file gives events or reasons; repeats in it yield no new id."""
    whole = _ids(connector, agreement, sample)
    for path in _paths(sample):
        for name, content in spoilt(path.read_bytes()).items():
            with _replaced(sample, {path: content}) as bad:
                found = _read(connector, agreement, bad)
            if not found and content.strip():
                return f"{name}: nothing came of it, not even a reason"
            if any(mapped.reason == MAPPING_ERROR for mapped in found):
                return f"{name} ended in a mapping-error"
            if name in ("a byte order mark", "mixed line ends") and {e.event_id for e in _events(found)} != whole:
                return f"{name} changed ids or lost records"
    return None


def _paths(sample: Path) -> list[Path]:
    return [sample] if sample.is_file() else sorted(path for path in sample.iterdir() if path.is_file())


@contextmanager
def _copied(sample: Path, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hub-connector-test-") as folder:
        copy = Path(folder) / name
        if sample.is_dir():
            shutil.copytree(sample, copy)
        else:
            shutil.copyfile(sample, copy)
        yield copy


@contextmanager
def _replaced(sample: Path, contents: Mapping[Path, bytes]) -> Iterator[Path]:
    with _copied(sample, sample.name) as copy:
        for path, content in contents.items():
            (copy if sample.is_file() else copy / path.name).write_bytes(content)
        yield copy


def _where(mapped: Mapped) -> str:
    return " ".join(f"{name} {part}" for name, part in mapped.where.items() if name != "file")


CHECKS: Mapping[str, Check] = {
    "gives events of the kinds it names": gives_events,
    "read again under another name, it yields the same ids": same_ids_again,
    "no two different records share an id": versions_differ,
    "only agreed fields leave": only_agreed_fields_leave,
    "every event survives Avro": encodes_and_decodes,
    "junk ends in dead letters with a reason": junk_gives_reasons,
    "spoilt files give events or reasons": hostile_files_give_reasons,
    **LOOP_CHECKS,
}
"""Every check by what it promises."""
