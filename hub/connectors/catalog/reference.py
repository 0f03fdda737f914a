"""docs/connector-yaml.md out of the models: every field, its type, default and meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.connectors.catalog import Cadence, Connector, Source
from hub.domain.events import EVENT_TYPES, PersonBlock
from hub.mapping.declared.compile import NO_RULE_FILLS, event_fields, needed_fields
from hub.mapping.declared.fields import SEX_WORDS
from hub.mapping.declared.model import EventRule, Identity, Rule, Where
from hub.mapping.declared.targets import target

__all__ = ["reference"]

_HEAD = """# connector.yaml

Generated from the models by `hub connector schema --docs`; a test compares. Start with
[Your first connector](your-first-connector.md). For editors there is a JSON Schema: `hub connector schema`;
it also has the fields of every kind of `door` that is installed.

Paths:

| format | a path | |
| --- | --- | --- |
| csv | `First Name` | a column, in any case |
| hl7v2 | `PID-5.1`, `PID-3[2].4`, `OBX[].5` | a repetition; every OBX; with `each: OBX`, `OBX-5` is the one at hand |
| json | `guest.name.family`, `$.site.id` | JMESPath in the record; in what stands above the records of `each`, less lists |
| fhir | `name.where(use='official').given.first()`, `extension('urn:y').value` | FHIRPath in the resource |

FHIR: `subject.resolve().birthDate` looks into the resource that a reference names, among `contained` and in the same bundle, three
references far, never elsewhere. A path may not ask the clock or use regular expressions, and what it may cost on one record is
bounded: one that would go through everything for each of everything rejects the record (`too-costly`). `path_language: jmespath`
takes JMESPath instead.

Days of what has happened (`occurred_on`, `collected_on`, `resulted_on`, `onset_on`, a birth date …) that lie ahead of today are
treated as `on_error` says (`date-in-the-future.<field>`), and so is a birth after `occurred_on` (`born-after-record.birth_date`).
Tomorrow is none where it is tomorrow already anywhere on earth. A withdrawal is taken whatever its day, and so are days from which
something holds: those of consent, coverage, service, site and vaccine-supply, and `entered_on`.

Versions: two records with the same content, less `source.transport`, are one version of a fact, whatever the map reads of them. A
changed map gives the same version at a higher `mapping_version`, which counts as later: remap as often as you like.

Code tables compare values as written, blanks around them aside: `Yes` and `YES` are two rows. Where a sender's case means nothing,
the rule says so (`{from: Kind, codes: kinds, match: fold}`): then one row does for `Yes`, `YES` and `yes`, a row that is written
just so goes first, and two rows that differ by case alone may not mean different things. `hub connector unmapped NAME` lists values
that have no row, `hub connector lint` rows that differ by case alone.

A function of hooks.py is given the text and gives text or None. What it raises, or another type, rejects the record
(`hook-failed.<field>`). It runs inside the connector: one that never returns stops it, and nothing can end it but a restart.
[Your first connector](your-first-connector.md#7-where-yaml-does-not-reach) has one.
"""


def reference() -> str:
    """The whole page."""
    sections: list[tuple[str, type[BaseModel]]] = [
        ("connector.yaml", Connector), ("source", Source), ("cadence", Cadence), ("identity", Identity), ("map[]", EventRule),
        ("map[].where[]", Where), ("a rule (`map[].fields.*`, `identity.block.*` …)", Rule),
    ]  # fmt: skip
    parts = [
        _HEAD,
        *(_table(title, model) for title, model in sections),
        "## Events and their fields\n\nBold: needed.\n",
    ]
    parts.append("\n".join(f"- `{kind}`: {_fields(kind)}" for kind in sorted(EVENT_TYPES)) + "\n")
    parts.append(
        "### Words\n\nThe only values of these fields: as a constant, or as `target_code` of a code table. Where\n"
        "they are yes, no and unknown, `yes_words` and `no_words` are read without a table.\n"
    )
    parts.append("\n".join(f"- `{kind}.{name}`: {words}" for kind, name, words in _words()) + "\n")
    block = ", ".join(f"`{name}`" for name in PersonBlock.model_fields if name not in NO_RULE_FILLS)
    parts.append(f"## Person block\n\n{block}\n")
    sexes = ", ".join(f"`{word}`" for word in SEX_WORDS)
    parts.append(
        f"`sex`, as `target_code` of a code table: {sexes}; case does not matter. Linking compares female, male and X alone.\n"
    )
    return "\n".join(parts)


def _fields(kind: str) -> str:
    needed = needed_fields(kind)
    return ", ".join(f"**`{name}`**" if name in needed else f"`{name}`" for name in event_fields(kind))


def _words() -> Iterator[tuple[str, str, str]]:
    """(event kind, field, its words) of each field that holds one of a closed set."""
    for kind in sorted(EVENT_TYPES):
        for name in event_fields(kind):
            if words := target(EVENT_TYPES[kind], name).words:
                yield kind, name, ", ".join(f"`{word}`" for word in words)


def _table(title: str, model: type[BaseModel]) -> str:
    rows = [_row(info.alias or name, info) for name, info in model.model_fields.items()]
    return "\n".join(
        [f"## {title}", "", "| field | type | default | meaning |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _row(name: str, info: FieldInfo) -> str:
    default = "needed" if info.is_required() else _shown(info.get_default(call_default_factory=True))
    return f"| `{name}` | {_type(info.annotation)} | {default} | {info.description or ''} |"


def _shown(value: Any) -> str:
    return "" if value is None or value in ((), {}) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return " · ".join(str(word) for word in get_args(kind))
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in get_args(kind) if part is not type(None))
    if origin is tuple:
        return f"list of {_type(get_args(kind)[0])}"
    if origin is dict:
        return f"name: {_type(get_args(kind)[1])}"
    name = getattr(kind, "__name__", "value")
    return {"str": "text", "int": "integer", "bool": "true/false", "float": "number", "Any": "value"}.get(
        name, re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
    )
