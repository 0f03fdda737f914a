"""What one FHIRPath may cost on one record: an evaluation that asks for more stops, however path and resource were made.

Counted is work, not time, so that a record ends the same on every machine and every day: each function or operator, each value
that goes into one or comes out of it, long texts by their length; and the square where all are compared with all (`distinct`,
`intersect`, `|` …). A resource of 10,000 values may be gone through some ten times; nested filters over themselves, texts
that double at each step, or a hostile resource under an honest path end within about a second. How the library (fhirpathpy) is
metered: it looks up each function and operator in a table of the evaluation, in which ours, which count first, take their place;
and steps from member to member of a parsed path (`name.given`) are told to be of our kind, which counts as well (`metered_tree`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from fhirpathpy.engine.evaluators import evaluators
from fhirpathpy.engine.invocations import invocation_registry
from fhirpathpy.engine.nodes import ResourceNode

__all__ = ["METER", "METERED", "UNITS", "Meter", "TooCostly", "metered_tree"]

UNITS = 300_000
METER = "hub meter"
"""Under which name the context of an evaluation carries its Meter."""
_TEXT = 64  # characters that count as one value
_STEP = 3  # a step to a member takes as long as some comparisons
_MEMBER = "HubMember"
_ALL_WITH_ALL = frozenset({
    "distinct", "isDistinct", "intersect", "exclude", "union", "|", "subsetOf", "supersetOf", "containsOp", "inOp", "~", "!~",
})  # fmt: skip
_Fn = Callable[..., Any]


class TooCostly(BaseException):
    """The budget is spent. No Exception: the library must not take it for one of its own."""


class Meter:
    """The budget of one evaluation."""

    def __init__(self, units: int = UNITS) -> None:
        self._left = units

    def spend(self, units: int) -> None:
        """TooCostly where nothing is left."""
        self._left -= units
        if self._left < 0:
            raise TooCostly

    def weigh(self, value: Any) -> int:
        """How many units a value is; no more of it is looked at than can be paid."""
        total = 0
        for weight in _weights(value):
            total += weight
            if total > self._left:
                raise TooCostly
        return total


def _weights(value: Any) -> Iterator[int]:
    if isinstance(value, ResourceNode):
        value = value.data
    if isinstance(value, list | tuple):
        yield 1
        for item in value:
            yield from _weights(item)
    elif isinstance(value, dict):
        yield 1
        for item in value.values():
            yield from _weights(item)
    elif isinstance(value, str):
        yield 1 + len(value) // _TEXT
    elif isinstance(value, int):
        yield 1 + value.bit_length() // _TEXT
    else:
        yield 1


def _size(value: Any) -> int:
    """Of what goes in or comes out: items of a list, not what is in them, since they are handed on as they are."""
    if isinstance(value, list):
        return 1 + len(value) + (_size(value[0]) if len(value) == 1 else 0)
    if isinstance(value, str):
        return 1 + len(value) // _TEXT
    return 1 + value.bit_length() // _TEXT if isinstance(value, int) else 1


def _metered(name: str, fn: _Fn) -> _Fn:
    compares = name in _ALL_WITH_ALL
    looks_inside = compares or name in ("=", "!=", "children")

    @wraps(fn)
    def metered(ctx: Mapping[str, Any], *given: Any) -> Any:
        meter: Meter = ctx[METER]
        values = [each for each in given if not callable(each)]
        weight = sum(meter.weigh(each) if looks_inside else _size(each) for each in values)
        meter.spend(weight * weight if compares else weight)
        if name in ("replace", "join"):
            meter.spend(_longest(values) // _TEXT)
        found = fn(ctx, *given)
        meter.spend(_size(found))
        return found

    return metered


def _longest(values: list[Any]) -> int:
    """How long a text may become of these: as if each character, or item, of the first were replaced by the longest other."""
    plain = [each.data if isinstance(each, ResourceNode) else each for each in values]
    first, *others = [each[0] if isinstance(each, list) and len(each) == 1 else each for each in plain] or [""]
    first = first.data if isinstance(first, ResourceNode) else first
    count = len(first) if isinstance(first, str | list) else 1
    return (count + 1) * max((len(each) for each in others if isinstance(each, str)), default=0)


def metered_tree(node: dict[str, Any]) -> dict[str, Any]:
    """A parsed path whose steps from member to member count."""
    kind = _MEMBER if node.get("type") == "MemberInvocation" else node.get("type")
    return {**node, "type": kind, "children": [metered_tree(child) for child in node.get("children", [])]}


def _member(ctx: Mapping[str, Any], given: Any, node: Mapping[str, Any]) -> Any:
    meter: Meter = ctx[METER]
    meter.spend(_STEP * _size(given))
    found = evaluators["MemberInvocation"](ctx, given, node)
    meter.spend(_STEP * _size(found))
    return found


evaluators[_MEMBER] = _member  # one more kind of node; those of the library stay as they are


def _select(ctx: dict[str, Any], given: Any, projection: _Fn) -> list[Any]:
    """What the library's does, which copies all that it has for each item."""
    made: list[Any] = []
    for index, item in enumerate(given if isinstance(given, list) else []):
        ctx["$index"] = index
        made.extend(projection(item))
    return made


_FUNCTIONS = {**invocation_registry, "select": {**invocation_registry["select"], "fn": _select}}
METERED: Mapping[str, Mapping[str, Any]] = {
    name: {**entry, "fn": _metered(name, entry["fn"])} for name, entry in _FUNCTIONS.items() if name != "trace"
}
"""The library's table, counting; its own stays as it is for everybody else."""
