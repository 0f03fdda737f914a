"""What people are shown of a value of an event: words that the hub's own tables decide, never the sender's text unless they ask.

One rule for every connector: a field that holds one of the hub's own words (`meaning`, `site_kind`, `program`, a need's category),
a code of a public code system, a number or a yes is shown, since that is what one wants to check; of anything else, names, days,
ids and tokens of ids, only the length.
"""

from __future__ import annotations

import json
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from hub.commands.connector_summary import mask
from hub.domain.events import Coded, Event, PersonBlock, RaceEthnicity

__all__ = ["shown", "shown_json"]

_CODES = frozenset({"loinc", "cvx", "ndc", "residence", "category"})
"""Fields of plain text that hold a code of a public list, or a word of the hub's."""


def shown(model: type[BaseModel], field: str, value: Any, *, masked: bool) -> str:
    """`value` of this field, for people."""
    if isinstance(value, Coded):
        return value.mapped or value.code or "(unmapped)" if masked else value.original or value.code or "(unmapped)"
    if isinstance(value, RaceEthnicity):
        return ", ".join(value.groups) or value.absence or "(told)"
    if isinstance(value, tuple) and value and all(isinstance(each, BaseModel) for each in value):
        return f"({len(value)})"
    if isinstance(value, BaseModel):
        return "(told)"
    if not masked or isinstance(value, bool | int) or _is_word(model, field):
        return f"{value}"
    return mask(f"{value}")


def shown_json(model: type[BaseModel], field: str, value: Any, *, masked: bool) -> str:
    """The same of a value as it stands in JSON."""
    if value is None:
        return "(empty)"
    if isinstance(value, dict):  # a coded value, a report of race and ethnicity
        word = value.get("mapped") or ", ".join(value.get("groups") or ()) or value.get("absence")
        return f"{word or '(told)'}" if masked else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):  # codes of issues, labels and purposes
        return ", ".join(f"{each}" for each in value if isinstance(each, str)) or f"({len(value)})"
    return shown(model, field, value, masked=masked and field != "mapping_version")


def _is_word(model: type[BaseModel], field: str) -> bool:
    """Whether what this field holds is never the sender's own text."""
    if field in _CODES and issubclass(model, Event):
        return True
    info = model.model_fields.get(field)
    kind = info.annotation if info is not None and model is not PersonBlock else str
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return all(get_origin(part) is Literal for part in parts if part is not NoneType)
