"""The data dictionary: every event and field, out of the event models, their Avro contracts and the minimum data set.

For people docs/data-dictionary.md, for machines the same as JSON; both come from here and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, get_args, get_origin

from hub.bus.avro_schema import avro_schema, schema_file_name
from hub.domain.events import EVENT_TYPES, Coded, Event, Model, PersonBlock, RaceEthnicity
from hub.domain.minimum import EVERYBODY, HALVES, Ask, MinimumSet, asked_fields, of_person

__all__ = ["dictionary", "dictionary_text"]

_PARTS: tuple[tuple[str, type[Model]], ...] = (
    ("Who a record speaks of", PersonBlock), ("Race and ethnicity", RaceEthnicity), ("A coded value", Coded),
)  # fmt: skip
_HEAD = """# Data dictionary

Written by `hub schemas check --write` out of the event models (hub/domain/events.py), their Avro contracts (schemas/avro/)
and the minimum data set (hub/domain/tables/minimum_data_set.csv, as it holds from {day} on). Do not edit: a test compares it.
`hub schemas dictionary --json` gives the same to machines.

**required**: the event cannot do what it is for without it. **expected**: one use of it is lost. **optional**: it helps.
What is asked of every event that speaks of a person stands under [Every event](#every-event) and
[Who a record speaks of](#who-a-record-speaks-of); where a kind asks otherwise, it says so. `unknown` fills nothing.
[connector-report.md](connector-report.md) says how a source is held against this.
"""


def dictionary(asked: MinimumSet, day: date) -> dict[str, Any]:
    """Everything, for machines. `need` is what every kind without a word of its own asks."""
    parts = {model.__name__: _fields(model, model) for _, model in _PARTS}
    for field in parts["PersonBlock"]:
        field.update(_asked(asked.ask("person", f"person.{field['name']}")))
    common = _fields(Event, next(iter(EVENT_TYPES.values())))
    for field in common:
        field.update(
            _asked(next((row for row in asked if row.event == EVERYBODY and row.field == field["name"]), None))
        )
    events = [_event(kind, asked) for kind in EVENT_TYPES]
    return {"as_of": day.isoformat(), "every_event": common, "parts": parts, "events": events}


def _event(kind: str, asked: MinimumSet) -> dict[str, Any]:
    model = EVENT_TYPES[kind]
    own = [field for field in _fields(model, model) if field["name"] not in Event.model_fields]
    for field in own:
        field.update(_asked(asked.ask(kind, field["name"])))
    names = {field["name"] for field in own}
    other = [_asked(row) | {"name": row.field} for row in asked if row.event == kind and row.field not in names]
    return {
        "kind": kind, "topic": f"hub.intake.{kind}.v1", "schema": f"schemas/avro/{schema_file_name(model)}",
        "means": " ".join((model.__doc__ or "").split()), "of_person": of_person(kind), "fields": own,
        "asks_otherwise": sorted(other, key=lambda row: _order(kind, row["name"])),
    }  # fmt: skip


def _order(kind: str, name: str) -> int:
    return asked_fields(kind).index(name)


def _fields(model: type[Model], in_schema: type[Model]) -> list[dict[str, Any]]:
    types = {field["name"]: field["type"] for field in avro_schema(in_schema)["fields"]}
    return [
        {"name": name, "avro": _type(types[name]), "words": list(_words(info.annotation)), "means": info.description or ""}
        for name, info in model.model_fields.items()
    ]  # fmt: skip


def _type(avro: Any) -> str:
    """An Avro type in a word or two."""
    if isinstance(avro, list):
        return f"{_type(next(each for each in avro if each != 'null'))}, may be empty"
    if isinstance(avro, str):
        return avro
    if avro["type"] == "array":
        return f"list of {_type(avro['items'])}"
    return str(avro.get("logicalType") or avro["name"])


def _words(annotation: Any) -> Iterator[str]:
    """The closed set of a coded word, also inside a list or an option."""
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
        return
    for inner in get_args(annotation):
        yield from _words(inner)


def _asked(ask: Ask | None) -> dict[str, Any]:
    if ask is None:
        return {"need": "optional"}
    found = {
        "need": ask.need, "rests_on": ask.rests_on, "without": ask.without, "standard": ask.standard, "version": ask.version,
        "source": ask.source, "valid_from": ask.valid_from.isoformat(),
    }  # fmt: skip
    return found | ({"within_days": ask.within_days} if ask.within_days is not None else {})


def dictionary_text(asked: MinimumSet, day: date) -> str:
    """docs/data-dictionary.md."""
    made = dictionary(asked, day)
    lines = [_HEAD.format(day=made["as_of"]), "## Every event", "", *_table(made["every_event"]), ""]
    for title, model in _PARTS:
        lines += [
            f"## {title}",
            "",
            " ".join((model.__doc__ or "").split()),
            "",
            *_table(made["parts"][model.__name__]),
            "",
        ]
    lines += [f"Two halves are reported apart: {' and '.join(f'`{half}`' for half in HALVES)}.", ""]
    for event in made["events"]:
        lines += [
            f"## {event['kind']}",
            "",
            event["means"],
            "",
            f"Topic `{event['topic']}`, contract `{event['schema']}`.",
        ]
        lines += ["", *_table(event["fields"])] if event["fields"] else []
        if event["asks_otherwise"]:
            lines += ["", "It asks otherwise than every event:", "", *_table(event["asks_otherwise"])]
        lines.append("")
    return "\n".join(lines)


def _table(fields: list[dict[str, Any]]) -> Iterator[str]:
    yield "| field | type | asked | what rests on it | without it | standard |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for field in fields:
        cells = (
            f"`{field['name']}`",
            _meaning(field),
            _need(field),
            field.get("rests_on", ""),
            field.get("without", ""),
            _standard(field),
        )
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _meaning(field: Mapping[str, Any]) -> str:
    words = f": {', '.join(f'`{word}`' for word in field['words'])}" if field.get("words") else ""
    means = f". {field['means']}" if field.get("means") else ""
    return f"{field.get('avro', '')}{words}{means}"


def _need(field: Mapping[str, Any]) -> str:
    within = field.get("within_days")
    return str(field.get("need", "")) + (
        f", within {within} {'day' if within == 1 else 'days'}" if within is not None else ""
    )


def _standard(field: Mapping[str, Any]) -> str:
    return f"{field['standard']} ({field['version']})" if field.get("standard") else ""
