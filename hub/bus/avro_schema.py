"""pydantic models → Avro schemas: one truth, the model; the files under schemas/avro/ are written from it and checked.

    str → string · int → long · float → double · bool → boolean · bytes → bytes · date → int/date
    datetime → long/timestamp-micros (UTC) · coded words (Literal) → string · tuple[X, ...] → array of X
    X | None → union null, X with default null · a nested model → a record of its own

The person block leaves the process only sealed: a union with `Sealed` keeps `Sealed` alone. Model defaults become Avro
defaults, so that an old record can be read by a later reader.
"""

from __future__ import annotations

import inspect
import json
import re
from datetime import date, datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from hub.domain.events import Model, PersonBlock

NAMESPACE = "hub"
_PLAIN: dict[Any, Any] = {
    str: "string",
    int: "long",
    float: "double",
    bool: "boolean",
    bytes: "bytes",
    date: {"type": "int", "logicalType": "date"},
    datetime: {"type": "long", "logicalType": "timestamp-micros"},
}


def avro_schema(model: type[Model]) -> dict[str, Any]:
    """The Avro record of a model. TypeError for a field type that has no place in a contract."""
    return _record(model, set())


def schema_file_name(model: type[Model]) -> str:
    """`LabResult` → `lab-result.v1.avsc`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", model.__name__).lower() + ".v1.avsc"


def schema_file_text(model: type[Model]) -> str:
    """What stands in the model's file."""
    return json.dumps(avro_schema(model), indent=2, ensure_ascii=False) + "\n"


def schema_folder() -> Path:
    """The committed contracts: schemas/avro/ beside the package."""
    return Path(__file__).resolve().parents[2] / "schemas" / "avro"


def _record(model: type[Model], seen: set[str]) -> dict[str, Any]:
    seen.add(model.__name__)
    made: dict[str, Any] = {"type": "record", "name": model.__name__, "namespace": NAMESPACE}
    if model.__doc__:
        made["doc"] = " ".join(inspect.cleandoc(model.__doc__).split())
    made["fields"] = [_field(name, info, seen) for name, info in model.model_fields.items()]
    return made


def _field(name: str, info: FieldInfo, seen: set[str]) -> dict[str, Any]:
    kind = _type(info.annotation, seen)
    made: dict[str, Any] = {"name": name, "type": kind}
    if info.description:
        made["doc"] = info.description
    if isinstance(kind, list):
        made["default"] = None
    elif not info.is_required():
        made["default"] = _default(name, info)
    return made


def _default(name: str, info: FieldInfo) -> Any:
    value = info.get_default(call_default_factory=True, validated_data={})
    if value == ():
        return []
    if isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"field {name}: no Avro default for {type(value).__name__}")


def _type(annotation: Any, seen: set[str]) -> Any:
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin = get_origin(annotation)
    if origin is Literal:
        return "string"
    if origin is tuple:
        return {"type": "array", "items": _type(get_args(annotation)[0], seen)}
    if origin in (Union, UnionType):
        return _optional(annotation, seen)
    if inspect.isclass(annotation) and issubclass(annotation, Model):
        return annotation.__name__ if annotation.__name__ in seen else _record(annotation, seen)
    raise TypeError(f"{annotation!r} has no place in a contract")


def _optional(annotation: Any, seen: set[str]) -> list[Any]:
    others = [each for each in get_args(annotation) if each not in (NoneType, PersonBlock)]
    if len(others) != 1 or NoneType not in get_args(annotation):
        raise TypeError(f"{annotation!r} is neither a type nor an optional type")
    return ["null", _type(others[0], seen)]
