"""What `hub bench intake` compares: for every shipped format made-up units of its connector, and the bare loops beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from hub.bench.intake_health import immunizations, lab_bundles, lab_rows, shipments, vxu_messages
from hub.bench.intake_hmis import write_export
from hub.bench.intake_live import PANTRY
from hub.bench.intake_loops import csv_and_encode, every_field, message_bytes, resources, table_rows
from hub.bench.intake_plan import Plan
from hub.bench.intake_records import Records
from hub.connectors.door import Unit

__all__ = ["FORMATS", "Case", "cases"]

Loops = dict[str, Callable[[], Iterator[bytes]]]


class Case(NamedTuple):
    """A format: its units, and the bare loops beside it, by name."""

    format: str
    connector: str
    persons: int
    units: Callable[[], Iterator[Unit]]
    bare: Loops


class _File(NamedTuple):
    """A format of files: the name of one, its lines, and whether they are a table's or JSON."""

    connector: str
    name: str
    lines: Callable[[Records, int], Iterator[bytes]]
    table: bool
    of_people: bool = True


_MESSAGES: dict[str, tuple[str, Callable[[Records, int], Iterator[bytes]]]] = {
    "oru": ("lab-elr-hl7v2", Records.messages),
    "vxu": ("iis-vxu", vxu_messages),
}
_FILES = {
    "lab-csv": _File("lab-csv", "results.csv", lab_rows, table=True),
    "lab-fhir": _File("lab-elr-fhir", "reports.ndjson", lab_bundles, table=False),
    "cvrs": _File("iis-cvrs", "20210401_01_TNA.txt", Records.cvrs, table=True),
    "iis-fhir": _File("iis-fhir", "immunizations.ndjson", immunizations, table=False),
    "fhir": _File("sara-alert", "Patient_20210401.ndjson", Records.monitorees, table=False),
    "supply": _File("vaccine-supply", "shipments.csv", shipments, table=True, of_people=False),
    "declared-csv": _File(PANTRY, "visits.csv", Records.table, table=True),
}
FORMATS = (*_MESSAGES, *_FILES, "hmis", "hrsn")
"""Every format, by the word that the table of figures has for it."""


def cases(plan: Plan, folder: Path) -> Iterator[Case]:
    """The formats that the plan asks for, one after the other; their files are written below `folder`."""
    wanted = [form for form in FORMATS if not plan.formats or form in plan.formats]
    for form in wanted:
        if form in _MESSAGES:
            yield _messages(form, plan.messages)
        elif form in _FILES:
            yield _file(form, plan.rows, folder)
        else:
            yield _hmis(plan, folder) if form == "hmis" else _screenings(plan.rows, folder)


def _messages(form: str, count: int) -> Case:
    connector, write = _MESSAGES[form]
    records = Records(max(1, count // 4))
    messages = list(write(records, count))
    return Case(
        form, connector, records.distinct(count), lambda: (Unit(f"message-{n}", m) for n, m in enumerate(messages)),
        {"every-field": lambda: every_field(messages), "reader-alone": lambda: message_bytes(messages)},
    )  # fmt: skip


def _file(form: str, count: int, folder: Path) -> Case:
    about = _FILES[form]
    records = Records(max(1, count // 4))
    path = _folder(folder, form) / about.name
    with path.open("wb") as file:
        file.writelines(about.lines(records, count))
    bare: Loops = _tables([path]) if about.table else {"reader-alone": lambda: resources([path])}
    persons = records.distinct(count) if about.of_people else 0
    return Case(form, about.connector, persons, lambda: iter([Unit(path.name, path)]), bare)


def _hmis(plan: Plan, folder: Path) -> Case:
    export = _folder(folder, "hmis")
    write_export(Records(plan.enrollments), export, plan.enrollments, plan.nights)
    return _tables_together("hmis", "hmis-csv", plan.enrollments, export)


def _screenings(answers: int, folder: Path) -> Case:
    screenings = max(1, answers // 4)
    records, drop = Records(max(1, screenings // 4)), _folder(folder, "hrsn")
    for name, content in records.screenings(screenings).items():
        (drop / name).write_bytes(content)
    return _tables_together("hrsn", "hrsn-screening", records.distinct(screenings), drop)


def _tables_together(form: str, connector: str, persons: int, folder: Path) -> Case:
    paths = {path.name: path for path in sorted(folder.iterdir())}
    return Case(form, connector, persons, lambda: iter([Unit(folder.name, paths)]), _tables(paths.values()))


def _tables(paths: Iterable[Path]) -> Loops:
    found = list(paths)
    return {"csv-and-encode": lambda: csv_and_encode(found), "reader-alone": lambda: table_rows(found)}


def _folder(above: Path, name: str) -> Path:
    made = above / name
    made.mkdir()
    return made
