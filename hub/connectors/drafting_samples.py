"""A sample, whatever its format, as columns of values: what a draft is made of.

CSV and xlsx: the columns. JSON: the paths of one record, in JMESPath; where a document holds a list of objects, each of these is
the record and what stands around it is written `$.path`. FHIR: FHIRPath for the resource that says most.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hub.connectors.drafting_header import data_in_header
from hub.errors import ConfigError
from hub.formats import fhir
from hub.formats.delimited import RowFault, open_table
from hub.formats.errors import ParseError
from hub.formats.spreadsheet import as_table, is_workbook

__all__ = ["Sample", "is_hl7", "read_sample"]

_READ = 5_000
_PLACES = 5  # columns named in a complaint
_TELLING = ("Immunization", "Observation", "Patient")  # of FHIR, what an event can be made of, most telling first
_HL7_SUFFIXES, _JSON_SUFFIXES = (".hl7", ".er7"), (".json", ".ndjson", ".jsonl", ".fhir")
_HL7 = re.compile(rb"(MSH|FHS|BHS)[^A-Za-z0-9\s]")
_NO_DATA = (
    (b"%PDF", "a PDF, which people read and programs don't"),
    (b"<", "XML or a page of the web"),
)
"""What files begin with that are no data of a format that can be drafted, some of them under the name of a table."""
_AROUND = b" \t\r\n\x0b"


class Sample(NamedTuple):
    """`columns`: values by column or path. `each`: what one record is, of JSON; `resource`: its type, of FHIR. `table`: the sample
    as text where it was a workbook. `todo`: what the reader could not decide."""

    format: str
    columns: Mapping[str, Sequence[str]]
    each: str | None = None
    resource: str | None = None
    table: bytes | None = None
    todo: tuple[str, ...] = ()


def is_hl7(path: Path, data: bytes) -> bool:
    """Whether a sample is HL7 v2: by its name, or by how it begins."""
    return path.suffix.lower() in _HL7_SUFFIXES or _HL7.match(_beginning(data)) is not None


def read_sample(path: Path, *, header: bool = False) -> Sample:
    """ConfigError when nothing can be read of it, or when the first row of a table looks like a record, unless `header` says that
    it names the columns."""
    data = path.read_bytes()
    for begins, what in _NO_DATA:
        if _beginning(data).startswith(begins):
            raise ConfigError(f"{path}: it is {what}; ask for an export as CSV, xlsx, JSON or HL7")
    if path.suffix.lower() in _JSON_SUFFIXES or _is_json(data):
        bodies = _documents(path, data)
        resources = [each for body in bodies for each in _resources(body)]
        return _of_fhir(resources) if resources else _of_json(path, bodies)
    try:
        table = as_table(data) if is_workbook(data[:8]) else None
        columns, todo = _of_table(path, data if table is None else table)
    except ParseError as why:
        raise ConfigError(f"{path}: cannot be read as a table: {why.reason}{_headless(why.reason)}") from None
    if not header and (places := data_in_header(columns)):
        where = f"column{'s' if len(places) > 1 else ''} {', '.join(map(str, places[:_PLACES]))}"
        raise ConfigError(
            f"{path}: the first row looks like a record and not like names of columns ({where}): put a row of names above it, or "
            "say --header if these are names"
        )
    return Sample("csv", columns, table=table, todo=todo)


def _beginning(data: bytes) -> bytes:
    return data[:64].removeprefix(BOM_UTF8).lstrip(_AROUND)


def _is_json(data: bytes) -> bool:
    """Whether a file that is not called so begins with a JSON object or list: read as a table its data would be names."""
    if not _beginning(data).startswith((b"{", b"[")):
        return False
    return isinstance(next(iter(fhir.documents(data)), None), fhir.Document)


def _headless(reason: str) -> str:
    return ": its first row must name the columns, each once" if reason in ("no-header", "duplicate-column") else ""


def _of_table(path: Path, data: bytes) -> tuple[Mapping[str, Sequence[str]], tuple[str, ...]]:
    table = open_table(data, delimiters=",|\t;", apart=True)
    if table.doubled:
        raise ParseError("duplicate-column")
    found: dict[str, list[str]] = {column: [] for column in table.columns}
    read, broken = 0, Counter[str]()
    for number, row in enumerate(table.rows()):
        if isinstance(row, RowFault):
            broken[row.error.reason] += 1
        elif number < _READ:
            read += 1
            for column in table.columns:
                found[column] += [value] if (value := row.cells[column.lower()]) else []
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(broken.items()))
    if broken and not read:
        raise ConfigError(
            f"{path}: no row fits the first line ({why}): the first line must name the columns, with no title above it"
        )
    return found, (f"rows that cannot be read: {why}",) if broken else ()


def _documents(path: Path, data: bytes) -> list[Any]:
    found = []
    for item in fhir.documents(data):
        if isinstance(item, fhir.Broken):
            raise ConfigError(f"{path}: cannot be read as JSON: {item.error.reason}")
        found.append(item.body)
    return found


def _of_json(path: Path, bodies: Sequence[Any]) -> Sample:
    records = [record for body in bodies for record in (body if isinstance(body, list) else [body])]
    lists = sorted({at for record in records for at in _lists(record, "")}, key=lambda at: (at.count("."), at))
    each = "[]" if any(isinstance(body, list) for body in bodies) else None
    todo = []
    if lists and each is None:
        inner, *others = lists
        each = f"{inner}[]"
        todo.append(f"source.each: each of {inner} is a record, what stands around it is written `$.…`; is that true?")
        todo += [f"{other}: a list too, and not mapped" for other in others]
    elif lists:
        todo += [f"{at}: a list inside each record, and not mapped" for at in lists]
    found: dict[str, list[str]] = {}
    for record in records:
        if lists and each != "[]":
            _flatten(record, "$", found)
            for inner_record in _at(record, lists[0]):
                _flatten(inner_record, "", found)
        else:
            _flatten(record, "", found)
    if not found:
        raise ConfigError(f"{path}: no JSON object in it")
    return Sample("json", found, each=each, todo=tuple(todo))


def _lists(value: Any, path: str) -> Iterator[str]:
    """Paths of lists of objects, not inside another list."""
    if isinstance(value, dict):
        for key, inner in value.items():
            at = _below(path, key)
            if isinstance(inner, list) and inner and all(isinstance(each, dict) for each in inner):
                yield at
            else:
                yield from _lists(inner, at)


def _at(value: Any, path: str) -> list[Any]:
    for key in re.findall(r'"(?:[^"\\]|\\.)*"|\w+', path):
        value = value.get(json.loads(key) if key.startswith('"') else key) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _below(path: str, key: str) -> str:
    word = key if re.fullmatch(r"[A-Za-z_]\w*", key) else json.dumps(key)
    return f"{path}.{word}" if path else word


def _flatten(value: Any, path: str, into: dict[str, list[str]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(inner, _below(path, key), into)
    elif path and value is not None and not isinstance(value, list):
        into.setdefault(path, []).append(("false", "true")[value] if isinstance(value, bool) else str(value))


def _resources(body: Any) -> Iterator[Mapping[str, Any]]:
    """FHIR resources, a bundle's one by one."""
    if not isinstance(body, dict) or not isinstance(body.get("resourceType"), str):
        return
    if body["resourceType"] == "Bundle":
        for entry in body.get("entry", []):
            yield from _resources(entry.get("resource") if isinstance(entry, dict) else None)
    else:
        yield body


def _of_fhir(resources: Sequence[Mapping[str, Any]]) -> Sample:
    types = [str(each["resourceType"]) for each in resources]
    kind = next((name for name in _TELLING if name in types), types[0])
    found: dict[str, list[str]] = {}
    for resource in resources:
        if resource["resourceType"] == kind:
            _elements(resource, "", found)
    others = sorted(set(types) - {kind, "Patient"})
    todo = tuple(f"{other}: another type of resource in the sample, and not mapped" for other in others)
    return Sample("fhir", found, resource=kind, todo=todo)


def _elements(value: Any, path: str, into: dict[str, list[str]]) -> None:
    """FHIRPath goes through lists by itself."""
    if isinstance(value, list):
        for inner in value:
            _elements(inner, path, into)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _elements(inner, f"{path}.{key}" if path else key, into)
    elif path and value is not None:
        into.setdefault(path, []).append(("false", "true")[value] if isinstance(value, bool) else str(value))
