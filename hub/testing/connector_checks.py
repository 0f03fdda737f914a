"""The standard checks that every connector passes, on any good sample of it, offline: `hub connector test` and ConnectorSuite
(hub/testing/suite.py) run them, under the same names.

Each check is given the connector, an agreement and a sample (a file or a folder), and says in words what is wrong, or None.
No value of a sample stands in what it says.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hub.connectors.catalog import Connector
from hub.domain.agreement import IntakeAgreement
from hub.domain.events import Event, PersonBlock, Site
from hub.goldens import as_expected
from hub.mapping.program import Mapped
from hub.testing.hostile import JUNK, Case, cases
from hub.testing.loop_checks import LOOP_CHECKS
from hub.testing.schema_checks import Contracts
from hub.wiring_reading import OFFLINE_IDS, outcomes

__all__ = ["CHECKS", "Check"]

Check = Callable[[Connector, IntakeAgreement, Path], str | None]
MAPPING_ERROR = "mapping-error"


def _read(connector: Connector, agreement: IntakeAgreement, path: Path) -> list[Mapped]:
    return list(outcomes(connector, agreement, OFFLINE_IDS, path))


def _events(found: Iterable[Mapped]) -> list[Event]:
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


def facts_keep_apart(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """Two records that say different things must not pass for one version, nor two people's for one fact."""
    said: dict[str, str] = {}
    people: dict[str, str | None] = {}
    for event in _events(_read(connector, agreement, sample)):
        told = event.model_dump_json(exclude={"status_rank"})  # of a record sent again it says when
        if said.setdefault(event.event_id, told) != told:
            return "records that differ share an id: look at `source.transport`"
        if people.setdefault(event.fact_key, event.source_person) != event.source_person:
            return "one fact is told of two people: look at `dedupe`"
    return None


def only_agreed_fields_leave(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """Under an agreement that grants one identifier, no other leaves."""
    least = agreement.model_copy(update={"person_block": ("birth_date",)})
    for event in _events(_read(connector, least, sample)):
        person = event.person.model_dump() if isinstance(event.person, PersonBlock) else {}
        if any(given and name != "birth_date" for name, given in person.items()):
            return "an identifier leaves that was not agreed"
        if event.agreement_id != agreement.agreement_id:
            return "an event does not name its agreement"
    return None


def survives_avro(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """Each event, less its person block (which goes sealed), survives Avro, also under the contract of an earlier day."""
    contracts = Contracts(connector.emits)
    for mapped in _read(connector, agreement, sample):
        if mapped.event is not None and (why := contracts.wrong(mapped.event.model_copy(update={"person": None}))):
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


def hostile_files_keep_their_promise(connector: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """Each case of the hostile pack (hub/testing/hostile.py), on each file of the sample."""
    whole = _ids(connector, agreement, sample)
    for path in _paths(sample):
        known: dict[bytes, set[str]] = {}
        for case in cases(path.read_bytes(), connector.source.format):
            if why := _broken(connector, agreement, sample, path, case, whole, known):
                return f"{case.name}{f' of {path.name}' if sample.is_dir() else ''}: {why}"
    return None


def _broken(
    connector: Connector,
    agreement: IntakeAgreement,
    sample: Path,
    path: Path,
    case: Case,
    whole: set[str],
    known: dict[bytes, set[str]],
) -> str | None:
    with _replaced(sample, {path: case.content}) as bad:
        found = _read(connector, agreement, bad)
    ids = {event.event_id for event in _events(found)}
    if not found and case.content.strip():
        return "nothing came of it, not even a reason"
    if any(mapped.reason == MAPPING_ERROR for mapped in found):
        return "ended in a mapping-error"
    if case.promise == "same" and ids != whole:
        return "changed ids or lost records"
    if case.promise == "no-new" and not ids <= whole:
        return "gave new ids"
    if case.promise == "rest" and case.without is not None:
        if case.without not in known:
            with _replaced(sample, {path: case.without}) as less:
                known[case.without] = _told(_read(connector, agreement, less), joined=sample.is_dir())
        # a guard that cannot be read may be anybody's: each is told
        held_back = any(mapped.hard_stop for mapped in found)
        if not known[case.without] <= _told(found, joined=sample.is_dir()) and not held_back:
            return "cost other records than itself"
    return None


def _told(found: Iterable[Mapped], *, joined: bool) -> set[str]:
    """What must not be lost: the very events. The fact alone of a site, which sums up the rows of its file, and where files are
    `joined`: without a row of one, rows of another say something else."""
    return {event.fact_key if joined or event.kind == Site.kind else event.event_id for event in _events(found)}


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
    "gives what expected/ holds": as_expected,
    "gives events of the kinds it names": gives_events,
    "read again under another name, it yields the same ids": same_ids_again,
    "no two different records share an id, no two people a fact": facts_keep_apart,
    "only agreed fields leave": only_agreed_fields_leave,
    "every event survives Avro, also under the contract of an earlier day": survives_avro,
    "junk ends in dead letters with a reason": junk_gives_reasons,
    "spoilt files give events or reasons, and a bad record costs only itself": hostile_files_keep_their_promise,
    **LOOP_CHECKS,
}
"""Every check by what it promises."""
