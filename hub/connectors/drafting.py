"""A first connector.yaml out of a sample: columns and types inferred, a map proposed for names that are recognised.

Proposed is what a name or the hub's own code tables say; everything else is a TODO for people. A draft always loads, and
its agreement is a draft too: nothing is taken in under it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from hub.connectors.drafting_words import BLOCK, CHANGED, EVENTS, FIELDS, IDS, OCCURRED, SITE
from hub.errors import ConfigError
from hub.formats import fhir, hl7v2
from hub.formats.delimited import Row, open_table
from hub.formats.errors import ParseError
from hub.mapping.declared.codes import COLUMNS
from hub.mapping.tables import results, rows

__all__ = ["Draft", "draft"]

_READ = 5_000
_FORMATS = (
    "iso",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y%m%d",
    "%m-%d-%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%Y-%m-%d %H:%M",
)


class Draft(NamedTuple):
    """`files`: text by path below the connector's folder; `todo`: what people must decide, in words."""

    files: Mapping[str, str]
    todo: tuple[str, ...]


Columns = Mapping[str, Sequence[str]]


def draft(name: str, sample: Path, today: date) -> Draft:
    """A draft for the sample; ConfigError when nothing can be read of it."""
    if sample.suffix.lower() in (".hl7", ".er7"):
        return _Writer(name, "hl7v2", {}, today).lab(sample.read_bytes())
    if sample.suffix.lower() in (".json", ".ndjson", ".jsonl"):
        return _Writer(name, "json", _of_json(sample.read_bytes()), today).table()
    try:
        table = open_table(sample.read_bytes(), delimiters=",|\t;")
    except ParseError as why:
        raise ConfigError(f"{sample}: cannot be read as a table: {why.reason}") from None
    found: dict[str, list[str]] = {column: [] for column in table.columns}
    for number, row in enumerate(table.rows()):
        if isinstance(row, Row) and number < _READ:
            for column in table.columns:
                found[column] += [value] if (value := row.cells[column.lower()]) else []
    return _Writer(name, "csv", found, today).table()


def _of_json(data: bytes) -> Columns:
    found: dict[str, list[str]] = {}
    for item in fhir.documents(data):
        if isinstance(item, fhir.Broken):
            raise ConfigError(f"cannot be read as JSON: {item.error.reason}")
        for record in item.body if isinstance(item.body, list) else [item.body]:
            _flatten(record, "", found)
    if not found:
        raise ConfigError("no JSON object in it; write `source.each` by hand if the records lie deeper")
    return found


def _flatten(value: Any, path: str, into: dict[str, list[str]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            word = key if re.fullmatch(r"[A-Za-z_]\w*", key) else json.dumps(key)
            _flatten(inner, f"{path}.{word}" if path else word, into)
    elif path and value is not None and not isinstance(value, list):
        into.setdefault(path, []).append(("false", "true")[value] if isinstance(value, bool) else str(value))


class _Writer:
    def __init__(self, name: str, format_: str, columns: Columns, today: date) -> None:
        self._name, self._format, self._columns, self._today = name, format_, columns, today
        self._todo: list[str] = []
        self._codes: dict[str, str] = {}
        self._words = {column: re.sub(r"[^a-z0-9]", "", column.rsplit(".", 1)[-1].lower()) for column in columns}

    def table(self) -> Draft:
        kind = next((kind for kind, hint in EVENTS if any(hint in word for word in self._words.values())), "person")
        person = self._find(IDS)
        if person is None:
            person = next(iter(self._columns))
            self._todo.append(f"identity.id: no column is called like a person's id; {person} stands there for now")
        happened, changed, site = self._find(OCCURRED), self._find(CHANGED), self._find(SITE)
        rule: dict[str, Any] = {"event": kind}
        when = self._date(happened, required=True) if happened else None
        if when:
            rule["occurred_on"] = when
        if changed and changed != happened and (told := self._date(changed)):
            rule["changed_at"] = told
        rule["fields"] = self._fields(kind, site, when)
        block = {name: self._block(name, column) for name, hints in BLOCK.items() if (column := self._find(hints))}
        block = {name: given for name, given in block.items() if given is not None}
        key = [person] + ([happened] if when and happened else [])
        return self._draft(
            kind, rule, {"id": person, "authority": {"value": self._name}, "ignore": [], "block": block}, key
        )

    def lab(self, data: bytes) -> Draft:
        messages = [item for item in hl7v2.read(data) if isinstance(item, hl7v2.Message)]
        if not messages:
            raise ConfigError("no HL7 v2 message in it")
        values = sorted({value for each in messages for obx in each.all("OBX") if (value := obx.text(5))})
        known = {code: answer.meaning for (code, cls), answer in results().items() if not cls}
        self._table("results", values, {value: (known[value], "mapped") for value in values if known.get(value)})
        rule = {
            "event": "lab-result", "changed_at": "MSH-7", "occurred_on": "OBR-7",
            "fields": {
                "meaning": {"from": "OBX-5.1", "codes": "results"}, "status": {"value": "final"},
                "processing": {"value": "production"}, "method": {"value": "other"}, "loinc": "OBX-3.1",
            },
        }  # fmt: skip
        self._todo.append(
            "map: status, processing and method are constants; take them from OBX-11, MSH-11 and your test codes"
        )
        block = {
            "family_name": "PID-5.1", "given_name": "PID-5.2", "birth_date": "PID-7", "sex": "PID-8",
            "postal_code": {"from": "PID-11.5", "on_error": "null_and_flag"},
        }  # fmt: skip
        identity = {"id": "PID-3.1", "authority": "PID-3.4", "ignore": [], "block": block}
        return self._draft("lab-result", rule, identity, ["OBR-3.1", "OBX-3.1", "OBX-4"][:2])

    def _fields(self, kind: str, site: str | None, when: Any) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, given in FIELDS.get(kind, {}).items():
            if given == "SITE":
                fields[name] = site or {"value": self._name}
            elif given == "WHEN":
                fields[name] = {k: v for k, v in when.items() if k != "required"} if when else {"value": "2000-01-01"}
            else:
                fields[name] = {"value": given}
            if given not in ("SITE",) and not (given == "WHEN" and when):
                self._todo.append(f"map.fields.{name}: is {json.dumps(fields[name])} for every record; is that true?")
        if kind == "vaccination" and (cvx := self._find(("cvx", "vaccinecode"))):
            fields |= {"cvx": cvx, "covid": {"from": cvx, "parse": "covid-vaccine"}}
        if race := self._find(("race", "raceethnicity", "ethnicity", "racialidentity")):
            told = {row["value"]: row for row in rows("race_ethnicity") if row["field"] == "race" and row["group"]}
            values = sorted(set(self._columns[race]))
            known = {v: (told[v.upper()]["group"], "mapped") for v in values if v.upper() in told}
            self._table("race", values, known)
            fields["race_ethnicity"] = {"from": race, "codes": "race"}
        return fields

    def _block(self, name: str, column: str) -> Any:
        if name == "birth_date":
            told = self._date(column)
            return {**told, "on_error": "null_and_flag"} if told else None
        careful = name in ("phone", "email", "postal_code", "state", "ssn")
        return {"from": column, "on_error": "null_and_flag"} if careful else column

    def _date(self, column: str, *, required: bool = False) -> dict[str, Any] | None:
        fitting = [given for given in _FORMATS if all(_fits(value, given) for value in self._columns[column])]
        if not fitting or not self._columns[column]:
            self._todo.append(f"{column}: looks like a date by its name, but no format fits all its values: not mapped")
            return None
        if len(fitting) > 1:
            self._todo.append(f"{column}: {' and '.join(fitting)} both fit every value; {fitting[0]} is proposed")
        return {"from": column, "format": fitting[0], **({"required": True} if required else {})}

    def _find(self, hints: Sequence[str]) -> str | None:
        return next((column for hint in hints for column, word in self._words.items() if word == hint), None)

    def _table(self, name: str, values: Sequence[str], known: Mapping[str, tuple[str, str]]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for value in values:
            target, status = known.get(value, ("", ""))
            writer.writerow([value, "", target, status, "proposed, check it" if status else "TODO"])
        self._codes[name] = text.getvalue()
        if open_rows := [value for value in values if value not in known]:
            self._todo.append(f"codes/{name}.csv: {len(open_rows)} values wait for a target_code and a status")

    def _draft(self, kind: str, rule: dict[str, Any], identity: dict[str, Any], dedupe: list[str]) -> Draft:
        source: dict[str, Any] = {"sector": "labs" if kind == "lab-result" else "other", "format": self._format}
        source |= {"standard": "TODO: what its users call it", "timezone": "America/New_York"}
        if self._format == "hl7v2":
            source["each"] = "OBX"
        document = {
            "name": self._name, "title": f"TODO: what {self._name} sends", "source": source,
            "door": {"kind": "mllp"} if self._format == "hl7v2" else {"kind": "file-drop", "unit": "file"},
            "cadence": {"expected_every_s": 86400, "grace_s": 3600}, "emits": [kind], "dedupe": dedupe,
            "identity": identity, "map": [rule],
        }  # fmt: skip
        self._todo += ["source: sector, standard and timezone", "dedupe: do these values name one fact, and no other?"]
        used = yaml.safe_dump(document)
        rest = [
            f"#   {column}: {len(set(found))} different values"
            for column, found in self._columns.items()
            if column not in used
        ]
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
        text += "\n".join(["# Columns that nobody maps yet:", *rest, ""]) if rest else ""
        files = {
            "connector.yaml": "# Drafted by `hub connector new`; docs/connector-yaml.md explains every field.\n" + text
        }
        files |= {f"codes/{name}.csv": table for name, table in self._codes.items()}
        files["agreement.draft.yaml"] = self._agreement(kind, rule, identity)
        return Draft(files, tuple(self._todo))

    def _agreement(self, kind: str, rule: dict[str, Any], identity: dict[str, Any]) -> str:
        document = {
            "kind": "intake", "agreement_id": f"draft-{self._name}", "connector": self._name,
            "discloser": "TODO: who hands the data over", "recipient": "TODO: who receives it",
            "basis": "TODO: the law or contract it rests on", "valid_from": self._today,
            "valid_until": self._today.replace(year=self._today.year + 1, day=min(self._today.day, 28)),
            "purposes": ["isolation-support", "vaccine-equity"], "labels": ["R"], "retention_days": 30,
            "person_block": [*identity["block"], "local_id"], "events": {kind: list(rule["fields"])},
        }  # fmt: skip
        head = "# DRAFT: for `hub connector try` only. Have it corrected and signed, then put it into <instance>/agreements/.\n"
        return head + yaml.safe_dump(document, sort_keys=False, width=110)


def _fits(text: str, given: str) -> bool:
    try:
        if given == "iso":
            datetime.fromisoformat(text)
            return "-" in text
        datetime.strptime(text, given)
    except ValueError:
        return False
    return True
