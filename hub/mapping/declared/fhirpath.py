"""FHIRPath as declared maps may use it: what the library (fhirpathpy) reads, less what is not a function of the record.

Refused at load: the clock (`now`, `today`), `trace`, regular expressions (a sender's text must not be able to stall one),
`repeat` and `descendants`, arithmetic functions. `resolve()` looks in the record's `contained` and in its bundle only, never
outside. FHIRPath: http://hl7.org/fhirpath/N1/, with the R4 model, so that `value` finds `valueString`. An evaluation has a budget
(fhirpath_budget.py): one that spends it rejects its record (`too-costly`), and nothing else waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Protocol

import fhirpathpy
from antlr4 import CommonTokenStream, InputStream
from antlr4.error.ErrorListener import ErrorListener
from fhirpathpy.engine import do_eval
from fhirpathpy.engine.nodes import FP_Type, ResourceNode
from fhirpathpy.engine.util import arraify
from fhirpathpy.models import models
from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

from hub.mapping.declared.fhirpath_budget import METER, METERED, UNITS, Meter, TooCostly, metered_tree
from hub.mapping.declared.format import BadRule, NotAValue
from hub.mapping.program import NotMapped

__all__ = ["FUNCTIONS", "TOO_COSTLY", "Find", "Resolve", "compiled", "plain", "texts"]

Resolve = Callable[[str], Any]
"""A reference → the resource it names, None where there is none at hand."""


class Find(Protocol):
    """What a path finds in a resource."""

    def __call__(self, resource: Any, resolve: Resolve, units: int = ...) -> list[Any]: ...


TOO_COSTLY = "too-costly"
_R4: Mapping[str, Any] = models["r4"]
_LENGTH = 1_000  # characters of a path
_VALUES = 1_000  # that a path may find in one record
FUNCTIONS = frozenset({
    "all", "allFalse", "allTrue", "anyFalse", "anyTrue", "as", "children", "coalesce", "combine", "contains",
    "convertsToBoolean", "convertsToDate", "convertsToDateTime", "convertsToDecimal", "convertsToInteger",
    "convertsToString", "count", "distinct", "empty", "endsWith", "exclude", "exists", "extension", "first", "iif",
    "indexOf", "intersect", "is", "isDistinct", "join", "last", "length", "lower", "not", "ofType", "replace",
    "resolve", "select", "single", "skip", "split", "startsWith", "subsetOf", "substring", "supersetOf", "tail",
    "take", "toBoolean", "toDate", "toDateTime", "toDecimal", "toInteger", "toString", "trim", "union", "upper",
    "where",
})  # fmt: skip
"""Functions of FHIRPath that a map may call: all that say the same of the same record, in time that its size bounds."""


class _Complain(ErrorListener):  # type: ignore[misc]
    def syntaxError(self, _r: Any, _s: Any, _line: int, column: int, _msg: str, _e: Any) -> None:
        raise ValueError(str(column + 1))


@cache
def compiled(path: str) -> Find:
    """A function (resource, resolve, units) → what the path finds: values, or objects as they stand in the resource.

    BadRule when it is no FHIRPath or calls what it may not; the function raises NotAValue where the path does not fit, and
    NotMapped(too-costly) where it would take more than these units of work.
    """
    tree = _parsed(path)
    for name in _called(tree):
        if name not in FUNCTIONS:
            raise BadRule("from", f"{path}: {name}() cannot be used in a map; there are {', '.join(sorted(FUNCTIONS))}")

    root = metered_tree(tree["children"][0])

    def find(resource: Any, resolve: Resolve, units: int = UNITS) -> list[Any]:
        meter = Meter(units)
        context = {
            "dataRoot": arraify(resource), "model": _R4, METER: meter, "userInvocationTable": _table(resolve, meter),
            "vars": {"context": resource, "resource": resource, "rootResource": resource, "ucum": "http://unitsofmeasure.org"},
        }  # fmt: skip
        try:
            found = do_eval(context, context["dataRoot"], root)
        except TooCostly:
            raise NotMapped(TOO_COSTLY, field=path) from None
        except Exception:  # the library raises plain Exception; its text may hold values
            raise NotAValue from None
        return [each for each in map(_plainly, found) if each is not None]

    return find


def _parsed(path: str) -> Any:
    if len(path) > _LENGTH:
        raise BadRule("from", f"a path of more than {_LENGTH} characters")
    lexer = FHIRPathLexer(InputStream(path))
    parser = FHIRPathParser(CommonTokenStream(lexer))
    for part in (lexer, parser):
        part.removeErrorListeners()
        part.addErrorListener(_Complain())
    try:
        parser.entireExpression()
        return fhirpathpy.compile(path).parsedPath
    except ValueError as why:
        at = f" (character {why})" if str(why).isdigit() else ""
        raise BadRule("from", f"{path} is no FHIRPath{at}; an example: name.where(use='official').family") from None
    except Exception:  # the library's errors have no common base of use here
        raise BadRule("from", f"{path} is no FHIRPath; an example: name.where(use='official').family") from None


def _called(node: Mapping[str, Any]) -> Iterator[str]:
    children = node.get("children", [])
    if node.get("type") == "Functn":
        yield children[0]["text"].strip("`")
    for child in children:
        yield from _called(child)


def _plainly(item: Any) -> Any:
    """As it stands in the resource; None for what is but the extensions of a value that is not there."""
    if not isinstance(item, ResourceNode):
        return item
    bare = isinstance(item.data, dict) and item.data.keys() == {"extension"}
    return None if bare else item.data


def _table(resolve: Resolve, meter: Meter) -> Mapping[str, Any]:
    """The functions that count, and `resolve`."""

    def resolved(_context: Any, found: Any) -> list[Any]:
        named = [item.data if isinstance(item, ResourceNode) else item for item in arraify(found)]
        meter.spend(len(named))
        return [_resolved(item, resolve) for item in named]

    return {**METERED, "resolve": {"fn": resolved, "arity": {0: []}}}


def _resolved(item: Any, resolve: Resolve) -> Any:
    told = item.get("reference") if isinstance(item, Mapping) else item
    return resolve(told) if isinstance(told, str) else None


def plain(path: str) -> Callable[[Any], list[Any] | None] | None:
    """For a path of nothing but names (`name.family`, `Patient.birthDate`): the same answer, ten times as fast.

    None for any other path. Its function gives None where only the library knows: choice types, extensions of plain values.
    """
    names = path.split(".")
    of_type = names.pop(0) if names[0][:1].isupper() else None
    if not names or not all(name.isascii() and name.isalnum() and name[0].islower() for name in names):
        return None
    if {"extension", "length"} & {*names}:
        return None
    told = tuple(names)

    def find(resource: Any) -> list[Any] | None:
        if not isinstance(resource, dict):
            return None
        kind = resource.get("resourceType")
        if not isinstance(kind, str | None) or (of_type and kind != of_type) or _chooses(kind, told):
            return None
        level: list[Any] = [resource]
        for name in names:
            below: list[Any] = []
            for item in level:
                if not isinstance(item, dict):
                    if isinstance(item, list):
                        return None
                    continue
                if f"_{name}" in item or ("resourceType" in item and item is not resource):
                    return None
                value = item.get(name)
                if isinstance(value, list):
                    if None in value:
                        return None
                    below += value
                elif value is not None:
                    below.append(value)
            level = below
        if any(isinstance(item, dict | list) for item in level):
            return None
        return level

    return find


@lru_cache(maxsize=1_000)  # the type is the sender's to write
def _chooses(kind: str | None, names: tuple[str, ...]) -> bool:
    """Whether one of these names, from a resource of this type on, stands for `valueString`, `valueQuantity` …"""
    path = kind or "_"
    for name in names:
        path = _R4["pathsDefinedElsewhere"].get(f"{path}.{name}", f"{path}.{name}")
        if path in _R4["choiceTypePaths"]:
            return True
        path = _R4["path2Type"].get(path, path)
    return False


def texts(found: list[Any]) -> list[str]:
    """What was found as trimmed text, empty ones left out; NotAValue for an object, or more values than a record has."""
    if len(found) > _VALUES:
        raise NotAValue
    made: list[str] = []
    for item in found:
        if isinstance(item, bool):
            made.append("true" if item else "false")
        elif isinstance(item, float):
            made.append(str(int(item)) if item.is_integer() else repr(item))
        elif isinstance(item, str | int | Decimal | FP_Type):
            made.append(str(item).strip())
        else:
            raise NotAValue
    return [text for text in made if text]
