"""YAML files that people write (connectors, agreements): read strictly, and every complaint names file, line and field.

`read_declared(path, Model)` gives a validated pydantic model. Errors are ConfigError, one line per complaint, as
`path:line: field: what is wrong`, so that an editor can jump there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.errors import ConfigError
from hub.suggest import did_you_mean

__all__ = ["Declared", "complaint", "read_declared"]

_MAX_BYTES = 256 * 1024  # people write these by hand; anything larger is the wrong file
_MAX_DEPTH = 12  # also ends aliases that refer to themselves


class Declared(BaseModel):
    """Base of what is declared in YAML: frozen, closed (a typo in a field name is an error), never guessing a type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_M = TypeVar("_M", bound=BaseModel)
_Path = tuple[str | int, ...]


def read_declared(path: Path, model: type[_M]) -> _M:
    """The file as `model`; ConfigError naming file, line and field for whatever is wrong with it."""
    document, lines = _parse(path, _read(path))
    if not isinstance(document, dict):
        raise ConfigError(f"{path}:1: must hold fields, as `name: value`")
    try:
        return model.model_validate(_tuples(document))
    except ValidationError as why:
        complaints = [
            _complaint(path, _worded(error, model), lines)
            for error in why.errors(include_url=False, include_input=False)
        ]
        raise ConfigError("\n".join(complaints)) from None


def complaint(path: Path, at: tuple[str | int, ...], why: str) -> str:
    """`path:line: field: why`, for what is found wrong with a file only after it was read: `at` is the way to the value."""
    return _complaint(path, {"loc": at, "msg": why}, _parse(path, _read(path))[1])


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path}: larger than {_MAX_BYTES} bytes: is it the right file?")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except OSError as why:
        raise ConfigError(f"{path}: cannot be read: {why.strerror}") from None


def _parse(path: Path, text: str) -> tuple[Any, dict[_Path, int]]:
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        lines: dict[_Path, int] = {}
        if node is not None:
            _number(node, (), lines, path)
        return (loader.construct_document(node) if node is not None else None), lines
    except yaml.MarkedYAMLError as why:
        line = why.problem_mark.line + 1 if why.problem_mark else 1
        raise ConfigError(f"{path}:{line}: is not YAML: {why.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as why:  # ValueError: 2021-02-30; RecursionError: `[[[[…`
        raise ConfigError(f"{path}: is not YAML: {type(why).__name__}") from None


def _number(node: yaml.Node, at: _Path, lines: dict[_Path, int], path: Path) -> None:
    """Line of every value, by its path in the document. YAML itself would let a second `name:` win silently."""
    if len(at) > _MAX_DEPTH:
        raise ConfigError(f"{path}:{node.start_mark.line + 1}: nested deeper than {_MAX_DEPTH} levels")
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*at, str(key.value))
            if inner in lines:
                raise ConfigError(f"{path}:{key.start_mark.line + 1}: {key.value} stands here a second time")
            lines[inner] = key.start_mark.line + 1
            _number(value, inner, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _number(value, (*at, index), lines, path)


def _tuples(value: Any) -> Any:
    """YAML knows lists; frozen models hold tuples, and strict validation takes no one for the other."""
    if isinstance(value, dict):
        return {key: _tuples(inner) for key, inner in value.items()}
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value


def _worded(error: Any, model: type[BaseModel]) -> Any:
    """A field that the model does not have, in the words of people, with the field that was probably meant."""
    if error["type"] != "extra_forbidden":
        return error
    schema = model.model_json_schema()
    sections = [schema, *schema.get("$defs", {}).values()]
    known = sorted({name for section in sections for name in section.get("properties", {})})
    return {
        **error,
        "msg": " ".join(filter(None, ("unknown field;", did_you_mean(str(error["loc"][-1]), known)))).rstrip(";"),
    }


def _complaint(path: Path, error: Any, lines: dict[_Path, int]) -> str:
    at: _Path = ()
    for depth, part in enumerate(error["loc"], start=1):
        if (*at, part) in lines or depth == len(error["loc"]):  # else the tag of a union, which stands in no file
            at = (*at, part)
    line = next((lines[at[:n]] for n in range(len(at), -1, -1) if at[:n] in lines), 1)
    field = ".".join(str(part) for part in at) or "file"
    return f"{path}:{line}: {field}: {error['msg'].removeprefix('Value error, ')}"
